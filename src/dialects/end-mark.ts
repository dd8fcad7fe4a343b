/** The contents of one piece of an answer. */
export interface Said {
  /** Text or a tool call. */
  readonly answer: boolean;
  /** Any model output. */
  readonly content: boolean;
  readonly finish: boolean;
}

/**
 * Distinguishes a finish reason that ends an answer from one that does not: some relays send one with every chunk, or with the
 * first. A first finish reason after content is the end, and later content is an error.
 */
export class EndMark {
  #begun = false;
  #marked = false;
  #ended = false;

  /** Whether the end is proven, even if the connection broke after it. */
  get ended(): boolean {
    return this.#ended;
  }

  /** False for content after the end. */
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
