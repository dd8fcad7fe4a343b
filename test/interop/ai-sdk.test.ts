import { generateObject, generateText, isStepCount, Output, streamObject, streamText, tool } from "ai";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { isModelError, ModelFactory } from "../../src/index.ts";
import { languageModel } from "../../src/interop/ai-sdk.ts";
import { modelAt, serving } from "../harness/ask.ts";
import { unfinishedStream } from "../harness/small-answers.ts";
import { WIRES } from "../harness/wires.ts";
import { bodyOf, FOUR_STEPS, modelThat } from "./conversation.ts";

const tools = {
  weather: tool({
    description: "Weather of a city",
    inputSchema: z.object({ city: z.string() }),
    execute: ({ city }) => ({ city, celsius: -3 }),
  }),
};

describe.each(WIRES)("on the %s wire", (wire) => {
  it("generateText answers with usage and cost, in one request with the settings", async () => {
    const { model, server } = await modelThat(wire, [{ text: "Fine." }], "pricing = { input = 1, output = 2 }");
    const result = await generateText({
      ...{ model: languageModel(model), instructions: "Be brief.", prompt: "How are you?" },
      ...{ maxOutputTokens: 77, temperature: 0.5, headers: { "x-own": "1" } },
      providerOptions: { modelwright: { topP: 0.25, tags: ["interop"] } },
    });
    expect(result).toMatchObject({ text: "Fine.", finishReason: "stop", warnings: [] });
    expect(result.usage).toMatchObject({
      inputTokens: 10,
      inputTokenDetails: { noCacheTokens: 10, cacheReadTokens: 0, cacheWriteTokens: 0 },
      outputTokens: 5,
      outputTokenDetails: { textTokens: 5, reasoningTokens: 0 },
    });
    expect(result.response).toMatchObject({ modelId: "asked", id: "answer-1" });
    expect(result.finalStep.providerMetadata?.["modelwright"]).toMatchObject({
      cost: { usd: 0.00002 },
      attempts: [{ outcome: "ok" }],
      callId: expect.stringMatching(/./),
      adjustments: [],
    });
    expect(server.requests).toHaveLength(1);
    expect(server.requests[0]?.headers).toMatchObject({ "x-own": "1" });
    expect(server.requests[0]?.headers["user-agent"]).not.toContain("ai/");
    const sent = server.requests[0]?.body ?? "";
    for (const value of ["Be brief.", "How are you?", "77", "0.5", "0.25"]) expect(sent).toContain(value);
  });

  it("streamText runs tools over four steps, two of them in parallel", async () => {
    const { model, server } = await modelThat(wire, FOUR_STEPS);
    const started: string[] = [];
    const result = streamText({
      ...{ model: languageModel(model), prompt: "Weather?", tools, stopWhen: isStepCount(9) },
      onToolExecutionStart: ({ toolCall }) => void started.push(toolCall.toolCallId),
    });
    const deltas: string[] = [];
    for await (const part of result.stream) if (part.type === "text-delta") deltas.push(part.text);
    expect(deltas.join("")).toBe("Let me look.Snow in Oslo.");
    expect(await result.text).toBe("Snow in Oslo.");
    const steps = await result.steps;
    expect(steps.map(({ finishReason }) => finishReason)).toEqual(["tool-calls", "tool-calls", "tool-calls", "stop"]);
    expect(steps.flatMap(({ toolResults }) => toolResults.map(({ output }) => output))).toEqual(
      ["Oslo", "Rome", "Bonn", "Lima"].map((city) => ({ city, celsius: -3 })),
    );
    expect(started).toHaveLength(4);
    expect(await result.usage).toMatchObject({ inputTokens: 40, outputTokens: 20 });
    expect(server.requests).toHaveLength(4);
    for (const city of ["Oslo", "Rome", "Bonn", "Lima"]) expect(server.requests[3]?.body).toContain(city);
  });

  it("generateObject and Output.object return objects, also without the optional fields that strict mode adds", async () => {
    const schema = z.object({ name: z.string(), month: z.string().optional() });
    const answer = { text: wire.startsWith("openai") ? '{"name":"Rest","month":null}' : '{"name":"Rest"}' };
    const { model, server } = await modelThat(wire, [answer, answer, { text: '{"name":"Rest"}' }]);
    const shared = { model: languageModel(model), prompt: "Invent a holiday." };
    expect((await generateObject({ ...shared, schema })).object).toEqual({ name: "Rest" });
    expect((await generateText({ ...shared, output: Output.object({ schema }) })).output).toEqual({ name: "Rest" });
    const streamed = streamObject({ ...shared, schema });
    const partials = [];
    for await (const partial of streamed.partialObjectStream) partials.push(partial);
    expect(partials.at(-1)).toEqual({ name: "Rest" });
    expect(await streamed.object).toEqual({ name: "Rest" });
    expect(server.requests).toHaveLength(3);
    expect(server.requests.every(({ body }) => body.includes("month"))).toBe(true);
  });

  it.each([500, 429, 401])("a failure with status %i is the ModelError, after one request", async (status) => {
    const server = await serving(() => ({ status, body: '{"error":{"message":"no"}}' }));
    const model = languageModel(modelAt(wire, server.origin));
    const codes = { 500: "server_error", 429: "rate_limited", 401: "unauthorized" };
    const code = codes[status as keyof typeof codes];
    await expect(generateText({ model, prompt: "Hi" })).rejects.toSatisfy((error) =>
      isModelError(error, code as never),
    );
    expect(server.requests).toHaveLength(1);
    const errors: unknown[] = [];
    const result = streamText({ model, prompt: "Hi", onError: ({ error }) => void errors.push(error) });
    await result.consumeStream();
    expect(errors).toSatisfy(([error]) => isModelError(error, code as never));
    expect(server.requests).toHaveLength(2);
  });

  it("a stream that breaks off keeps its text and reports the ModelError", async () => {
    const server = await serving(() => ({ ...unfinishedStream(wire), cut: true }));
    const result = streamText({ model: languageModel(modelAt(wire, server.origin)), prompt: "Hi", onError: () => {} });
    const parts = [];
    for await (const part of result.stream) parts.push(part);
    expect(parts.some((part) => part.type === "text-delta" && part.text === "fine")).toBe(true);
    expect(parts.find(({ type }) => type === "error")).toMatchObject({ error: { code: "stream_truncated" } });
    expect(server.requests).toHaveLength(1);
  });
});

