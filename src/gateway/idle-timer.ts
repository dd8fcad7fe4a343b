import { type Clock, scheduleLimit } from "../core/clock.ts";

/** Runs a function when nothing has touched it for a time. Touching it sets no timer, because a stream does that for each delta. */
export class IdleTimer {
  readonly #clock: Clock;
  readonly #delayMs: number;
  readonly #run: () => void;
  /** When it runs, if it is not touched before; absent while it rests. */
  #dueMs: number | undefined;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, delayMs: number, run: () => void) {
    this.#clock = clock;
    this.#delayMs = delayMs;
    this.#run = run;
  }

  /** Starts to wait, or waits anew. */
  touch(): void {
    this.#dueMs = this.#clock.monotonic() + this.#delayMs;
    if (this.#cancel === undefined) this.#schedule(this.#delayMs);
  }

  /** Waits no more, until it is touched. */
  rest(): void {
    this.#dueMs = undefined;
  }

  close(): void {
    this.#dueMs = undefined;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #schedule(delayMs: number): void {
    this.#cancel = scheduleLimit(this.#clock, () => this.#fire(), delayMs);
  }

  #fire(): void {
    this.#cancel = undefined;
    if (this.#dueMs === undefined) return;
    const restMs = this.#dueMs - this.#clock.monotonic();
    if (restMs > 0) this.#schedule(restMs);
    else {
      this.#dueMs = undefined;
      this.#run();
    }
  }
}
