import type { Anthropic } from "@anthropic-ai/sdk";
import { describe, expect, it } from "vitest";
import type { ModelRequest, Settings } from "../../../src/core/request.ts";
import type { ModelFacts, Target } from "../../../src/core/target.ts";
import type { Tool } from "../../../src/core/tool.ts";
import { encodeCountRequest, encodeMessagesRequest } from "../../../src/dialects/anthropic/encode.ts";
import { requestOf, targetOf } from "../contract.ts";

const WEATHER: Tool = {
  name: "weather",
  description: "The weather.",
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
};
const TIME: Tool = { name: "time", parameters: { type: "object", properties: {} } };

type RequestSettings = ModelRequest["settings"];

function targetWith(facts: Partial<ModelFacts>, rest: Partial<Target> = {}): Target {
  return targetOf({
    provider: "anthropic",
    dialect: "anthropic",
    modelId: "claude-test",
    facts: { known: true, capabilities: {}, ...facts },
    ...rest,
  });
}

function encode(settings: RequestSettings, facts: Partial<ModelFacts> = {}, request: Partial<ModelRequest> = {}) {
  const { params, adjustments } = encodeMessagesRequest(requestOf({ settings, ...request }), targetWith(facts), false);
  const { model: _, messages: __, ...body } = params;
  return { body, messages: params.messages, changed: adjustments.map((one) => [one.setting, one.from, one.to]) };
}

const userHi = { role: "user", content: [{ type: "text", text: "Hi" }] } as const;

describe("the messages request", () => {
  it("has only the given settings, and max_tokens, which the API requires", () => {
    const { params, adjustments } = encodeMessagesRequest(requestOf({}), targetWith({}), false);
    expect(params).toEqual({ model: "claude-test", max_tokens: 4096, messages: [userHi] });
    expect(adjustments).toEqual([]);
  });

  it("uses the model's maximum output as the default of max_tokens", () => {
    expect(encode({}, { maxOutput: 64_000 }).body.max_tokens).toBe(64_000);
    expect(encode({ maxNewTokens: 100 }, { maxOutput: 64_000 }).body.max_tokens).toBe(100);
  });

  it("has every parameter under its API name", () => {
    const target = targetWith({});
    const settings: RequestSettings = {
      temperature: 0.5,
      topP: 0.9,
      topK: 20,
      maxNewTokens: 100,
      stop: ["END"],
      user: "user-1",
      serviceTier: "standard_only",
      tools: [WEATHER],
      toolChoice: "auto",
    };
    const { params, adjustments } = encodeMessagesRequest(requestOf({ settings }), target, true);
    const expected = {
      model: "claude-test",
      max_tokens: 100,
      messages: [{ role: "user", content: [{ type: "text", text: "Hi" }] }],
      stop_sequences: ["END"],
      tools: [
        { name: "weather", description: "The weather.", input_schema: { ...WEATHER.parameters, type: "object" } },
      ],
      tool_choice: { type: "auto" },
      metadata: { user_id: "user-1" },
      service_tier: "standard_only",
      stream: true,
    } satisfies Anthropic.MessageCreateParamsStreaming;
    expect(params).toEqual({ ...expected, temperature: 0.5, top_p: 0.9, top_k: 20 });
    expect(adjustments).toEqual([]);
  });

  it("omits stop sequences of whitespace and reports it", () => {
    const { body, changed } = encode({ stop: ["\n\n", "END"] });
    expect(body.stop_sequences).toEqual(["END"]);
    expect(changed).toEqual([["stop", ["\n\n", "END"], ["END"]]]);
    expect(encode({ stop: [" "] }).body).not.toHaveProperty("stop_sequences");
  });

  it("sends no e-mail address or phone number as user", () => {
    for (const user of ["jane@example.com", "+49 (30) 123-4567", "5551234567"]) {
      const { body, changed } = encode({ user });
      expect(body).not.toHaveProperty("metadata");
      expect(changed).toEqual([["user", user, undefined]]);
    }
  });

  it("reduces a temperature above 1 to 1", () => {
    expect(encode({ temperature: 1.5 })).toMatchObject({
      body: { temperature: 1 },
      changed: [["temperature", 1.5, 1]],
    });
  });

  it("merges extra_body last; the call overrides the entry", () => {
    const target = targetWith({}, { extraBody: { container: "c", top_k: 1 } });
    const settings: RequestSettings = { user: "u" };
    const request = requestOf({ settings, extraBody: { top_k: 2, metadata: { more: 1 }, max_tokens: 7 } });
    expect(encodeMessagesRequest(request, target, false).params).toMatchObject({
      container: "c",
      top_k: 2,
      max_tokens: 7,
      metadata: { user_id: "u", more: 1 },
    });
  });

  it("counts the tokens of the request without its limits", () => {
    const settings: Settings = { maxNewTokens: 10, tools: [WEATHER], temperature: 0 };
    const { params } = encodeCountRequest(requestOf({ settings: settings as RequestSettings }), targetWith({}));
    expect(Object.keys(params).sort()).toEqual(["messages", "model", "tools"]);
  });
});

