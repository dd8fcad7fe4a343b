import type * as OpenTelemetry from "@opentelemetry/api";
import type { Attempt } from "../core/attempt.ts";
import type { Call, CallRecord, Observer } from "../core/call.ts";
import { costOfCall } from "../core/call-reply.ts";
import type { ModelError } from "../core/error.ts";
import { type AnswerFacts, FactsByCall } from "./answer-facts.ts";
import {
  answerAttributes,
  errorAttributes,
  operationOf,
  requestAttributes,
  targetAttributes,
} from "./gen-ai-attributes.ts";
import { GenAiMetrics, type OpenTelemetryApi } from "./gen-ai-metrics.ts";

interface Traced {
  readonly span: OpenTelemetry.Span;
  /** With the span of the call, for those of its attempts. */
  readonly context: OpenTelemetry.Context;
  /** Wall clock at the start of the call, milliseconds. */
  readonly startedAt: number;
  attempts: number;
}

/**
 * Reports one span for each call, below the span that is active where it was made, and one for each attempt below it. Only the
 * span of the call has the token counts of the answer, so that nothing is counted twice.
 * https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/client-inference.md
 */
export function openTelemetry(api: OpenTelemetryApi): Observer {
  const { context, trace, SpanKind } = api;
  const tracer = trace.getTracer("modelwright");
  const metrics = new GenAiMetrics(api);
  const traced = new WeakMap<CallRecord, Traced>();
  const facts = new FactsByCall();
  return {
    begun(call) {
      const startedAt = call.clock.now();
      const parent = context.active();
      const attributes = requestAttributes(call);
      const options = { kind: SpanKind.CLIENT, attributes, startTime: timeOf(startedAt) };
      const span = tracer.startSpan(`${operationOf(call.input)} ${call.target.modelId}`, options, parent);
      const spanContext = span.spanContext();
      if (api.isSpanContextValid(spanContext)) call.record.traceId = spanContext.traceId;
      traced.set(call.record, { span, context: trace.setSpan(parent, span), startedAt, attempts: 0 });
    },
    passed: (call, batch) => facts.note(call, batch),
    attemptEnded(call, attempt) {
      const of = traced.get(call.record.root);
      if (attempt === undefined || of === undefined) return;
      metrics.attempt(call, attempt);
      const startedAt = of.startedAt + attempt.startedMs;
      const attributes = attemptAttributes(call, attempt, ++of.attempts);
      const options = { kind: SpanKind.CLIENT, attributes, startTime: timeOf(startedAt) };
      const span = tracer.startSpan(`attempt ${call.target.modelId}`, options, of.context);
      if (attempt.error !== undefined) setError(span, attempt.error.message);
      span.end(timeOf(startedAt + attempt.durationMs));
    },
    ended(call, failure) {
      const of = traced.get(call.record);
      if (of === undefined) return;
      const ms = call.clock.monotonic() - call.record.startedMs;
      end(of.span, call, failure, facts.of(call.record));
      of.span.end(timeOf(of.startedAt + ms));
      metrics.call(call, failure, ms);
    },
  };

  function setError(span: OpenTelemetry.Span, message: string): void {
    span.setStatus({ code: api.SpanStatusCode.ERROR, message });
  }

  function end(span: OpenTelemetry.Span, call: Call, failure: ModelError | undefined, answer: AnswerFacts): void {
    span.setAttributes({ ...answerAttributes(call, answer), ...costAttributes(costOfCall(call.record).usd) });
    if (failure === undefined) return;
    span.setAttributes(errorAttributes(failure));
    setError(span, failure.message);
  }
}

function attemptAttributes(call: Call, { error, cost, outcome }: Attempt, number: number) {
  return {
    ...targetAttributes(call),
    "modelwright.attempt.number": number,
    "modelwright.attempt.outcome": outcome,
    ...costAttributes(cost?.usd),
    ...(error !== undefined && errorAttributes(error)),
  };
}

/** An unknown cost has no attribute: 0 would be wrong. */
function costAttributes(usd: number | null | undefined): Readonly<Record<string, number>> {
  return typeof usd === "number" ? { "modelwright.cost": usd } : {};
}

/** Seconds and nanoseconds, because a number may be taken for a time since the start of the process. */
function timeOf(ms: number): [number, number] {
  const seconds = Math.floor(ms / 1_000);
  return [seconds, Math.round((ms - seconds * 1_000) * 1e6)];
}
