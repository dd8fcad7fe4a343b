import type { Call } from "../core/call.ts";
import type { Dialect } from "../core/dialect.ts";
import type { Layer } from "../core/layer.ts";
import type { Target } from "../core/target.ts";
import { afterBreak } from "./continuation.ts";
import { hedged } from "./hedge.ts";
import { PrimaryHedge } from "./primary-hedge.ts";
import { PromptWindow } from "./prompt-window.ts";
import type { RetryBudgets } from "./retry-budget.ts";
import { Serving } from "./serving.ts";
import { type Chain, TargetSearch } from "./target-search.ts";
import { asModelError } from "./verdict.ts";

/**
 * Tries the targets in order: the primary, then those of the list for the error. Adapts the request to each target. Nothing of
 * a target is delivered before its first content event, so an earlier failure is invisible.
 */
export function fallback(
  chainOf: (call: Call) => Chain,
  dialectOf: (target: Target) => Dialect,
  budgets: RetryBudgets,
): Layer {
  return async function* (call, next) {
    const search = new TargetSearch(chainOf(call), new PromptWindow(call));
    const serving = new Serving(search, { dialectOf, next });
    for (let target = search.next(); target !== undefined; target = search.next()) {
      serving.activeTarget = undefined;
      try {
        search.requireRoom(target);
        if (target !== search.primary || target.policy.hedgeAfterMs === undefined) yield* serving.serve(target, call);
        else yield* hedged(call, new PrimaryHedge(call, { search, serving, budgets }));
        return;
      } catch (error) {
        const failed = serving.activeTarget ?? target;
        const failure = asModelError(error, failed);
        if (call.cancellation.cancelled || (serving.delivered && call.onBreak === "error")) throw failure;
        const nextTarget = search.after(failure);
        call.record.observers.fellBack?.(call, failure, failed, nextTarget);
        if (serving.delivered) yield* afterBreak({ ...call, target: failed }, failure.code, nextTarget.entry);
        else call.record.delivered?.forget();
      }
    }
  };
}
