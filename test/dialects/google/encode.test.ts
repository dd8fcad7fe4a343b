import type { Content, GenerateContentParameters } from "@google/genai";
import { describe, expect, it } from "vitest";
import type { AssistantMessage, Message } from "../../../src/core/message.ts";
import type { ModelRequest } from "../../../src/core/request.ts";
import type { ModelFacts, Target } from "../../../src/core/target.ts";
import type { Tool } from "../../../src/core/tool.ts";
import { encodeGenerate } from "../../../src/dialects/google/encode.ts";
import { PIXEL, requestOf, targetOf } from "../contract.ts";

const WEATHER: Tool = {
  name: "weather",
  description: "The weather.",
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
};

type RequestSettings = ModelRequest["settings"];

function targetWith(facts: Partial<ModelFacts> = {}, rest: Partial<Target> = {}): Target {
  return targetOf({
    provider: "google",
    dialect: "google",
    modelId: "gemini-test",
    facts: { known: true, capabilities: {}, ...facts },
    ...rest,
  });
}

function encode(settings: RequestSettings, facts: Partial<ModelFacts> = {}, rest: Partial<Target> = {}) {
  const { params, adjustments } = encodeGenerate(requestOf({ settings }), targetWith(facts, rest));
  return { config: params.config, changed: adjustments.map((one) => [one.setting, one.from, one.to]) };
}

function contentsOf(messages: ModelRequest["messages"], facts: Partial<ModelFacts> = {}) {
  return encodeGenerate(requestOf({ messages, settings: { tools: [WEATHER] } }), targetWith(facts)).params.contents;
}

describe("the generateContent request", () => {
  it("has only the given settings", () => {
    const { params, adjustments } = encodeGenerate(requestOf({}), targetWith());
    const expected = {
      model: "gemini-test",
      contents: [{ role: "user", parts: [{ text: "Hi" }] }],
      config: {},
    } satisfies GenerateContentParameters;
    expect(params).toEqual(expected);
    expect(adjustments).toEqual([]);
  });

  it("has every parameter under its API name", () => {
    const settings: RequestSettings = {
      temperature: 1.5,
      topP: 0.9,
      topK: 20,
      maxNewTokens: 100,
      stop: ["END"],
      seed: 7,
      frequencyPenalty: 0.1,
      presencePenalty: -0.1,
      logprobs: true,
      topLogprobs: 3,
      serviceTier: "flex",
      modalities: ["text", "image"],
    };
    const { params } = encodeGenerate(requestOf({ settings, samples: 3 }), targetWith());
    expect(params.config).toEqual({
      temperature: 1.5,
      topP: 0.9,
      topK: 20,
      maxOutputTokens: 100,
      stopSequences: ["END"],
      seed: 7,
      frequencyPenalty: 0.1,
      presencePenalty: -0.1,
      responseLogprobs: true,
      logprobs: 3,
      serviceTier: "flex",
      responseModalities: ["TEXT", "IMAGE"],
      candidateCount: 3,
    });
  });

  it("sends at most five stop sequences and reports the omitted ones", () => {
    const { config, changed } = encode({ stop: ["1", "2", "3", "4", "5", "6"] });
    expect(config?.stopSequences).toHaveLength(5);
    expect(changed).toHaveLength(1);
  });

  it("sends labels to Vertex AI; reports that the Gemini API has none", () => {
    const address = { baseUrl: "", vertexProject: "p", vertexLocation: "eu" };
    expect(encode({ metadata: { team: "a" } }, {}, { address }).config?.labels).toEqual({ team: "a" });
    expect(encode({ metadata: { team: "a" } })).toEqual({
      config: {},
      changed: [["metadata", { team: "a" }, undefined]],
    });
  });

  it("merges extra_body; the call overrides the entry", () => {
    const target = targetWith({}, { extraBody: { safetySettings: [], a: 1 } });
    const { params } = encodeGenerate(requestOf({ extraBody: { a: 2 } }), target);
    expect(params.config?.httpOptions).toEqual({ extraBody: { safetySettings: [], a: 2 } });
  });

  it.each([
    ["none", { thinkingBudget: 0 }],
    ["minimal", { thinkingBudget: 512, includeThoughts: true }],
    ["low", { thinkingBudget: 1024, includeThoughts: true }],
    ["medium", { thinkingBudget: 8192, includeThoughts: true }],
    ["high", { thinkingBudget: 24_576, includeThoughts: true }],
  ] as const)("maps effort %s to a budget", (reasoningEffort, expected) => {
    const { config, changed } = encode({ reasoningEffort }, { reasoningWire: "budget" });
    expect(config?.thinkingConfig).toEqual(expected);
    expect(changed).toEqual([]);
  });

  it.each([
    ["minimal", "MINIMAL", 0],
    ["low", "LOW", 0],
    ["medium", "MEDIUM", 0],
    ["high", "HIGH", 0],
    ["max", "HIGH", 1],
  ] as const)("maps effort %s to the level %s", (reasoningEffort, thinkingLevel, changes) => {
    const { config, changed } = encode({ reasoningEffort }, { reasoningWire: "level" });
    expect(config?.thinkingConfig).toEqual({ thinkingLevel, includeThoughts: true });
    expect(changed).toHaveLength(changes);
  });

  it("sends the response schema in the subset that Gemini supports", () => {
    const schema = {
      type: "object",
      properties: { kind: { const: "a" } },
      required: ["kind"],
      additionalProperties: false,
    };
    const { config, changed } = encode({ responseFormat: { type: "json_schema", name: "x", schema } });
    expect(config).toEqual({
      responseMimeType: "application/json",
      responseJsonSchema: { ...schema, properties: { kind: { type: "string", enum: ["a"] } } },
    });
    expect(changed).toEqual([]);
    expect(encode({ responseFormat: { type: "json_object" } }).config).toEqual({
      responseMimeType: "application/json",
    });
    expect(encode({ responseFormat: { type: "text" } }).config).toEqual({});
  });

  it("describes the schema in the instructions if the model enforces none, and reports it", () => {
    const responseFormat = { type: "json_schema", name: "x", schema: { type: "object" } } as const;
    const { config, changed } = encode({ responseFormat }, { capabilities: { jsonSchema: false } });
    expect(JSON.stringify(config?.systemInstruction)).toContain("JSON Schema");
    expect(changed).toEqual([["response_format", "json_schema", "an instruction"]]);
  });
});

