import { type Clock, scheduleLimit } from "../core/clock.ts";

/**
 * Measures how long the reader of a stream pauses. Uses one timer, which is rescheduled when it fires, so that a batch costs
 * only one clock read.
 */
export class ReaderPause {
  readonly #clock: Clock;
  readonly #limitMs: () => number | undefined;
  readonly #expire: () => void;
  #sinceMs: number | undefined;
  #offTimer: (() => void) | undefined;

  /** Without a limit, a pause may last any time, because the call holds no resources. */
  constructor(clock: Clock, limitMs: () => number | undefined, expire: () => void) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#expire = expire;
  }

  begin(): void {
    this.#sinceMs = this.#clock.monotonic();
    if (this.#offTimer === undefined) this.#arm(this.#limitMs());
  }

  end(): void {
    this.#sinceMs = undefined;
  }

  stop(): void {
    this.end();
    this.#offTimer?.();
    this.#offTimer = undefined;
  }

  #arm(delayMs: number | undefined): void {
    if (delayMs !== undefined) this.#offTimer = scheduleLimit(this.#clock, () => this.#onTimer(), delayMs);
  }

  #onTimer(): void {
    this.#offTimer = undefined;
    const limitMs = this.#limitMs();
    if (this.#sinceMs === undefined || limitMs === undefined) return;
    const leftMs = this.#sinceMs + limitMs - this.#clock.monotonic();
    if (leftMs > 0) this.#arm(leftMs);
    else this.#expire();
  }
}