describe("tools of the messages request", () => {
  const tools = [WEATHER, TIME];

  it.each([
    ["auto", { type: "auto" }],
    ["none", { type: "none" }],
    ["required", { type: "any" }],
    [{ name: "time" }, { type: "tool", name: "time" }],
  ] as const)("encodes the tool choice %o", (toolChoice, expected) => {
    expect(encode({ tools, toolChoice }).body.tool_choice).toEqual(expected);
  });

  it.each([
    [undefined, { type: "auto", disable_parallel_tool_use: true }],
    ["auto", { type: "auto", disable_parallel_tool_use: true }],
    ["required", { type: "any", disable_parallel_tool_use: true }],
    ["none", { type: "none" }],
    [{ name: "time" }, { type: "tool", name: "time", disable_parallel_tool_use: true }],
  ] as const)("disables parallel calls with the tool choice %o", (toolChoice, expected) => {
    expect(encode({ tools, toolChoice, parallelToolCalls: false }).body.tool_choice).toEqual(expected);
  });

  it("omits the parallel setting if parallel calls are allowed, the default", () => {
    expect(encode({ tools, parallelToolCalls: true }).body).not.toHaveProperty("tool_choice");
  });

  it("keeps definitions at the root, and resolves a reference at the root", () => {
    const $defs = { City: { type: "object", properties: { name: { type: "string" } } } };
    const tool: Tool = { name: "f", parameters: { $ref: "#/$defs/City", $defs } };
    expect(encode({ tools: [tool] }).body.tools).toEqual([{ name: "f", input_schema: { ...$defs.City, $defs } }]);
  });

  it("merges alternatives at the root into one object and reports it", () => {
    const anyOf = [
      { type: "object", properties: { a: { type: "string" }, k: { const: "a" } }, required: ["a", "k"] },
      { type: "object", properties: { b: { type: "number" }, k: { const: "b" } }, required: ["b", "k"] },
    ];
    const { body, changed } = encode({ tools: [{ name: "f", parameters: { anyOf } }] });
    expect(body.tools?.[0]).toMatchObject({
      input_schema: { type: "object", properties: { a: { type: "string" }, b: { type: "number" } }, required: ["k"] },
    });
    expect(JSON.stringify(body.tools)).not.toContain("anyOf");
    expect(changed).toEqual([["tools", ["anyOf"], "properties"]]);
  });

  it("rejects parameters that are not an object, and names the tool", () => {
    expect(() => encode({ tools: [{ name: "list", parameters: { type: "array" } }] })).toThrow(/"list"/);
  });

  it("declares the tools that only the history mentions", () => {
    const messages: ModelRequest["messages"] = [
      { role: "user", content: "x" },
      { role: "assistant", content: [{ type: "tool-call", id: "a", name: "old", arguments: {} }] },
      { role: "tool", content: [{ type: "tool-result", id: "a", content: "r" }] },
    ];
    const { body, changed } = encode({}, {}, { messages });
    expect(body.tools).toEqual([{ name: "old", input_schema: { type: "object" } }]);
    expect(body.tool_choice).toEqual({ type: "none" });
    expect(changed).toEqual([["tools", undefined, ["old"]]]);
  });

  it.each([
    [true, {}],
    [{ maxUses: 3 }, { max_uses: 3 }],
    [{ contextSize: "high" }, { max_uses: 10 }],
  ] as const)("encodes web search %o", (webSearch, expected) => {
    expect(encode({ webSearch }).body.tools).toEqual([
      { type: "web_search_20250305", name: "web_search", ...expected },
    ]);
  });
});

