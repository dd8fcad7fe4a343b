import { type Budget, pathOf, type Rate, type RateRule } from "../core/budget.ts";
import { usdText } from "../core/cost.ts";
import type { ModelError } from "../core/error.ts";
import type { BudgetClaim, Level, StoreUnavailable } from "../core/store.ts";
import type { Target } from "../core/target.ts";
import { entryError } from "../core/target-error.ts";

const SKIPPED = new WeakSet<ModelError>();

/** Whether a budget skips its target with `on_exceeded = "fallback"`, so that the next target is tried. */
export function isSkippedByBudget(error: ModelError): boolean {
  return SKIPPED.has(error);
}

export interface BudgetRefusal {
  readonly budget: Budget;
  readonly claim: BudgetClaim;
  readonly level: Level;
  readonly nowMs: number;
}

/** A budget has no room for the most that a request may use: what is spent, what the request may use, and what to do. */
export function budgetExceeded(target: Target, refusal: BudgetRefusal): ModelError {
  const { budget, claim, level, nowMs } = refusal;
  const amount = (value: bigint) => (budget.tokens === undefined ? `$${usdText(value)}` : `${value} tokens`);
  const reserved = level.reserved > 0n ? ` and ${amount(level.reserved)} reserved by other requests` : "";
  const spent = `${amount(level.spent)} spent${reserved} of ${amount(claim.limit)}`;
  const resets = Number.isFinite(claim.endsMs) ? `; resets at ${new Date(claim.endsMs).toISOString()}` : "";
  const words = `${nameOf(budget, claim.member)}: ${spent}, and this request may use up to ${amount(claim.amount)}`;
  const advice = adviceFor(target, refusal);
  // It would not fit into an empty budget either, so trying again later cannot help.
  if (claim.amount > claim.limit)
    return skippable(entryError(target, "budget_exceeded", `${words}, more than the whole budget. ${advice}`), budget);
  const retryAfterMs = Number.isFinite(claim.endsMs) ? Math.max(1, Math.ceil(claim.endsMs - nowMs)) : undefined;
  return skippable(entryError(target, "budget_exceeded", `${words}${resets}. ${advice}`, { retryAfterMs }), budget);
}

/** Only what helps: a smaller request does not if everything is spent, and a new period does not if the whole budget is too small. */
function adviceFor({ facts }: Target, { budget, claim, level }: BudgetRefusal): string {
  const { amount, limit, endsMs } = claim;
  const fitsAlone = level.spent + amount <= limit;
  const ways = [
    `raise ${budget.tokens === undefined ? "usd" : "tokens"} of [${pathOf(budget).join(".")}]`,
    ...(level.spent < limit ? [facts.embedding === undefined ? "lower max_new_tokens" : "send fewer texts"] : []),
    ...(fitsAlone && level.reserved > 0n ? ["wait for the other requests (max_wait)"] : []),
    ...(amount <= limit && Number.isFinite(endsMs) ? ["wait until the budget resets"] : []),
  ];
  const last = ways.pop() ?? "";
  const words = ways.length === 0 ? last : `${ways.join(", ")}${ways.length > 1 ? "," : ""} or ${last}`;
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** The price of a request is unknown, so a budget in USD cannot limit it. */
export function unpriced(target: Target, budget: Budget, missing: string): ModelError {
  const help = `add [models.${target.entry}.pricing] or price_as, or set unpriced = "allow"`;
  const words = `${missing} is unknown, so budget "${budget.name}" cannot limit the request; ${help}`;
  return skippable(entryError(target, "budget_exceeded", words), budget);
}

/** A part of a request has no largest size, so a budget cannot limit it. */
export function unboundedUse(target: Target, budget: Budget, unbounded: string): ModelError {
  const help = `set unpriced = "allow" to reserve a typical size, or send what can be counted`;
  const words = `${unbounded} is unknown, so budget "${budget.name}" cannot limit the request; ${help}`;
  return skippable(entryError(target, "budget_exceeded", words), budget);
}

function skippable(error: ModelError, { onExceeded }: Budget): ModelError {
  if (onExceeded === "fallback") SKIPPED.add(error);
  return error;
}

export function tooManyMembers(target: Target, { name, maxCounters }: Budget): ModelError {
  const words = `budget "${name}" has ${maxCounters} counters (max_counters), and this request needs another one`;
  return entryError(target, "state_unavailable", words);
}

/** A rate limit has no room; `waitMs` is the time until it has, if known. */
export function limitExceeded(
  target: Target,
  rule: RateRule,
  rate: Rate | undefined,
  waitMs: number | undefined,
): ModelError {
  const limit = rate === undefined ? `max_parallel = ${rule.maxParallel}` : rateText(rate);
  const name = `rate limit "${rule.name}" (${limit})`;
  if (waitMs === Number.POSITIVE_INFINITY)
    return entryError(target, "limit_exceeded", `${name}: the request alone is larger than the limit`);
  const hint = waitMs === undefined ? "" : `, retry in ${Math.ceil(waitMs / 100) / 10} s`;
  const why = rule.onExceeded === "refuse" ? "is reached" : `has no room within max_wait (${rule.maxWait / 1_000} s)`;
  const retryAfterMs = waitMs === undefined ? undefined : Math.ceil(waitMs);
  return entryError(target, "limit_exceeded", `${name} ${why}${hint}`, { retryAfterMs });
}

export function queueFull(target: Target, { name, queue }: RateRule): ModelError {
  const words = `rate limit "${name}": ${queue} requests wait already (queue)`;
  return entryError(target, "limit_exceeded", words);
}

/** All slots of `max_parallel` are taken, and its queue is full. */
export function bulkheadFull(target: Target): ModelError {
  const { maxParallel, queue } = target.policy;
  const words = `${maxParallel} calls are in flight and ${queue} wait (max_parallel, queue)`;
  return entryError(target, "bulkhead_full", words);
}

export function stateUnavailable(target: Target, cause: StoreUnavailable): ModelError {
  const words = `${cause.message}; on_unavailable is "refuse", so nothing was sent`;
  return entryError(target, "state_unavailable", words, { cause });
}

function nameOf({ name, per }: Budget, member: string): string {
  return per.length === 0 ? `budget "${name}"` : `budget "${name}" of ${per.join(", ")} ${JSON.stringify(member)}`;
}

const UNITS = new Map([
  [1_000, "second"],
  [60_000, "minute"],
  [3_600_000, "hour"],
  [86_400_000, "day"],
]);

function rateText({ of, limit, perMs }: Rate): string {
  return `${limit} ${of} per ${UNITS.get(perMs) ?? `${perMs} ms`}`;
}
