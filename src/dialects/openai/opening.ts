/**
 * A text that was announced with a beginning, before its deltas. Most servers say the beginning again in the deltas, some
 * go on after it; which of both, the first delta that differs from the beginning tells.
 */
export class Opening {
  readonly #opened: string;
  /** The deltas while they repeat the beginning. */
  #said = "";
  #settled: boolean;

  constructor(opened: string) {
    this.#opened = opened;
    this.#settled = opened === "";
  }

  /** What a delta adds to the text. */
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

  /** What is missing where no more deltas come; `undefined` where they end inside the beginning, which nobody can tell. */
  end(): string | undefined {
    if (this.#settled || this.#said === this.#opened) return "";
    return this.#said === "" ? this.#opened : undefined;
  }
}
