import type { Budget } from "../core/budget.ts";
import type { Call } from "../core/call.ts";
import type { BudgetClaim } from "../core/store.ts";
import { stateOf } from "./budget-status.ts";
import { lineOf } from "./charges.ts";

/** Counters whose state is remembered; beyond them, a notice may be repeated. */
const MAX_COUNTERS = 10_000;

/** Tells the observers once when a budget reaches its warning level or its limit, in each period. */
export class BudgetNotices {
  readonly #states = new Map<string, string>();

  note(call: Call, budget: Budget, claim: BudgetClaim, spent: bigint): void {
    const listener = call.record.observers.budgetNoticed;
    if (listener === undefined) return;
    const state = stateOf(budget, spent, claim.limit);
    const counter = lineOf(claim);
    if (this.#states.get(counter) === state) return;
    if (this.#states.size >= MAX_COUNTERS) this.#states.clear();
    this.#states.set(counter, state);
    if (state === "ok") return;
    const used = claim.limit === 0n ? 1 : Number(spent) / Number(claim.limit);
    const named = budget.per.length === 0 ? {} : { counter: claim.member };
    listener(call, { name: budget.name, state, ...named, used });
  }
}
