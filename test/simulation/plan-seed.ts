import { Chance } from "../harness/chance.ts";
import { hasCache, withCache } from "./cache/cache-plan.ts";
import { mayHaveLedger, withLedger } from "./ledger/ledger-plan.ts";
import { hasMoney, withMoney } from "./money/money-plan.ts";
import { mayHaveStore, withStore } from "./money/state-plan.ts";
import { planWorld, type WorldPlan } from "./plan.ts";

/** Each part of a plan has random numbers of its own, so that one more part does not change the others. */
export function planSeed(seed: number): WorldPlan {
  const chanceOf = (part: number) => new Chance(seed + part * 2 ** 31);
  let plan = planWorld(new Chance(seed));
  if (hasMoney(seed)) plan = withMoney(plan, chanceOf(0.25));
  if (hasCache(seed)) plan = withCache(plan, chanceOf(0.75));
  if (mayHaveLedger(seed)) plan = withLedger(plan, chanceOf(0.125));
  if (plan.money !== undefined && mayHaveStore(seed)) plan = withStore(plan, chanceOf(0.375));
  return plan;
}