describe("tools of generateContent", () => {
  it("are declared in one block; a function without parameters has no schema", () => {
    const now: Tool = { name: "now", parameters: { type: "object", properties: {} } };
    expect(encode({ tools: [WEATHER, now], webSearch: true }).config?.tools).toEqual([
      {
        functionDeclarations: [
          { name: "weather", description: "The weather.", parametersJsonSchema: WEATHER.parameters },
          { name: "now" },
        ],
      },
      { googleSearch: {} },
    ]);
  });

  it.each([
    ["auto", { mode: "AUTO" }],
    ["none", { mode: "NONE" }],
    ["required", { mode: "ANY" }],
    [{ name: "weather" }, { mode: "ANY", allowedFunctionNames: ["weather"] }],
  ] as const)("encode the choice %o", (toolChoice, functionCallingConfig) => {
    expect(encode({ tools: [WEATHER], toolChoice }).config?.toolConfig).toEqual({ functionCallingConfig });
  });

  it("report the keywords Gemini does not enforce", () => {
    const tool: Tool = {
      name: "f",
      parameters: { type: "object", properties: { n: { type: "number", multipleOf: 2 } } },
    };
    expect(encode({ tools: [tool] }).changed).toEqual([["tools.f", ["$.properties.n.multipleOf"], "description"]]);
  });

  it("get valid names, equal in declaration and history", () => {
    const name = "1 tool/über";
    const messages: ModelRequest["messages"] = [
      { role: "user", content: "x" },
      { role: "assistant", content: [{ type: "tool-call", id: "a", name, arguments: {} }] },
      { role: "tool", content: [{ type: "tool-result", id: "a", content: "r" }] },
    ];
    const { params } = encodeGenerate(
      requestOf({ messages, settings: { tools: [{ ...WEATHER, name }] } }),
      targetWith(),
    );
    const names = [...JSON.stringify(params).matchAll(/"name":"([^"]*)"/g)].map((match) => match[1]);
    expect(names).toEqual(["_1_tool__ber", "_1_tool__ber", "_1_tool__ber"]);
  });
});

