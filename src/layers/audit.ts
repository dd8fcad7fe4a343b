import type { Attempt } from "../core/attempt.ts";
import type { Observer } from "../core/call.ts";
import { costOfCall } from "../core/call-reply.ts";
import type { ModelError } from "../core/error.ts";
import { FactsByCall } from "./answer-facts.ts";
import { hookCallOf } from "./hook-observer.ts";

/** Writes one JSON line for each call when it ends; prompts and answers only with `content`. */
export function audit(write: (line: string) => void, content: boolean): Observer {
  const facts = new FactsByCall(content);
  return {
    passed: (call, batch) => facts.note(call, batch),
    ended(call, failure) {
      const { adjustments, finishReasons, usage, text, model } = facts.of(call.record);
      const { record, input, clock, streaming } = call;
      const ms = clock.monotonic() - record.startedMs;
      write(
        jsonOf({
          time: new Date(clock.now() - ms).toISOString(),
          ...hookCallOf(call),
          ...(model !== undefined && { answeredBy: model }),
          ...outcomeOf(failure),
          finishReason: finishReasons[0],
          ...{ streaming, cached: record.cached !== undefined, ms: rounded(ms) },
          firstTokenMs: record.firstTokenMs === undefined ? undefined : rounded(record.firstTokenMs),
          usage,
          costUsd: costOfCall(record).usd,
          attempts: record.attempts.map(attemptOf),
          adjustments,
          ...(content && (input.embedding ?? { messages: input.messages, text })),
        }),
      );
    },
  };
}

function outcomeOf(failure: ModelError | undefined) {
  if (failure === undefined) return { outcome: "ok" };
  return { outcome: failure.code === "aborted" ? "aborted" : "error", code: failure.code };
}

function attemptOf({ model, provider, startedMs, durationMs, outcome, error, usage, cost, possiblyBilled }: Attempt) {
  return {
    ...{ model, provider, startedMs: rounded(startedMs), ms: rounded(durationMs), outcome },
    ...(error !== undefined && { code: error.code, status: error.status }),
    ...{ usage, costUsd: cost?.usd ?? null, possiblyBilled },
  };
}

function rounded(ms: number): number {
  return Math.round(ms * 10) / 10;
}

/** A custom dialect may report values that JSON does not have. */
function jsonOf(row: object): string {
  return JSON.stringify(row, (_key, value: unknown) => (typeof value === "bigint" ? String(value) : value));
}