describe("reasoning of the messages request", () => {
  const budget = { reasoningWire: "budget" } as const;

  it.each([
    ["low", "low"],
    ["medium", "medium"],
    ["high", "high"],
    ["xhigh", "xhigh"],
    ["max", "max"],
  ] as const)("sends effort %s to adaptive models", (reasoningEffort, effort) => {
    const { body, changed } = encode({ reasoningEffort }, { reasoningWire: "adaptive" });
    expect(body).toMatchObject({ thinking: { type: "adaptive" }, output_config: { effort } });
    expect(changed).toEqual([]);
  });

  it("maps minimal to low and reports it", () => {
    const { body, changed } = encode({ reasoningEffort: "minimal" }, { reasoningWire: "adaptive" });
    expect(body.output_config).toEqual({ effort: "low" });
    expect(changed).toEqual([["reasoning_effort", "minimal", "low"]]);
  });

  it("disables thinking for none", () => {
    expect(encode({ reasoningEffort: "none" }, { reasoningWire: "adaptive" }).body.thinking).toEqual({
      type: "disabled",
    });
    expect(encode({ reasoningEffort: "none" }, budget).body.thinking).toEqual({ type: "disabled" });
  });

  it("sends only the effort to models without a budget", () => {
    const { body } = encode({ reasoningEffort: "high", temperature: 0.2 }, { reasoningWire: "effort" });
    expect(body).toMatchObject({ output_config: { effort: "high" }, temperature: 0.2 });
    expect(body).not.toHaveProperty("thinking");
  });

  it.each([
    ["minimal", 1024],
    ["low", 1024],
    ["medium", 4096],
    ["high", 16_384],
    ["max", 32_000],
  ] as const)("maps %s to a budget of %i tokens on top of the answer", (reasoningEffort, budget_tokens) => {
    const { body } = encode({ reasoningEffort }, budget);
    expect(body).toMatchObject({ thinking: { type: "enabled", budget_tokens }, max_tokens: 4096 + budget_tokens });
  });

  it("keeps 1024 <= budget < max_tokens for any max_new_tokens, and reports changes", () => {
    const small = encode({ reasoningEffort: "high", maxNewTokens: 2000 }, budget);
    expect(small.body).toMatchObject({ thinking: { budget_tokens: 1024 }, max_tokens: 2000 });
    expect(small.changed).toEqual([["reasoning_effort", "16384 tokens", "1024 tokens"]]);
    const tiny = encode({ reasoningEffort: "high", maxNewTokens: 512 }, budget);
    expect(tiny.body).toEqual({ max_tokens: 512 });
    expect(tiny.changed).toEqual([["reasoning_effort", "high", undefined]]);
  });

  it("omits sampling and a forced tool while the model thinks", () => {
    const settings: RequestSettings = {
      reasoningEffort: "low",
      temperature: 0,
      topP: 0.9,
      topK: 5,
      tools: [WEATHER],
      toolChoice: "required",
    };
    for (const reasoningWire of ["adaptive", "budget"] as const) {
      const { body, changed } = encode(settings, { reasoningWire });
      expect(body).not.toHaveProperty("temperature");
      expect(body).not.toHaveProperty("top_p");
      expect(body).not.toHaveProperty("top_k");
      expect(body.tool_choice).toEqual({ type: "auto" });
      expect(changed.map(([setting]) => setting)).toEqual(["tool_choice", "temperature", "top_p", "top_k"]);
    }
  });

  it("does not enable thinking in the middle of tool calls made without it", () => {
    const messages: ModelRequest["messages"] = [
      { role: "user", content: "x" },
      { role: "assistant", content: [{ type: "tool-call", id: "a", name: "weather", arguments: {} }] },
      { role: "tool", content: [{ type: "tool-result", id: "a", content: "r" }] },
    ];
    const { body, changed } = encode({ reasoningEffort: "low", tools: [WEATHER] }, budget, { messages });
    expect(body).not.toHaveProperty("thinking");
    expect(changed).toEqual([["reasoning_effort", "low", undefined]]);
  });
});

