/** The library's source of time. Durations come from `monotonic`, dates on the wire from `now`. */
export interface Clock {
  /** Wall clock, milliseconds since 1970; used only for dates on the wire and in logs. */
  now(): number;
  /** Milliseconds that never go back; used for every duration. */
  monotonic(): number;
  /** Calls `run` once after `delayMs`; the returned function cancels it. */
  schedule(run: () => void, delayMs: number): () => void;
}

/** Two timers for the same duration may fire some milliseconds apart. */
export const SAME_MOMENT_MS = 5;

/** `setTimeout` fires at once above this delay (2^31-1 ms), so longer waits are clamped. */
export const MAX_TIMER_MS = 2_147_483_647;

/** Node's global is a getter, and every call reads it a dozen times. */
const { performance } = globalThis;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  schedule(run, delayMs) {
    const timer = setTimeout(run, Math.min(Math.max(0, delayMs), MAX_TIMER_MS));
    return () => clearTimeout(timer);
  },
};

/**
 * Schedules the end of a limit on how long a peer may take. A thread that was blocked until after the limit first reads what
 * arrived in the meantime; `run` is then called unless that has cancelled it.
 */
export function scheduleLimit(clock: Clock, run: () => void, delayMs: number): () => void {
  const dueMs = clock.monotonic() + delayMs;
  let cancel = clock.schedule(() => {
    // The sockets are read between this timer and the next.
    if (clock.monotonic() - dueMs > SAME_MOMENT_MS) cancel = clock.schedule(run, 0);
    else run();
  }, delayMs);
  return () => cancel();
}
