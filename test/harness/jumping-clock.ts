import type { Clock } from "../../src/index.ts";

/** A clock that stands still except for waits, which it skips; waits as long as the limits of PATIENT never end. */
export class JumpingClock implements Clock {
  #elapsedMs = 0;

  now(): number {
    return Date.UTC(2026, 0, 1) + this.#elapsedMs;
  }

  monotonic(): number {
    return this.#elapsedMs;
  }

  schedule(run: () => void, delayMs: number): () => void {
    if (delayMs >= 600_000) return () => {};
    const timer = globalThis.setImmediate(() => {
      this.#elapsedMs += delayMs;
      run();
    });
    return () => clearImmediate(timer);
  }
}
