import type { Budget } from "../core/budget.ts";
import type { CounterStore, MemberLevel } from "../core/store.ts";
import type { BudgetPeriods } from "./budget-periods.ts";
import { familyOf, limitOf } from "./charges.ts";

/** The state of one counter of a budget in its current period. */
export interface BudgetStatus {
  /** The name in models.toml. */
  readonly name: string;
  readonly unit: "usd" | "tokens";
  /** The values of `per`, by its names; absent for a budget with one counter. */
  readonly per?: Readonly<Record<string, string>>;
  /** In USD or tokens, like the next three. */
  readonly limit: number;
  readonly spent: number;
  /** For requests in flight. */
  readonly reserved: number;
  /** What new requests may use; 0 if the limit is exceeded. */
  readonly remaining: number;
  /** The end of the period; null for a total budget. */
  readonly resetsAt: Date | null;
  /** warning: from `warn_at` on; exceeded: nothing remains. */
  readonly state: "ok" | "warning" | "exceeded";
}

/** The counters of one budget. A budget without `per` has one, also before its first request. */
export async function statusOf(
  budget: Budget,
  store: CounterStore,
  periods: BudgetPeriods,
  nowMs: number,
): Promise<readonly BudgetStatus[]> {
  const span = periods.current(budget, nowMs) ?? (await periods.at(budget, nowMs));
  const levels = await store.levels(familyOf(budget, span.startsMs));
  const unused: MemberLevel = { member: "", spent: 0n, reserved: 0n };
  const rows = levels.length === 0 && budget.per.length === 0 ? [unused] : levels;
  return rows.map((level) => rowOf(budget, level, span.endsMs));
}

function rowOf(budget: Budget, { member, spent, reserved }: MemberLevel, endsMs: number): BudgetStatus {
  const limit = limitOf(budget);
  const scale = budget.tokens === undefined ? 1e9 : 1;
  const shown = (amount: bigint) => Number(amount) / scale;
  const left = limit - spent - reserved;
  const remaining = left > 0n ? left : 0n;
  return {
    name: budget.name,
    unit: budget.tokens === undefined ? "usd" : "tokens",
    ...(budget.per.length > 0 && { per: perOf(budget, member) }),
    ...{ limit: shown(limit), spent: shown(spent), reserved: shown(reserved), remaining: shown(remaining) },
    resetsAt: Number.isFinite(endsMs) ? new Date(endsMs) : null,
    state: stateOf(budget, spent, limit),
  };
}

export function stateOf({ warnAt }: Budget, spent: bigint, limit: bigint): BudgetStatus["state"] {
  if (spent >= limit) return "exceeded";
  return Number(spent) >= Number(limit) * warnAt ? "warning" : "ok";
}

function perOf({ per }: Budget, member: string): Readonly<Record<string, string>> {
  const names = [...per].sort();
  const values: readonly string[] = names.length === 1 ? [member] : JSON.parse(member);
  return Object.fromEntries(names.map((name, index) => [name, values[index] ?? ""]));
}
