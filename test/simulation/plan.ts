import type { Chance } from "../harness/chance.ts";
import type { Manner } from "./answer.ts";
import { HOUR_MS, type Phase, planPhases } from "./behaviour.ts";
import type { CachePlan, CallCachePlan } from "./cache/cache-plan.ts";
import type { LedgerPlan } from "./ledger/ledger-plan.ts";
import type { MoneyPlan, RatePlan } from "./money/money-plan.ts";

/** The settings of one entry of models.toml; a plan keeps them next to the TOML, for the checks. */
export interface EntryPlan {
  readonly name: string;
  readonly keys: readonly string[];
  readonly numRetries: number;
  readonly timeoutMs: number;
  readonly firstTokenMs: number | undefined;
  readonly idleMs: number;
  readonly deadlineMs: number | undefined;
  readonly maxParallel: number | undefined;
  readonly queue: number | undefined;
  readonly breaker:
    | { readonly threshold: number; readonly windowMs: number | undefined; readonly halfOpenMs: number }
    | undefined;
  readonly onBreak: "error" | "restart" | "continue";
  readonly continueOnLength: number;
  readonly manner: Manner;
  readonly hedgeMs: number | undefined;
  readonly fallbacks: readonly string[];
  /** Fallbacks for answers that a content filter stopped. */
  readonly policyFallbacks: readonly string[];
  readonly jitter: "full" | "none" | "decorrelated";
  readonly phases: readonly Phase[];
  readonly retryOn: Readonly<Record<string, number>> | undefined;
  /** USD for a million tokens; unknown in some worlds with money. */
  readonly price: { readonly input: number; readonly output: number } | undefined;
  readonly maxNewTokens?: number | undefined;
  readonly rateLimit?: RatePlan | undefined;
}

/** What one caller does. */
export interface CallerPlan {
  readonly id: string;
  readonly atMs: number;
  readonly entry: string;
  readonly way: "codegen" | "stream";
  readonly abortAfterMs: number | undefined;
  /** A stream is abandoned after that many deltas. */
  readonly leaveAfter: number | undefined;
  /** The reader pauses that long between two events. */
  readonly restMs: number;
  readonly prompt: string;
  readonly tags: readonly string[];
  readonly user?: string | undefined;
  readonly priority?: number | undefined;
  readonly maxNewTokens?: number | undefined;
  readonly cache?: CallCachePlan | undefined;
}

export interface WorldPlan {
  readonly entries: readonly EntryPlan[];
  readonly callers: readonly CallerPlan[];
  readonly money?: MoneyPlan | undefined;
  readonly cache?: CachePlan | undefined;
  readonly ledger?: LedgerPlan | undefined;
  /** Where budgets and limits are counted; absent: in memory. */
  readonly state?: "sqlite" | undefined;
}

export function planWorld(chance: Chance): WorldPlan {
  const names = Array.from({ length: chance.whole(1, 4) }, (_, index) => `m${index}`);
  const entries = names.map((name) => planEntry(name, names, chance));
  const callers = Array.from({ length: chance.whole(10, 60) }, (_, index) => planCaller(`c${index}`, names, chance));
  return { entries, callers };
}

function planEntry(name: string, names: readonly string[], chance: Chance): EntryPlan {
  const others = names.filter((other) => other !== name);
  return {
    name,
    keys: Array.from({ length: chance.happens(0.4) ? 2 : 1 }, (_, index) => `key-${name}-${index}`),
    numRetries: chance.whole(0, 4),
    timeoutMs: chance.pick([5_000, 30_000, 120_000]),
    firstTokenMs: chance.happens(0.3) ? chance.pick([500, 3_000]) : undefined,
    idleMs: chance.pick([1_000, 20_000]),
    deadlineMs: chance.happens(0.4) ? chance.pick([800, 5_000, 45_000]) : undefined,
    maxParallel: chance.happens(0.4) ? chance.whole(1, 3) : undefined,
    queue: chance.happens(0.5) ? chance.whole(0, 3) : undefined,
    breaker: chance.happens(0.7)
      ? {
          threshold: chance.whole(1, 5),
          windowMs: chance.happens(0.4) ? 60_000 : undefined,
          halfOpenMs: chance.pick([1_000, 10_000, 60_000]),
        }
      : undefined,
    onBreak: chance.pick(["error", "restart", "continue"]),
    continueOnLength: chance.happens(0.4) ? chance.whole(1, 4) : 0,
    manner: chance.pick(["exact", "repeating", "afresh"]),
    hedgeMs: chance.happens(0.2) ? chance.pick([300, 2_000]) : undefined,
    fallbacks: others.filter(() => chance.happens(0.6)),
    policyFallbacks: others.filter(() => chance.happens(0.3)),
    jitter: chance.pick(["full", "none", "decorrelated"]),
    phases: planPhases(chance),
    retryOn: chance.happens(0.15) ? planRetryOn(chance) : undefined,
    price: { input: 3, output: 15 },
  };
}

function planRetryOn(chance: Chance): Readonly<Record<string, number>> {
  const codes = ["rate_limited", "server_error", "timed_out", "connection_failed", "stream_truncated"];
  return Object.fromEntries(codes.filter(() => chance.happens(0.5)).map((code) => [code, chance.whole(1, 5)]));
}

/** Maximum number of tries after the first for the entry. */
export function mostRetries({ numRetries, retryOn }: EntryPlan): number {
  return Math.max(numRetries, ...Object.values(retryOn ?? {}));
}

function planCaller(id: string, names: readonly string[], chance: Chance): CallerPlan {
  const way = chance.happens(0.5) ? "stream" : "codegen";
  return {
    id,
    way,
    // Half of them arrive in bursts, so that queues, buckets and breakers get many at the same time.
    atMs: chance.happens(0.5) ? chance.whole(0, 11) * 300_000 + chance.whole(0, 50) : chance.whole(0, HOUR_MS),
    entry: chance.pick(names),
    abortAfterMs: chance.happens(0.15) ? chance.whole(0, 4_000) : undefined,
    leaveAfter: way === "stream" && chance.happens(0.1) ? chance.whole(1, 5) : undefined,
    restMs: way === "stream" && chance.happens(0.2) ? chance.whole(1, 5_000) : 0,
    ...{ prompt: "Hello", tags: [] },
  };
}
