import type { Answer } from "../../served/answer.ts";
import { idOf } from "../../served/hash.ts";
import { asList, asObject, asObjects, type Json } from "../../served/json.ts";
import type { Problem } from "../../served/problem.ts";
import type { SimulatedRequest } from "../../served/request.ts";
import { seal } from "../../served/signature.ts";
import { deltasOf, jsonDeltasOf } from "../../served/tokens.ts";
import { CREATED_S, type Wire, type WireEvent } from "../../server-wire.ts";
import { readResponses } from "./read-responses-request.ts";
import { callId, openaiHeaders, openaiModel, openaiModels, openaiProblem } from "./write-error.ts";

/** POST …/responses and …/responses/input_tokens. */
export const openaiResponses: Wire = {
  name: "openai-responses",
  read: readResponses,
  body: responseBody,
  events: responseEvents,
  counted: (tokens) => ({ object: "response.input_tokens", input_tokens: tokens }),
  problem: openaiProblem,
  problemEvents,
  headers: openaiHeaders,
  models: openaiModels,
  model: openaiModel,
};

export function responseId(answer: Answer): string {
  return idOf("resp_", answer.fingerprint);
}

function responseBody(request: SimulatedRequest, answer: Answer): Json {
  const cutShort = incompleteReason(answer);
  const status = cutShort === undefined ? "completed" : "incomplete";
  return {
    ...frame(request, answer, status),
    completed_at: cutShort === undefined ? CREATED_S : null,
    incomplete_details: cutShort === undefined ? null : { reason: cutShort },
    output: outputItems(request, answer),
    usage: usageOf(answer),
  };
}

function incompleteReason(answer: Answer): string | undefined {
  const finish = answer.samples[0]?.finish;
  if (finish === "length") return "max_output_tokens";
  return finish === "content-filter" ? "content_filter" : undefined;
}

/** Everything a response repeats of its request. */
function frame({ body, model }: SimulatedRequest, answer: Answer, status: string): Json {
  const text = asObject(body.text);
  const reasoning = asObject(body.reasoning);
  return {
    id: responseId(answer),
    object: "response",
    created_at: CREATED_S,
    status,
    background: false,
    error: null,
    incomplete_details: null,
    instructions: body.instructions ?? null,
    max_output_tokens: body.max_output_tokens ?? null,
    max_tool_calls: body.max_tool_calls ?? null,
    model,
    output: [],
    parallel_tool_calls: body.parallel_tool_calls ?? true,
    previous_response_id: body.previous_response_id ?? null,
    reasoning: { effort: reasoning?.effort ?? null, summary: reasoning?.summary ?? null },
    service_tier: "default",
    store: body.store ?? true,
    temperature: body.temperature ?? 1,
    text: { format: text?.format ?? { type: "text" }, verbosity: text?.verbosity ?? "medium" },
    tool_choice: body.tool_choice ?? "auto",
    tools: asObjects(body.tools).map((tool) =>
      tool.type === "function" ? { strict: true, parameters: null, ...tool } : tool,
    ),
    top_logprobs: body.top_logprobs ?? 0,
    top_p: body.top_p ?? 1,
    truncation: body.truncation ?? "disabled",
    metadata: body.metadata ?? {},
  };
}

function usageOf({ usage }: Answer): Json {
  return {
    input_tokens: usage.input,
    input_tokens_details: {
      cached_tokens: usage.cacheRead,
      cache_write_tokens: usage.cacheWrite5m + usage.cacheWrite1h,
    },
    output_tokens: usage.output,
    output_tokens_details: { reasoning_tokens: usage.reasoning },
    total_tokens: usage.input + usage.output,
  };
}

/** The items of the output in the order they are produced. */
export function outputItems(request: SimulatedRequest, answer: Answer): readonly Json[] {
  const sample = answer.samples[0];
  if (sample === undefined) return [];
  const status = sample.finish === "length" ? "incomplete" : "completed";
  const calls = sample.calls.map((call, position) => ({
    id: idOf("fc_", answer.fingerprint, position),
    type: "function_call",
    status,
    arguments: call.json,
    call_id: callId(answer.fingerprint, 0, position),
    name: call.name,
  }));
  return [...reasoningItem(request, answer, sample.reasoning), ...messageItem(answer, status), ...calls];
}

function reasoningItem(request: SimulatedRequest, answer: Answer, reasoning: string): readonly Json[] {
  if (reasoning === "") return [];
  const sealed = asList(request.body.include).includes("reasoning.encrypted_content");
  return [
    {
      id: idOf("rs_", answer.fingerprint),
      type: "reasoning",
      summary: request.reasoning?.visible === true ? [{ type: "summary_text", text: reasoning }] : [],
      ...(sealed && { encrypted_content: seal("reasoning", reasoning) }),
    },
  ];
}

