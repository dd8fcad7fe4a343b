import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isModelError } from "../../src/core/error.ts";
import { readInput } from "../../src/core/input.ts";

const user = { role: "user", content: "hi" };
const calling = (...ids: string[]) => ({
  role: "assistant",
  content: null,
  tool_calls: ids.map((id) => ({ id, type: "function", function: { name: "f", arguments: "{}" } })),
});
const answering = (id: string) => ({ role: "tool", tool_call_id: id, content: "ok" });

function problemOf(input: unknown): string {
  try {
    readInput(input);
  } catch (error) {
    if (isModelError(error, "invalid_request")) return error.message;
    throw error;
  }
  throw new Error("it was accepted");
}

describe("input", () => {
  it("may be a string", () => {
    expect(readInput("write it")).toEqual([{ role: "user", content: "write it" }]);
  });

  it("may be canonical messages, which are not changed", () => {
    const messages = [
      { role: "system", content: "be brief" },
      {
        role: "user",
        content: [
          { type: "text", text: "look", cache: true },
          { type: "image", url: "https://example.com/a.png" },
        ],
      },
      {
        role: "assistant",
        content: [
          { type: "reasoning", text: "hm", signature: "s", owner: "anthropic" },
          { type: "text", text: "ok", signature: "t", owner: "google" },
          { type: "tool-call", id: "c1", name: "f", arguments: { a: 1 } },
        ],
      },
      { role: "tool", content: [{ type: "tool-result", id: "c1", name: "f", content: "42", error: true }] },
      { role: "user", content: "and now?" },
    ];
    expect(readInput(messages)).toEqual(messages);
  });

  it.each([
    ["developer instructions", { role: "developer", content: "x" }, { role: "system", content: "x" }],
    [
      "an image by address",
      { role: "user", content: [{ type: "image_url", image_url: { url: "https://x/a.png", detail: "low" } }] },
      { role: "user", content: [{ type: "image", url: "https://x/a.png", detail: "low" }] },
    ],
    [
      "an image as data",
      { role: "user", content: [{ type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } }] },
      { role: "user", content: [{ type: "image", data: "AAAA", mediaType: "image/png" }] },
    ],
    [
      "sound",
      { role: "user", content: [{ type: "input_audio", input_audio: { data: "AAAA", format: "wav" } }] },
      { role: "user", content: [{ type: "audio", data: "AAAA", mediaType: "audio/wav" }] },
    ],
    [
      "a file",
      {
        role: "user",
        content: [{ type: "file", file: { filename: "a.pdf", file_data: "data:application/pdf;base64,AAAA" } }],
      },
      { role: "user", content: [{ type: "file", filename: "a.pdf", data: "AAAA", mediaType: "application/pdf" }] },
    ],
    [
      "a refusal",
      { role: "assistant", content: null, refusal: "I will not" },
      { role: "assistant", content: "I will not" },
    ],
    [
      "thoughts",
      { role: "assistant", content: "ok", reasoning_content: "hm" },
      {
        role: "assistant",
        content: [
          { type: "reasoning", text: "hm" },
          { type: "text", text: "ok" },
        ],
      },
    ],
    [
      "empty parts, which are left out",
      {
        role: "user",
        content: [
          { type: "text", text: "" },
          { type: "text", text: "x" },
        ],
      },
      { role: "user", content: [{ type: "text", text: "x" }] },
    ],
  ])("may be OpenAI-shaped: %s", (_, message, expected) => {
    expect(readInput([user, message])[1]).toEqual(expected);
  });

  it("may be an OpenAI-shaped round of tools", () => {
    expect(readInput([user, calling("a", "b"), answering("b"), answering("a")])).toEqual([
      user,
      {
        role: "assistant",
        content: [
          { type: "tool-call", id: "a", name: "f", arguments: {} },
          { type: "tool-call", id: "b", name: "f", arguments: {} },
        ],
      },
      { role: "tool", content: [{ type: "tool-result", id: "b", content: "ok" }] },
      { role: "tool", content: [{ type: "tool-result", id: "a", content: "ok" }] },
    ]);
  });

  it("serializes a tool result that is not text as JSON", () => {
    expect(
      readInput([user, calling("a"), { role: "tool", tool_call_id: "a", content: { temperature: 20 } }])[2],
    ).toMatchObject({ content: [{ content: '{"temperature":20}' }] });
  });
});

