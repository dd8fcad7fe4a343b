/** In fifths of a retry, because binary fractions do not add up to integers. */
const RETRY = 5;
/** Limits retries during an outage, which would otherwise multiply the load. */
const BURST = 10 * RETRY;
const PER_CALL = 1;

/** A token bucket per origin: it allows ten retries when full, and each call adds a fifth of one. */
export class RetryBudgets {
  readonly #tokens = new Map<string, number>();

  /** A call to this origin starts. */
  note(origin: string): void {
    this.#tokens.set(origin, Math.min(BURST, (this.#tokens.get(origin) ?? BURST) + PER_CALL));
  }

  /** Takes one retry from the origin's budget; false if it is exhausted. */
  take(origin: string): boolean {
    const tokens = this.#tokens.get(origin) ?? BURST;
    if (tokens < RETRY) return false;
    this.#tokens.set(origin, tokens - RETRY);
    return true;
  }
}