function messageItem(answer: Answer, status: string): readonly Json[] {
  const sample = answer.samples[0];
  if (sample === undefined || (sample.text === "" && sample.refusal === "")) return [];
  const text = { type: "output_text", annotations: [], logprobs: [], text: sample.text };
  const refusal = { type: "refusal", refusal: sample.refusal };
  const content = [...(sample.text === "" ? [] : [text]), ...(sample.refusal === "" ? [] : [refusal])];
  return [{ id: idOf("msg_", answer.fingerprint), type: "message", status, role: "assistant", content }];
}

function responseEvents(request: SimulatedRequest, answer: Answer): readonly WireEvent[] {
  const started = frame(request, answer, "in_progress");
  const done = responseBody(request, answer);
  const items = outputItems(request, answer).flatMap((item, index) => itemEvents(item, index));
  const events: readonly Json[] = [
    { type: "response.created", response: started },
    { type: "response.in_progress", response: started },
    ...items,
    { type: `response.${String(done.status)}`, response: done },
  ];
  return events.map((event, sequence) => named({ ...event, sequence_number: sequence }));
}

function named(event: Json): WireEvent {
  return { name: String(event.type), data: event };
}

function itemEvents(item: Json, index: number): readonly Json[] {
  const place = { item_id: item.id, output_index: index };
  const { encrypted_content: _sealed, ...open } = item;
  const empty = { ...open, ...emptied(item) };
  return [
    { type: "response.output_item.added", output_index: index, item: empty },
    ...innerEvents(item, place),
    { type: "response.output_item.done", output_index: index, item },
  ];
}

function emptied(item: Json): Json {
  if (item.type === "message") return { status: "in_progress", content: [] };
  return item.type === "reasoning" ? { summary: [] } : { status: "in_progress", arguments: "" };
}

function innerEvents(item: Json, place: Json): readonly Json[] {
  if (item.type === "message")
    return asObjects(item.content).flatMap((part, index) => partEvents(part, { ...place, content_index: index }));
  if (item.type === "reasoning")
    return asObjects(item.summary).flatMap((part, index) => summaryEvents(part, { ...place, summary_index: index }));
  const json = String(item.arguments);
  const deltas = jsonDeltasOf(json).map((delta) => ({
    type: "response.function_call_arguments.delta",
    ...place,
    delta,
  }));
  return [...deltas, { type: "response.function_call_arguments.done", ...place, name: item.name, arguments: json }];
}

function partEvents(part: Json, place: Json): readonly Json[] {
  const isText = part.type === "output_text";
  const field = isText ? "text" : "refusal";
  const text = String(part[field]);
  const stem = isText ? "response.output_text" : "response.refusal";
  const logprobs = isText ? { logprobs: [] } : {};
  return [
    { type: "response.content_part.added", ...place, part: { ...part, [field]: "" } },
    ...deltasOf(text).map((delta) => ({ type: `${stem}.delta`, ...place, delta, ...logprobs })),
    { type: `${stem}.done`, ...place, [field]: text, ...logprobs },
    { type: "response.content_part.done", ...place, part },
  ];
}

function summaryEvents(part: Json, place: Json): readonly Json[] {
  const text = String(part.text);
  return [
    { type: "response.reasoning_summary_part.added", ...place, part: { type: "summary_text", text: "" } },
    ...deltasOf(text).map((delta) => ({ type: "response.reasoning_summary_text.delta", ...place, delta })),
    { type: "response.reasoning_summary_text.done", ...place, text },
    { type: "response.reasoning_summary_part.done", ...place, part },
  ];
}

/** The wire sends the error nested, its reference describes it flat: both are there. Then the response fails. */
function problemEvents(problem: Problem, _requestId: string, sent: readonly WireEvent[]): readonly WireEvent[] {
  const error = asObject(openaiProblem(problem).body.error) ?? {};
  const response = asObject(asObject(sent[0]?.data)?.response);
  const flat = {
    type: "error",
    sequence_number: sent.length,
    code: error.code,
    message: error.message,
    param: error.param,
    error,
  };
  if (response === undefined) return [named(flat)];
  const code = problem.kind === "rate-limit" ? "rate_limit_exceeded" : "server_error";
  const failed = { ...response, status: "failed", error: { code, message: error.message } };
  return [named(flat), named({ type: "response.failed", sequence_number: sent.length + 1, response: failed })];
}
