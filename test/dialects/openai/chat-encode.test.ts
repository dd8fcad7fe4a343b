import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Message } from "../../../src/core/message.ts";
import { SETTING_NAMES, type Settings } from "../../../src/core/request.ts";
import { CHAT_SETTINGS, encodeChat } from "../../../src/dialects/openai/chat-encode.ts";
import { hasOpenaiSchema, validateChatRequest } from "../../harness/openai-schema.ts";
import { CONTRACT_TOOLS, HISTORY, PIXEL, targetOf } from "../contract.ts";
import { encoding } from "./wire-request.ts";

const openai = targetOf({
  provider: "openai",
  dialect: "openai",
  modelId: "gpt-5.4",
  quirks: { promptCacheKey: true },
});
const host = targetOf({ provider: "vllm", dialect: "openai", modelId: "qwen3" });
const encode = encoding(encodeChat, hasOpenaiSchema ? validateChatRequest : undefined);
const encodeLoose = encoding(encodeChat, undefined);

const EVERYTHING: Settings = {
  temperature: 0.2,
  topP: 0.9,
  maxNewTokens: 512,
  stop: ["END", "STOP"],
  seed: 7,
  frequencyPenalty: 0.5,
  presencePenalty: -0.5,
  logitBias: { "50256": -100 },
  logprobs: true,
  topLogprobs: 3,
  reasoningEffort: "medium",
  verbosity: "low",
  serviceTier: "flex",
  modalities: ["text"],
  prediction: "const a = 1;",
  responseFormat: { type: "json_object" },
  user: "user-1",
  metadata: { team: "blue" },
  webSearch: { contextSize: "high" },
  promptCache: true,
  tools: CONTRACT_TOOLS,
  toolChoice: { name: "get_weather" },
  parallelToolCalls: false,
};

