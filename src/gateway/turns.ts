/** Requests that may start in one turn of the event loop. */
const STARTS = 8;

/**
 * Spreads the start of requests over turns of the event loop, in which keys alternate. Without it, whoever sends hundreds of
 * requests at once occupies the process until all of them are parsed and sent, and others wait that long.
 */
export class Turns<Key> {
  /** Of keys with waiting requests; the next one is first. */
  readonly #queues = new Map<Key, (() => void)[]>();
  #left = STARTS;
  #isScheduled = false;

  /** Undefined if the request may start now. */
  take(key: Key): Promise<void> | undefined {
    this.#schedule();
    if (this.#queues.size === 0 && this.#left > 0) {
      this.#left--;
      return undefined;
    }
    return new Promise((resolve) => {
      const queue = this.#queues.get(key);
      if (queue === undefined) this.#queues.set(key, [resolve]);
      else queue.push(resolve);
    });
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#begin();
    });
  }

  #begin(): void {
    for (this.#left = STARTS; this.#left > 0 && this.#queues.size > 0; this.#left--) this.#startNext();
    if (this.#queues.size > 0) this.#schedule();
  }

  #startNext(): void {
    const [first] = this.#queues;
    if (first === undefined) return;
    const [key, queue] = first;
    this.#queues.delete(key);
    const start = queue.shift();
    if (queue.length > 0) this.#queues.set(key, queue);
    start?.();
  }
}
