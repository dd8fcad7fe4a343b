import * as diagnostics from "node:diagnostics_channel";
import type { CallRecord, Observer } from "../core/call.ts";
import { costOfCall } from "../core/call-reply.ts";
import { hookCallOf } from "./hook-observer.ts";

/**
 * Publishes calls to `tracing:modelwright:call:start`, `:error` and `:end`, with one object for all three. Without a subscriber
 * nothing is allocated.
 */
export function diagnosticsObserver(): Observer {
  const channel = diagnostics.tracingChannel<object>("modelwright:call");
  const contexts = new WeakMap<CallRecord, object>();
  return {
    begun(call) {
      if (!channel.hasSubscribers) return;
      const context = { ...hookCallOf(call), streaming: call.streaming };
      contexts.set(call.record, context);
      channel.start.publish(context);
    },
    ended(call, failure) {
      const context = channel.hasSubscribers ? contexts.get(call.record) : undefined;
      if (context === undefined) return;
      const { record, clock } = call;
      Object.assign(context, {
        ...{
          outcome: failure === undefined ? "ok" : "error",
          cached: record.cached !== undefined,
          cost: costOfCall(record),
        },
        attempts: record.attempts.map((row) => ({ ...row })),
        latencyMs: clock.monotonic() - record.startedMs,
        ...(failure !== undefined && { error: failure.details() }),
      });
      if (failure !== undefined) channel.error.publish(context);
      channel.end.publish(context);
    },
  };
}