describe("a chat request", () => {
  it("sends only what was requested", () => {
    expect(encode(openai, {}).body).toEqual({ model: "gpt-5.4", messages: [{ role: "user", content: "Hi" }] });
  });

  it("encodes every supported setting", () => {
    const { body, adjustments } = encode(openai, { settings: EVERYTHING as never, samples: 2 }, true);
    expect(body).toEqual({
      model: "gpt-5.4",
      messages: [{ role: "user", content: "Hi" }],
      temperature: 0.2,
      top_p: 0.9,
      max_completion_tokens: 512,
      stop: ["END", "STOP"],
      seed: 7,
      frequency_penalty: 0.5,
      presence_penalty: -0.5,
      logit_bias: { "50256": -100 },
      logprobs: true,
      top_logprobs: 3,
      n: 2,
      reasoning_effort: "medium",
      verbosity: "low",
      service_tier: "flex",
      modalities: ["text"],
      prediction: { type: "content", content: "const a = 1;" },
      response_format: { type: "json_object" },
      user: "user-1",
      metadata: { team: "blue" },
      web_search_options: { search_context_size: "high" },
      prompt_cache_key: expect.stringMatching(/^mw-[0-9a-f]{32}$/),
      tools: [{ type: "function", function: CONTRACT_TOOLS[0] }],
      tool_choice: { type: "function", function: { name: "get_weather" } },
      parallel_tool_calls: false,
      stream: true,
      stream_options: { include_usage: true },
    });
    expect(adjustments).toEqual([]);
    expect(countFields(body) + countFields(encode(openai, { messages: HISTORY }).body)).toBeGreaterThanOrEqual(40);
  });

  it("encodes exactly the settings it declares as supported", () => {
    for (const name of SETTING_NAMES) {
      if (name === "maxInputTokens") continue;
      const value = name === "topK" ? 40 : EVERYTHING[name];
      const settings = { tools: CONTRACT_TOOLS, [name]: value };
      const without = JSON.stringify(
        encodeLoose(openai, { settings: name === "tools" ? {} : { tools: CONTRACT_TOOLS } }).body,
      );
      const changed = JSON.stringify(encodeLoose(openai, { settings }).body) !== without;
      expect(changed, name).toBe(CHAT_SETTINGS.has(name));
    }
  });

  it("encodes a complete history in the API's format", () => {
    const { body } = encode(openai, { messages: HISTORY });
    expect(body["messages"]).toEqual([
      { role: "system", content: "Be brief." },
      {
        role: "user",
        content: [
          { type: "text", text: "Where is this, and how is the weather there?" },
          { type: "image_url", image_url: { url: `data:image/png;base64,${PIXEL}`, detail: "low" } },
        ],
      },
      {
        role: "assistant",
        content: "Looking.",
        tool_calls: [
          { id: "call_1", type: "function", function: { name: "get_weather", arguments: '{"city":"Paris"}' } },
          { id: "call_2", type: "function", function: { name: "get_weather", arguments: '{"city":"Rome"}' } },
        ],
      },
      { role: "tool", tool_call_id: "call_1", content: "12 °C" },
      { role: "tool", tool_call_id: "call_2", content: "Error: no such city" },
      { role: "user", content: "Thanks. And now?" },
    ]);
  });

  it("sends files and audio as data", () => {
    const { body } = encode(openai, {
      messages: [
        {
          role: "user",
          content: [
            { type: "file", data: "JVBERi0=", mediaType: "application/pdf", filename: "a.pdf" },
            { type: "audio", data: "AAAA", mediaType: "audio/mpeg" },
            { type: "image", url: "https://example.com/a.png" },
          ],
        },
      ],
    });
    expect(body["messages"]).toEqual([
      {
        role: "user",
        content: [
          { type: "file", file: { file_data: "data:application/pdf;base64,JVBERi0=", filename: "a.pdf" } },
          { type: "input_audio", input_audio: { data: "AAAA", format: "mp3" } },
          { type: "image_url", image_url: { url: "https://example.com/a.png" } },
        ],
      },
    ]);
  });

  it("rejects a file URL before anything is sent", () => {
    const content = [{ type: "file" as const, url: "https://example.com/a.pdf" }];
    expect(() => encode(openai, { messages: [{ role: "user", content }] })).toThrow(
      expect.objectContaining({ code: "unsupported" }),
    );
  });

  it("uses max_tokens for compatible hosts, unless their quirks set another key", () => {
    const settings = { maxNewTokens: 5 };
    expect(encode(host, { settings }).body).toMatchObject({ max_tokens: 5 });
    const renamed = { ...host, quirks: { maxTokensKey: "max_completion_tokens" as const } };
    expect(encode(renamed, { settings }).body).toMatchObject({ max_completion_tokens: 5 });
    expect(encode(targetOf({ provider: "azure", dialect: "openai" }), { settings }).body).toHaveProperty(
      "max_completion_tokens",
    );
  });

  it("does not request usage in a stream when the host rejects that option", () => {
    const { body } = encode({ ...host, quirks: { streamUsage: false } }, {}, true);
    expect(body["stream"]).toBe(true);
    expect(body).not.toHaveProperty("stream_options");
  });

  it("sends instructions in the role the model accepts, and reports when that is user", () => {
    const messages: Message[] = [
      { role: "system", content: "S" },
      { role: "user", content: "Hi" },
    ];
    const roleOf = (facts: object, quirks: object) => {
      const target = { ...openai, facts: { known: true, capabilities: {}, ...facts }, quirks };
      const { body, adjustments } = encode(target, { messages });
      return [(body["messages"] as { role: string }[])[0]?.role, adjustments.length];
    };
    expect(roleOf({}, {})).toEqual(["system", 0]);
    expect(roleOf({}, { systemRole: "developer" })).toEqual(["developer", 0]);
    expect(roleOf({ systemRole: "user" }, { systemRole: "developer" })).toEqual(["user", 1]);
  });

  it("merges extra body fields of the entry and the call last", () => {
    const target = { ...openai, extraBody: { safety_identifier: "a", store: true } };
    const { body } = encode(target, { settings: { temperature: 1 }, extraBody: { store: false, temperature: 0 } });
    expect(body).toMatchObject({ safety_identifier: "a", store: false, temperature: 0 });
  });

  it("reports that a prompt cache TTL is not supported", () => {
    const { body, adjustments } = encode(openai, { settings: { promptCache: { ttl: "1h" } } });
    expect(body).toHaveProperty("prompt_cache_key");
    expect(adjustments).toMatchObject([{ setting: "prompt_cache", from: { ttl: "1h" }, to: true }]);
  });

  it("derives the cache key from the prefix alone", () => {
    const key = (request: object) =>
      encode(openai, { settings: { promptCache: true }, ...request }).body["prompt_cache_key"];
    expect(key({})).toBe(key({ messages: [{ role: "user", content: "another question" }] }));
    const system: Message[] = [
      { role: "system", content: "S" },
      { role: "user", content: "Hi" },
    ];
    expect(key({})).not.toBe(key({ messages: system }));
    expect(key({})).not.toBe(key({ settings: { promptCache: true, tools: CONTRACT_TOOLS } }));
  });

  it("omits a tool choice without tools, and reports it", () => {
    const { body, adjustments } = encode(openai, {
      settings: { toolChoice: "required", parallelToolCalls: true, tools: [] },
    });
    expect(Object.keys(body)).toEqual(["model", "messages"]);
    expect(adjustments.map(({ setting }) => setting)).toEqual(["tool_choice", "parallel_tool_calls"]);
  });

  it.each(["auto", "none", "required"] as const)("sends the tool choice %s unchanged", (toolChoice) => {
    expect(encode(openai, { settings: { tools: CONTRACT_TOOLS, toolChoice } }).body["tool_choice"]).toBe(toolChoice);
  });

  it("sends an image of a tool result in a user turn after all results, and reports it", () => {
    const messages = HISTORY.map((message) =>
      message.role === "tool"
        ? {
            ...message,
            content: message.content.map((part) => ({
              ...part,
              content: [{ type: "image" as const, data: PIXEL, mediaType: "image/png" }],
            })),
          }
        : message,
    );
    const { body, adjustments } = encode(openai, { messages });
    const image = { type: "image_url", image_url: { url: `data:image/png;base64,${PIXEL}` } };
    const follows = "The image follows in the next user message.";
    expect((body["messages"] as unknown[]).slice(3)).toEqual([
      { role: "tool", tool_call_id: "call_1", content: follows },
      { role: "tool", tool_call_id: "call_2", content: `Error: ${follows}` },
      {
        role: "user",
        content: [
          { type: "text", text: "Image in the result of get_weather call_1:" },
          image,
          { type: "text", text: "Image in the result of get_weather call_2:" },
          image,
          { type: "text", text: "Thanks. And now?" },
        ],
      },
    ]);
    expect(adjustments.map(({ setting, to }) => [setting, to])).toEqual([
      ["messages[3]", "an image in a user turn after the results"],
      ["messages[3]", "an image in a user turn after the results"],
    ]);
  });

  it("moves an instruction between calls and results to after the results, and reports it", () => {
    const [, user, calls, results] = HISTORY as [Message, Message, Message, Message];
    const { body, adjustments } = encode(openai, {
      messages: [user, calls, { role: "system", content: "Be quick." }, results],
    });
    expect((body["messages"] as { role: string }[]).map(({ role }) => role)).toEqual([
      "user",
      "assistant",
      "tool",
      "tool",
      "system",
    ]);
    expect(adjustments).toMatchObject([{ setting: "messages[2]", to: "behind the results" }]);
  });
});

