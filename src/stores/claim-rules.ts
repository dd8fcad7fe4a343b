import type { BudgetClaim, Claim, Level, Refusal, RefusalReason } from "../core/store.ts";
import { waitFor } from "./token-bucket.ts";

/** A counter of a budget. */
export interface Counter extends Level {
  /** False if the store lost the counter and only knows what was settled since: what was spent before is missing. */
  readonly seeded?: boolean;
}

/** What the decision about claims reads. */
export interface CounterState {
  counter(claim: BudgetClaim): Counter | undefined;
  members(family: string): number;
  fullAtMs(counter: string): number | undefined;
  slotsTaken(counter: string): number;
  pausedUntilMs(counter: string): number;
}

type Why = Pick<Refusal, "reason" | "waitMs" | "level">;

/** An exhausted budget comes first: no wait helps. Otherwise the claim that needs the longest wait. */
export function refusalOf(claims: readonly Claim[], nowMs: number, state: CounterState): Refusal | undefined {
  let longest: Refusal | undefined;
  for (let refused = 0; refused < claims.length; refused++) {
    const why = check(claims[refused] as Claim, nowMs, state);
    if (why === undefined) continue;
    const refusal = { ok: false, nowMs, refused, ...why } as const;
    if (!PASSES.has(refusal.reason)) return refusal;
    if (longest === undefined || (refusal.waitMs ?? 0) > (longest.waitMs ?? 0)) longest = refusal;
  }
  return longest;
}

/** Refusals that end with time. */
const PASSES: ReadonlySet<RefusalReason> = new Set(["reserved", "rate", "slots", "paused"]);

function check(claim: Claim, nowMs: number, state: CounterState): Why | undefined {
  switch (claim.kind) {
    case "budget":
      return checkBudget(claim, nowMs, state);
    case "rate": {
      const waitMs = waitFor(claim, state.fullAtMs(claim.counter), nowMs);
      return waitMs > 0 ? { reason: "rate", waitMs } : undefined;
    }
    case "slot":
      return state.slotsTaken(claim.counter) >= claim.limit ? { reason: "slots" } : undefined;
    case "pause": {
      const waitMs = state.pausedUntilMs(claim.counter) - nowMs;
      return waitMs > 0 ? { reason: "paused", waitMs } : undefined;
    }
  }
}

function checkBudget(claim: BudgetClaim, nowMs: number, state: CounterState): Why | undefined {
  if (nowMs < claim.startsMs || nowMs >= claim.endsMs) return { reason: "period" };
  const counter = state.counter(claim);
  if (counter === undefined && state.members(claim.family) >= claim.maxMembers) return { reason: "members" };
  if (!isComplete(counter) && claim.seed === undefined) return { reason: "missing" };
  const spent = spentWith(counter, claim.seed);
  const reserved = counter?.reserved ?? 0n;
  if (spent + reserved + claim.amount <= claim.limit) return undefined;
  const reason = spent + claim.amount > claim.limit ? "exhausted" : "reserved";
  return { reason, level: { spent, reserved } };
}

/**
 * What is spent once the seed is known. What was settled after the counter was lost is in the seed too, because the ledger
 * has its rows.
 */
export function spentWith(counter: Counter | undefined, seed = 0n): bigint {
  if (counter === undefined) return seed;
  return isComplete(counter) || counter.spent > seed ? counter.spent : seed;
}

function isComplete(counter: Counter | undefined): boolean {
  return counter !== undefined && counter.seeded !== false;
}

/** By how much an attempt exceeds the limit. */
export function overrunOf(spent: bigint, limit: bigint, used: bigint): bigint {
  const above = spent - limit;
  if (above <= 0n) return 0n;
  return above < used ? above : used;
}
