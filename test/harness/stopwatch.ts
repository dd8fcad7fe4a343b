/** How often the thread says that it runs. */
const BEAT_MS = 10;

/**
 * Measures waits. Time in which this thread could not run (other threads, a machine that stops for a moment) does not
 * count: whatever falls due then happens right after it. Work of the thread does not count either: see `threadMs`.
 */
export class Stopwatch implements Disposable {
  readonly #startMs = performance.now();
  readonly #beatsMs: number[] = [];
  readonly #timer = setInterval(() => this.#beatsMs.push(this.#nowMs()), BEAT_MS);

  /** Milliseconds since the start. */
  get elapsedMs(): number {
    return this.between(0, this.#nowMs());
  }

  /** Milliseconds between two moments, both given in milliseconds after the start. */
  between(fromMs: number, untilMs: number): number {
    let missedMs = 0;
    let beforeMs = 0;
    for (const beatMs of [...this.#beatsMs, this.#nowMs()]) {
      // A timer is always a little late.
      if (beatMs - beforeMs > 2 * BEAT_MS)
        missedMs += Math.max(0, Math.min(beatMs, untilMs) - Math.max(beforeMs + BEAT_MS, fromMs));
      beforeMs = beatMs;
    }
    return untilMs - fromMs - missedMs;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #nowMs(): number {
    return performance.now() - this.#startMs;
  }
}

/** Milliseconds until `promise` settles; fails after `limitMs`. */
export async function within(limitMs: number, promise: Promise<unknown>): Promise<number> {
  using watch = new Stopwatch();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setInterval(() => {
      if (watch.elapsedMs > limitMs) reject(new Error(`not within ${limitMs} ms`));
    }, BEAT_MS);
  });
  await Promise.race([promise, late]).finally(() => clearInterval(timer));
  return watch.elapsedMs;
}
