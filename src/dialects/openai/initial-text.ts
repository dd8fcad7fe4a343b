/**
 * Joins the initial text of a part with its deltas. Most servers repeat the initial content in the deltas, some continue after
 * it; the first delta that differs from it decides.
 */
export class InitialText {
  readonly #opened: string;
  /** The deltas that repeat the initial content so far. */
  #said = "";
  #settled: boolean;

  constructor(opened: string) {
    this.#opened = opened;
    this.#settled = opened === "";
  }

  /** The text that a delta adds. */
  add(delta: string): string {
    if (this.#settled) return delta;
    const said = this.#said + delta;
    if (this.#opened.startsWith(said)) {
      this.#said = said;
      return delta;
    }
    this.#settled = true;
    return said.startsWith(this.#opened) ? delta : this.#opened.slice(this.#said.length) + said;
  }

  /** The missing text after the last delta; `undefined` if the deltas end inside the initial content, which is ambiguous. */
  end(): string | undefined {
    if (this.#settled || this.#said === this.#opened) return "";
    return this.#said === "" ? this.#opened : undefined;
  }
}
