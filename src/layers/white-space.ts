/** More of it in a row is no answer any more. Code indents and leaves lines free, JSON outside its strings does neither. */
const MOST_IN_TEXT = 2_000;
const MOST_IN_JSON = 256;

/** Counts white space in a row, and knows where JSON has its strings and its end. */
export class WhiteSpaceWatch {
  /** White space characters at the end of the text. */
  run = 0;
  /** The text is one JSON object or list, whole, with nothing but white space after it. */
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

  /** How much of `text` was read when the white space became too much; `undefined` when it did not. */
  add(text: string): number | undefined {
    if (this.#shape === "text" && text.length <= MOST_IN_TEXT) return this.#short(text);
    for (let at = 0; at < text.length; at++) {
      if (this.#tooMuch(text.charCodeAt(at))) return at + 1;
    }
    return undefined;
  }

  #short(text: string): number | undefined {
    let end = text.length;
    while (end > 0 && isWhiteSpace(text.charCodeAt(end - 1))) end -= 1;
    this.run = end === 0 ? this.run + text.length : text.length - end;
    return this.run > MOST_IN_TEXT ? text.length : undefined;
  }

  #tooMuch(char: number): boolean {
    if (isWhiteSpace(char)) {
      this.run += 1;
      this.#escaped = false;
      return this.run > this.#most();
    }
    this.run = 0;
    if (this.#shape === "json") this.#json(char);
    else if (this.#shape === "open") this.#begin(char);
    return false;
  }

  #most(): number {
    if (this.#shape === "text" || this.#inString) return MOST_IN_TEXT;
    return this.#shape === "json" || this.#wantsJson ? MOST_IN_JSON : MOST_IN_TEXT;
  }

  /** Where JSON was asked for, it may come after a few words. */
  #begin(char: number): void {
    if (char !== OPEN_BRACE && char !== OPEN_BRACKET) {
      if (!this.#wantsJson) this.#shape = "text";
      return;
    }
    this.#shape = "json";
    this.#json(char);
  }

  #json(char: number): void {
    if (this.closed) this.#noJson();
    else if (this.#inString) this.#string(char);
    else if (char === QUOTE) this.#inString = true;
    else if (char === OPEN_BRACE || char === OPEN_BRACKET) this.#depth += 1;
    else if (char === CLOSE_BRACE || char === CLOSE_BRACKET) {
      this.#depth -= 1;
      this.closed = this.#depth === 0;
    }
  }

  /** Something came after what looked like the whole. */
  #noJson(): void {
    this.closed = false;
    this.#shape = "text";
  }

  #string(char: number): void {
    if (this.#escaped) this.#escaped = false;
    else if (char === BACKSLASH) this.#escaped = true;
    else if (char === QUOTE) this.#inString = false;
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

function isWhiteSpace(char: number): boolean {
  return char === 0x20 || (char >= 0x09 && char <= 0x0d) || char === 0xa0 || char === 0x3000;
}
