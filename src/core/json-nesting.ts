const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/**
 * Tracks the strings, objects and arrays of JSON that arrives in chunks. Reads each character once; parsing everything again
 * for each chunk would take quadratic time.
 */
export class JsonNesting {
  /** Whether the text so far ends with the end of a top-level object or array. */
  closed = false;
  #depth = 0;
  #inString = false;
  #escaped = false;

  /** Whether the position is inside a string, an object or an array. */
  get open(): boolean {
    return this.#inString || this.#depth > 0;
  }

  /** Reads the complete chunk. */
  add(text: string): void {
    for (let at = 0; at >= 0; ) at = this.endIn(text, at);
  }

  /** Reads from `from` to the end of a top-level object or array and returns the index after it; -1 if none ends. */
  endIn(text: string, from = 0): number {
    for (let at = from; at < text.length; at++) {
      const char = text.charCodeAt(at);
      if (this.#inString) this.#readString(char);
      else if (!isBlank(char)) this.#readToken(char);
      else continue;
      if (this.closed) return at + 1;
    }
    return -1;
  }

  #readString(char: number): void {
    if (this.#escaped) this.#escaped = false;
    else if (char === BACKSLASH) this.#escaped = true;
    else if (char === QUOTE) this.#inString = false;
  }

  #readToken(char: number): void {
    if (char === QUOTE) this.#inString = true;
    else if (char === OPEN_BRACE || char === OPEN_BRACKET) this.#depth++;
    else if (char === CLOSE_BRACE || char === CLOSE_BRACKET) this.#depth--;
    this.closed = (char === CLOSE_BRACE || char === CLOSE_BRACKET) && this.#depth === 0;
  }
}

function isBlank(char: number): boolean {
  return char === 0x20 || (char >= 0x09 && char <= 0x0d && char !== 0x0b && char !== 0x0c);
}
