import { invalidOption } from "../core/check-options.ts";
import type { BreakerState, Target } from "../core/target.ts";
import type { BudgetStatus } from "../layers/budget-status.ts";
import { clearCache } from "../layers/cache.ts";
import type { CacheStats } from "../layers/cache-counts.ts";
import type { Services, SharedServices } from "./pipeline.ts";

/** The circuit breakers of a factory, by entry. */
export interface BreakerControl {
  /** `undefined` if `circuit_breaker = false`. */
  state(name: string): BreakerState | undefined;
  /** Rejects every call to the entry's target with `circuit_open` until `reset`. */
  isolate(name: string): void;
  /** Closes the breaker and clears its counts. */
  reset(name: string): void;
}

/** The budgets of a factory. */
export interface BudgetControl {
  /**
   * The counters of a budget, or of all budgets, in their current period.
   * @throws ModelError `invalid_request` for an unknown name, `state_unavailable` if the store or the ledger cannot be
   * read.
   */
  status(name?: string): Promise<readonly BudgetStatus[]>;
}

/** The result cache of a factory. */
export interface CacheControl {
  /** Counts since the factory was created; all 0 without a `[cache]` table. */
  stats(): CacheStats;
  /** Removes the answers of a namespace; without one, all answers. */
  clear(namespace?: string): Promise<void>;
}

export function breakerControl({ breakers }: SharedServices, target: (name: string) => Target): BreakerControl {
  return {
    state: (name) => breakers.state(target(name)),
    isolate: (name) => breakers.isolate(target(name)),
    reset: (name) => breakers.reset(target(name)),
  };
}

export function cacheControl({ cacheCounts }: SharedServices, current: () => Pick<Services, "cache">): CacheControl {
  const storeOf = () => current().cache?.store;
  return {
    stats: () => cacheCounts.read(storeOf()?.size() ?? { entries: 0, bytes: 0 }),
    clear: async (namespace) => {
      if (namespace !== undefined && typeof namespace !== "string")
        throw invalidOption("cache.clear: the namespace must be a string");
      const store = storeOf();
      if (store !== undefined) await clearCache(store, namespace);
    },
  };
}
