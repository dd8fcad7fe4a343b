import type { ModelError } from "../../src/index.ts";
import type { VirtualCaller } from "./caller.ts";
import { type EntryPlan, mostRetries } from "./plan.ts";
import type { WireRequest } from "./provider.ts";

/** Floating point, not tolerance: in virtual time everything happens at its instant. */
const EPSILON_MS = 1e-6;
const BURST = 10;
const EXTRA_SHARE = 0.2;

export type Broken = (promise: string, what: string) => void;

/** A wait beyond the default of max_retry_after is heard by the call that was told, but not shared: it may be a mistake. */
const SHARED_WAIT_MS = 60_000;

/** What must hold when a request leaves. */
export function checkRequest(caller: VirtualCaller, entry: EntryPlan, request: WireRequest, broken: Broken): void {
  const nowMs = request.startedMs;
  const { id } = caller.plan;
  if (caller.settled) broken("P7", `${id}: a request to ${entry.name} after the call had settled`);
  if (caller.abortedMs !== undefined) broken("P2", `${id}: a request to ${entry.name} after the abort`);
  if (nowMs > caller.deadlineAtMs + EPSILON_MS) broken("P2", `${id}: a request after the deadline`);
  const earlier = caller.requests.filter((one) => one.entry === entry.name);
  // A request that was called off, because another one spoke first, is no try that failed; a deaf one does not hear of it.
  const calledOff = caller.entry.hedgeMs === undefined ? ["aborted", "left"] : ["aborted", "left", "open"];
  const failed = earlier.filter(({ end }) => !calledOff.includes(end));
  const most = (1 + mostRetries(entry)) * entry.keys.length * waysTo(entry, caller.entry);
  const besideHedge = caller.entry.hedgeMs !== undefined && caller.entry.name !== entry.name ? " beside a hedge" : "";
  if (failed.length + 1 > most) broken("P3", `${id}: more than ${most} requests to ${entry.name}${besideHedge}`);
  if (caller.plan.way === "stream" && caller.entry.onBreak === "error" && caller.hasShown)
    broken("P4", `${id}: a hidden request to ${entry.name} after text was shown`);
}

/** A hedged call without fallbacks may go two ways to its model. */
function waysTo(entry: EntryPlan, { name, hedgeMs, fallbacks }: EntryPlan): number {
  return name === entry.name && hedgeMs !== undefined && fallbacks.length === 0 ? 2 : 1;
}

/** Nothing before the time the server named, to this call or to another one. */
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
    // The second way of a hedged call is told as little as another call.
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

/** At most a fifth more requests than calls, after a burst of ten. */
export function checkBudget(origin: string, retries: number, calls: number, broken: Broken): void {
  const most = BURST + EXTRA_SHARE * calls;
  if (retries > most + EPSILON_MS) broken("P3", `${origin}: ${retries} retries for ${calls} calls`);
}

/** What must hold whenever everything has come to rest. */
export function checkWaiting(caller: VirtualCaller, nowMs: number, broken: Broken): void {
  const { waitingSinceMs, abortedMs, plan } = caller;
  if (caller.settled || waitingSinceMs === undefined) return;
  const late = (sinceMs: number) => nowMs > Math.max(sinceMs, waitingSinceMs) + EPSILON_MS;
  if (abortedMs !== undefined && late(abortedMs)) broken("P2", `${plan.id}: still waiting after its abort`);
  if (late(caller.deadlineAtMs)) broken("P2", `${plan.id}: still waiting after its deadline`);
}

/** What must hold when text was shown: it is the beginning of one answer. */
export function checkShown(caller: VirtualCaller, broken: Broken): void {
  if (caller.requests.some(({ text }) => text.startsWith(caller.shown))) return;
  broken("P1", `${caller.plan.id}: shown text of more than one attempt: ${JSON.stringify(caller.shown)}`);
}

/** What must hold when a call has settled. */
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
  if (reply !== undefined) checkReply(caller, broken);
  if (error !== undefined) checkError(caller, error, chain, all, broken);
  checkRows(caller, broken);
}

function checkReply({ plan, entry, reply, requests, shown, finishes }: VirtualCaller, broken: Broken): void {
  const whole = requests.filter(({ end }) => end === "complete");
  const served = whole.find(({ text, entry: model }) => text === reply?.text && model === reply.model);
  if (served === undefined) broken("P1", `${plan.id}: not the whole text of one attempt: ${reply?.text}`);
  if (entry.hedgeMs === undefined && served !== requests.at(-1)) broken("P1", `${plan.id}: not of its last attempt`);
  if (plan.way === "codegen" || plan.leaveAfter !== undefined) return;
  if (shown !== reply?.text) broken("P1", `${plan.id}: shown ${JSON.stringify(shown)} is not the reply's text`);
  if (finishes !== 1) broken("P1", `${plan.id}: ${finishes} finishes`);
}

