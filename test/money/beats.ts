/** How often a process that spends says that it runs. */
export const BEAT_MS = 25;

interface Beat {
  /** Of this process's `performance.now()`. */
  readonly atMs: number;
  /** CPU time of the main thread until then. */
  readonly cpuMs: number;
}

/** What a process says of itself. */
export function beat(): string {
  const { user, system } = process.threadCpuUsage();
  return `beat ${performance.timeOrigin + performance.now()} ${(user + system) / 1_000}`;
}

/** When another process ran. */
export class Beats {
  readonly #beats: Beat[] = [];

  /** Returns false for a line that is not of `beat`. */
  read(line: string): boolean {
    const [word, at, cpu] = line.split(" ");
    if (word !== "beat") return false;
    this.#beats.push({ atMs: Number(at) - performance.timeOrigin, cpuMs: Number(cpu) });
    return true;
  }

  /** For how long the main thread wanted to run in this time, and did not. */
  missedMs(fromMs: number, untilMs: number): number {
    const inside = this.#beats.filter(({ atMs }) => atMs > fromMs && atMs < untilMs);
    const last = { atMs: untilMs, cpuMs: inside.at(-1)?.cpuMs ?? 0 };
    let before = { atMs: fromMs, cpuMs: inside[0]?.cpuMs ?? 0 };
    let missedMs = 0;
    for (const now of [...inside, last]) {
      missedMs += Math.max(0, now.atMs - before.atMs - BEAT_MS - (now.cpuMs - before.cpuMs));
      before = now;
    }
    return missedMs;
  }
}
