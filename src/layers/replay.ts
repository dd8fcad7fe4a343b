import type { Call, CallRecord } from "../core/call.ts";
import { addCost, type Cost, NO_COST, UNKNOWN_COST } from "../core/cost.ts";
import type { CachedAnswer } from "../core/notices.ts";
import type { StoredAnswer } from "./answer-store.ts";
import type { CacheCounts } from "./cache-counts.ts";
import type { Log } from "./recording.ts";

/** The answer of a call, for other calls. */
export function answerOf(events: Log, record: CallRecord): StoredAnswer {
  const hasOtherOutput = events.some(({ type }) => type === "other-output");
  return { events, cost: costOf(record), ...(hasOtherOutput && { raw: record.raw }) };
}

/** The cost of the attempts that delivered the answer, without the failed ones. */
function costOf({ attempts }: CallRecord): Cost | undefined {
  const delivered = attempts.filter(({ outcome }) => outcome === "ok");
  if (delivered.length === 0) return undefined;
  return delivered.map(({ cost = UNKNOWN_COST }) => cost).reduce(addCost, NO_COST);
}

/** The events of an answer for a call that sent no request. */
export function replayed(
  call: Call,
  { events, cost = UNKNOWN_COST, raw }: StoredAnswer,
  counts: CacheCounts,
  source: Pick<CachedAnswer, "outcome" | "similarity">,
): Log {
  const { record } = call;
  record.cached = { ...source, savedUsd: cost.usd };
  record.savedCost = cost;
  record.raw = raw;
  counts.looked(call, source.outcome);
  counts.saved(cost);
  return events;
}
