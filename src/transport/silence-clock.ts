import { type Clock, SAME_MOMENT_MS, scheduleLimit } from "../core/clock.ts";

/** Fires if no byte arrives for a time. One timer, rescheduled when it fires, so that a byte costs only a clock read. */
export class SilenceClock {
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #expire: () => void;
  #lastMs: number | undefined;
  #wanted = false;
  #suspended = false;
  #isArming = false;
  #offTimer: (() => void) | undefined;

  constructor(clock: Clock, limitMs: number, expire: () => void) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#expire = expire;
  }

  /** Starts from the last byte, or from the next one if there was none. */
  watch(): void {
    this.#wanted = true;
    if (this.#lastMs !== undefined) this.#armSoon();
  }

  /** A byte arrived, or counts as arrived. */
  touch(): void {
    this.#lastMs = this.#clock.monotonic();
    if (this.#wanted) this.#armSoon();
  }

  /** Silence does not count while we do not read. */
  suspend(): void {
    this.#suspended = true;
  }

  resume(): void {
    this.#suspended = false;
    if (this.#lastMs !== undefined) this.touch();
  }

  /** Whether it fires at this moment; a connection that breaks then counts as silent. */
  get isDue(): boolean {
    if (this.#lastMs === undefined || this.#suspended || !this.#wanted) return false;
    return this.#clock.monotonic() - this.#lastMs >= this.#limitMs - SAME_MOMENT_MS;
  }

  stop(): void {
    this.#wanted = false;
    this.#offTimer?.();
    this.#offTimer = undefined;
  }

  /** Most bodies arrive with their end in one read and need no timer. */
  #armSoon(): void {
    if (this.#offTimer !== undefined || this.#isArming) return;
    this.#isArming = true;
    Promise.resolve().then(() => {
      this.#isArming = false;
      if (this.#wanted) this.#arm(this.#limitMs);
    });
  }

  #arm(delayMs: number): void {
    if (this.#offTimer === undefined) this.#offTimer = scheduleLimit(this.#clock, () => this.#onTimer(), delayMs);
  }

  #onTimer(): void {
    this.#offTimer = undefined;
    if (this.#suspended || !this.#wanted) return;
    const leftMs = this.#limitMs - (this.#clock.monotonic() - (this.#lastMs ?? 0));
    if (leftMs > 0) this.#arm(leftMs);
    else this.#expire();
  }
}
