/** Number of events at the end of a stream that are always kept. */
const TAIL_EVENTS = 4;

/** The wire events in `reply.raw`: the last ones, and those with output that no other field contains. */
export class RawEvents {
  /** The permanent events, then the tail. */
  readonly kept: string[] = [];
  #tail = 0;
  /** The permanent events of the tail: bit 0 is its first event. */
  #pinned = 0;

  /** Runs for every delta, so it moves the few events of the tail in place. */
  add(data: string): void {
    const { kept } = this;
    if (this.#tail < TAIL_EVENTS) {
      this.#tail += 1;
      kept.push(data);
      return;
    }
    const isFirstPinned = (this.#pinned & 1) === 1;
    this.#pinned >>= 1;
    if (isFirstPinned) {
      kept.push(data);
      return;
    }
    const last = kept.length - 1;
    for (let at = kept.length - TAIL_EVENTS; at < last; at++) kept[at] = kept[at + 1] as string;
    kept[last] = data;
  }

  /** Makes the last event permanent. */
  keepLast(): void {
    this.#pinned |= 1 << (this.#tail - 1);
  }
}
