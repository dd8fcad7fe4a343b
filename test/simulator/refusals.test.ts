import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bench } from "./sdk-clients.ts";

const user = { role: "user", content: "Hello" };
const call = { id: "c1", type: "function", function: { name: "f", arguments: "{}" } };
const open = { type: "object", properties: { a: { type: "string" } }, required: ["a"] };
const CHAT = "/v1/chat/completions";
const RESPONSES = "/v1/responses";
const MESSAGES = "/v1/messages";
const GENERATE = "/v1beta/models/gemini-2.5-flash:generateContent";
const said = [{ role: "user", parts: [{ text: "Hello" }] }];
const toolUse = { type: "tool_use", id: "t1", name: "f", input: {} };
const claude = { model: "claude-sonnet-5", max_tokens: 2000 };

let deep: unknown = [];
for (let depth = 0; depth < 1_000; depth++) deep = [deep];

const CASES: readonly (readonly [string, string, object, RegExp])[] = [
  ["a chat without a model", CHAT, { messages: [user] }, /you must provide a model/],
  ["a body nested deep", CHAT, { model: "m", messages: [user], metadata: deep }, /nested too deeply/],
  ["a chat without messages", CHAT, { model: "m" }, /Missing required parameter: 'messages'/],
  ["a chat with no message", CHAT, { model: "m", messages: [] }, /empty array/],
  ["an unknown role", CHAT, { model: "m", messages: [{ role: "boss", content: "x" }] }, /Invalid value: 'boss'/],
  ["a message without content", CHAT, { model: "m", messages: [{ role: "user" }] }, /Invalid value for 'content'/],
  ["a temperature above 2", CHAT, { model: "m", messages: [user], temperature: 3 }, /decimal above maximum value/],
  ["a temperature that is a text", CHAT, { model: "m", messages: [user], temperature: "1" }, /expected a decimal/],
  ["max_tokens of 0", CHAT, { model: "m", messages: [user], max_tokens: 0 }, /integer below minimum value/],
  ["more samples than 128", CHAT, { model: "m", messages: [user], n: 129 }, /integer above maximum value/],
  [
    "max_tokens for a model that requires max_completion_tokens",
    CHAT,
    { model: "gpt-5", messages: [user], max_tokens: 9 },
    /Use 'max_completion_tokens'/,
  ],
  [
    "an orphan tool result",
    CHAT,
    { model: "m", messages: [user, { role: "tool", tool_call_id: "x", content: "y" }] },
    /must be a response to a prece/,
  ],
  [
    "an unanswered tool call",
    CHAT,
    { model: "m", messages: [user, { role: "assistant", tool_calls: [call] }, user] },
    /did not have response messages: c1/,
  ],
  [
    "a tool choice without tools",
    CHAT,
    { model: "m", messages: [user], tool_choice: "required" },
    /only allowed when 'tools'/,
  ],
  [
    "a strict tool with an open schema",
    CHAT,
    {
      model: "m",
      messages: [user],
      tools: [{ type: "function", function: { name: "f", strict: true, parameters: open } }],
    },
    /Invalid schema for function 'f'.*'additionalProperties'/,
  ],
  [
    "a strict format with an optional property",
    CHAT,
    {
      model: "m",
      messages: [user],
      response_format: {
        type: "json_schema",
        json_schema: { name: "r", strict: true, schema: { ...open, required: [], additionalProperties: false } },
      },
    },
    /Invalid schema for response_format 'r'.*Missing 'a'/,
  ],
  ["a response without input", RESPONSES, { model: "m" }, /Missing required parameter: 'input'/],
  [
    "an unanswered function call",
    RESPONSES,
    { model: "m", input: [user, { type: "function_call", call_id: "c1", name: "f", arguments: "{}" }] },
    /No tool output found for function call c1/,
  ],
  [
    "an orphan function output",
    RESPONSES,
    { model: "m", input: [user, { type: "function_call_output", call_id: "c1", output: "x" }] },
    /No tool call found/,
  ],
  [
    "an unknown previous response",
    RESPONSES,
    { model: "m", input: "x", previous_response_id: "resp_no" },
    /resp_no' not found/,
  ],
  [
    "reasoning without what followed",
    RESPONSES,
    { model: "m", input: [user, { type: "reasoning", id: "rs_1", summary: [] }] },
    /without its required following item/,
  ],
  ["messages without max_tokens", MESSAGES, { model: "m", messages: [user] }, /max_tokens: Field required/],
  ["messages without a model", MESSAGES, { max_tokens: 5, messages: [user] }, /model: Field required/],
  ["messages without messages", MESSAGES, claude, /messages: Field required/],
  ["a temperature above 1", MESSAGES, { ...claude, messages: [user], temperature: 1.5 }, /temperature: range: 0..1/],
  [
    "a system role on the old version",
    MESSAGES,
    { ...claude, messages: [{ role: "system", content: "x" }] },
    /messages.0.role/,
  ],
  ["an empty user message", MESSAGES, { ...claude, messages: [{ role: "user", content: "" }] }, /non-empty content/],
  [
    "an unanswered tool use",
    MESSAGES,
    { ...claude, messages: [user, { role: "assistant", content: [toolUse] }, user] },
    /messages.1: `tool_use` ids were found without/,
  ],
  [
    "an orphan tool_result",
    MESSAGES,
    { ...claude, messages: [{ role: "user", content: [{ type: "tool_result", tool_use_id: "t9" }] }] },
    /unexpected `tool_use_id`/,
  ],
  [
    "thinking with a forced tool",
    MESSAGES,
    { ...claude, messages: [user], thinking: { type: "enabled", budget_tokens: 1024 }, tool_choice: { type: "any" } },
    /Thinking may not be enabled/,
  ],
  [
    "thinking above max_tokens",
    MESSAGES,
    { ...claude, messages: [user], thinking: { type: "enabled", budget_tokens: 4000 } },
    /must be greater than `thinking.budget_tokens`/,
  ],
  [
    "a fifth cache breakpoint",
    MESSAGES,
    {
      ...claude,
      messages: [
        {
          role: "user",
          content: Array.from({ length: 5 }, () => ({ type: "text", text: "x", cache_control: { type: "ephemeral" } })),
        },
      ],
    },
    /maximum of 4 blocks.*Found 5/,
  ],
  ["contents that are missing", GENERATE, {}, /contents is not specified/],
  [
    "a role that Gemini does not have",
    GENERATE,
    { contents: [{ role: "assistant", parts: [{ text: "x" }] }] },
    /valid role: user, model/,
  ],
  [
    "a temperature above 2 on Gemini",
    GENERATE,
    { contents: said, generationConfig: { temperature: 3 } },
    /temperature must be in the range/,
  ],
  [
    "a stray function response",
    GENERATE,
    { contents: [{ role: "user", parts: [{ functionResponse: { name: "f", response: {} } }] }] },
    /number of function response parts/,
  ],
  [
    "a schema without its mime type",
    GENERATE,
    { contents: said, generationConfig: { responseJsonSchema: open } },
    /response mime type application\/json/,
  ],
];

