/** Most of it that is held; an error of a provider is a few lines long. */
const MAX_LENGTH = 64 * 1024;

/**
 * JSON objects that stand between events without `data:`: Gemini writes its errors so, over one line or many. Dropped,
 * the answer would only look cut.
 */
export class BareJson {
  #atLineStart = true;
  #held = "";
  #open = false;
  #depth = 0;
  #inString = false;
  #escaped = false;

  /** Whether an object has begun and not ended. */
  get open(): boolean {
    return this.#open;
  }

  begin(): void {
    this.#open = true;
  }

  /** Where in `text` an object begins at the beginning of a line; -1 when none does. */
  startIn(text: string): number {
    if (text === "") return -1;
    if (this.#atLineStart && text.startsWith("{")) return 0;
    const last = text.charAt(text.length - 1);
    this.#atLineStart = last === "\n" || last === "\r";
    const afterLf = text.indexOf("\n{");
    const afterCr = text.indexOf("\r{");
    if (afterLf < 0) return afterCr < 0 ? -1 : afterCr + 1;
    return (afterCr < 0 ? afterLf : Math.min(afterLf, afterCr)) + 1;
  }

  /** Reads on in the object; gives it once it has ended. `rest` belongs to it no more. */
  read(text: string): { readonly object: string | undefined; readonly rest: string } {
    const end = this.#endIn(text);
    this.#held += text.slice(0, end);
    if (this.open && this.#held.length <= MAX_LENGTH) return { object: undefined, rest: "" };
    const object = this.open ? undefined : this.#held;
    this.#held = "";
    this.#depth = 0;
    this.#inString = false;
    this.#open = false;
    this.#atLineStart = false;
    return { object, rest: text.slice(end) };
  }

  #endIn(text: string): number {
    for (let at = 0; at < text.length; at++) {
      this.#see(text.charAt(at));
      if (!this.open) return at + 1;
    }
    return text.length;
  }

  #see(char: string): void {
    if (this.#escaped) this.#escaped = false;
    else if (this.#inString) {
      if (char === "\\") this.#escaped = true;
      else this.#inString = char !== '"';
    } else if (char === '"') this.#inString = true;
    else if (char === "{" || char === "[") this.#depth++;
    else if (char === "}" || char === "]") {
      this.#depth--;
      this.#open = this.#depth > 0;
    }
  }
}
