import type { Call } from "../core/call.ts";
import { scheduleLimit } from "../core/clock.ts";
import { type FlowEvent, isContent } from "../core/event.ts";

/** Watches one attempt; `undefined` without `slow_after`. */
export function slowWatch(call: Call): SlowWatch | undefined {
  const { slowAfterMs } = call.target.policy;
  return slowAfterMs === undefined ? undefined : new SlowWatch(call, slowAfterMs);
}

/**
 * Reports once that an attempt had no content for `slow_after`. The time in which the reader does not ask for events does not
 * count. One timer, rescheduled only when it fires.
 */
class SlowWatch {
  readonly #call: Call;
  readonly #limitMs: number;
  /** The last content, moved by the time in which the reader paused. */
  #sinceMs: number;
  /** Since when the reader asks for nothing. */
  #pausedMs: number | undefined;
  #offTimer: () => void;

  constructor(call: Call, limitMs: number) {
    this.#call = call;
    this.#limitMs = limitMs;
    this.#sinceMs = call.clock.monotonic();
    this.#offTimer = this.#arm(limitMs);
  }

  waiting(): void {
    if (this.#pausedMs !== undefined) this.#sinceMs += this.#call.clock.monotonic() - this.#pausedMs;
    this.#pausedMs = undefined;
  }

  arrived(batch: readonly FlowEvent[]): void {
    this.#pausedMs = this.#call.clock.monotonic();
    if (batch.some(isContent)) this.#sinceMs = this.#pausedMs;
  }

  stop(): void {
    this.#offTimer();
  }

  #arm(delayMs: number): () => void {
    return scheduleLimit(this.#call.clock, () => this.#fire(), delayMs);
  }

  #fire(): void {
    const { clock, record } = this.#call;
    const untilMs = this.#pausedMs ?? clock.monotonic();
    const leftMs = this.#sinceMs + this.#limitMs - untilMs;
    if (leftMs > 0) this.#offTimer = this.#arm(leftMs);
    else record.observers.slowed?.(this.#call, this.#limitMs);
  }
}