describe("requests that providers reject with 400", () => {
  it.each(CASES)("%s", async (_name, path, body, message) => {
    const { simulator } = await bench();
    const response = await fetch(simulator.url + path, {
      method: "POST",
      body: JSON.stringify(body),
      headers: path === MESSAGES ? { "anthropic-version": "2023-06-01" } : {},
    });
    const error = ((await response.json()) as { error: { message: string } }).error;
    expect([response.status, error.message]).toEqual([400, expect.stringMatching(message)]);
  });

  it("rejects sampling parameters on the version of the messages API that removed them", async () => {
    const { anthropic } = await bench();
    const body = { ...claude, messages: [{ role: "user" as const, content: "Hello" }], temperature: 0.5 };
    await expect(anthropic.messages.create(body)).rejects.toThrow(/temperature: Extra inputs are not permitted/);
    const old = await anthropic.messages.create(body, { headers: { "anthropic-version": "2023-06-01" } });
    expect(old.stop_reason).toBe("end_turn");
  });
});

describe("other rejected requests", () => {
  it("rejects the key `invalid` with 401 on every wire", async () => {
    const { openai, anthropic, google } = await bench({}, "invalid");
    const messages = [{ role: "user" as const, content: "Hello" }];
    await expect(openai.chat.completions.create({ model: "m", messages })).rejects.toMatchObject({
      status: 401,
      code: "invalid_api_key",
    });
    await expect(openai.responses.create({ model: "m", input: "x" })).rejects.toMatchObject({ status: 401 });
    await expect(anthropic.messages.create({ ...claude, messages })).rejects.toMatchObject({
      status: 401,
      type: "authentication_error",
    });
    await expect(google.models.generateContent({ model: "m", contents: "x" })).rejects.toMatchObject({ status: 401 });
  });

  it("rejects an unknown path with 404 and a body above 32 MB with 413", async () => {
    const { simulator } = await bench();
    const unknown = await fetch(`${simulator.url}/v1/nothing`, { method: "POST", body: "{}" });
    const large = await fetch(simulator.url + CHAT, { method: "POST", body: "x".repeat(33 * 1024 * 1024) });
    expect([unknown.status, large.status]).toEqual([404, 413]);
  });

  it("rejects a body that is not JSON with 400", async () => {
    const { simulator } = await bench();
    const response = await fetch(simulator.url + CHAT, { method: "POST", body: "{nope" });
    expect([response.status, simulator.requests[0]?.body]).toEqual([400, "{nope"]);
  });
});

describe("any JSON body", () => {
  const FIELDS = [
    "model",
    "messages",
    "input",
    "contents",
    "tools",
    "tool_choice",
    "system",
    "systemInstruction",
    "generationConfig",
    "thinking",
    "response_format",
    "text",
    "reasoning",
    "max_tokens",
    "n",
    "stop",
    "stream",
    "output_config",
    "cache_control",
    "include",
  ];
  const member = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom(
      "auto",
      "any",
      true,
      [user],
      said,
      { type: "function" },
      [{ type: "function", function: { name: "f" } }],
      { type: "json_object" },
    ),
    fc
      .record({ role: fc.constantFrom("user", "assistant", "tool"), content: fc.jsonValue(), parts: fc.jsonValue() })
      .map((one) => [one]),
  );
  const anyBody = fc.dictionary(fc.constantFrom(...FIELDS), member as fc.Arbitrary<unknown>);

  it("is answered or rejected; the simulator never fails", async () => {
    const { simulator } = await bench();
    const paths = [CHAT, RESPONSES, MESSAGES, GENERATE, "/v1/responses/input_tokens", "/v1/messages/count_tokens"];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...paths), anyBody, async (path, body) => {
        const response = await fetch(simulator.url + path, {
          method: "POST",
          body: JSON.stringify({ model: "m", max_tokens: 9, messages: [user], input: "x", contents: said, ...body }),
          headers: { "anthropic-version": "2023-06-01" },
        });
        expect([await response.text(), [200, 400, 404].includes(response.status)]).toEqual([expect.any(String), true]);
      }),
      { numRuns: 400 },
    );
  });
});
