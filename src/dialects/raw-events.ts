/** Events at the end of a stream that are kept whatever they hold. */
const TAIL_EVENTS = 4;

/** The wire events of a stream that `reply.raw` shows: the last ones, and those with output that no other field has. */
export class RawEvents {
  readonly kept: string[] = [];
  /** How many at the start of `kept` stay; the others are the tail. */
  #pinned = 0;
  readonly #isPinned: boolean[] = [];

  add(data: string): void {
    this.kept.push(data);
    this.#isPinned.push(false);
    if (this.#isPinned.length <= TAIL_EVENTS) return;
    if (this.#isPinned.shift() === true) this.#pinned += 1;
    else this.kept.splice(this.#pinned, 1);
  }

  /** The event that was added last stays. */
  keepLast(): void {
    this.#isPinned[this.#isPinned.length - 1] = true;
  }
}