it("a stream that cannot start again has the attempts and the id of its call", async () => {
  const server = await serving(() => ({ ...unfinishedStream("openai"), cut: true }));
  const model = languageModel(modelAt("openai", server.origin, 'on_break = "restart"\nnum_retries = 1'));
  const errors: unknown[] = [];
  const result = streamText({ model, prompt: "Hi", onError: ({ error }) => void errors.push(error) });
  await result.consumeStream();
  const failed = { code: "stream_truncated", callId: expect.any(String), attempts: [{ outcome: "error" }] };
  expect(errors).toMatchObject([failed]);
});

describe("abort", () => {
  it("ends a stream with an abort part, and closes the socket", async () => {
    const server = await serving(() => ({ ...unfinishedStream("openai"), stall: true }));
    const controller = new AbortController();
    const aborted: unknown[] = [];
    const result = streamText({
      ...{ model: languageModel(modelAt("openai", server.origin)), prompt: "Hi", abortSignal: controller.signal },
      onAbort: () => void aborted.push(true),
    });
    const types: string[] = [];
    for await (const part of result.stream) {
      types.push(part.type);
      if (part.type === "text-delta") controller.abort();
    }
    expect(types.at(-1)).toBe("abort");
    expect(aborted).toHaveLength(1);
    await server.allClosed();
  });

  it("rejects generateText, and closes the socket", async () => {
    const server = await serving(() => undefined);
    const controller = new AbortController();
    const model = languageModel(modelAt("anthropic", server.origin));
    const answer = generateText({ model, prompt: "Hi", abortSignal: controller.signal });
    await expect.poll(() => server.requests.length).toBe(1);
    controller.abort();
    await expect(answer).rejects.toMatchObject({ code: "aborted" });
    await server.allClosed();
  });

  it("of a reader that leaves the stream closes the socket", async () => {
    const server = await serving(() => ({ ...unfinishedStream("google"), stall: true }));
    const { stream } = await languageModel(modelAt("google", server.origin)).doStream({
      prompt: [{ role: "user", content: [{ type: "text", text: "Hi" }] }],
    });
    for await (const part of stream) if (part.type === "text-delta") break;
    await server.allClosed();
  });
});

