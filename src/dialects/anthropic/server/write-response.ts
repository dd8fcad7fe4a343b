import type { FlowEvent } from "../../../core/event.ts";
import type { Answer, Sample } from "../../served/answer.ts";
import { type AnswerStyle, eventsOf, reasoningEvents } from "../../served/answer-events.ts";
import { writeAll } from "../../served/answer-writer.ts";
import { idOf } from "../../served/hash.ts";
import type { Json } from "../../served/json.ts";
import type { Problem, ProblemKind } from "../../served/problem.ts";
import type { SimulatedRequest } from "../../served/request.ts";
import { seal, sign } from "../../served/signature.ts";
import { CREATED_S, LIMITS, MODEL_IDS, type Wire } from "../../server-wire.ts";
import { type MessagesHead, messagesAnswer } from "./messages-answer.ts";
import { readMessages } from "./read-request.ts";

/** POST …/v1/messages and …/v1/messages/count_tokens. */
export const anthropic: Wire = {
  name: "anthropic",
  read: readMessages,
  body: (request, answer) => messagesAnswer.body(headOf(request, answer), messageEvents(request, answer)),
  events: (request, answer) => writeAll(messagesAnswer.stream(headOf(request, answer)), messageEvents(request, answer)),
  counted: (tokens) => ({ input_tokens: tokens }),
  problem: anthropicProblem,
  problemEvents: (problem, requestId) => [{ name: "error", data: anthropicProblem(problem, requestId).body }],
  headers: anthropicHeaders,
  exhausted: anthropicExhausted,
  models: () => ({
    data: MODEL_IDS.anthropic.map(modelInfo),
    has_more: false,
    first_id: MODEL_IDS.anthropic[0],
    last_id: MODEL_IDS.anthropic.at(-1),
  }),
  model: modelInfo,
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

interface Row {
  readonly status: number;
  readonly type: string;
  readonly message: string;
}

/** https://docs.claude.com/en/api/errors */
const ROWS: Readonly<Record<ProblemKind, Row>> = {
  "rate-limit": {
    status: 429,
    type: "rate_limit_error",
    message: "This request would exceed the rate limit for your organization.",
  },
  quota: {
    status: 402,
    type: "billing_error",
    message:
      "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.",
  },
  overloaded: { status: 529, type: "overloaded_error", message: "Overloaded" },
  server: { status: 500, type: "api_error", message: "Internal server error" },
  timeout: { status: 504, type: "timeout_error", message: "Request timed out" },
  auth: { status: 401, type: "authentication_error", message: "invalid x-api-key" },
  forbidden: {
    status: 403,
    type: "permission_error",
    message: "Your API key does not have permission to use the specified resource.",
  },
  "not-found": { status: 404, type: "not_found_error", message: "Not found" },
  context: {
    status: 400,
    type: "invalid_request_error",
    message: "prompt is too long: 200001 tokens > 200000 maximum",
  },
  "too-large": { status: 413, type: "request_too_large", message: "Request exceeds the maximum size" },
  filter: { status: 400, type: "invalid_request_error", message: "Output blocked by content filtering policy" },
  refusal: { status: 400, type: "invalid_request_error", message: "This request was refused." },
  invalid: { status: 400, type: "invalid_request_error", message: "The request is invalid." },
};

function anthropicProblem(problem: Problem, requestId: string): { readonly status: number; readonly body: Json } {
  const row = ROWS[problem.kind];
  const missing = problem.kind === "not-found" && problem.model !== undefined ? `model: ${problem.model}` : undefined;
  const error = { type: row.type, message: problem.message ?? missing ?? row.message };
  return { status: problem.status ?? row.status, body: { type: "error", error, request_id: requestId } };
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

function modelInfo(id: string): Json {
  return {
    type: "model",
    id,
    display_name: `${id} (simulated)`,
    created_at: new Date(CREATED_S * 1000).toISOString(),
    max_input_tokens: 200_000,
    max_tokens: 64_000,
  };
}
