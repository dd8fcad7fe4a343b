import type { Call, Observer } from "../core/call.ts";
import type { ModelError } from "../core/error.ts";
import type { FlowEvent } from "../core/event.ts";
import type { Logger } from "../core/logger.ts";

/** Logs calls; prompts and answers only with `logContent`. */
export function callLog(logger: Logger, logContent: boolean): Observer {
  const unpriced = new Set<string>();
  const texts = new WeakMap<Call["record"], string>();
  return {
    begun(call) {
      logger.debug("call started", {
        call: call.record.id,
        model: call.target.entry,
        ...scopeOf(call),
        ...(logContent && (call.input.embedding ?? { messages: call.input.messages })),
      });
    },
    passed(call, batch) {
      logChanges(call, batch, logger);
      if (logContent) texts.set(call.record, (texts.get(call.record) ?? "") + textIn(batch));
    },
    slowed(call, afterMs) {
      logger.warn("slow: no content yet", { call: call.record.id, model: call.target.entry, ms: afterMs });
    },
    ended(call, failure) {
      logEnd(call, failure, logger);
      if (logContent) logger.debug("call content", { call: call.record.id, text: texts.get(call.record) ?? "" });
      warnUnpriced(call, unpriced, logger);
    },
  };
}

function logChanges(call: Call, batch: readonly FlowEvent[], logger: Logger): void {
  for (const event of batch) {
    if (event.type === "adjustment")
      logger.warn("request adjusted", { call: call.record.id, model: call.target.entry, ...event.adjustment });
    if (event.type === "reset") logger.warn("answer starts again", { call: call.record.id, reason: event.reason });
  }
}

function logEnd(call: Call, failure: ModelError | undefined, logger: Logger): void {
  const { record } = call;
  for (const attempt of record.attempts) {
    if (attempt.outcome !== "ok")
      logger.warn("attempt failed", {
        call: record.id,
        model: attempt.model,
        provider: attempt.provider,
        code: attempt.error?.code,
        ms: Math.round(attempt.durationMs),
      });
  }
  for (const { model, text } of record.remarks) logger.warn(text, { call: record.id, model });
  const fields = {
    call: record.id,
    model: call.target.entry,
    ...scopeOf(call),
    requestId: record.requestId,
    ms: Math.round(call.clock.monotonic() - record.startedMs),
    attempts: record.attempts.length,
  };
  if (failure === undefined) logger.info("call answered", fields);
  else if (failure.code === "aborted") logger.info("call aborted", fields);
  else logger.error("call failed", { ...fields, code: failure.code, message: failure.message });
}

function scopeOf({ input, record }: Call): { readonly scope?: string; readonly trace?: string } {
  const scope = input.scopes?.at(-1);
  return { ...(scope !== undefined && { scope }), ...(record.traceId !== record.id && { trace: record.traceId }) };
}

function textIn(batch: readonly FlowEvent[]): string {
  let text = "";
  for (const event of batch) if (event.type === "text-delta") text += event.text;
  return text;
}

/** Once per model: its cost is unknown. */
function warnUnpriced({ record }: Call, unpriced: Set<string>, logger: Logger): void {
  for (const { model, cost, outcome } of record.attempts) {
    if (outcome !== "ok" || cost?.usd !== null || unpriced.has(model)) continue;
    unpriced.add(model);
    logger.warn("price unknown, cost is null", { model, help: "add [models.NAME.pricing] or price_as" });
  }
}
