import type { Answer, Sample } from "../../served/answer.ts";
import { idOf } from "../../served/hash.ts";
import type { Json } from "../../served/json.ts";
import type { Problem, ProblemKind } from "../../served/problem.ts";
import type { SimulatedRequest } from "../../served/request.ts";
import { seal, sign } from "../../served/signature.ts";
import { deltasOf, jsonDeltasOf } from "../../served/tokens.ts";
import { CREATED_S, LIMITS, MODEL_IDS, type Wire, type WireEvent } from "../../server-wire.ts";
import { readMessages } from "./read-request.ts";

/** POST …/v1/messages and …/v1/messages/count_tokens. */
export const anthropic: Wire = {
  name: "anthropic",
  read: readMessages,
  body: messageBody,
  events: messageEvents,
  counted: (tokens) => ({ input_tokens: tokens }),
  problem: anthropicProblem,
  problemEvents: (problem, requestId) => [{ name: "error", data: anthropicProblem(problem, requestId).body }],
  headers: anthropicHeaders,
  models: () => ({
    data: MODEL_IDS.anthropic.map(modelInfo),
    has_more: false,
    first_id: MODEL_IDS.anthropic[0],
    last_id: MODEL_IDS.anthropic.at(-1),
  }),
  model: modelInfo,
};

const STOP_REASON = {
  stop: "end_turn",
  length: "max_tokens",
  "tool-calls": "tool_use",
  "content-filter": "refusal",
  refusal: "refusal",
} as const;

function messageBody(request: SimulatedRequest, answer: Answer): Json {
  const sample = answer.samples[0];
  return {
    ...frame(request, answer),
    content: sample === undefined ? [] : blocksOf(sample, request, answer).map(({ json: _json, ...block }) => block),
    ...endOf(sample),
    usage: usageOf(answer),
  };
}

function frame(request: SimulatedRequest, answer: Answer): Json {
  return {
    id: idOf("msg_", answer.fingerprint),
    type: "message",
    role: "assistant",
    model: request.model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
  };
}

function endOf(sample: Sample | undefined): Json {
  const reason = sample?.stopSequence === undefined ? STOP_REASON[sample?.finish ?? "stop"] : "stop_sequence";
  const details = {
    type: "refusal",
    category: null,
    explanation: sample?.refusal || "This request was refused by the simulator.",
  };
  return {
    stop_reason: reason,
    stop_sequence: sample?.stopSequence ?? null,
    ...(reason === "refusal" && { stop_details: details }),
  };
}

function usageOf({ usage }: Answer): Json {
  const written = usage.cacheWrite5m + usage.cacheWrite1h;
  return {
    input_tokens: Math.max(0, usage.input - usage.cacheRead - written),
    cache_creation_input_tokens: written,
    cache_read_input_tokens: usage.cacheRead,
    cache_creation: { ephemeral_5m_input_tokens: usage.cacheWrite5m, ephemeral_1h_input_tokens: usage.cacheWrite1h },
    output_tokens: usage.output,
    ...(usage.reasoning > 0 && { output_tokens_details: { thinking_tokens: usage.reasoning } }),
    service_tier: "standard",
  };
}

/** The blocks of the answer; `json` keeps the arguments of a call as they are streamed. */
function blocksOf(sample: Sample, request: SimulatedRequest, answer: Answer): readonly Json[] {
  const calls = sample.calls.map((call, position) => ({
    type: "tool_use",
    id: idOf("toolu_", answer.fingerprint, position),
    name: call.name,
    input: call.arguments,
    json: call.json,
  }));
  const text = sample.text === "" ? [] : [{ type: "text", text: sample.text }];
  return [...thinkingBlocks(sample, request), ...text, ...calls];
}

/** Readable and signed, or without its text but sealed in the signature, or sealed altogether. */
function thinkingBlocks({ reasoning, redacted }: Sample, request: SimulatedRequest): readonly Json[] {
  if (reasoning === "") return [];
  if (redacted) return [{ type: "redacted_thinking", data: seal("redacted", reasoning) }];
  if (request.reasoning?.visible === false)
    return [{ type: "thinking", thinking: "", signature: seal("thinking", reasoning) }];
  return [{ type: "thinking", thinking: reasoning, signature: sign("thinking", reasoning) }];
}

function messageEvents(request: SimulatedRequest, answer: Answer): readonly WireEvent[] {
  const sample = answer.samples[0];
  const usage = usageOf(answer);
  const { output_tokens_details: _details, ...opening } = usage;
  const blocks = sample === undefined ? [] : blocksOf(sample, request, answer);
  return [
    { type: "message_start", message: { ...frame(request, answer), usage: { ...opening, output_tokens: 1 } } },
    { type: "ping" },
    ...blocks.flatMap(blockEvents),
    { type: "message_delta", delta: endOf(sample), usage },
    { type: "message_stop" },
  ].map((event) => ({ name: event.type, data: event }));
}

function blockEvents(block: Json, index: number): readonly { type: string }[] {
  const { json: _json, ...given } = block;
  const deltas = deltasOfBlock(block).map((delta) => ({ type: "content_block_delta", index, delta }));
  return [
    { type: "content_block_start", index, content_block: { ...given, ...emptied(given) } } as { type: string },
    ...deltas,
    { type: "content_block_stop", index } as { type: string },
  ];
}

function emptied(block: Json): Json {
  if (block.type === "redacted_thinking") return {};
  if (block.type === "thinking") return { thinking: "", signature: "" };
  return block.type === "text" ? { text: "" } : { input: {} };
}

function deltasOfBlock(block: Json): readonly Json[] {
  if (block.type === "redacted_thinking") return [];
  if (block.type === "text") return deltasOf(String(block.text)).map((text) => ({ type: "text_delta", text }));
  if (block.type === "tool_use") {
    return ["", ...jsonDeltasOf(String(block.json))].map((piece) => ({
      type: "input_json_delta",
      partial_json: piece,
    }));
  }
  const thoughts = deltasOf(String(block.thinking)).map((thinking) => ({ type: "thinking_delta", thinking }));
  return [...thoughts, { type: "signature_delta", signature: block.signature }];
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
