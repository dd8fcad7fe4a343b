import type { Chance } from "../../harness/chance.ts";
import type { WorldPlan } from "../plan.ts";

/** In half of the seeds, the counters of budgets and limits may be in SQLite; the others always have them in memory. */
export function mayHaveStore(seed: number): boolean {
  return seed % 8 < 4;
}

export function withStore(plan: WorldPlan, chance: Chance): WorldPlan {
  return chance.happens(0.8) ? { ...plan, state: "sqlite" } : plan;
}

export function stateToml(store: "sqlite"): string {
  return `[state]\nstore = "${store}"\n`;
}
