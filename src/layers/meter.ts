import type { Attempt } from "../core/attempt.ts";
import { billOf } from "../core/billing.ts";
import type { Call } from "../core/call.ts";
import { isModelError, type ModelError } from "../core/error.ts";
import { estimateTextTokens, requestTokens } from "../core/estimate.ts";
import type { FlowEvent } from "../core/event.ts";
import type { Layer } from "../core/layer.ts";
import { targetError } from "../core/target-error.ts";
import { checkedUsage, type Usage, usageOf } from "../core/usage.ts";
import { windowReport } from "./window-report.ts";

/**
 * Records one row per sent request: time, usage, cost, and whether it may be billed although it failed. Only the output guard is
 * below it, so that its errors are failures of the attempt like any other.
 */
export const meter: Layer = async function* (call, next) {
  call.cancellation.throwIfCancelled();
  const row = new AttemptRow(call);
  // Recorded at once, because the layers below may react late or never.
  const off = call.cancellation.onCancel((reason) => row.close("error", reason));
  try {
    for await (const batch of next(call)) yield row.withReport(row.note(batch));
    row.requireEnd();
    row.close("ok", undefined);
  } catch (error) {
    if (isModelError(error)) call.onFailure?.(error);
    row.close("error", error);
    throw error;
  } finally {
    off();
    row.close("aborted", undefined);
  }
};

class AttemptRow {
  readonly #call: Call;
  readonly #startedMs: number;
  #usage: Usage | undefined;
  #serviceTier: string | undefined;
  #outputText = "";
  #wasWhole = false;
  #finished = false;
  #reported = false;
  #closed = false;

  constructor(call: Call) {
    this.#call = call;
    this.#startedMs = call.clock.monotonic();
    call.record.exchange = undefined;
    call.record.observers.attemptStarted?.(call);
  }

