import { describe, expect, it } from "vitest";
import type { AssistantMessage, Message } from "../../../src/core/message.ts";
import { SETTING_NAMES, type Settings } from "../../../src/core/request.ts";
import { encodeCount } from "../../../src/dialects/openai/count-tokens.ts";
import { encodeResponses, RESPONSES_SETTINGS } from "../../../src/dialects/openai/responses-encode.ts";
import { hasOpenaiSchema, validateResponsesRequest } from "../../harness/openai-schema.ts";
import { CONTRACT_TOOLS, HISTORY, PIXEL, requestOf, targetOf } from "../contract.ts";
import { encoding } from "./wire-request.ts";

const openai = targetOf({
  provider: "openai",
  dialect: "openai-responses",
  modelId: "gpt-5.4",
  quirks: { promptCacheKey: true },
});
const encode = encoding(encodeResponses, hasOpenaiSchema ? validateResponsesRequest : undefined);

const EVERYTHING: Settings = {
  temperature: 0.2,
  topP: 0.9,
  topK: 4,
  maxNewTokens: 512,
  stop: ["END"],
  seed: 7,
  frequencyPenalty: 0.5,
  presencePenalty: -0.5,
  logitBias: { "1": 1 },
  logprobs: true,
  topLogprobs: 3,
  reasoningEffort: "high",
  verbosity: "low",
  serviceTier: "flex",
  modalities: ["text"],
  prediction: "x",
  responseFormat: {
    type: "json_schema",
    name: "thing",
    schema: { type: "object", properties: {}, additionalProperties: false },
  },
  user: "user-1",
  metadata: { team: "blue" },
  webSearch: { contextSize: "high", maxUses: 2 },
  promptCache: true,
  tools: CONTRACT_TOOLS,
  toolChoice: { name: "get_weather" },
  parallelToolCalls: false,
};