function checkError(
  caller: VirtualCaller,
  error: ModelError,
  chain: readonly EntryPlan[],
  all: (entry: string) => readonly WireRequest[],
  broken: Broken,
): void {
  const { plan, requests, shown } = caller;
  const failed = error.code === "all_models_failed" ? (error.errors ?? []) : [error];
  if (error.code === "all_models_failed" && new Set(failed.map(({ code }) => code)).size < 2)
    broken("P5", `${plan.id}: all_models_failed with one code`);
  for (const one of failed)
    if (!isExplained(one, caller, chain, all)) broken("P5", `${plan.id}: nothing explains ${one.code}: ${one.message}`);
  const partial = error.partial?.text ?? "";
  if (partial !== "" && !requests.some(({ text }) => text.startsWith(partial)))
    broken("P1", `${plan.id}: the partial is of more than one attempt: ${JSON.stringify(partial)}`);
  if (plan.way === "stream" && caller.entry.onBreak === "error" && !partial.startsWith(shown))
    broken("P1", `${plan.id}: shown ${JSON.stringify(shown)} is not in the partial ${JSON.stringify(partial)}`);
}

function isExplained(
  error: ModelError,
  caller: VirtualCaller,
  chain: readonly EntryPlan[],
  all: (entry: string) => readonly WireRequest[],
): boolean {
  const { requests, abortedMs, plan } = caller;
  switch (error.code) {
    case "aborted":
      return abortedMs !== undefined || plan.leaveAfter !== undefined;
    case "circuit_open":
      return chain.some(({ breaker }) => breaker !== undefined);
    case "bulkhead_full":
      return chain.some(({ maxParallel, queue }) => maxParallel !== undefined && queue !== undefined);
    case "empty_response":
      return requests.some(({ behaviour }) => behaviour.kind === "empty");
    case "timed_out":
      return ranOut(error, caller, chain);
    case "rate_limited":
      return error.message.includes("not asked")
        ? all(error.model ?? "").some(({ askedMs = 0, endedMs = 0 }) => endedMs + askedMs >= caller.startedMs)
        : requests.some(({ end, askedMs }) => end === "rate_limited" && askedMs === error.retryAfterMs);
    default:
      return requests.some(({ end }) => end === error.code);
  }
}

function ranOut({ phase }: ModelError, caller: VirtualCaller, chain: readonly EntryPlan[]): boolean {
  const endMs = caller.settledMs ?? 0;
  if (phase === "deadline") return endMs >= caller.deadlineAtMs - EPSILON_MS;
  return caller.requests.some((request) => {
    const entry = chain.find(({ name }) => name === request.entry);
    const limitMs = { attempt: entry?.timeoutMs, idle: entry?.idleMs, "first-token": entry?.firstTokenMs }[
      phase as "idle"
    ];
    return limitMs !== undefined && (request.endedMs ?? endMs) - request.startedMs >= limitMs - EPSILON_MS;
  });
}

/** One row for each request, in order unless two ran side by side, whose costs are the cost. */
function checkRows({ plan, entry, rows, requests, reply }: VirtualCaller, broken: Broken): void {
  const inOrder = entry.hedgeMs === undefined;
  const models = (list: readonly string[]) => (inOrder ? list : list.toSorted()).join(" ");
  const [seen, sent] = [models(rows.map(({ model }) => model)), models(requests.map(({ entry }) => entry))];
  if (seen !== sent) broken("P6", `${plan.id}: rows [${seen}], requests [${sent}]`);
  for (const [index, { outcome, cost, usage }] of rows.entries()) {
    if (outcome !== "ok") continue;
    const request = inOrder
      ? requests[index]
      : requests.find(({ end, output }) => end === "complete" && output === usage?.output);
    if (request?.end !== "complete" || usage?.output !== request.output)
      broken("P6", `${plan.id}: row ${index} is ok, its request ended as ${request?.end}`);
    if (cost?.usd !== priceOf(request?.output ?? 0)) broken("P6", `${plan.id}: row ${index} costs ${cost?.usd}`);
  }
  const sum = rows.reduce((total, { cost }) => total + (cost?.usd ?? 0), 0);
  if (reply !== undefined && Math.abs((reply.cost.usd ?? Number.NaN) - sum) > 1e-12)
    broken("P6", `${plan.id}: costs ${reply.cost.usd}, its rows ${sum}`);
}

/** Ten tokens of input at 3 USD and the output at 15 USD for a million. */
function priceOf(output: number): number {
  return (10 * 3_000 + output * 15_000) / 1e9;
}