  /** Records usage; if the provider reports none, emits an estimate before the first finish. */
  note(events: readonly FlowEvent[]): readonly FlowEvent[] {
    let finish = -1;
    let batch = events;
    for (let index = 0; index < events.length; index++) {
      const event = events[index] as FlowEvent;
      if (event.type === "usage") {
        this.#usage = this.#filled(checkedUsage(event.usage));
        if (this.#usage !== event.usage) batch = batch.with(index, { type: "usage", usage: this.#usage });
      } else if (event.type === "response") this.#serviceTier = event.serviceTier ?? this.#serviceTier;
      else if (event.type === "text-delta" || event.type === "reasoning-delta") this.#outputText += event.text;
      else if (event.type === "tool-call-delta") this.#outputText += event.json;
      else if (event.type === "finish" && finish < 0) finish = index;
    }
    this.#finished ||= finish >= 0;
    if (finish < 0 || this.#usage !== undefined) return batch;
    this.#usage = this.#estimate();
    return batch.toSpliced(finish, 0, { type: "usage", usage: this.#usage });
  }

  /** Reports once, directly after the usage, that the prompt was larger than the model's context window. */
  withReport(batch: readonly FlowEvent[]): readonly FlowEvent[] {
    if (this.#reported || this.#usage === undefined) return batch;
    const report = windowReport(this.#call, this.#usage);
    if (report === undefined) return batch;
    this.#reported = true;
    return batch.toSpliced(batch.findLastIndex(({ type }) => type === "usage") + 1, 0, report);
  }

  /** Estimates the counts that the provider did not report. */
  #filled(told: Usage): Usage {
    if (!told.estimated) return told;
    const estimate = this.#estimate();
    const prompt = told.input + told.cacheRead + told.cacheWrite;
    const input = prompt === 0 ? estimate.input : told.input;
    const output = told.output === 0 ? estimate.output : told.output;
    return { ...told, input, output, total: prompt - told.input + input + output };
  }

  /** Events that stop without a finish are no answer; wire dialects check this themselves, more precisely. */
  requireEnd(): void {
    if (this.#finished) return;
    throw targetError(this.#call.target, "stream_truncated", "the events ended without a finish");
  }

  #estimate(): Usage {
    return usageOf({
      input: requestTokens(this.#call.request),
      output: estimateTextTokens(this.#outputText),
      estimated: true,
    });
  }

  close(outcome: Attempt["outcome"], error: unknown): void {
    if (this.#closed) return;
    this.#closed = true;
    const { record } = this.#call;
    const failure = isModelError(error) ? error : undefined;
    const left = failure === undefined || this.#left(failure);
    const attempt = left ? this.#attempt(outcome, failure) : undefined;
    if (attempt !== undefined) {
      record.attempts.push(attempt);
      // A server that closes an idle connection does not read the request.
      const unseen =
        attempt.possiblyBilled && !this.#finished && this.#outputText === "" && failure?.reusedSocket !== true;
      this.#call.onRecorded?.(attempt, unseen);
    }
    record.observers.attemptEnded?.(this.#call, attempt);
  }

  #attempt(outcome: Attempt["outcome"], failure: ModelError | undefined): Attempt {
    const { record, target, clock } = this.#call;
    const aborted = outcome === "aborted" || failure?.code === "aborted";
    const possiblyBilled = outcome !== "ok" && this.#mayBeBilled(failure);
    this.#wasWhole = this.#finished || (failure !== undefined && WHOLE.has(failure.code));
    return {
      model: target.entry,
      provider: target.provider,
      startedMs: this.#startedMs - record.startedMs,
      durationMs: clock.monotonic() - this.#startedMs,
      outcome: aborted ? "aborted" : outcome,
      ...(failure !== undefined && {
        error: {
          code: failure.code,
          message: failure.message,
          ...(failure.status !== undefined && { status: failure.status }),
        },
      }),
      ...this.#bill(possiblyBilled),
      possiblyBilled,
    };
  }

  /** The known usage; an estimate for an attempt that may be billed without reporting usage. */
  #bill(possiblyBilled: boolean): Pick<Attempt, "usage" | "cost"> {
    const usage = possiblyBilled ? this.#atLeast(this.#usage) : this.#usage;
    if (usage === undefined) return {};
    const { request, target } = this.#call;
    return { usage, cost: billOf(usage, target.price(), request, this.#serviceTier) };
  }

  #atLeast(told: Usage | undefined): Usage {
    // An embedding has no output that may be missing.
    if (told !== undefined && (this.#wasWhole || this.#call.request.embedding !== undefined)) return told;
    const estimate = this.#estimate();
    if (told === undefined) return estimate;
    const output = Math.max(told.output, estimate.output);
    return { ...told, output, total: told.total - told.output + output, estimated: true };
  }

  /** Whether a request was sent, or failed to connect: such attempts are recorded too. */
  #left(failure: ModelError): boolean {
    const { exchange } = this.#call.record;
    if (exchange !== undefined) return exchange.sent || TRIED.has(failure.code);
    // A dialect without our transport: a response has a status, a rejected request has none.
    return failure.status !== undefined || (failure.code !== "unsupported" && failure.code !== "invalid_request");
  }

  #mayBeBilled(failure: ModelError | undefined): boolean {
    if (failure !== undefined && UNBILLED.has(failure.code) && this.#outputText === "") return false;
    const { exchange } = this.#call.record;
    return exchange === undefined || (exchange.sent && !((exchange.response?.status ?? 200) >= 400));
  }
}

/** Errors that mean that the provider did no work, even inside a response with status 200. */
const UNBILLED: ReadonlySet<ModelError["code"]> = new Set([
  ...(["rate_limited", "quota_exhausted", "overloaded", "unauthorized", "forbidden", "not_found"] as const),
  ...(["invalid_request", "unsupported", "context_too_long", "request_too_large"] as const),
  ...(["redirect_blocked", "proxy_refused"] as const),
]);
/** Errors of a complete answer, whose counts are final. */
const WHOLE: ReadonlySet<ModelError["code"]> = new Set(["content_filtered", "invalid_tool_call", "empty_response"]);
const TRIED: ReadonlySet<ModelError["code"]> = new Set(["connection_failed", "timed_out", "proxy_refused"]);