describe("a responses request", () => {
  it("keeps no state on the server and otherwise sends only what was requested", () => {
    expect(encode(openai, {}).body).toEqual({
      model: "gpt-5.4",
      input: [{ role: "user", content: "Hi" }],
      store: false,
    });
  });

  it("encodes every supported setting", () => {
    const { body, adjustments } = encode(openai, { settings: EVERYTHING as never }, true);
    expect(body).toEqual({
      model: "gpt-5.4",
      input: [{ role: "user", content: "Hi" }],
      temperature: 0.2,
      top_p: 0.9,
      max_output_tokens: 512,
      top_logprobs: 3,
      reasoning: { effort: "high", summary: "auto" },
      include: ["reasoning.encrypted_content", "message.output_text.logprobs"],
      text: {
        verbosity: "low",
        format: {
          type: "json_schema",
          name: "thing",
          strict: true,
          schema: { type: "object", properties: {}, required: [], additionalProperties: false },
        },
      },
      service_tier: "flex",
      user: "user-1",
      metadata: { team: "blue" },
      prompt_cache_key: expect.stringMatching(/^mw-/),
      tools: [
        { type: "function", ...CONTRACT_TOOLS[0], strict: false },
        { type: "web_search", search_context_size: "high" },
      ],
      tool_choice: { type: "function", name: "get_weather" },
      parallel_tool_calls: false,
      max_tool_calls: 2,
      store: false,
      stream: true,
    });
    expect(adjustments).toEqual([]);
  });

  it("encodes exactly the settings it declares as supported", () => {
    const bodyOf = (settings: Settings) => JSON.stringify(encode(openai, { settings: settings as never }).body);
    for (const name of SETTING_NAMES) {
      if (name === "maxInputTokens") continue;
      const tools = name === "tools" ? {} : { tools: CONTRACT_TOOLS };
      expect(bodyOf({ ...tools, [name]: EVERYTHING[name] }) !== bodyOf(tools), name).toBe(RESPONSES_SETTINGS.has(name));
    }
  });

  it("requests encrypted reasoning only from reasoning models", () => {
    const include = (capabilities: object, settings: object) =>
      encode({ ...openai, facts: { known: true, capabilities } }, { settings }).body["include"];
    expect(include({ reasoning: true }, {})).toEqual(["reasoning.encrypted_content"]);
    expect(include({ reasoning: false }, {})).toBeUndefined();
    expect(include({}, {})).toBeUndefined();
    expect(include({}, { reasoningEffort: "low" })).toEqual(["reasoning.encrypted_content"]);
    expect(include({ reasoning: true }, { reasoningEffort: "none" })).toBeUndefined();
  });

  it("raises a token limit below the API minimum, and reports it", () => {
    const { body, adjustments } = encode(openai, { settings: { maxNewTokens: 5 } });
    expect(body["max_output_tokens"]).toBe(16);
    expect(adjustments).toMatchObject([{ setting: "max_new_tokens", from: 5, to: 16 }]);
  });

  it("encodes a complete history as items in order", () => {
    expect(encode(openai, { messages: HISTORY }).body["input"]).toEqual([
      { role: "system", content: "Be brief." },
      {
        role: "user",
        content: [
          { type: "input_text", text: "Where is this, and how is the weather there?" },
          { type: "input_image", image_url: `data:image/png;base64,${PIXEL}`, detail: "low" },
        ],
      },
      { role: "assistant", content: "Looking." },
      { type: "function_call", call_id: "call_1", name: "get_weather", arguments: '{"city":"Paris"}' },
      { type: "function_call", call_id: "call_2", name: "get_weather", arguments: '{"city":"Rome"}' },
      { type: "function_call_output", call_id: "call_1", output: "12 °C" },
      {
        type: "function_call_output",
        call_id: "call_2",
        output: [{ type: "input_text", text: "Error: no such city" }],
      },
      { role: "user", content: "Thanks. And now?" },
    ]);
  });

  it("sends files as data and as URLs, and images in tool results", () => {
    const messages: Message[] = [
      {
        role: "user",
        content: [
          { type: "file", data: "JVBERi0=", mediaType: "application/pdf" },
          { type: "file", url: "https://example.com/a.pdf" },
        ],
      },
      { role: "assistant", content: [{ type: "tool-call", id: "c", name: "f", arguments: {} }] },
      {
        role: "tool",
        content: [{ type: "tool-result", id: "c", content: [{ type: "image", url: "https://example.com/a.png" }] }],
      },
    ];
    expect(encode(openai, { messages }).body["input"]).toEqual([
      {
        role: "user",
        content: [
          { type: "input_file", file_data: "data:application/pdf;base64,JVBERi0=", filename: "file.pdf" },
          { type: "input_file", file_url: "https://example.com/a.pdf" },
        ],
      },
      { type: "function_call", call_id: "c", name: "f", arguments: "{}" },
      {
        type: "function_call_output",
        call_id: "c",
        output: [{ type: "input_image", image_url: "https://example.com/a.png", detail: "auto" }],
      },
    ]);
  });

  it("rejects audio before anything is sent", () => {
    const content = [{ type: "audio" as const, data: "AAAA", mediaType: "audio/wav" }];
    expect(() => encode(openai, { messages: [{ role: "user", content }] })).toThrow(
      expect.objectContaining({ code: "unsupported" }),
    );
  });

  it.each(["auto", "none", "required"] as const)("sends the tool choice %s unchanged", (toolChoice) => {
    expect(encode(openai, { settings: { tools: CONTRACT_TOOLS, toolChoice } }).body["tool_choice"]).toBe(toolChoice);
  });
});