describe("reasoning of a chat history", () => {
  const turn = (owner: string | undefined): Message[] => [
    { role: "user", content: "Hi" },
    {
      role: "assistant",
      content: [
        { type: "reasoning", text: "Hmm.", ...(owner !== undefined && { owner, signature: "reasoning_content" }) },
        { type: "tool-call", id: "call_1", name: "f", arguments: {} },
      ],
    },
    { role: "tool", content: [{ type: "tool-result", id: "call_1", content: "1" }] },
  ];
  const deepseek = targetOf({
    provider: "deepseek",
    dialect: "openai",
    quirks: { reasoningField: "reasoning_content" },
  });

  it("is sent back to the host that produced it, in the field the host expects", () => {
    expect(JSON.stringify(encodeLoose(deepseek, { messages: turn("deepseek") }).body)).toContain(
      '"reasoning_content":"Hmm."',
    );
    expect(JSON.stringify(encodeLoose(deepseek, { messages: turn(undefined) }).body)).toContain(
      '"reasoning_content":"Hmm."',
    );
  });

  it("is not sent to other providers", () => {
    expect(JSON.stringify(encodeLoose(deepseek, { messages: turn("anthropic") }).body)).not.toContain("Hmm.");
    expect(JSON.stringify(encodeLoose(openai, { messages: turn("deepseek") }).body)).not.toContain("Hmm.");
  });

  it("is sent back in its original field when the host is unknown", () => {
    expect(JSON.stringify(encodeLoose(host, { messages: turn("vllm") }).body)).toContain('"reasoning_content":"Hmm."');
  });
});

