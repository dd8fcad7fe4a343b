/** What one piece of an answer says. */
export interface Said {
  /** Text or a tool call. */
  readonly answer: boolean;
  /** Anything of the model's at all. */
  readonly content: boolean;
  readonly finish: boolean;
}

/**
 * Tells a finish reason that ends an answer from one that says nothing: some relays put one on every chunk, or on the
 * first. One that first comes after the answer has begun is an end, and content behind it belongs to nothing.
 */
export class EndMark {
  #begun = false;
  #marked = false;
  #ended = false;

  /** Whether the end is proven, also where the connection broke after it. */
  get ended(): boolean {
    return this.#ended;
  }

  /** False when this is content after the end. */
  allows({ answer, content, finish }: Said): boolean {
    if (this.#ended && content) return false;
    if (finish && !this.#marked) {
      this.#marked = true;
      this.#ended = this.#begun;
    }
    this.#begun ||= answer;
    return true;
  }
}
