import type { Chance } from "../../harness/chance.ts";
import type { WorldPlan } from "../plan.ts";

/** The `[ledger]` table of a world. */
export interface LedgerPlan {
  readonly durability: "batch" | "sync";
}

/** In half of the seeds, worlds may have a ledger; the others are the same as before there was one. */
export function mayHaveLedger(seed: number): boolean {
  return seed % 8 < 4;
}

export function withLedger(plan: WorldPlan, chance: Chance): WorldPlan {
  return chance.happens(0.6) ? { ...plan, ledger: { durability: chance.pick(["batch", "sync"]) } } : plan;
}

export function ledgerToml({ durability }: LedgerPlan): string {
  return `[ledger]\ndurability = "${durability}"\n`;
}
