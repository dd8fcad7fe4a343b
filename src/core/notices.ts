/** Where an answer came from: the cache, a request, or the request of an equal call that was in flight. */
export type CacheOutcome = "hit" | "miss" | "joined";

/** A budget that a call brought to its warning level, or over its limit. */
export interface BudgetNotice {
  /** The name in `[budgets.NAME]`. */
  readonly name: string;
  readonly state: "warning" | "exceeded";
  /** The counter of a budget with `per`, such as a user. */
  readonly counter?: string;
  /** Share of the limit that is spent; 1 is all of it. */
  readonly used: number;
}
