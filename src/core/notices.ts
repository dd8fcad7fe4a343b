/**
 * Where an answer came from: the cache, a request, the request of an equal call that was in flight, or the cache, as the answer
 * to a similar question.
 */
export type CacheOutcome = "hit" | "miss" | "joined" | "semantic";

/** An answer that no request was sent for. */
export interface CachedAnswer {
  readonly outcome: Exclude<CacheOutcome, "miss">;
  /** Of a semantic hit: the cosine similarity of the two questions, at most 1. */
  readonly similarity?: number;
  /** What the answer cost when it was requested; null if unknown. */
  readonly savedUsd: number | null;
}

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