describe("ids of tool calls", () => {
  const history = (id: string): Message[] => [
    { role: "user", content: "Hi" },
    { role: "assistant", content: [{ type: "tool-call", id, name: "f", arguments: {} }] },
    { role: "tool", content: [{ type: "tool-result", id, content: "1" }] },
  ];
  const idsOf = (target: typeof openai, id: string): [string, string] => {
    const messages = encode(target, { messages: history(id) }).body["messages"] as Record<string, never>[];
    return [messages[1]?.["tool_calls"]?.[0]?.["id"] ?? "", messages[2]?.["tool_call_id"] ?? ""];
  };
  const mistral = targetOf({ provider: "mistral", dialect: "openai", quirks: { toolIds: "nine-alphanumeric" } });

  it("are valid for the host, and the same for call and result", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", minLength: 1, maxLength: 100 }), (id) => {
        const [call, result] = idsOf(openai, id);
        expect(call).toBe(result);
        expect(call).toMatch(/^[\x21-\x7e]{1,64}$/);
        const [short, shortResult] = idsOf(mistral, id);
        expect(short).toBe(shortResult);
        expect(short).toMatch(/^[A-Za-z0-9]{9}$/);
      }),
      { numRuns: 50 },
    );
  });

  it("are unchanged when the host accepts them", () => {
    expect(idsOf(openai, "functions.get_weather:0")[0]).toBe("functions.get_weather:0");
    expect(idsOf(mistral, "gSIMJiOkT")[0]).toBe("gSIMJiOkT");
  });
});

describe("the response format of a chat request", () => {
  const schema = { type: "object", properties: { a: { type: "string" }, b: { type: "number" } }, required: ["a"] };
  const responseFormat = { type: "json_schema", name: "thing", schema } as const;

  it("is enforced with a lowered schema, and every change is reported", () => {
    const { body, adjustments } = encode(openai, { settings: { responseFormat } });
    expect(body["response_format"]).toEqual({
      type: "json_schema",
      json_schema: {
        name: "thing",
        strict: true,
        schema: {
          type: "object",
          properties: { a: { type: "string" }, b: { type: ["number", "null"] } },
          required: ["a", "b"],
          additionalProperties: false,
        },
      },
    });
    expect(adjustments).toMatchObject([
      {
        setting: "response_format",
        from: { "properties.b": "optional" },
        to: { "properties.b": "required, nullable" },
      },
    ]);
  });

  it("is sent unchanged when strict is false", () => {
    const { body, adjustments } = encode(openai, {
      settings: { responseFormat: { ...responseFormat, strict: false } },
    });
    expect(body["response_format"]).toMatchObject({ json_schema: { strict: false, schema } });
    expect(adjustments).toEqual([]);
  });

  it("is not enforced for a schema that cannot be strict, and this is reported", () => {
    const open = { type: "object", additionalProperties: { type: "number" } };
    const { body, adjustments } = encode(openai, { settings: { responseFormat: { ...responseFormat, schema: open } } });
    expect(body["response_format"]).toMatchObject({ json_schema: { strict: false, schema: open } });
    expect(adjustments).toMatchObject([{ from: "strict", to: "not strict" }]);
  });

  it("is added to the instructions when the host has no JSON schema mode", () => {
    const messages: Message[] = [
      { role: "system", content: "Be brief." },
      { role: "user", content: "Hi" },
    ];
    const inMode = (jsonMode: "json_object" | "prompt") =>
      encode({ ...host, quirks: { jsonMode } }, { messages, settings: { responseFormat } });
    const anyJson = inMode("json_object");
    expect(anyJson.body["response_format"]).toEqual({ type: "json_object" });
    const words = inMode("prompt");
    expect(words.body).not.toHaveProperty("response_format");
    for (const { body, adjustments } of [anyJson, words]) {
      const [system, ...rest] = body["messages"] as { role: string; content: string }[];
      expect(system?.content.startsWith("Be brief.\n\n")).toBe(true);
      expect(system?.content).toContain(JSON.stringify(schema));
      expect(rest).toHaveLength(1);
      expect(adjustments).toHaveLength(1);
    }
  });

  it("gets a valid name", () => {
    const { body, adjustments } = encode(openai, {
      settings: { responseFormat: { ...responseFormat, name: "my thing!" } },
    });
    expect(body["response_format"]).toMatchObject({ json_schema: { name: "my_thing_" } });
    expect(adjustments[0]).toMatchObject({ from: { name: "my thing!" } });
  });

  it("lowers the parameters of a tool only when the tool is strict", () => {
    const tool = { name: "f", parameters: schema };
    const parametersOf = (strict: boolean) => {
      const { body } = encode(openai, { settings: { tools: [{ ...tool, strict }] } });
      return (body["tools"] as { function: Record<string, unknown> }[])[0]?.function;
    };
    expect(parametersOf(false)).toEqual(tool);
    expect(parametersOf(true)).toMatchObject({ strict: true, parameters: { required: ["a", "b"] } });
  });
});

function countFields(value: unknown, seen = new Set<string>(), path = ""): number {
  if (Array.isArray(value)) for (const item of value) countFields(item, seen, path);
  else if (typeof value === "object" && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      seen.add(`${path}.${key}`);
      countFields(item, seen, `${path}.${key}`);
    }
  }
  return seen.size;
}
