import { type Clock, systemClock } from "../../src/core/clock.ts";

/** The system clock, counting the timers that are set. */
export class CountingClock implements Clock {
  /** Pending timers; 0 after a call means that it left none behind. */
  armed = 0;
  /** Number of timers set so far. */
  scheduled = 0;
  /** Called with the delay of each timer that is set. */
  onSchedule: ((delayMs: number) => void) | undefined;

  now(): number {
    return systemClock.now();
  }

  monotonic(): number {
    return systemClock.monotonic();
  }

  schedule(run: () => void, delayMs: number): () => void {
    this.armed += 1;
    this.scheduled += 1;
    let live = true;
    const settle = () => {
      if (live) this.armed -= 1;
      live = false;
    };
    const off = systemClock.schedule(() => {
      settle();
      run();
    }, delayMs);
    this.onSchedule?.(delayMs);
    return () => {
      settle();
      off();
    };
  }
}
