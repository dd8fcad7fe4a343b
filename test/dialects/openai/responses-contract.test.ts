import { openaiResponses } from "../../../src/dialects/openai/dialects.ts";
import { decodeResponses } from "../../../src/dialects/openai/responses-decode.ts";
import { encodeResponses } from "../../../src/dialects/openai/responses-encode.ts";
import { hasOpenaiSchema, validateResponsesRequest } from "../../harness/openai-schema.ts";
import { targetOf, testWire, type WireAnswer, type WireEvent } from "../contract.ts";

type Item = Readonly<Record<string, unknown>>;

const USAGE = { input_tokens: 10, output_tokens: 5, total_tokens: 15 };

function event(type: string, fields: Item): WireEvent {
  return { event: type, data: { type, ...fields } };
}

/** The events a server sends for an item; the last has the complete item. */
function itemEvents(item: Item, index: number): WireEvent[] {
  const at = { output_index: index, item_id: item["id"] };
  const { content, summary, arguments: json, ...bare } = item;
  const added = event("response.output_item.added", {
    ...at,
    item: { ...bare, content: [], summary: [], arguments: "" },
  });
  const done = event("response.output_item.done", { ...at, item });
  const deltas: WireEvent[] = [];
  for (const part of (content ?? []) as Item[]) {
    if (part["text"] !== undefined) deltas.push(event("response.output_text.delta", { ...at, delta: part["text"] }));
    if (part["refusal"] !== undefined) deltas.push(event("response.refusal.delta", { ...at, delta: part["refusal"] }));
  }
  for (const part of (summary ?? []) as Item[]) {
    deltas.push(event("response.reasoning_summary_part.added", at));
    deltas.push(event("response.reasoning_summary_text.delta", { ...at, delta: part["text"] }));
  }
  if (typeof json === "string") {
    for (const piece of json.match(/.{1,4}/g) ?? []) {
      deltas.push(event("response.function_call_arguments.delta", { ...at, delta: piece }));
    }
  }
  return [added, ...deltas, done];
}

function answer(output: readonly Item[], ending: Item = { status: "completed" }, usage: unknown = USAGE): WireAnswer {
  const response = { id: "resp_1", model: "test-model", ...ending, output, usage };
  const created = { ...response, status: "in_progress", output: [], usage: null };
  return {
    stream: [
      event("response.created", { response: created }),
      ...output.flatMap(itemEvents),
      event(`response.${ending["status"]}`, { response }),
    ],
    body: response,
  };
}

function message(...content: readonly Item[]): Item {
  return { id: "msg_1", type: "message", role: "assistant", content };
}

function said(text: string): Item {
  return message({ type: "output_text", text, annotations: [] });
}

function call(id: string, name: string, json: string): Item {
  return { id: `fc_${id}`, type: "function_call", call_id: id, name, arguments: json };
}

const thought: Item = {
  id: "rs_1",
  type: "reasoning",
  summary: [{ type: "summary_text", text: "Think." }],
  encrypted_content: "sealed",
};

const incomplete = (reason: string) => ({ status: "incomplete", incomplete_details: { reason } });
const failed = (code: string, words: string) => ({ status: "failed", error: { code, message: words } });

testWire({
  dialect: openaiResponses,
  target: targetOf({ provider: "openai", dialect: "openai-responses" }),
  encode: encodeResponses,
  decoder: decodeResponses,
  ...(hasOpenaiSchema && {
    checkRequest: (params: unknown) => validateResponsesRequest(JSON.parse(JSON.stringify(params))),
  }),
  restoresReasoning: (params) => {
    const { input } = params as { input: Item[] };
    const restored = { type: "reasoning", id: "rs_1", summary: thought["summary"], encrypted_content: "sealed" };
    return JSON.stringify(input[1]) === JSON.stringify(restored);
  },
  answers: {
    text: answer([said("Grüße, 世界 🚀")]),
    tool: answer([call("call_a", "get_weather", '{"city":"Paris"}')]),
    parallelTools: answer([
      call("call_a", "get_weather", '{"city":"Paris"}'),
      call("call_b", "get_time", '{"zone":"UTC"}'),
    ]),
    toolWithoutArguments: answer([call("call_a", "now", "")]),
    reasoning: answer([thought, said("Done.")]),
    cachedUsage: answer([said("Hi")], undefined, {
      ...USAGE,
      input_tokens_details: { cached_tokens: 6, cache_write_tokens: 3 },
    }),
    refusal: answer([message({ type: "refusal", refusal: "I cannot help." })]),
    finishes: [
      { raw: "completed", reason: "stop", answer: answer([said("Hi")]) },
      { raw: "max_output_tokens", reason: "length", answer: answer([said("Hi")], incomplete("max_output_tokens")) },
      { raw: "max_messages", reason: "unknown", answer: answer([said("Hi")], incomplete("max_messages")) },
    ],
    errors: [
      {
        name: "a content filter",
        code: "content_filtered",
        answer: answer([said("Hi")], incomplete("content_filter")),
      },
      { name: "a failed response", code: "rate_limited", answer: answer([], failed("rate_limit_exceeded", "slow")) },
      { name: "a cancelled response", code: "server_error", answer: answer([], { status: "cancelled" }) },
      { name: "arguments that are not JSON", code: "invalid_tool_call", answer: answer([call("a", "f", "{city")]) },
      { name: "a body without output", code: "protocol_error", answer: { stream: [{ data: "nonsense" }], body: {} } },
      {
        name: "an error event",
        code: "quota_exhausted",
        answer: { stream: [event("error", { error: { code: "insufficient_quota", message: "no credit" } })] },
      },
      {
        name: "an error event without an error key",
        code: "server_error",
        answer: { stream: [event("error", { code: "server_error", message: "oops", param: null })] },
      },
    ],
  },
});
