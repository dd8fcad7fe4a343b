import { FunctionCallingConfigMode, type GenerateContentResponse, GoogleGenAI } from "@google/genai";
import { describe, expect, it } from "vitest";
import { bench, collect, PERSON_SCHEMA, PIXEL, TIME_SCHEMA, WEATHER_SCHEMA } from "./sdk-clients.ts";

const MODEL = "gemini-2.5-flash";
const SIGNING = "gemini-3-pro-preview";
const TOOLS = [
  {
    functionDeclarations: [
      { name: "get_weather", description: "Current weather of a city", parametersJsonSchema: WEATHER_SCHEMA },
      { name: "get_time", description: "Local time in a zone", parametersJsonSchema: TIME_SCHEMA },
    ],
  },
];

const partsOf = (reply: GenerateContentResponse | undefined) => reply?.candidates?.[0]?.content?.parts ?? [];

describe("the simulated generateContent, called by the Google SDK", () => {
  it("answers with text that is labeled as simulated", async () => {
    const { google } = await bench();
    const reply = await google.models.generateContent({ model: MODEL, contents: "Why is the sky blue?" });
    expect(reply.text).toMatch(/simulated.*Why is the sky blue\?/s);
    expect(reply.candidates?.[0]?.finishReason).toBe("STOP");
    expect(reply.modelVersion).toBe(MODEL);
  });

  it("streams the same text, reasoning and final usage as without streaming", async () => {
    const { google } = await bench();
    const request = {
      model: MODEL,
      contents: "Why is the sky blue?",
      config: { thinkingConfig: { includeThoughts: true } },
    };
    const whole = await google.models.generateContent(request);
    const chunks = await collect(await google.models.generateContentStream(request));
    const joined = (thought: boolean) =>
      chunks
        .flatMap(partsOf)
        .map((part) => (Boolean(part.thought) === thought ? (part.text ?? "") : ""))
        .join("");
    expect(joined(false)).toBe(whole.text);
    expect(joined(true)).toBe(partsOf(whole)[0]?.text);
    expect(partsOf(whole)[0]?.thought).toBe(true);
    expect(chunks.at(-1)?.usageMetadata).toEqual(whole.usageMetadata);
    expect(whole.usageMetadata?.thoughtsTokenCount).toBeGreaterThan(0);
    const totals = chunks.map((chunk) => chunk.usageMetadata?.totalTokenCount ?? 0);
    expect(totals).toEqual([...totals].sort((left, right) => left - right));
  });

  it("counts hidden reasoning and shows none without includeThoughts", async () => {
    const { google } = await bench();
    const reply = await google.models.generateContent({
      model: MODEL,
      contents: "Think",
      config: { thinkingConfig: { thinkingBudget: 4096 } },
    });
    expect(reply.usageMetadata?.thoughtsTokenCount).toBeGreaterThan(0);
    expect(partsOf(reply).some((part) => part.thought)).toBe(false);
  });

  it("calls functions in parallel and quotes their responses", async () => {
    const { google } = await bench();
    const user = { role: "user", parts: [{ text: "Use get_weather and get_time for Berlin" }] };
    const first = await google.models.generateContent({ model: MODEL, contents: [user], config: { tools: TOOLS } });
    const calls = first.functionCalls ?? [];
    expect(calls.map((call) => call.name)).toEqual(["get_weather", "get_time"]);
    expect(calls[0]?.args).toMatchObject({ city: "Berlin" });
    const responses = calls.map((call) => ({
      functionResponse: { name: call.name ?? "", response: { output: "fine" } },
    }));
    const second = await google.models.generateContent({
      model: MODEL,
      contents: [user, { role: "model", parts: partsOf(first) }, { role: "user", parts: responses }],
      config: { tools: TOOLS },
    });
    expect(second.text).toMatch(/simulated.*get_weather answered {"output":"fine"}; get_time answered/s);
  });

  it("respects the mode ANY with allowed names, and NONE", async () => {
    const { google } = await bench();
    const called = async (functionCallingConfig: {
      mode: FunctionCallingConfigMode;
      allowedFunctionNames?: string[];
    }) => {
      const config = { tools: TOOLS, toolConfig: { functionCallingConfig } };
      const reply = await google.models.generateContent({
        model: MODEL,
        contents: "What is the weather in Rome?",
        config,
      });
      return reply.functionCalls?.map((call) => call.name);
    };
    expect(await called({ mode: FunctionCallingConfigMode.ANY, allowedFunctionNames: ["get_time"] })).toEqual([
      "get_time",
    ]);
    expect(await called({ mode: FunctionCallingConfigMode.NONE })).toBeUndefined();
  });

  it("signs function calls and rejects a missing or changed signature", async () => {
    const { google } = await bench();
    const user = { role: "user", parts: [{ text: "What is the weather in Rome?" }] };
    const first = await google.models.generateContent({ model: SIGNING, contents: [user], config: { tools: TOOLS } });
    const part = partsOf(first)[0];
    const result = {
      role: "user",
      parts: [{ functionResponse: { name: "get_weather", response: { output: "sun" } } }],
    };
    const next = (thoughtSignature: string | undefined) => {
      const call = {
        functionCall: part?.functionCall ?? {},
        ...(thoughtSignature !== undefined && { thoughtSignature }),
      };
      return google.models.generateContent({
        model: SIGNING,
        contents: [user, { role: "model", parts: [call] }, result],
        config: { tools: TOOLS },
      });
    };
    await expect(next(part?.thoughtSignature)).resolves.toMatchObject({ modelVersion: SIGNING });
    await expect(next("skip_thought_signature_validator")).resolves.toMatchObject({ modelVersion: SIGNING });
    await expect(next("c2ltdWxhdGVk")).rejects.toThrow(/Thought signature is not valid/);
    await expect(next(undefined)).rejects.toThrow(/missing a `thought_signature`/);
  });

  it("returns JSON that satisfies responseJsonSchema and responseSchema", async () => {
    const { google } = await bench();
    const ask = async (schema: object) => {
      const reply = await google.models.generateContent({
        model: MODEL,
        contents: "Invent",
        config: { responseMimeType: "application/json", ...schema },
      });
      return JSON.parse(reply.text ?? "") as unknown;
    };
    const age = { age: expect.any(Number) };
    expect(await ask({ responseJsonSchema: PERSON_SCHEMA })).toMatchObject(age);
    const openapi = {
      type: "OBJECT",
      properties: {
        age: { type: "INTEGER", nullable: true },
        tags: { type: "ARRAY", items: { type: "STRING" }, minItems: "3" },
      },
      required: ["age"],
    };
    expect(await ask({ responseSchema: openapi })).toMatchObject({
      ...age,
      tags: [expect.any(String), expect.any(String), expect.any(String)],
    });
  });

  it("returns distinct candidates", async () => {
    const { google } = await bench();
    const reply = await google.models.generateContent({
      model: MODEL,
      contents: "Pick a colour",
      config: { candidateCount: 3 },
    });
    const texts = reply.candidates?.map((candidate) => candidate.content?.parts?.[0]?.text) ?? [];
    expect(new Set(texts).size).toBe(3);
  });

  it("stops at maxOutputTokens and at a stop sequence, with the token count of countTokens", async () => {
    const { google } = await bench();
    const ask = (config: object) => google.models.generateContent({ model: MODEL, contents: "Rivers", config });
    const cut = await ask({ maxOutputTokens: 5 });
    const stopped = await ask({ stopSequences: ["emini"] });
    const count = await google.models.countTokens({ model: MODEL, contents: "Rivers" });
    expect(cut.candidates?.[0]?.finishReason).toBe("MAX_TOKENS");
    expect(cut.usageMetadata).toMatchObject({ candidatesTokenCount: 5, promptTokenCount: count.totalTokens });
    expect(stopped.text).toBe("[simulated g");
  });

  it("mentions images and reports a long repeated prefix as cached", async () => {
    const { google } = await bench();
    const parts = [{ text: "All rivers flow. ".repeat(400) }, { inlineData: { mimeType: "image/png", data: PIXEL } }];
    const ask = () => google.models.generateContent({ model: MODEL, contents: [{ role: "user", parts }] });
    const first = await ask();
    const second = await ask();
    expect(first.text).toContain("1 attachment: image/png");
    expect(first.usageMetadata?.cachedContentTokenCount).toBeUndefined();
    expect(second.usageMetadata?.cachedContentTokenCount).toBeGreaterThanOrEqual(1024);
  });

  it("blocks a prompt or stops an answer for safety if scripted", async () => {
    const { google, simulator } = await bench();
    simulator.script({ kind: "filter" }, { answer: { text: "half an", finish: "content-filter" } });
    const blocked = await google.models.generateContent({ model: MODEL, contents: "Hello" });
    const stopped = await google.models.generateContent({ model: MODEL, contents: "Hello" });
    expect(blocked.candidates).toBeUndefined();
    expect(blocked.promptFeedback?.blockReason).toBe("PROHIBITED_CONTENT");
    expect(stopped.candidates?.[0]?.finishReason).toBe("SAFETY");
  });

  it.each(["v1", "v1beta", "v1beta1"])("serves %s and the publisher paths of Vertex", async (apiVersion) => {
    const { simulator } = await bench();
    const plain = new GoogleGenAI({ apiKey: "k", httpOptions: { baseUrl: simulator.baseUrl("google"), apiVersion } });
    expect((await plain.models.generateContent({ model: MODEL, contents: "Hello" })).text).toContain("simulated");
    const path = `/${apiVersion}/projects/p/locations/l/publishers/google/models/${MODEL}`;
    const response = await fetch(`${simulator.url}${path}:streamGenerateContent`, {
      method: "POST",
      body: JSON.stringify({ contents: [{ role: "user", parts: [{ text: "Hello" }] }] }),
    });
    const chunks = (await response.json()) as GenerateContentResponse[];
    expect(chunks.at(-1)?.candidates?.[0]?.finishReason).toBe("STOP");
  });
});
