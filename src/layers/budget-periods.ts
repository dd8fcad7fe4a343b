import type { Budget, Period } from "../core/budget.ts";
import type { TimeSpan } from "../core/calendar.ts";

const ALWAYS: TimeSpan = { startsMs: 0, endsMs: Number.POSITIVE_INFINITY };

/** The current period of each budget. The calendar is loaded on first use, because most files have no budgets. */
export class BudgetPeriods {
  /** By time zone: a joined key would be a new string for each attempt. */
  readonly #spans = new Map<string, Partial<Record<Period, TimeSpan>>>();

  /** The period, if it is known already. */
  current({ period, timezone }: Budget, nowMs: number): TimeSpan | undefined {
    if (period === "total") return ALWAYS;
    const span = this.#spans.get(timezone)?.[period];
    return span !== undefined && span.startsMs <= nowMs && nowMs < span.endsMs ? span : undefined;
  }

  async at({ period, timezone }: Budget, nowMs: number): Promise<TimeSpan> {
    if (period === "total") return ALWAYS;
    const { periodAt } = await import("../core/calendar.ts");
    const span = periodAt(period, timezone, nowMs);
    this.#spans.set(timezone, { ...this.#spans.get(timezone), [period]: span });
    return span;
  }
}
