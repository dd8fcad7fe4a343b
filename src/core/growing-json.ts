import { setOwn } from "./own.ts";

/** A table or list that is still open, and the key whose value comes next. */
interface Open {
  readonly list: unknown[] | undefined;
  readonly table: Record<string, unknown> | undefined;
  key: string;
}

type State =
  | "start"
  | "value"
  | "value or end"
  | "key"
  | "key or end"
  | "colon"
  | "next"
  | "text"
  | "word"
  | "done"
  | "broken";

const ESCAPED: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

const PLAIN = /[^"\\]*/y;
const WHOLE_WORDS = ["true", "false", "null"];
const WORD = /[-+.\w]*/y;
/** A number, or the beginning of one. */
const NUMBER_START = /^-?\d*(?:\.\d*)?(?:e[-+]?\d*)?$/i;

/**
 * Reads JSON that comes in pieces; each character is looked at once. What stands before the first brace or bracket and after
 * the last is ignored. Half-written numbers and words are left out, half-written texts are as long as they are.
 */
export class GrowingJson {
  readonly #open: Open[] = [];
  #state: State = "start";
  #root: unknown;
  /** The text, number or word that is being read. */
  #token = "";
  #isKey = false;
  /** The beginning of an escape sequence. */
  #escape = "";

  /** `start`: nothing has begun; `open`: an object or an array has begun and not ended; `broken`: it is not JSON. */
  get state(): "start" | "open" | "done" | "broken" {
    return this.#state === "start" || this.#state === "done" || this.#state === "broken" ? this.#state : "open";
  }

  push(piece: string): void {
    for (let at = 0; at < piece.length && this.#state !== "done" && this.#state !== "broken"; )
      at = this.#read(piece, at);
  }

  /**
   * What the text says so far; undefined while it says nothing, and for what is no JSON. Open tables and lists are new with
   * every call, complete ones are the same objects each time.
   */
  value(): unknown {
    if (this.#state === "broken" || this.#state === "start") return undefined;
    if (this.#state === "done") return this.#root;
    let inner: unknown;
    let hasInner = false;
    if (this.#state === "text" && !this.#isKey) {
      inner = withoutHalfPair(this.#token);
      hasInner = true;
    }
    for (let index = this.#open.length - 1; index >= 0; index--) {
      const { list, table, key } = this.#open[index] as Open;
      const copy = list === undefined ? { ...table } : [...list];
      if (hasInner) put(copy, key, inner);
      inner = copy;
      hasInner = true;
    }
    return inner;
  }

  /** Takes what it can from `at` on and says where to go on. */
  #read(piece: string, at: number): number {
    if (this.#state === "text") return this.#escape === "" ? this.#readText(piece, at) : this.#readEscape(piece, at);
    if (this.#state === "word") return this.#readWord(piece, at);
    const char = piece.charAt(at);
    if (this.#state === "start") {
      if (char === "{" || char === "[") this.#begin(char);
    } else if (!isBlank(char)) this.#sign(char);
    // A word is read from its first character on.
    return this.#reads("word") ? at : at + 1;
  }

  #reads(state: State): boolean {
    return this.#state === state;
  }

  #sign(char: string): void {
    const { list, table } = this.#open.at(-1) as Open;
    const isEnd = char === (list === undefined ? "}" : "]");
    switch (this.#state) {
      case "next":
        if (isEnd) this.#end();
        else if (char === ",") this.#state = table === undefined ? "value" : "key";
        else this.#state = "broken";
        return;
      case "colon":
        this.#state = char === ":" ? "value" : "broken";
        return;
      case "key or end":
      case "key":
        if (isEnd && this.#state === "key or end") this.#end();
        else if (char === '"') this.#beginText(true);
        else this.#state = "broken";
        return;
      default:
        if (isEnd && this.#state === "value or end") this.#end();
        else this.#beginValue(char);
    }
  }

  #beginValue(char: string): void {
    if (char === "{" || char === "[") this.#begin(char);
    else if (char === '"') this.#beginText(false);
    else if (/[-\dtfn]/.test(char)) {
      this.#state = "word";
      this.#token = "";
    } else this.#state = "broken";
  }

  #begin(char: "{" | "["): void {
    const isTable = char === "{";
    this.#open.push({ list: isTable ? undefined : [], table: isTable ? {} : undefined, key: "" });
    this.#state = isTable ? "key or end" : "value or end";
  }

  #end(): void {
    const { list, table } = this.#open.pop() as Open;
    this.#put(list ?? table);
  }

  #put(value: unknown): void {
    const into = this.#open.at(-1);
    if (into === undefined) {
      this.#root = value;
      this.#state = "done";
      return;
    }
    put(into.list ?? (into.table as Record<string, unknown>), into.key, value);
    this.#state = "next";
  }

  #beginText(isKey: boolean): void {
    this.#state = "text";
    this.#token = "";
    this.#isKey = isKey;
  }

  #readText(piece: string, at: number): number {
    PLAIN.lastIndex = at;
    PLAIN.test(piece);
    const stop = PLAIN.lastIndex;
    this.#token += piece.slice(at, stop);
    const char = piece.charAt(stop);
    if (char === "\\") this.#escape = char;
    else if (char === '"') this.#endText();
    return stop + 1;
  }

  #endText(): void {
    if (this.#isKey) {
      (this.#open.at(-1) as Open).key = this.#token;
      this.#state = "colon";
    } else this.#put(this.#token);
  }

  #readEscape(piece: string, at: number): number {
    this.#escape += piece.charAt(at);
    const isCode = this.#escape.startsWith("\\u");
    if (isCode && this.#escape.length < 6) return at + 1;
    const isHex = /^\\u[\da-f]{4}$/i.test(this.#escape);
    const char = isHex
      ? String.fromCharCode(Number.parseInt(this.#escape.slice(2), 16))
      : ESCAPED[this.#escape.charAt(1)];
    if (char === undefined || (isCode && !isHex)) this.#state = "broken";
    else this.#token += char;
    this.#escape = "";
    return at + 1;
  }

  #readWord(piece: string, at: number): number {
    WORD.lastIndex = at;
    WORD.test(piece);
    const stop = WORD.lastIndex;
    this.#token += piece.slice(at, stop);
    // Only a number may go on.
    if (stop === piece.length && mayGoOn(this.#token)) return stop;
    try {
      this.#put(JSON.parse(this.#token));
    } catch {
      this.#state = "broken";
    }
    return stop;
  }
}

function mayGoOn(token: string): boolean {
  if (NUMBER_START.test(token)) return true;
  return WHOLE_WORDS.some((word) => word !== token && word.startsWith(token));
}

function put(into: unknown[] | Record<string, unknown>, key: string, value: unknown): void {
  if (Array.isArray(into)) into.push(value);
  else setOwn(into, key, value);
}

function isBlank(char: string): boolean {
  return char === " " || char === "\n" || char === "\r" || char === "\t";
}

/** The other half of an emoji is still to come. */
function withoutHalfPair(text: string): string {
  const last = text.charCodeAt(text.length - 1);
  return last >= 0xd800 && last < 0xdc00 ? text.slice(0, -1) : text;
}
