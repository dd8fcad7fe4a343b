import { type Broken, EPSILON_MS } from "./broken.ts";
import type { VirtualCaller } from "./caller.ts";
import { type EntryPlan, mostRetries } from "./plan.ts";
import type { WireRequest } from "./wire-request.ts";

const BURST = 10;
const EXTRA_SHARE = 0.2;

/**
 * A retry-after above the default of max_retry_after applies to the call that received it, but is not shared: it may be
 * a mistake.
 */
const SHARED_WAIT_MS = 60_000;

/** Checked when a request is sent. */
export function checkRequest(caller: VirtualCaller, entry: EntryPlan, request: WireRequest, broken: Broken): void {
  const nowMs = request.startedMs;
  const { id } = caller.plan;
  if (!caller.isWaitedFor) {
    if (caller.settled) broken("P7", `${id}: a request to ${entry.name} after the call had settled`);
    if (caller.abortedMs !== undefined) broken("P2", `${id}: a request to ${entry.name} after the abort`);
    if (nowMs > caller.deadlineAtMs + EPSILON_MS) broken("P2", `${id}: a request after the deadline`);
  }
  const { hedgeMs, policyFallbacks } = caller.entry;
  const filtered = hedgeMs === undefined && caller.requests.at(-1)?.end === "content_filtered";
  if (filtered && policyFallbacks.length === 0) broken("P5", `${id}: ${entry.name} asked around a filter`);
  const all = caller.requests.filter((one) => one.entry === entry.name);
  // Each part of a long answer has its own tries.
  const earlier = all.slice(all.findLastIndex(({ end }) => end === "length") + 1);
  // A request that was cancelled because another one answered first is not a failed try; a deaf provider does not
  // notice.
  const calledOff = hedgeMs === undefined ? ["aborted", "left"] : ["aborted", "left", "open"];
  const failed = earlier.filter(({ end }) => !calledOff.includes(end));
  const most = (1 + mostRetries(entry)) * entry.keys.length * waysTo(entry, caller.entry);
  const besideHedge = hedgeMs !== undefined && caller.entry.name !== entry.name ? " beside a hedge" : "";
  if (failed.length + 1 > most) broken("P3", `${id}: more than ${most} requests to ${entry.name}${besideHedge}`);
}

/** A hedged call without fallbacks may use two routes to its model. */
function waysTo(entry: EntryPlan, { name, hedgeMs, fallbacks }: EntryPlan): number {
  return name === entry.name && hedgeMs !== undefined && fallbacks.length === 0 ? 2 : 1;
}

/** No request before the retry-after that the server sent, to this call or another one. */
export function checkNamedTime(
  request: WireRequest,
  { entry: { hedgeMs } }: VirtualCaller,
  earlier: readonly WireRequest[],
  broken: Broken,
): void {
  for (const one of earlier) {
    const { askedMs = 0, endedMs } = one;
    if (one.key !== request.key || endedMs === undefined) continue;
    if (one.end === "unauthorized") broken("P3", `${request.caller}: ${request.key} asked again although it is dead`);
    // The second route of a hedged call knows as little as another call.
    const sameWay = one.caller === request.caller && hedgeMs === undefined;
    if (!sameWay && askedMs > SHARED_WAIT_MS) continue;
    const earlyMs = endedMs + askedMs - request.startedMs;
    if (earlyMs > EPSILON_MS)
      broken(
        "P3",
        `${request.caller}: ${request.key} asked again ${Math.round(earlyMs)} ms before ${request.entry} allowed ${one.caller} to`,
      );
  }
}

/** The number of requests exceeds the number of calls by at most a fifth, after a burst of ten. */
export function checkBudget(origin: string, retries: number, calls: number, broken: Broken): void {
  const most = BURST + EXTRA_SHARE * calls;
  if (retries > most + EPSILON_MS) broken("P3", `${origin}: ${retries} retries for ${calls} calls`);
}

/** Checked whenever all promises have settled. */
export function checkWaiting(caller: VirtualCaller, nowMs: number, broken: Broken): void {
  const { waitingSinceMs, abortedMs, plan } = caller;
  if (caller.settled || waitingSinceMs === undefined) return;
  const late = (sinceMs: number) => nowMs > Math.max(sinceMs, waitingSinceMs) + EPSILON_MS;
  if (abortedMs !== undefined && late(abortedMs)) broken("P2", `${plan.id}: still waiting after its abort`);
  if (late(caller.deadlineAtMs)) broken("P2", `${plan.id}: still waiting after its deadline`);
}
