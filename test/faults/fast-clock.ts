import { type Clock, systemClock } from "../../src/core/clock.ts";

/** The system's clock, going faster, and how many of its timers wait. */
export class FastClock implements Clock {
  readonly #speed: number;
  readonly #waiting = new Set<symbol>();

  constructor(speed = 1) {
    this.#speed = speed;
  }

  get pending(): number {
    return this.#waiting.size;
  }

  now(): number {
    return systemClock.now();
  }

  monotonic(): number {
    return systemClock.monotonic() * this.#speed;
  }

  schedule(run: () => void, delayMs: number): () => void {
    const timer = Symbol("timer");
    this.#waiting.add(timer);
    const cancel = systemClock.schedule(() => {
      this.#waiting.delete(timer);
      run();
    }, delayMs / this.#speed);
    return () => {
      this.#waiting.delete(timer);
      cancel();
    };
  }
}
