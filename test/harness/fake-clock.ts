import { setImmediate, setTimeout } from "node:timers/promises";
import type { Clock } from "../../src/core/clock.ts";

interface Timer {
  readonly atMs: number;
  readonly run: () => void;
}

/** A clock that stands still until it is advanced. Monotonic time begins at 0. */
export class FakeClock implements Clock {
  readonly #startedAt: number;
  readonly #timers = new Set<Timer>();
  #elapsedMs = 0;

  constructor(startedAt = Date.UTC(2026, 0, 1)) {
    this.#startedAt = startedAt;
  }

  now(): number {
    return this.#startedAt + this.#elapsedMs;
  }

  monotonic(): number {
    return this.#elapsedMs;
  }

  schedule(run: () => void, delayMs: number): () => void {
    const timer: Timer = { atMs: this.#elapsedMs + Math.max(0, delayMs), run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Pending timers; 0 after a call means that it left none behind. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Advances by `ms`, running due timers in order, with everything that follows from them. */
  async advance(ms: number): Promise<void> {
    const until = this.#elapsedMs + ms;
    await quiet();
    for (let timer = this.#next(); timer !== undefined && timer.atMs <= until; timer = this.#next()) {
      this.#fire(timer);
      await quiet();
    }
    this.#elapsedMs = until;
  }

  /** Advances from timer to timer until `promise` settles, and returns its result. */
  async settle<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const done = () => {
      settled = true;
    };
    promise.then(done, done);
    for (;;) {
      await quiet();
      if (settled) return promise;
      const timer = this.#next();
      if (timer === undefined) throw new Error("nothing is scheduled, and the promise is still pending");
      this.#fire(timer);
    }
  }

  /** Runs the timer that is due first, without waiting for what follows from it. */
  next(): void {
    const timer = this.#next();
    if (timer !== undefined) this.#fire(timer);
  }

  #next(): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) if (next === undefined || timer.atMs < next.atMs) next = timer;
    return next;
  }

  #fire(timer: Timer): void {
    this.#timers.delete(timer);
    this.#elapsedMs = Math.max(this.#elapsedMs, timer.atMs);
    timer.run();
  }
}

/**
 * Lets every promise chain settle. The real timers are for cockatiel, which puts a `setTimeout(0)` between two
 * tries: timers of one length fire in the order they were set, so ours fires after it.
 */
export async function quiet(): Promise<void> {
  if (counted !== undefined) return counted.rest();
  for (let turn = 0; turn < 3; turn++) {
    await setImmediate();
    await setTimeout(1);
  }
  await setImmediate();
}

let counted: CountedTimers | undefined;

/**
 * For test files with thousands of calls: from now on a short global timer takes one turn of the event loop and is
 * counted. `quiet` then waits until none is left instead of a fixed time, which is exact and a thousand times faster.
 */
export function countShortTimers(): void {
  counted ??= new CountedTimers();
}

/** Longest delay that counts as "right after this". */
const SHORT_MS = 1;

class CountedTimers {
  readonly #open = new Set<unknown>();
  readonly #turn = globalThis.setImmediate;
  readonly #clearTurn = globalThis.clearImmediate;

  constructor() {
    const { setTimeout: wait, clearTimeout: clearWait } = globalThis;
    const short = (run: (...values: unknown[]) => void, ...values: unknown[]) => this.#soon(() => run(...values));
    const waitOrSoon = (run: (...values: unknown[]) => void, delayMs = 0, ...values: unknown[]) =>
      delayMs > SHORT_MS ? wait(run, delayMs, ...values) : short(run, ...values);
    globalThis.setImmediate = short as typeof globalThis.setImmediate;
    globalThis.clearImmediate = (timer) => this.#clear(timer);
    globalThis.setTimeout = waitOrSoon as typeof globalThis.setTimeout;
    globalThis.clearTimeout = ((timer?: NodeJS.Timeout) => {
      if (!this.#clear(timer)) clearWait(timer);
    }) as typeof globalThis.clearTimeout;
  }

  /** After a turn every promise chain has run as far as it can; only a counted timer can continue one. */
  async rest(): Promise<void> {
    do await setImmediate();
    while (this.#open.size > 0);
  }

  #soon(run: () => void): NodeJS.Immediate {
    const timer = this.#turn(() => {
      this.#open.delete(timer);
      run();
    });
    this.#open.add(timer);
    return timer;
  }

  #clear(timer: unknown): boolean {
    if (!this.#open.delete(timer)) return false;
    this.#clearTurn(timer as NodeJS.Immediate);
    return true;
  }
}