describe("reasoning of a responses history", () => {
  const sealed = { id: "rs_1", summary: [{ type: "summary_text", text: "Think." }], encrypted_content: "sealed" };
  const turn = (signature: string, owner: string): AssistantMessage => ({
    role: "assistant",
    content: [
      { type: "reasoning", text: "Think.", signature, owner },
      { type: "text", text: "Looking.", signature: '{"phase":"commentary"}', owner },
    ],
  });
  const inputOf = (message: AssistantMessage) =>
    encode(openai, { messages: [{ role: "user", content: "Hi" }, message] }).body["input"];

  it("is sent back unchanged to the provider that produced it, before the message that followed", () => {
    expect(inputOf(turn(JSON.stringify(sealed), "openai"))).toEqual([
      { role: "user", content: "Hi" },
      { type: "reasoning", ...sealed },
      { role: "assistant", content: "Looking.", phase: "commentary" },
    ]);
  });

  it.each([
    ["another provider", JSON.stringify(sealed), "xai"],
    ["another dialect", "reasoning_content", "openai"],
    ["an item that was not encrypted", JSON.stringify({ ...sealed, encrypted_content: undefined }), "openai"],
    ["a malformed signature", "{", "openai"],
  ])("is omitted when it comes from %s", (_, signature, owner) => {
    const input = inputOf(turn(signature, owner)) as unknown[];
    expect(input).toHaveLength(2);
    expect(JSON.stringify(input)).not.toContain("rs_1");
  });
});

describe("a token count request", () => {
  it("contains only the prompt and other fields that cost tokens", () => {
    const request = requestOf({ messages: HISTORY, settings: EVERYTHING as never, extraBody: { own: 1 } });
    const { params } = encodeCount(request, { ...openai, extraBody: { other: 1 } }, false);
    const keys = ["model", "input", "tools", "tool_choice", "parallel_tool_calls", "reasoning", "text"];
    expect(Object.keys(params)).toEqual(keys);
  });
});

describe("results of client tools", () => {
  const kinds = [
    [
      "custom",
      "sql",
      { input: "SELECT 1" },
      { type: "custom_tool_call", name: "sql", input: "SELECT 1" },
      { type: "custom_tool_call_output", output: "ok" },
    ],
    [
      "apply_patch",
      "apply_patch",
      { type: "delete_file", path: "a" },
      { type: "apply_patch_call", operation: { path: "a" } },
      { type: "apply_patch_call_output", status: "completed", output: "ok" },
    ],
    [
      "shell",
      "shell",
      { commands: ["ls"], max_output_length: 9 },
      { type: "shell_call", action: { commands: ["ls"] } },
      {
        type: "shell_call_output",
        max_output_length: 9,
        output: [{ stdout: "ok", outcome: { type: "exit", exit_code: 0 } }],
      },
    ],
    [
      "shell",
      "local_shell",
      { type: "exec", command: ["ls"], env: {} },
      { type: "local_shell_call", action: { command: ["ls"] } },
      { type: "local_shell_call_output", id: "c", output: "ok" },
    ],
  ] as const;

  it("belong to the preceding call when a later turn reuses its id", () => {
    const call = (kind: "custom" | "function") => {
      return { type: "tool-call", kind, id: "c", name: "f", arguments: { input: "x" } } as const;
    };
    const result: Message = { role: "tool", content: [{ type: "tool-result", id: "c", content: "ok" }] };
    const messages: Message[] = [
      { role: "user", content: "go" },
      { role: "assistant", content: [call("custom")] },
      result,
      { role: "assistant", content: [call("function")] },
      result,
    ];
    const { params } = encodeResponses(requestOf({ messages }), openai, false);
    const types = (params.input as { type?: string }[]).map(({ type }) => type);
    expect(types.slice(1)).toEqual([
      ...["custom_tool_call", "custom_tool_call_output"],
      ...["function_call", "function_call_output"],
    ]);
  });

  it.each(kinds)("are sent back as the item type that matches their call (%s %s)", (kind, name, args, call, result) => {
    const history: Message[] = [
      { role: "user", content: "go" },
      { role: "assistant", content: [{ type: "tool-call", kind, id: "c", name, arguments: args }] },
      { role: "tool", content: [{ type: "tool-result", id: "c", content: "ok" }] },
    ];
    const { params } = encodeResponses(
      requestOf({ messages: JSON.parse(JSON.stringify(history)) }),
      targetOf({ provider: "openai", dialect: "openai-responses" }),
      true,
    );
    expect(params.input).toMatchObject([{ role: "user" }, { ...call, call_id: "c" }, { ...result, call_id: "c" }]);
  });
});
