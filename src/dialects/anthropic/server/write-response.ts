import type { FlowEvent } from "../../../core/event.ts";
import type { Answer, Sample } from "../../served/answer.ts";
import { type AnswerStyle, eventsOf, reasoningEvents } from "../../served/answer-events.ts";
import { writeAll } from "../../served/answer-writer.ts";
import { idOf } from "../../served/hash.ts";
import type { SimulatedRequest } from "../../served/request.ts";
import { seal, sign } from "../../served/signature.ts";
import type { SimulatedServer } from "../../served/wire-server.ts";
import { CREATED_S, LIMITS } from "../../server-wire.ts";
import { type MessagesHead, messagesAnswer } from "./messages-answer.ts";
import { messagesServer } from "./messages-server.ts";
import { readMessages } from "./read-request.ts";
import { anthropicProblem } from "./write-error.ts";

/** POST …/v1/messages and …/v1/messages/count_tokens. */
export const anthropic: SimulatedServer = {
  ...messagesServer,
  read: readMessages,
  body: (request, answer) => messagesAnswer.body(headOf(request, answer), messageEvents(request, answer)),
  events: (request, answer) => writeAll(messagesAnswer.stream(headOf(request, answer)), messageEvents(request, answer)),
  problemEvents: (problem, requestId) => [{ name: "error", data: anthropicProblem(problem, requestId).body }],
  headers: anthropicHeaders,
  exhausted: anthropicExhausted,
};

function headOf({ model, body }: SimulatedRequest, answer: Answer): MessagesHead {
  const stopSequence = answer.samples[0]?.stopSequence;
  return { id: idOf("msg_", answer.fingerprint), model, createdS: CREATED_S, body, stopSequence };
}

function messageEvents(request: SimulatedRequest, answer: Answer): readonly FlowEvent[] {
  const style: AnswerStyle = {
    callId: (_, position) => idOf("toolu_", answer.fingerprint, position),
    reasoning: (sample) => (sample.reasoning === "" ? [] : thinkingEvents(sample, request)),
  };
  return eventsOf({ ...answer, samples: answer.samples.map(explained) }, style, "standard");
}

/** Adds a default explanation to a refusal without text. */
function explained(sample: Sample): Sample {
  const refused = sample.finish === "refusal" || sample.finish === "content-filter";
  return refused && sample.refusal === ""
    ? { ...sample, refusal: "This request was refused by the simulator." }
    : sample;
}

/** Three forms: visible text with a signature, omitted text encrypted in the signature, or redacted. */
function thinkingEvents({ reasoning, redacted, index }: Sample, request: SimulatedRequest): readonly FlowEvent[] {
  if (redacted) {
    const signature = seal("redacted", reasoning);
    return [{ type: "signature", part: "reasoning", signature, redacted, sample: index }];
  }
  if (request.reasoning?.visible === false) return reasoningEvents("", index, seal("thinking", reasoning));
  return reasoningEvents(reasoning, index, sign("thinking", reasoning));
}

function anthropicHeaders(requestId: string, usedTokens: number, nowMs: number): Readonly<Record<string, string>> {
  const reset = new Date(Math.ceil(nowMs / 1000) * 1000).toISOString();
  const window = (name: string, limit: number, remaining: number) => ({
    [`anthropic-ratelimit-${name}-limit`]: String(limit),
    [`anthropic-ratelimit-${name}-remaining`]: String(Math.max(0, remaining)),
    [`anthropic-ratelimit-${name}-reset`]: reset,
  });
  return {
    "request-id": requestId,
    ...window("requests", LIMITS.requests, LIMITS.requests - 1),
    ...window("tokens", LIMITS.tokens, LIMITS.tokens - usedTokens),
    ...window("input-tokens", LIMITS.tokens, LIMITS.tokens - usedTokens),
    ...window("output-tokens", LIMITS.tokens, LIMITS.tokens),
  };
}

function anthropicExhausted(waitMs: number | undefined, nowMs: number): Readonly<Record<string, string>> {
  const reset = waitMs === undefined ? {} : { "anthropic-ratelimit-requests-reset": resetAfter(nowMs, waitMs) };
  return { "anthropic-ratelimit-requests-remaining": "0", ...reset };
}

/** Rounded down, because clients subtract the `date` header, which has a resolution of seconds: the wait is never longer. */
function resetAfter(nowMs: number, waitMs: number): string {
  const seconds = Math.floor(nowMs / 1_000) + Math.floor(waitMs / 1_000);
  return new Date(seconds * 1_000).toISOString();
}
