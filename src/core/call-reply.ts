import type { Call, CallRecord } from "./call.ts";
import { addCost, type Cost, NO_COST } from "./cost.ts";
import type { Reply, ReplyFold } from "./reply.ts";

/** The reply of a call whose events were all folded. */
export function replyOf(fold: ReplyFold, { record, clock }: Call): Reply {
  const latencyMs = clock.monotonic() - record.startedMs;
  return fold.reply({
    callId: record.id,
    attempts: record.attempts,
    cost: costOfCall(record),
    latencyMs,
    firstTokenMs: record.firstTokenMs,
    requestId: record.requestId,
    rateLimit: record.rateLimit,
    raw: record.raw,
    cached: record.cached,
  });
}

/** The cost of all attempts; estimated if one may have been billed without reporting its usage. */
export function costOfCall({ attempts, cached }: CallRecord): Cost {
  if (cached !== undefined) return NO_COST;
  let total = NO_COST;
  for (const { cost, possiblyBilled } of attempts) {
    if (cost !== undefined) total = addCost(total, cost);
    if (possiblyBilled && cost === undefined) total = { ...total, estimated: true };
  }
  return total;
}
