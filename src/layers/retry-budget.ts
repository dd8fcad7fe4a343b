/** In fifths of a retry, because tenths and fifths of a binary number do not add up to whole ones. */
const RETRY = 5;
/** Retries allowed beyond one per call, so that an outage is not answered with four times the load. */
const BURST = 10 * RETRY;
const PER_CALL = 1;

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
    if (tokens < RETRY) return false;
    this.#tokens.set(origin, tokens - RETRY);
    return true;
  }
}
