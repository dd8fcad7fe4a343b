import type { Budget } from "../core/budget.ts";
import type { LedgerCounter } from "../core/ledger.ts";
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

/** What the ledger has for counters of a family other than the `known` ones. */
export type CountedBefore = (
  family: string,
  known: readonly string[],
  max: number,
) => Promise<readonly LedgerCounter[]>;

export interface StatusSources {
  readonly store: CounterStore;
  readonly periods: BudgetPeriods;
  /** Absent without a ledger. */
  readonly countedBefore: CountedBefore | undefined;
}

/** The counters of one budget. A budget without `per` has one, also before its first request. */
export async function statusOf(
  budget: Budget,
  { store, periods, countedBefore }: StatusSources,
  nowMs: number,
): Promise<readonly BudgetStatus[]> {
  const span = periods.current(budget, nowMs) ?? (await periods.at(budget, nowMs));
  const family = familyOf(budget, span.startsMs);
  const levels = [...(await store.levels(family))];
  const isWhole = budget.per.length === 0;
  // The store has a counter only once a call needs it.
  if (countedBefore !== undefined && !(isWhole && levels.length > 0)) {
    const known = levels.map(({ member }) => member);
    const before = await countedBefore(family, known, budget.maxCounters);
    levels.push(...before.map((counter) => ({ ...counter, reserved: 0n })));
  }
  if (isWhole && levels.length === 0) levels.push({ member: "", spent: 0n, reserved: 0n });
  return levels.map((level) => rowOf(budget, level, span.endsMs));
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

/** A ledger with `users = "hash"` has one hash for all names of a counter. */
function perOf({ per }: Budget, member: string): Readonly<Record<string, string>> {
  const names = [...per].sort();
  if (names.length > 1 && !member.startsWith("[")) return Object.fromEntries(names.map((name) => [name, member]));
  const values: readonly string[] = names.length === 1 ? [member] : JSON.parse(member);
  return Object.fromEntries(names.map((name, index) => [name, values[index] ?? ""]));
}
