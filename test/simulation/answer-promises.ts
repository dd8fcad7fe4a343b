import { SAME_MOMENT_MS } from "../../src/core/clock.ts";
import type { ModelError } from "../../src/index.ts";
import { type Broken, EPSILON_MS } from "./broken.ts";
import type { VirtualCaller } from "./caller.ts";
import { checkParts } from "./continuation-promises.ts";
import { checkRows, checkUsage } from "./money-promises.ts";
import type { EntryPlan } from "./plan.ts";
import { isAllOf, partsBefore, type WireRequest } from "./wire-request.ts";

/** Checked when text was delivered: it is the beginning of a single answer. */
export function checkShown(caller: VirtualCaller, broken: Broken): void {
  if (caller.wasTold(caller.shown)) return;
  broken("P1", `${caller.plan.id}: shown text of more than one attempt: ${JSON.stringify(caller.shown)}`);
}

/** Checked when a call has settled. */
export function checkSettled(
  caller: VirtualCaller,
  chain: readonly EntryPlan[],
  all: (entry: string) => readonly WireRequest[],
  broken: Broken,
): void {
  const { plan, reply, error, oddity } = caller;
  if (oddity !== undefined) broken("P1", `${plan.id}: ${String(oddity)}`);
  if (caller.settlements !== 1) broken("P1", `${plan.id}: settled ${caller.settlements} times`);
  if (caller.listeners > 0) broken("P7", `${plan.id}: ${caller.listeners} listeners left on its signal`);
  if (reply !== undefined) checkReply(caller, chain, broken);
  if (caller.resets > 0 && !mayStartAgain(caller)) broken("P4", `${plan.id}: ${caller.resets} resets`);
  if (error !== undefined) checkError(caller, error, chain, all, broken);
  checkRows(caller, broken);
}

/** Text that a content filter stopped is not the beginning of a valid answer. */
function mayStartAgain({ entry: { onBreak }, requests }: VirtualCaller): boolean {
  return onBreak === "restart" || (onBreak === "continue" && requests.some(({ end }) => end === "content_filtered"));
}

function checkReply(caller: VirtualCaller, chain: readonly EntryPlan[], broken: Broken): void {
  const { plan, reply, shown, finishes } = caller;
  // The promises of a cache say what a cached answer is.
  if (reply?.cached === undefined) checkServed(caller, chain, broken);
  if (plan.way === "codegen" || plan.leaveAfter !== undefined) return;
  if (shown !== reply?.text) broken("P1", `${plan.id}: shown ${JSON.stringify(shown)} is not the reply's text`);
  if (finishes !== 1) broken("P1", `${plan.id}: ${finishes} finishes`);
}

function checkServed(caller: VirtualCaller, chain: readonly EntryPlan[], broken: Broken): void {
  const { plan, entry, reply, requests: own, accounted: requests = own } = caller;
  const end = reply?.finishReason === "length" ? "length" : "complete";
  const ended = requests.filter((request) => request.end === end && request.entry === reply?.model);
  const text = reply?.text ?? "";
  const served = ended.findLast((one) => (end === "length" ? isAllOf(one, text) : text === one.text));
  if (served === undefined) broken("P1", `${plan.id}: ${end}, but not what was told: ${JSON.stringify(text)}`);
  if (entry.hedgeMs === undefined && served !== requests.at(-1)) broken("P1", `${plan.id}: not of its last attempt`);
  const answered = chain.find(({ name }) => name === reply?.model) as EntryPlan;
  if (served !== undefined) {
    const parts = [...partsBefore(served, requests.slice(0, requests.indexOf(served))), served];
    checkParts(caller, parts, answered, broken);
    checkUsage(caller, parts, broken);
  }
}

function checkError(
  caller: VirtualCaller,
  error: ModelError,
  chain: readonly EntryPlan[],
  all: (entry: string) => readonly WireRequest[],
  broken: Broken,
): void {
  const { plan, requests: own, accounted: requests = own, shown } = caller;
  const failed = error.code === "all_models_failed" ? (error.errors ?? []) : [error];
  if (error.code === "all_models_failed" && new Set(failed.map(({ code }) => code)).size < 2)
    broken("P5", `${plan.id}: all_models_failed with one code`);
  for (const one of failed)
    if (!isExplained(one, caller, chain, all)) broken("P5", `${plan.id}: nothing explains ${one.code}: ${one.message}`);
  const partial = error.partial?.text ?? "";
  if (partial !== "" && !caller.wasTold(partial) && !requests.some(({ told }) => told.startsWith(partial)))
    broken("P1", `${plan.id}: the partial is of more than one attempt: ${JSON.stringify(partial)}`);
  if (plan.way === "stream" && caller.entry.onBreak !== "restart" && !partial.startsWith(shown))
    broken("P1", `${plan.id}: shown ${JSON.stringify(shown)} is not in the partial ${JSON.stringify(partial)}`);
}

function isExplained(
  error: ModelError,
  caller: VirtualCaller,
  chain: readonly EntryPlan[],
  all: (entry: string) => readonly WireRequest[],
): boolean {
  const { requests: own, accounted: requests = own, abortedMs, plan } = caller;
  const startedMs = Math.min(...caller.mates().map((mate) => mate.startedMs));
  switch (error.code) {
    case "aborted":
      return abortedMs !== undefined || plan.leaveAfter !== undefined;
    case "circuit_open":
      return chain.some(({ breaker }) => breaker !== undefined);
    case "bulkhead_full":
      return chain.some(({ maxParallel, queue }) => maxParallel !== undefined && queue !== undefined);
    case "empty_response":
      return requests.some(({ end, output }) => end === "left" && output === 0);
    case "timed_out":
      return ranOut(error, caller, chain);
    case "rate_limited":
      return error.message.includes("skipped:")
        ? all(error.model ?? "").some(({ askedMs = 0, endedMs = 0 }) => endedMs + askedMs >= startedMs)
        : requests.some(({ end, askedMs }) => end === "rate_limited" && askedMs === error.retryAfterMs);
    case "budget_exceeded":
    case "limit_exceeded":
    case "state_unavailable":
      return caller.explains?.(error) ?? false;
    case "not_found":
      return plan.cache?.mode === "only" || requests.some(({ end }) => end === "not_found");
    default:
      return requests.some(({ end }) => end === error.code);
  }
}

function ranOut({ phase }: ModelError, caller: VirtualCaller, chain: readonly EntryPlan[]): boolean {
  const endMs = caller.settledMs ?? 0;
  if (phase === "deadline") return endMs >= caller.deadlineAtMs - EPSILON_MS;
  return (caller.accounted ?? caller.requests).some((request) => {
    const entry = chain.find(({ name }) => name === request.entry);
    const limitMs = { attempt: entry?.timeoutMs, idle: entry?.idleMs, "first-token": entry?.firstTokenMs }[
      phase as "idle"
    ];
    // A connection that breaks just before the limit counts as timed out.
    const earlyMs = BREAKS.has(request.end) ? SAME_MOMENT_MS : EPSILON_MS;
    return limitMs !== undefined && (request.endedMs ?? endMs) - request.startedMs >= limitMs - earlyMs;
  });
}

const BREAKS: ReadonlySet<WireRequest["end"]> = new Set(["connection_failed", "stream_truncated"]);
