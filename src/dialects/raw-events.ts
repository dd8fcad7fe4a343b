/** Number of events at the end of a stream that are always kept. */
const TAIL_EVENTS = 4;

/** The wire events in `reply.raw`: the last ones, and those with output that no other field contains. */
export class RawEvents {
  readonly kept: string[] = [];
  /** Number of permanent events at the start of `kept`; the others are the tail. */
  #pinned = 0;
  readonly #isPinned: boolean[] = [];

  add(data: string): void {
    this.kept.push(data);
    this.#isPinned.push(false);
    if (this.#isPinned.length <= TAIL_EVENTS) return;
    if (this.#isPinned.shift() === true) this.#pinned += 1;
    else this.kept.splice(this.#pinned, 1);
  }

  /** Makes the last event permanent. */
  keepLast(): void {
    this.#isPinned[this.#isPinned.length - 1] = true;
  }
}
