import type { Call } from "../core/call.ts";
import type { Target } from "../core/target.ts";
import type { Hedge, Way } from "./hedge.ts";
import type { RetryBudgets } from "./retry-budget.ts";
import type { Serving } from "./serving.ts";
import type { TargetSearch } from "./target-search.ts";

interface HedgeParts {
  readonly search: TargetSearch;
  readonly serving: Serving;
  readonly budgets: RetryBudgets;
}

/** Hedges the primary: without content after `hedge_after`, sends a request to the first fallback, or to the primary again. */
export class PrimaryHedge implements Hedge {
  readonly afterMs: number;
  readonly first: Way = (call) => this.#serving.serve(this.#search.primary, call);
  readonly #call: Call;
  readonly #serving: Serving;
  readonly #search: TargetSearch;
  readonly #budgets: RetryBudgets;
  readonly #beside: Target;
  #besideFailed = false;

  constructor(call: Call, { search, serving, budgets }: HedgeParts) {
    this.#call = call;
    this.#search = search;
    this.#serving = serving;
    this.#budgets = budgets;
    this.#beside = search.besidePrimary();
    this.afterMs = search.primary.policy.hedgeAfterMs ?? 0;
  }

  second(): Way | undefined {
    const beside = this.#beside;
    if (!this.#budgets.take(beside.origin)) return undefined;
    this.#search.take(beside);
    return (call) => this.#serving.serve(beside, call);
  }

  secondFailed(error: unknown): void {
    this.#besideFailed = true;
    if (this.#beside !== this.#search.primary) this.#search.noteFailure(error, this.#beside);
  }

  /** A fallback that was cancelled because the primary answered first can still serve if the primary breaks off. */
  calledOff(): void {
    if (this.#serving.activeTarget === this.#search.primary && this.#isUnused()) this.#search.giveBack(this.#beside);
  }

  /** Whether the fallback has all its attempts left. */
  #isUnused(): boolean {
    const { attempts } = this.#call.record;
    const failed = attempts.some(({ model, outcome }) => model === this.#beside.entry && outcome === "error");
    return this.#beside !== this.#search.primary && !this.#besideFailed && !failed;
  }
}
