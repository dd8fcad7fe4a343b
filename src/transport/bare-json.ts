import { JsonNesting } from "../core/json-nesting.ts";

/** Maximum buffered length; errors of providers are a few lines long. */
const MAX_LENGTH = 64 * 1024;

/**
 * JSON objects between events without `data:`, on one or more lines, as Gemini sends errors. Without them, the answer would only
 * look truncated.
 */
export class BareJson {
  #atLineStart = true;
  #held = "";
  #open = false;
  #nesting = new JsonNesting();

  /** Whether an object has started and not ended. */
  get open(): boolean {
    return this.#open;
  }

  begin(): void {
    this.#open = true;
  }

  /** Index in `text` of an object at the start of a line; -1 if there is none. */
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

  /** Continues the object and returns it once it has ended. `rest` is the text after it. */
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