describe("contents of generateContent", () => {
  const signed = (owner: string): AssistantMessage => ({
    role: "assistant",
    content: [
      { type: "reasoning", text: "Hm.", signature: "r1", owner },
      { type: "text", text: "Look", signature: "t1", owner },
      { type: "tool-call", id: "a", name: "weather", arguments: { city: "Rome" }, signature: "c1", owner },
      { type: "tool-call", id: "b", name: "weather", arguments: { city: "Paris" } },
    ],
  });
  const results = {
    role: "tool",
    content: [
      { type: "tool-result", id: "b", content: "cold", error: true },
      {
        type: "tool-result",
        id: "a",
        content: [
          { type: "text", text: "warm" },
          { type: "image", data: PIXEL },
        ],
      },
    ],
  } as const;

  it("return every signature on its part; unsigned parts stay in the same content", () => {
    const contents = contentsOf([{ role: "user", content: "x" }, signed("google"), results], {
      reasoningWire: "level",
    });
    expect(contents).toMatchObject([
      { role: "user" },
      {
        role: "model",
        parts: [
          { text: "Hm.", thought: true, thoughtSignature: "r1" },
          { text: "Look", thoughtSignature: "t1" },
          { functionCall: { id: "a", name: "weather", args: { city: "Rome" } }, thoughtSignature: "c1" },
          { functionCall: { id: "b", name: "weather", args: { city: "Paris" } } },
        ],
      },
      { role: "user" },
      { role: "user" },
    ]);
    expect(JSON.stringify(contents).split("thoughtSignature").length - 1).toBe(3);
  });

  it("send no signature of another provider; Gemini 3 gets a placeholder", () => {
    const history = [{ role: "user", content: "x" }, signed("anthropic"), results] as const;
    expect(JSON.stringify(contentsOf(history, { reasoningWire: "budget" }))).not.toContain("thoughtSignature");
    const contents = JSON.stringify(contentsOf(history, { reasoningWire: "level" }));
    expect(contents.split("thoughtSignature").length - 1).toBe(1);
    expect(contents).toContain("skip_thought_signature_validator");
  });

  const answered = [{ role: "user", content: "x" }, signed("google"), results, { role: "user", content: "y" }] as const;

  it("have all results of a turn in one content, in the order of the calls, with the call names", () => {
    const { params, adjustments } = encodeGenerate(requestOf({ messages: answered }), targetWith());
    expect((params.contents as unknown[]).slice(2)).toEqual([
      {
        role: "user",
        parts: [
          { functionResponse: { id: "a", name: "weather", response: { output: "warm" } } },
          { functionResponse: { id: "b", name: "weather", response: { error: "cold" } } },
        ],
      },
      {
        role: "user",
        parts: [
          { text: "Image in the result of weather a:" },
          { inlineData: { mimeType: "image/png", data: PIXEL } },
          { text: "y" },
        ],
      },
    ]);
    expect(adjustments).toMatchObject([{ setting: "messages[2]", from: "an image in a tool result" }]);
  });

  it("have the image of a result inside its response if the model supports it", () => {
    const target = targetWith({ toolResultMedia: true });
    const { params, adjustments } = encodeGenerate(requestOf({ messages: answered }), target);
    const inlineData = { mimeType: "image/png", data: PIXEL };
    expect((params.contents as unknown[]).slice(2)).toEqual([
      {
        role: "user",
        parts: [
          { functionResponse: { id: "a", name: "weather", response: { output: "warm" }, parts: [{ inlineData }] } },
          { functionResponse: { id: "b", name: "weather", response: { error: "cold" } } },
        ],
      },
      { role: "user", parts: [{ text: "y" }] },
    ]);
    expect(adjustments).toEqual([]);
  });

  it("move the image of a result that is a URL, which only Vertex AI supports there", () => {
    const image = { type: "image", url: "https://example.com/a.png" } as const;
    const seen = { role: "tool", content: [{ type: "tool-result", id: "a", content: [image] }] } as const;
    const call = { type: "tool-call", id: "a", name: "look", arguments: {} } as const;
    const messages: Message[] = [{ role: "user", content: "x" }, { role: "assistant", content: [call] }, seen];
    const media = { fileData: { mimeType: "image/png", fileUri: image.url } };
    const target = targetWith({ toolResultMedia: true });
    const gemini = encodeGenerate(requestOf({ messages }), target).params.contents as Content[];
    expect(gemini.slice(2)).toMatchObject([
      { parts: [{ functionResponse: { response: { output: "The image follows in the next user message." } } }] },
      { role: "user", parts: [{ text: "Image in the result of look a:" }, media] },
    ]);
    const vertex = { ...target, address: { ...target.address, vertexProject: "p" } };
    const placed = encodeGenerate(requestOf({ messages }), vertex).params.contents as Content[];
    expect(placed.slice(2)).toMatchObject([{ parts: [{ functionResponse: { parts: [media] } }] }]);
  });

  it("reject a result without a call and name it", () => {
    expect(() =>
      contentsOf([
        { role: "user", content: "x" },
        { role: "tool", content: [{ type: "tool-result", id: "q9", content: "r" }] },
      ]),
    ).toThrow(/q9/);
  });

  it("move instructions out and start with the user, and report it", () => {
    const { params, adjustments } = encodeGenerate(
      requestOf({
        messages: [
          { role: "system", content: "A" },
          { role: "assistant", content: "Hello" },
          { role: "system", content: "B" },
        ],
      }),
      targetWith(),
    );
    expect(params.config?.systemInstruction).toEqual({ parts: [{ text: "A" }, { text: "B" }] });
    expect(params.contents).toEqual([
      { role: "user", parts: [{ text: "." }] },
      { role: "model", parts: [{ text: "Hello" }] },
    ]);
    expect(adjustments.map(({ setting, to }) => [setting, to])).toEqual([
      ["messages[2]", "the system instructions"],
      ["messages", "."],
    ]);
  });

  it("send data inline and URLs as file data", () => {
    const contents = contentsOf([
      {
        role: "user",
        content: [
          { type: "image", data: PIXEL },
          { type: "image", url: `data:image/webp;base64,${PIXEL}` },
          { type: "file", url: "gs://bucket/a.pdf" },
          { type: "audio", data: "AA==", mediaType: "audio/wav" },
        ],
      },
    ]);
    expect(contents).toEqual([
      {
        role: "user",
        parts: [
          { inlineData: { mimeType: "image/png", data: PIXEL } },
          { inlineData: { mimeType: "image/webp", data: PIXEL } },
          { fileData: { mimeType: "application/pdf", fileUri: "gs://bucket/a.pdf" } },
          { inlineData: { mimeType: "audio/wav", data: "AA==" } },
        ],
      },
    ]);
  });
});
