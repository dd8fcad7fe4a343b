import { decodeChat } from "../../../src/dialects/openai/chat-decode.ts";
import { type ChatParams, encodeChat } from "../../../src/dialects/openai/chat-encode.ts";
import { openaiChat } from "../../../src/dialects/openai/dialects.ts";
import { hasOpenaiSchema, validateChatRequest } from "../../harness/openai-schema.ts";
import { targetOf, testWire, type WireAnswer } from "../contract.ts";

const DONE = { data: "[DONE]" };
const USAGE = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };

type Delta = Record<string, unknown>;

function chunk(delta: Delta, finish: string | null = null): { data: unknown } {
  return {
    data: { id: "chatcmpl-1", model: "test-model", choices: [{ index: 0, delta, finish_reason: finish }], usage: null },
  };
}

function answer(message: Delta, deltas: readonly Delta[], finish: string, usage: unknown = USAGE): WireAnswer {
  return {
    stream: [
      chunk({ role: "assistant", content: "" }),
      ...deltas.map((delta) => chunk(delta)),
      chunk({}, finish),
      { data: { id: "chatcmpl-1", choices: [], usage } },
      DONE,
    ],
    body: {
      id: "chatcmpl-1",
      model: "test-model",
      choices: [{ index: 0, message: { role: "assistant", ...message }, finish_reason: finish }],
      usage,
    },
  };
}

function text(words: string, finish = "stop", usage: unknown = USAGE): WireAnswer {
  return answer({ content: words }, [{ content: words.slice(0, 3) }, { content: words.slice(3) }], finish, usage);
}

function call(id: string, name: string, json: string): Delta {
  return { id, type: "function", function: { name, arguments: json } };
}

function calls(...all: readonly Delta[]): WireAnswer {
  const opened = all.map((one, index) => ({
    tool_calls: [{ ...one, index, function: { ...(one["function"] as Delta), arguments: "" } }],
  }));
  const halves = [0, 1].flatMap((half) =>
    all.map((one, index) => {
      const { arguments: json } = one["function"] as { arguments: string };
      const middle = Math.floor(json.length / 2);
      const piece = half === 0 ? json.slice(0, middle) : json.slice(middle);
      return { tool_calls: [{ index, function: { arguments: piece } }] };
    }),
  );
  return answer({ content: null, tool_calls: all }, [...opened, ...halves], "tool_calls");
}

const target = targetOf({ provider: "deepseek", dialect: "openai", quirks: { reasoningField: "reasoning_content" } });

testWire({
  dialect: openaiChat,
  target,
  encode: encodeChat,
  decoder: decodeChat,
  ...(hasOpenaiSchema && {
    checkRequest: (params: unknown) => {
      // The reasoning field is a host extension.
      const { messages, ...rest } = params as ChatParams;
      const known = messages.map((message) => ({ ...message, reasoning_content: undefined }));
      validateChatRequest(JSON.parse(JSON.stringify({ ...rest, messages: known })));
    },
  }),
  restoresReasoning: (params) => JSON.stringify(params).includes('"reasoning_content":"Think."'),
  answers: {
    text: text("Grüße, 世界 🚀"),
    tool: calls(call("call_a", "get_weather", '{"city":"Paris"}')),
    parallelTools: calls(
      call("call_a", "get_weather", '{"city":"Paris"}'),
      call("call_b", "get_time", '{"zone":"UTC"}'),
    ),
    toolWithoutArguments: calls(call("call_a", "now", "")),
    reasoning: answer(
      { content: "Done.", reasoning_content: "Think." },
      [{ reasoning_content: "Thi" }, { reasoning_content: "nk." }, { content: "Done." }],
      "stop",
    ),
    cachedUsage: text("Hi", "stop", {
      prompt_tokens: 10,
      completion_tokens: 5,
      total_tokens: 15,
      prompt_tokens_details: { cached_tokens: 6, cache_write_tokens: 3 },
    }),
    refusal: answer(
      { content: null, refusal: "I cannot help." },
      [{ refusal: "I cannot" }, { refusal: " help." }],
      "stop",
    ),
    finishes: [
      { raw: "stop", reason: "stop", answer: text("Hi", "stop") },
      { raw: "eos", reason: "stop", answer: text("Hi", "eos") },
      { raw: "length", reason: "length", answer: text("Hi", "length") },
      { raw: "model_length", reason: "length", answer: text("Hi", "model_length") },
      { raw: "refusal", reason: "refusal", answer: text("Hi", "refusal") },
      { raw: "something_new", reason: "unknown", answer: text("Hi", "something_new") },
    ],
    errors: [
      { name: "a content filter", code: "content_filtered", answer: text("Hi", "content_filter") },
      { name: "a host out of capacity", code: "overloaded", answer: text("Hi", "insufficient_system_resource") },
      { name: "tool calls announced but missing", code: "protocol_error", answer: text("Hi", "tool_calls") },
      { name: "arguments that are not JSON", code: "invalid_tool_call", answer: calls(call("a", "f", '{"city": Par')) },
      {
        name: "an error in the stream",
        code: "rate_limited",
        answer: {
          stream: [chunk({ content: "a" }), { data: { error: { message: "slow", code: "rate_limit_exceeded" } } }],
        },
      },
      {
        name: "an error event without an error key",
        code: "context_too_long",
        answer: { stream: [{ event: "error", data: { message: "maximum context length is 8", code: 400 } }] },
      },
      { name: "no choices", code: "empty_response", answer: { stream: [DONE], body: { choices: [] } } },
    ],
  },
});