describe("warnings", () => {
  it("report every adjustment, of an answer and of a stream", async () => {
    const { model } = await modelThat("anthropic", [{ text: "one" }, { text: "two" }]);
    const call = { model: languageModel(model), prompt: "Hi", seed: 7, frequencyPenalty: 1 };
    const expected = ["seed", "frequency_penalty"].map((feature) =>
      expect.objectContaining({ type: "unsupported", feature, details: expect.any(String) }),
    );
    expect((await generateText(call)).warnings).toEqual(expect.arrayContaining(expected));
    expect(await streamText(call).warnings).toEqual(expect.arrayContaining(expected));
  });

  it("report tools of a provider and examples, which are not sent", async () => {
    const { model, server } = await modelThat("openai", [{ text: "one" }]);
    const { warnings } = await languageModel(model).doGenerate({
      prompt: [{ role: "user", content: [{ type: "text", text: "Hi" }] }],
      tools: [
        { type: "provider", id: "openai.web_search", name: "search", args: {} },
        { type: "function", name: "f", inputSchema: { type: "object" }, inputExamples: [{ input: { a: 1 } }] },
      ],
    });
    expect(warnings).toMatchObject([
      { type: "unsupported", feature: "provider-defined tool openai.web_search" },
      { type: "unsupported", feature: "inputExamples of tool f" },
    ]);
    expect(bodyOf(server.requests[0]).tools).toHaveLength(1);
  });
});

describe("options", () => {
  it("of providerOptions.modelwright are checked like those of a call", async () => {
    const { model, server } = await modelThat("openai", []);
    const ask = (modelwright: Record<string, number>) =>
      generateText({ model: languageModel(model), prompt: "Hi", providerOptions: { modelwright } });
    await expect(ask({ temprature: 1 })).rejects.toThrow('did you mean "temperature"');
    await expect(ask({ samples: 2 })).rejects.toThrow("one answer for each call");
    const own = { modelwright: { extraHeaders: "abc" } };
    const headers = generateText({
      ...{ model: languageModel(model), prompt: "Hi", headers: { a: "1" }, providerOptions: own },
    });
    await expect(headers).rejects.toThrow("extraHeaders");
    expect(server.requests).toHaveLength(0);
  });

  it("of a strict tool: its arguments lose the nulls that strict mode adds", async () => {
    const args = { city: "Oslo", day: null };
    const { model } = await modelThat("openai", Array(2).fill({ calls: [{ id: "c1", name: "weather", args }] }));
    const inputSchema = z.object({ city: z.string(), day: z.string().optional() });
    const strict = { weather: tool({ inputSchema, strict: true, execute: () => "snow" }) };
    const call = { model: languageModel(model), prompt: "Hi", tools: strict };
    for (const toolCalls of [(await generateText(call)).toolCalls, await streamText(call).toolCalls])
      expect(toolCalls).toMatchObject([{ input: { city: "Oslo" } }]);
  });

  it("ask for the provider's own chunks", async () => {
    const { model } = await modelThat("openai", [{ text: "one" }]);
    const result = streamText({ model: languageModel(model), prompt: "Hi", include: { rawChunks: true } });
    const raws = [];
    for await (const part of result.stream) if (part.type === "raw") raws.push(part.rawValue);
    expect(raws.length).toBeGreaterThan(1);
    expect(raws[0]).toMatchObject({ object: "chat.completion.chunk" });
  });

  it("refuse something else than a model", () => {
    expect(() => languageModel({ name: "coder" } as never)).toThrow("languageModel: needs a model of factory.create()");
    const factory = ModelFactory.parse('[models.coder]\nname = "gpt-6-luna"\nprovider = "simulator"');
    expect(() => languageModel(factory as never)).toThrow("factory.create(), not the factory itself");
  });
});
