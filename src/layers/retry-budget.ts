/** Retries allowed beyond one per call, so that an outage is not answered with four times the load. */
const BURST = 10;
const PER_CALL = 0.2;

/** A token bucket per origin: full it allows ten retries, and each call adds a fifth of one. */
export class RetryBudgets {
  readonly #tokens = new Map<string, number>();

  /** A call begins at this origin. */
  note(origin: string): void {
    this.#tokens.set(origin, Math.min(BURST, (this.#tokens.get(origin) ?? BURST) + PER_CALL));
  }

  /** Takes one retry from the origin's budget; false when it is spent. */
  take(origin: string): boolean {
    const tokens = this.#tokens.get(origin) ?? BURST;
    if (tokens < 1) return false;
    this.#tokens.set(origin, tokens - 1);
    return true;
  }
}