it.each([
  ["no parts", []],
  ["an empty part", [{ type: "text", text: "" }]],
  ["an empty string", ""],
])("a tool without output has an empty string as its result: %s", (_, content) => {
  const [, , canonical] = readInput([
    user,
    calling("a"),
    { role: "tool", content: [{ type: "tool-result", id: "a", content }] },
  ]);
  const [, , openai] = readInput([user, calling("a"), { role: "tool", tool_call_id: "a", content }]);
  expect(canonical).toEqual({ role: "tool", content: [{ type: "tool-result", id: "a", content: "" }] });
  expect(openai).toEqual(canonical);
});

describe("invalid input is rejected with its path", () => {
  it.each([
    ["nothing", "", "the prompt is empty"],
    ["only space", " \n\t ", "the prompt is empty"],
    ["no messages", [], "no messages"],
    ["no text and no messages", 5, "expected a string or an array of messages, got number"],
    ["null", null, "got null"],
    ["undefined", undefined, "got undefined"],
    ["a message alone", user, "got object"],
    ["only instructions", [{ role: "system", content: "x" }], "only system messages"],
    ["a message that is none", [user, "x"], "messages[1]: expected a message, got string"],
    ["a wrong role", [{ role: "bot", content: "x" }], 'messages[0]: unknown role "bot"'],
    ["no role", [{ content: "x" }], "messages[0]: unknown role"],
    ["no content", [{ role: "user" }], "messages[0]: expected a string or an array of parts as content, got undefined"],
    ["empty content", [{ role: "user", content: "" }], "messages[0]: the content is empty"],
    [
      "content of empty parts",
      [{ role: "user", content: [{ type: "text", text: "" }] }],
      "messages[0]: the content is empty",
    ],
    ["an assistant without content", [user, { role: "assistant", content: null }], "messages[1]: the content is empty"],
    [
      "an unknown part",
      [{ role: "user", content: [{ type: "video" }] }],
      'messages[0].content[0]: unknown part type "video"',
    ],
    [
      "a part of another role",
      [{ role: "user", content: [{ type: "tool-call", id: "a", name: "f" }] }],
      "is not allowed here",
    ],
    [
      "an image in instructions",
      [{ role: "system", content: [{ type: "image", url: "https://x.example/a.png" }] }, user],
      "is not allowed here",
    ],
    ["an image of nothing", [{ role: "user", content: [{ type: "image" }] }], "an image needs a url or data"],
    ["data without its type", [{ role: "user", content: [{ type: "image", data: "AAAA" }] }], "needs a mediaType"],
    [
      "a data URL without data",
      [{ role: "user", content: [{ type: "image", url: "data:image/png;base64" }] }],
      "messages[0].content[0]",
    ],
    ["a file of null", [{ role: "user", content: [{ type: "file", file: null }] }], "messages[0].content[0]"],
    [
      "a part named like an object's method",
      [{ role: "user", content: [{ type: "hasOwnProperty" }] }],
      "unknown part type",
    ],
    ["a part named like a prototype", [{ role: "user", content: [{ type: "__proto__" }] }], "unknown part type"],
    [
      "arguments that are not JSON",
      [user, { role: "assistant", tool_calls: [{ id: "a", function: { name: "f", arguments: "{oops" } }] }],
      "messages[1].tool_calls[0].function.arguments: not JSON",
    ],
    [
      "a call without a name",
      [user, { role: "assistant", tool_calls: [{ id: "a", function: {} }] }],
      "messages[1].tool_calls[0].function.name",
    ],
    [
      "calls that are no list",
      [user, { role: "assistant", tool_calls: {} }],
      "messages[1].tool_calls: expected an array",
    ],
    [
      "a tool result without content",
      [user, calling("a"), { role: "tool", content: [{ type: "tool-result", id: "a" }] }],
      'messages[2].content[0].content: tool result "a" has no content',
    ],
    [
      "an OpenAI tool message of null",
      [user, calling("a"), { role: "tool", tool_call_id: "a", content: null }],
      'messages[2].content: tool result "a" has no content',
    ],
    [
      "a tool result that is no JSON",
      [user, calling("a"), { role: "tool", tool_call_id: "a", content: () => 1 }],
      "messages[2].content: not serializable as JSON: function",
    ],
    ["an orphan result", [user, answering("a")], 'messages[1]: tool result "a" does not match an open tool call'],
    [
      "a result twice",
      [user, calling("a"), answering("a"), answering("a")],
      'tool result "a" does not match an open tool call',
    ],
    [
      "a result after the next turn",
      [user, calling("a"), user, answering("a")],
      'messages[2]: tool call "a" (f) has no result',
    ],
    [
      "a call without a result",
      [user, calling("a", "b"), answering("a"), user],
      'messages[3]: tool call "b" (f) has no result',
    ],
    ["a call at the end", [user, calling("a")], 'messages: tool call "a" (f) has no result at the end'],
    ["two calls with one id", [user, calling("a", "a"), answering("a")], '"a"'],
    ["a tool message without a call", [user, { role: "tool", content: "x" }], "messages[1]"],
  ])("%s", (_, input, words) => {
    expect(problemOf(input)).toContain(words);
  });

  it("always gives messages or one invalid_request", () => {
    const key = fc.constantFrom(
      "role",
      "content",
      "type",
      "text",
      "tool_calls",
      "tool_call_id",
      "id",
      "name",
      "function",
      "arguments",
      "image_url",
      "file",
      "input_audio",
      "url",
      "data",
      "refusal",
      "reasoning_content",
      "x",
    );
    const word = fc.constantFrom(
      "user",
      "assistant",
      "tool",
      "system",
      "text",
      "image",
      "image_url",
      "file",
      "audio",
      "input_audio",
      "tool-call",
      "tool-result",
      "reasoning",
      "refusal",
      "data:,",
      "__proto__",
      "constructor",
      "toString",
      "valueOf",
      "",
    );
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 5 },
        word,
        fc.string(),
        fc.integer(),
        fc.constantFrom(null, undefined, true, 1n, Number.NaN),
        fc.array(tie("value"), { maxLength: 3 }),
        fc.dictionary(key, tie("value"), { maxKeys: 5 }),
      ),
    }));
    const messages = fc.array(
      fc.record(
        { role: word, content: value, tool_calls: value, tool_call_id: value, type: word },
        { requiredKeys: ["role"] },
      ),
      { maxLength: 4 },
    );
    fc.assert(
      fc.property(fc.oneof(value, messages, fc.anything()), (input) => {
        try {
          expect(readInput(input).length).toBeGreaterThan(0);
        } catch (error) {
          if (!isModelError(error, "invalid_request")) throw error;
          expect(error.message.length).toBeLessThan(1_000);
        }
      }),
      { numRuns: 5_000 },
    );
  });

  it("includes cyclic values", () => {
    const loop: Record<string, unknown> = {};
    loop["self"] = loop;
    expect(problemOf([user, calling("a"), { role: "tool", tool_call_id: "a", content: loop }])).toContain(
      "messages[2]",
    );
    expect(problemOf([{ role: loop }])).toContain("unknown role");
  });

  it("reading is idempotent", () => {
    const messages = readInput([
      user,
      calling("a"),
      answering("a"),
      { role: "assistant", content: "done", reasoning_content: "hm" },
      user,
    ]);
    expect(readInput(messages)).toEqual(messages);
  });
});