describe("structured output of the messages request", () => {
  const schema = { type: "object", properties: { n: { type: "integer", minimum: 1 } }, required: ["n"] };
  const responseFormat = { type: "json_schema", name: "answer", schema } as const;

  it("sends the schema with closed objects, and reports keywords that the API does not enforce", () => {
    const { body, changed } = encode({ responseFormat });
    expect(body.output_config).toEqual({
      format: {
        type: "json_schema",
        schema: {
          type: "object",
          properties: { n: { type: "integer", description: "minimum: 1" } },
          required: ["n"],
          additionalProperties: false,
        },
      },
    });
    expect(changed).toEqual([["response_format", ["$.properties.n.minimum"], "description"]]);
  });

  it("uses a forced tool for older models; other tools stay available", () => {
    const old = { capabilities: { jsonSchema: false } };
    const { body } = encode({ responseFormat }, old);
    expect(body.tools).toMatchObject([{ name: "json_tool_call", input_schema: schema }]);
    expect(body.tool_choice).toEqual({ type: "tool", name: "json_tool_call" });
    expect(body).not.toHaveProperty("output_config");
    expect(encode({ responseFormat, tools: [WEATHER] }, old).body.tool_choice).toEqual({ type: "any" });
  });

  it("does not force the tool while the model thinks", () => {
    const { body } = encode(
      { responseFormat, reasoningEffort: "low" },
      { capabilities: { jsonSchema: false }, reasoningWire: "budget" },
    );
    expect(body.tool_choice).toEqual({ type: "auto" });
  });

  it("uses the tool for a recursive schema, which output formats do not support", () => {
    const node = { type: "object", properties: { next: { $ref: "#/$defs/Node" } } };
    const recursive = { ...node, $defs: { Node: node } };
    const { body } = encode({ responseFormat: { type: "json_schema", name: "list", schema: recursive } });
    expect(body.tools).toMatchObject([{ name: "json_tool_call", input_schema: recursive }]);
  });

  it("requests plain JSON in the instructions and reports it", () => {
    const { body, changed } = encode({ responseFormat: { type: "json_object" } });
    expect(JSON.stringify(body.system)).toContain("JSON object");
    expect(changed).toEqual([["response_format", "json_object", "an instruction"]]);
    expect(encode({ responseFormat: { type: "text" } }).body).toEqual({ max_tokens: 4096 });
  });
});

describe("prompt cache markers", () => {
  const messages: ModelRequest["messages"] = [
    { role: "system", content: "One." },
    { role: "system", content: "Two." },
    { role: "user", content: "first" },
    { role: "assistant", content: "answer" },
    { role: "user", content: "last" },
  ];
  const mark = { type: "ephemeral" };

  it("are set at the end of instructions, tools and first user message", () => {
    const { body, messages: sent } = encode({ promptCache: true, tools: [WEATHER, TIME] }, {}, { messages });
    expect(body.system).toEqual([
      { type: "text", text: "One." },
      { type: "text", text: "Two.", cache_control: mark },
    ]);
    expect(body.tools?.map((tool) => "cache_control" in tool)).toEqual([false, true]);
    expect(sent[0]?.content).toEqual([{ type: "text", text: "first", cache_control: mark }]);
    expect(JSON.stringify(sent[2])).not.toContain("cache_control");
  });

  it("use the points and the TTL of the entry", () => {
    const promptCache = { ttl: "1h", points: ["last-user"] } as const;
    const { body, messages: sent } = encode({ promptCache }, {}, { messages });
    expect(sent[2]?.content).toEqual([{ type: "text", text: "last", cache_control: { type: "ephemeral", ttl: "1h" } }]);
    expect(JSON.stringify(body)).not.toContain("cache_control");
  });

  it("are at most four; those of the caller have priority", () => {
    const marked = {
      role: "user",
      content: ["a", "b", "c"].map((text) => ({ type: "text" as const, text, cache: true })),
    } as const;
    const {
      body,
      messages: sent,
      changed,
    } = encode({ promptCache: true, tools: [WEATHER] }, {}, { messages: [{ role: "system", content: "S" }, marked] });
    expect(JSON.stringify(sent).split("cache_control").length - 1).toBe(3);
    expect(JSON.stringify(body).split("cache_control").length - 1).toBe(1);
    expect(changed).toEqual([["prompt_cache", 5, 4]]);
  });

  it("are not sent to models without a cache, or unless requested", () => {
    const off = { capabilities: { promptCache: false } };
    expect(JSON.stringify(encode({ promptCache: true }, off, { messages }))).not.toContain("cache_control");
    expect(JSON.stringify(encode({}, {}, { messages }))).not.toContain("cache_control");
  });
});
