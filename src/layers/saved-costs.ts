import { type Cost, costFromNano, NanoSum, nanoOf } from "../core/cost.ts";

/** The sum of what answers from the cache cost when they were requested. */
export class SavedCosts {
  #nano: NanoSum | undefined;
  #unknown = false;

  add(cost: Cost): void {
    const nano = nanoOf(cost);
    if (nano === undefined) this.#unknown = true;
    else {
      this.#nano ??= new NanoSum();
      this.#nano.add(nano);
    }
  }

  /** Null if the cost of one is unknown. */
  get usd(): number | null {
    if (this.#unknown) return null;
    return this.#nano === undefined ? 0 : costFromNano(this.#nano, false).usd;
  }
}
