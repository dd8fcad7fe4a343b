/** How often a process that spends says that it runs. */
export const BEAT_MS = 25;

/** When a process ran; times of this process's `performance.now()`. */
export class Beats {
  readonly #atMs: number[] = [];

  /** Reads a line such as "beat 1767225600000.5"; returns false for any other. */
  read(line: string): boolean {
    if (!line.startsWith("beat ")) return false;
    this.#atMs.push(Number(line.slice("beat ".length)) - performance.timeOrigin);
    return true;
  }

  /** For how long the process did not run in this time. */
  missedMs(fromMs: number, untilMs: number): number {
    const inside = this.#atMs.filter((atMs) => atMs > fromMs && atMs < untilMs);
    let missedMs = 0;
    let beforeMs = fromMs;
    for (const atMs of [...inside, untilMs]) {
      missedMs += Math.max(0, atMs - beforeMs - BEAT_MS);
      beforeMs = atMs;
    }
    return missedMs;
  }
}
