import { expect } from "vitest";
import type { FinishReason } from "../../../src/core/event.ts";
import { generateDecoder } from "../../../src/dialects/google/decode.ts";
import { google } from "../../../src/dialects/google/dialect.ts";
import { encodeGenerate } from "../../../src/dialects/google/encode.ts";
import { ToolNames } from "../../../src/dialects/google/tool-names.ts";
import { requestOf, targetOf, testWire } from "../contract.ts";
import { answerOf } from "./answers.ts";
import { checkGenerate } from "./legal.ts";

const call = (name: string, args?: unknown) => ({ functionCall: { name, ...(args !== undefined && { args }) } });

const FINISHES: readonly (readonly [raw: string, reason: FinishReason])[] = [
  ["STOP", "stop"],
  ["MAX_TOKENS", "length"],
  ["OTHER", "unknown"],
  ["FINISH_REASON_UNSPECIFIED", "unknown"],
  ["NEVER_SEEN_BEFORE", "unknown"],
];
const FILTERED = ["SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY"];

const overloaded = { error: { code: 503, message: "The model is overloaded.", status: "UNAVAILABLE" } };
const blocked = { promptFeedback: { blockReason: "PROHIBITED_CONTENT" }, usageMetadata: { promptTokenCount: 9 } };

testWire({
  dialect: google,
  target: targetOf({ provider: "google", dialect: "google", modelId: "gemini-test" }),
  encode: encodeGenerate,
  decoder: (target) => generateDecoder(target, { names: new ToolNames(requestOf({})), samples: 1 }),
  answers: {
    text: answerOf([{ text: "Grüße, 世界 🚀" }], "STOP", { promptTokenCount: 10, candidatesTokenCount: 5 }),
    tool: answerOf([call("get_weather", { city: "Paris" })]),
    parallelTools: answerOf([call("get_weather", { city: "Paris" }), call("get_time", { zone: "UTC" })]),
    toolWithoutArguments: answerOf([call("now")]),
    reasoning: answerOf([{ text: "Think.", thought: true, thoughtSignature: "sig+/=" }, { text: "Done." }]),
    finishes: FINISHES.map(([raw, reason]) => ({ raw, reason, answer: answerOf([{ text: "Hi" }], raw) })),
    errors: [
      ...FILTERED.map((raw) => ({
        name: `the finish reason ${raw}`,
        code: "content_filtered" as const,
        answer: answerOf([{ text: "he" }], raw),
      })),
      { name: "a malformed call", code: "invalid_tool_call", answer: answerOf([], "MALFORMED_FUNCTION_CALL") },
      { name: "a blocked prompt", code: "content_filtered", answer: { stream: [{ data: blocked }], body: blocked } },
      { name: "an overload", code: "overloaded", answer: { stream: [{ data: overloaded }], body: overloaded } },
    ],
  },
  checkRequest: (params) => {
    expect(checkGenerate(params)).toEqual([]);
  },
  restoresReasoning: (params) =>
    JSON.stringify(params).includes('{"text":"Think.","thought":true,"thoughtSignature":"sig+/="}'),
});
