/** Maximum consecutive whitespace. Code has indentation and empty lines; JSON outside of strings needs less. */
const MAX_IN_TEXT = 2_000;
const MAX_IN_JSON = 256;

/** Counts consecutive whitespace, and tracks strings and the end of JSON. */
export class WhiteSpaceWatch {
  /** Number of whitespace characters at the end of the text. */
  run = 0;
  /** Whether the text is a complete JSON object or array, followed only by whitespace. */
  closed = false;
  readonly #wantsJson: boolean;
  #shape: "open" | "json" | "text" = "open";
  #depth = 0;
  #inString = false;
  #escaped = false;

  constructor(wantsJson: boolean) {
    this.#wantsJson = wantsJson;
  }

  get mayBeJson(): boolean {
    return this.#shape !== "text";
  }

  /** Number of characters of `text` read when the limit was exceeded; `undefined` if it was not. */
  add(text: string): number | undefined {
    if (this.#shape === "text") return this.#text(text, 0);
    return this.#shape === "open" ? this.#open(text) : this.#json(text, 0);
  }

  /** Checking only chunk ends skips nearly all text, because a run that is too long also has whitespace there. */
  #text(text: string, from: number): number | undefined {
    let before = this.run;
    for (let start = from; ; ) {
      const last = start + MAX_IN_TEXT - before;
      const end = Math.min(last + 1, text.length);
      let blank = end;
      while (blank > start && isWhiteSpace(text.charCodeAt(blank - 1))) blank -= 1;
      this.run = end - blank + (blank === start ? before : 0);
      if (this.run > MAX_IN_TEXT) return end;
      if (end === text.length) return undefined;
      start = end;
      before = this.run;
    }
  }

  /** Requested JSON may follow a few words. */
  #open(text: string): number | undefined {
    const most = this.#wantsJson ? MAX_IN_JSON : MAX_IN_TEXT;
    for (let at = 0; at < text.length; at++) {
      const char = text.charCodeAt(at);
      this.run = isWhiteSpace(char) ? this.run + 1 : 0;
      if (this.run > most) return at + 1;
      if (char === OPEN_BRACE || char === OPEN_BRACKET) return this.#json(text, at);
      if (this.run > 0 || this.#wantsJson) continue;
      this.#shape = "text";
      return this.#text(text, at);
    }
    return undefined;
  }

  /** Runs for every character of a JSON answer, so its state is in local variables. */
  #json(text: string, from: number): number | undefined {
    this.#shape = "json";
    let { run, closed } = this;
    let depth = this.#depth;
    let inString = this.#inString;
    let escaped = this.#escaped;
    let at = from;
    for (; at < text.length; at++) {
      const char = text.charCodeAt(at);
      if (isWhiteSpace(char)) {
        run += 1;
        if (run > (inString ? MAX_IN_TEXT : MAX_IN_JSON)) break;
        continue;
      }
      run = 0;
      if (closed) return this.#noJson(text, at);
      if (inString) {
        if (escaped) escaped = false;
        else if (char === BACKSLASH) escaped = true;
        else if (char === QUOTE) inString = false;
      } else if (char === QUOTE) inString = true;
      else if (char === OPEN_BRACE || char === OPEN_BRACKET) depth += 1;
      else if (char === CLOSE_BRACE || char === CLOSE_BRACKET) closed = --depth === 0;
    }
    this.run = run;
    this.closed = closed;
    this.#depth = depth;
    this.#inString = inString;
    this.#escaped = escaped;
    return at < text.length ? at + 1 : undefined;
  }

  /** Text after apparently complete JSON. */
  #noJson(text: string, at: number): number | undefined {
    this.closed = false;
    this.#shape = "text";
    this.run = 0;
    return this.#text(text, at);
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

function isWhiteSpace(char: number): boolean {
  return char <= 0x20 ? char === 0x20 || (char >= 0x09 && char <= 0x0d) : char === 0xa0 || char === 0x3000;
}
