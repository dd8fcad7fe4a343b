import { expect } from "vitest";
import type { FinishReason } from "../../../src/core/event.ts";
import { messagesDecoder } from "../../../src/dialects/anthropic/decode.ts";
import { anthropic } from "../../../src/dialects/anthropic/dialect.ts";
import { encodeMessagesRequest } from "../../../src/dialects/anthropic/encode.ts";
import { checkMessagesBody } from "../../harness/check-messages-body.ts";
import { targetOf, testWire, type WireAnswer } from "../contract.ts";
import { answerOf } from "./answers.ts";

const target = targetOf({ provider: "anthropic", dialect: "anthropic", modelId: "claude-test" });

const FINISHES: readonly (readonly [raw: string, reason: FinishReason])[] = [
  ["end_turn", "stop"],
  ["stop_sequence", "stop"],
  ["max_tokens", "length"],
  ["model_context_window_exceeded", "length"],
  ["pause_turn", "unknown"],
  ["never_seen_before", "unknown"],
];

const text = (words: string) => ({ type: "text", text: words });
const toolUse = (id: string, name: string, input: unknown) => ({ type: "tool_use", id, name, input });

function failing(type: string, message: string): WireAnswer {
  return {
    body: { type: "error", error: { type, message } },
    stream: [
      { data: { type: "message_start", message: { id: "m", usage: { input_tokens: 1, output_tokens: 0 } } } },
      { data: { type: "error", error: { type, message } } },
    ],
  };
}

testWire({
  dialect: anthropic,
  target,
  encode: encodeMessagesRequest,
  decoder: (decoded) => messagesDecoder(decoded, { throughTool: false }),
  answers: {
    text: answerOf([text("Grüße, 世界 🚀")], "end_turn", { input_tokens: 10, output_tokens: 5 }),
    tool: answerOf([toolUse("toolu_1", "get_weather", { city: "Paris" })], "tool_use"),
    parallelTools: answerOf(
      [toolUse("toolu_1", "get_weather", { city: "Paris" }), toolUse("toolu_2", "get_time", { zone: "UTC" })],
      "tool_use",
    ),
    toolWithoutArguments: answerOf([toolUse("toolu_1", "now", {})], "tool_use"),
    reasoning: answerOf([{ type: "thinking", thinking: "Think.", signature: "sig+/=" }, text("Done.")], "end_turn"),
    cachedUsage: answerOf([text("Hi")], "end_turn", {
      input_tokens: 1,
      cache_read_input_tokens: 6,
      cache_creation_input_tokens: 3,
      output_tokens: 5,
    }),
    refusal: answerOf([], "refusal", undefined, { explanation: "I cannot help." }),
    finishes: FINISHES.map(([raw, reason]) => ({ raw, reason, answer: answerOf([text("Hi")], raw) })),
    errors: [
      { name: "an overload inside the stream", code: "overloaded", answer: failing("overloaded_error", "Overloaded") },
      { name: "a server error inside the stream", code: "server_error", answer: failing("api_error", "Internal") },
      {
        name: "tool arguments that are not JSON",
        code: "invalid_tool_call",
        answer: {
          body: { content: [toolUse("toolu_1", "now", '{"a":')], stop_reason: "tool_use" },
          stream: [
            { data: { type: "content_block_start", index: 0, content_block: toolUse("toolu_1", "now", {}) } },
            {
              data: {
                type: "content_block_delta",
                index: 0,
                delta: { type: "input_json_delta", partial_json: '{"a":' },
              },
            },
            { data: { type: "content_block_stop", index: 0 } },
            { data: { type: "message_delta", delta: { stop_reason: "tool_use" } } },
          ],
        },
      },
    ],
  },
  checkRequest: (params) => {
    expect(checkMessagesBody(params)).toEqual([]);
  },
  restoresReasoning: (params) =>
    JSON.stringify(params).includes('{"type":"thinking","thinking":"Think.","signature":"sig+/="}'),
});
