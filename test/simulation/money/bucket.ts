/** The stores' times are doubles since 1970, exact to 0.0002 ms; sums of them may be off by 0.1 ms. */
const ROUNDING_MS = 0.2;

/** A token bucket that counts its content, unlike those of the stores, which store the time at which they are full. */
export class Bucket {
  readonly #limit: number;
  readonly #perMs: number;
  #has: number;
  #atMs = Number.NEGATIVE_INFINITY;

  constructor(limit: number, perMs: number) {
    this.#limit = limit;
    this.#perMs = perMs;
    this.#has = limit;
  }

  has(nowMs: number): number {
    if (this.#atMs !== Number.NEGATIVE_INFINITY)
      this.#has = Math.min(this.#limit, this.#has + ((nowMs - this.#atMs) * this.#limit) / this.#perMs);
    this.#atMs = nowMs;
    return this.#has;
  }

  /** Negative after an overrun. */
  take(amount: number, nowMs: number): void {
    this.#has = Math.min(this.#limit, this.has(nowMs) - amount);
  }

  mayFit(amount: number, nowMs: number): boolean {
    return amount <= this.has(nowMs) + this.#rounding;
  }

  surelyFits(amount: number, nowMs: number): boolean {
    return amount <= this.has(nowMs) - this.#rounding;
  }

  waitFor(amount: number, nowMs: number): number {
    if (amount > this.#limit) return Number.POSITIVE_INFINITY;
    return ((amount - this.has(nowMs)) * this.#perMs) / this.#limit;
  }

  get #rounding(): number {
    return (ROUNDING_MS * this.#limit) / this.#perMs;
  }
}
