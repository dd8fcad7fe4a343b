import { isCount } from "../core/usage.ts";

/** Prompt tokens may move between these classes: plain input may later be reported as a cache read. */
const MOVING = [
  { classes: ["input", "cacheRead", "cacheWrite"], caches: ["cacheRead", "cacheWrite"] },
  { classes: ["cacheWrite5m", "cacheWrite1h"], caches: ["cacheWrite5m", "cacheWrite1h"] },
] as const;

/**
 * The token counts of one answer, from one report or several cumulative ones. A later count replaces an earlier one. Zero and
 * absent counts replace nothing, unless the tokens moved to a cache class in the same report: some gateways end a stream with
 * a report that lacks the earlier counts. Invalid counts are ignored and make the usage an estimate.
 */
export class ReportedCounts {
  readonly #counts = new Map<string, number>();
  #flawed = false;

  push(report: Readonly<Record<string, unknown>>): void {
    const fresh = this.#read(report);
    if (this.#counts.size > 0) for (const name of this.#moved(fresh)) this.#counts.set(name, 0);
    for (const [name, count] of fresh) if (count > 0 || !this.#counts.has(name)) this.#counts.set(name, count);
  }

  /** 0 if nothing was reported. */
  of(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  has(name: string): boolean {
    return this.#counts.has(name);
  }

  /** Whether a report had an invalid count. */
  get flawed(): boolean {
    return this.#flawed;
  }

  #read(report: Readonly<Record<string, unknown>>): Map<string, number> {
    const fresh = new Map<string, number>();
    for (const name in report) {
      const value = report[name];
      if (value === undefined || value === null) continue;
      if (isCount(value)) fresh.set(name, value);
      else this.#flawed = true;
    }
    return fresh;
  }

  /** Classes that this report sets to zero, because their tokens moved to cache classes. */
  #moved(fresh: ReadonlyMap<string, number>): string[] {
    return MOVING.flatMap(({ classes, caches }) => {
      // Some providers repeat all counts with every event of a stream.
      if (!classes.some((name) => this.of(name) > 0 && !fresh.get(name))) return [];
      const gain = (name: string) => (fresh.get(name) || this.of(name)) - this.of(name);
      const lost = classes.reduce((sum, name) => sum + Math.max(0, -gain(name)), 0);
      let spare = caches.reduce((sum, name) => sum + Math.max(0, gain(name)), 0) - lost;
      const empty = classes.filter((name) => this.of(name) > 0 && !fresh.get(name));
      const zeros = empty.filter((name) => fresh.has(name)).sort((left, right) => this.of(right) - this.of(left));
      // An absent class counts as zero only if it explains the whole difference.
      const absent = empty.filter((name) => !fresh.has(name));
      return [...zeros, ...absent].filter((name) => {
        const had = this.of(name);
        if (had > spare || (!fresh.has(name) && had !== spare)) return false;
        spare -= had;
        return true;
      });
    });
  }
}
