import { JsonNesting } from "../core/json-nesting.ts";

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
  #nesting = new JsonNesting();

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
    const end = this.#nesting.endIn(text);
    const ended = end >= 0;
    this.#held += ended ? text.slice(0, end) : text;
    if (!ended && this.#held.length <= MAX_LENGTH) return { object: undefined, rest: "" };
    const object = ended ? this.#held : undefined;
    this.#held = "";
    this.#nesting = new JsonNesting();
    this.#open = false;
    this.#atLineStart = false;
    return { object, rest: ended ? text.slice(end) : "" };
  }
}
