import type { Call } from "../core/call.ts";
import { isModelError, ModelError } from "../core/error.ts";
import type { FlowEvent } from "../core/event.ts";
import type { Layer } from "../core/layer.ts";
import type { Logger } from "../core/logger.ts";

/** The outermost layer: settles the call exactly once whatever happens, and says what happened. */
export function telemetry(logger: Logger, logContent: boolean): Layer {
  const unpriced = new Set<string>();
  return async function* (call, next) {
    logger.debug("call started", {
      call: call.record.id,
      model: call.target.entry,
      ...scopeOf(call),
      ...(logContent && { messages: call.input.messages }),
    });
    let text = "";
    let failure: ModelError | undefined;
    let ended = false;
    try {
      for await (const batch of next(call)) {
        logAdjustments(call, batch, logger);
        if (logContent) text += textIn(batch);
        yield batch;
      }
      ended = true;
    } catch (error) {
      ended = true;
      failure = asModelError(error, call);
      throw failure;
    } finally {
      if (!ended) failure = call.cancellation.reason ?? leftEarly();
      // Whoever stopped reading wants nothing more: everything still running for this call ends now.
      if (failure !== undefined) call.cancellation.cancel(failure);
      call.cancellation.release();
      call.record.settle(failure === undefined ? { ok: true } : { ok: false, error: failure });
      logEnd(call, failure, logger);
      if (logContent) logger.debug("call content", { call: call.record.id, text });
      warnUnpriced(call, unpriced, logger);
    }
  };
}

function leftEarly(): ModelError {
  return new ModelError({ code: "aborted", message: "The reader left the stream before its end." });
}

function asModelError(error: unknown, call: Call): ModelError {
  const known = isModelError(error)
    ? error
    : new ModelError({
        code: "protocol_error",
        message: `unexpected failure: ${String(error)}`,
        model: call.target.entry,
        cause: error,
      });
  known.attempts = call.record.attempts;
  return known;
}

function logAdjustments(call: Call, batch: readonly FlowEvent[], logger: Logger): void {
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
  const remark = record.exchange?.remark;
  if (remark !== undefined) logger.warn(remark, { call: record.id, model: call.target.entry });
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

function scopeOf({ input }: Call): { readonly scope?: string } {
  const scope = input.scopes?.at(-1);
  return scope === undefined ? {} : { scope };
}

function textIn(batch: readonly FlowEvent[]): string {
  let text = "";
  for (const event of batch) if (event.type === "text-delta") text += event.text;
  return text;
}

/** Once per model: its money cannot be counted. */
function warnUnpriced({ record }: Call, unpriced: Set<string>, logger: Logger): void {
  for (const { model, cost, outcome } of record.attempts) {
    if (outcome !== "ok" || cost?.usd !== null || unpriced.has(model)) continue;
    unpriced.add(model);
    logger.warn("price unknown, cost is null", { model, help: "add [models.NAME.pricing] or price_as" });
  }
}
