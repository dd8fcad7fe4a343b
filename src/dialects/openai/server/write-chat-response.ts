import type { Answer, Sample, SampleCall } from "../../served/answer.ts";
import { idOf } from "../../served/hash.ts";
import { asNumber, asObject, type Json } from "../../served/json.ts";
import { traitsOf } from "../../served/model-traits.ts";
import type { SimulatedRequest } from "../../served/request.ts";
import { deltasOf, jsonDeltasOf, tokenTexts } from "../../served/tokens.ts";
import { CREATED_S, type Wire, type WireEvent } from "../../server-wire.ts";
import { readChat } from "./read-chat-request.ts";
import { callId, openaiHeaders, openaiModel, openaiModels, openaiProblem } from "./write-error.ts";

const FINISH = {
  stop: "stop",
  length: "length",
  "tool-calls": "tool_calls",
  "content-filter": "content_filter",
  refusal: "stop",
} as const;

/** POST …/chat/completions. */
export const openaiChat: Wire = {
  name: "openai",
  read: readChat,
  body: chatBody,
  events: chatEvents,
  counted: (tokens) => ({ object: "response.input_tokens", input_tokens: tokens }),
  problem: openaiProblem,
  problemEvents: (problem) => [{ data: openaiProblem(problem).body }],
  headers: openaiHeaders,
  models: openaiModels,
  model: openaiModel,
};

function chatBody(request: SimulatedRequest, answer: Answer): Json {
  return {
    ...frame(request, answer, "chat.completion"),
    choices: answer.samples.map((sample) => ({
      index: sample.index,
      message: messageOf(sample, request, answer),
      logprobs: logprobsOf(sample.text, request),
      finish_reason: FINISH[sample.finish],
    })),
    usage: usageOf(answer),
  };
}

function frame(request: SimulatedRequest, answer: Answer, object: string): Json {
  return {
    id: idOf("chatcmpl-", answer.fingerprint),
    object,
    created: CREATED_S,
    model: request.model,
    service_tier: "default",
    system_fingerprint: "fp_simulated",
  };
}

function messageOf(sample: Sample, request: SimulatedRequest, answer: Answer): Json {
  const calls = sample.calls.map((call, position) => callOf(call, callId(answer.fingerprint, sample.index, position)));
  return {
    role: "assistant",
    content: sample.text === "" && (calls.length > 0 || sample.refusal !== "") ? null : sample.text,
    ...reasoningField(request, sample.reasoning),
    refusal: sample.refusal === "" ? null : sample.refusal,
    annotations: [],
    ...(calls.length > 0 && { tool_calls: calls }),
  };
}

function callOf(call: SampleCall, id: string): Json {
  return { id, type: "function", function: { name: call.name, arguments: call.json } };
}

/** Only hosts that show the reasoning of their models have a field for it. */
function reasoningField(request: SimulatedRequest, reasoning: string): Json {
  const field = traitsOf(request.model).reasoningField;
  return field === undefined || reasoning === "" ? {} : { [field]: reasoning };
}

function usageOf({ usage }: Answer): Json {
  return {
    prompt_tokens: usage.input,
    completion_tokens: usage.output,
    total_tokens: usage.input + usage.output,
    prompt_tokens_details: {
      cached_tokens: usage.cacheRead,
      cache_write_tokens: usage.cacheWrite5m + usage.cacheWrite1h,
      audio_tokens: 0,
    },
    completion_tokens_details: {
      reasoning_tokens: usage.reasoning,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}

function logprobsOf(text: string, request: SimulatedRequest): Json | null {
  if (request.body.logprobs !== true || text === "") return null;
  const alternatives = asNumber(request.body.top_logprobs) ?? 0;
  const entry = (token: string, rank: number) => ({ token, logprob: -0.01 - rank, bytes: [...Buffer.from(token)] });
  const content = tokenTexts(text).map((token) => ({
    ...entry(token, 0),
    top_logprobs: Array.from({ length: alternatives }, (_, rank) =>
      entry(rank === 0 ? token : `${token}~${rank}`, rank),
    ),
  }));
  return { content, refusal: null };
}

interface Step {
  readonly delta: Json;
  readonly finish?: string;
  readonly logprobs?: Json | null;
}

function chatEvents(request: SimulatedRequest, answer: Answer): readonly WireEvent[] {
  const withUsage = asObject(request.body.stream_options)?.include_usage === true;
  const head = { ...frame(request, answer, "chat.completion.chunk"), ...(withUsage && { usage: null }) };
  const columns = answer.samples.map((sample) =>
    stepsOf(sample, request, answer).map(({ delta, finish, logprobs }) => ({
      data: {
        ...head,
        choices: [{ index: sample.index, delta, logprobs: logprobs ?? null, finish_reason: finish ?? null }],
      },
    })),
  );
  const chunks = interleaved(columns);
  const tail = withUsage ? [{ data: { ...head, choices: [], usage: usageOf(answer) } }] : [];
  return [...chunks, ...tail, { data: "[DONE]" }];
}

/** Samples are produced side by side: their chunks take turns. */
function interleaved<T>(columns: readonly (readonly T[])[]): readonly T[] {
  const rows = Math.max(0, ...columns.map((column) => column.length));
  return Array.from({ length: rows }, (_, row) => columns.flatMap((column) => column.slice(row, row + 1))).flat();
}

function stepsOf(sample: Sample, request: SimulatedRequest, answer: Answer): readonly Step[] {
  const field = traitsOf(request.model).reasoningField;
  const thoughts =
    field === undefined ? [] : deltasOf(sample.reasoning).map((delta) => ({ delta: { [field]: delta } }));
  const texts = deltasOf(sample.text).map((content) => ({
    delta: { content },
    logprobs: logprobsOf(content, request),
  }));
  const refusals = deltasOf(sample.refusal).map((refusal) => ({ delta: { refusal } }));
  const calls = sample.calls.flatMap((call, index) =>
    callSteps(call, index, callId(answer.fingerprint, sample.index, index)),
  );
  const opening = { delta: { role: "assistant", content: sample.calls.length > 0 ? null : "", refusal: null } };
  return [opening, ...thoughts, ...texts, ...refusals, ...calls, { delta: {}, finish: FINISH[sample.finish] }];
}

function callSteps(call: SampleCall, index: number, id: string): readonly Step[] {
  const opening = { index, id, type: "function", function: { name: call.name, arguments: "" } };
  const pieces = jsonDeltasOf(call.json).map((piece) => ({ index, function: { arguments: piece } }));
  return [opening, ...pieces].map((entry) => ({ delta: { tool_calls: [entry] } }));
}
