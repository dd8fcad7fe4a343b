import {
  AIMessage,
  type AIMessageChunk,
  type AIMessageFields,
  type BaseMessage,
  HumanMessage,
  SystemMessage,
  ToolMessage,
} from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import { concat } from "@langchain/core/utils/stream";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { isModelError } from "../../src/index.ts";
import { chatModel } from "../../src/interop/langchain.ts";
import { modelAt, serving } from "../harness/ask.ts";
import { failureOf } from "../harness/outcomes.ts";
import { unfinishedStream } from "../harness/small-answers.ts";
import type { WrittenAnswer } from "../harness/written-answer.ts";
import { bodyOf, FOUR_STEPS, modelThat } from "./conversation.ts";

const weather = tool(({ city }) => `snow in ${city}`, {
  name: "weather",
  description: "Weather of a city",
  schema: z.object({ city: z.string() }),
});

async function joined(stream: AsyncIterable<AIMessageChunk>): Promise<AIMessageChunk> {
  let whole: AIMessageChunk | undefined;
  for await (const chunk of stream) whole = whole === undefined ? chunk : concat(whole, chunk);
  return whole as AIMessageChunk;
}

it("chatModel refuses params that are not an object", async () => {
  const { model } = await modelThat("openai", []);
  expect(() => chatModel(model, null as never)).toThrow("chatModel: params must be an object");
});

describe.each(["openai", "anthropic"] as const)("a chat model of LangChain on the %s wire", (wire) => {
  it("invoke answers with usage and cost, in one request with the options", async () => {
    const { model, server } = await modelThat(wire, [{ text: "Fine." }], "pricing = { input = 1, output = 2 }");
    const answer = await chatModel(model).invoke(
      [new SystemMessage("Be brief."), new HumanMessage({ content: [{ type: "text", text: "How are you?" }] })],
      { stop: ["END"], modelwright: { maxNewTokens: 77 } },
    );
    expect(answer.content).toBe("Fine.");
    expect(answer.usage_metadata).toMatchObject({ input_tokens: 10, output_tokens: 5, total_tokens: 15 });
    expect(answer.response_metadata).toMatchObject({
      model_name: "asked",
      finish_reason: "stop",
      modelwright: { cost: { usd: 0.00002 }, attempts: [{ outcome: "ok" }], callId: expect.any(String) },
    });
    expect(server.requests).toHaveLength(1);
    for (const value of ["Be brief.", "How are you?", "END", "77"]) expect(server.requests[0]?.body).toContain(value);
  });

  it("stream gives the same message, also of calls", async () => {
    const { model } = await modelThat(wire, [FOUR_STEPS[0] ?? {}, FOUR_STEPS[0] ?? {}]);
    const llm = chatModel(model).bindTools([weather]);
    const [streamed, invoked] = [await joined(await llm.stream("Weather?")), await llm.invoke("Weather?")];
    expect(streamed.text).toBe("Let me look.");
    expect(streamed.tool_calls).toEqual(invoked.tool_calls);
    expect(streamed.tool_calls).toMatchObject([
      { id: "c1", name: "weather", args: { city: "Oslo" } },
      { id: "c2", name: "weather", args: { city: "Rome" } },
    ]);
    expect(streamed.usage_metadata).toEqual(invoked.usage_metadata);
    expect(streamed.response_metadata).toMatchObject({ finish_reason: "tool_calls", model_name: "asked" });
  });

  it.each(["invoke", "stream", "streamEvents"] as const)("calls tools in a loop of %s", async (way) => {
    const { model, server } = await modelThat(wire, FOUR_STEPS);
    const plain = chatModel(model);
    const llm = plain.bindTools([weather]);
    const messages: BaseMessage[] = [new HumanMessage("Weather?")];
    const ask = async (): Promise<AIMessage> => {
      if (way === "invoke") return llm.invoke(messages);
      if (way === "stream") return joined(await llm.stream(messages));
      return plain.streamEvents(messages, { tools: [weather] });
    };
    for (;;) {
      const answer = await ask();
      messages.push(answer);
      if (answer.tool_calls?.length === 0) break;
      for (const call of answer.tool_calls ?? []) messages.push((await weather.invoke(call)) as ToolMessage);
    }
    expect(messages.at(-1)?.text).toBe("Snow in Oslo.");
    expect(server.requests).toHaveLength(4);
    for (const city of ["Oslo", "Rome", "Bonn", "Lima"]) expect(server.requests[3]?.body).toContain(`snow in ${city}`);
  });

  it.each(["jsonSchema", "functionCalling"] as const)("gives an object by %s", async (method) => {
    const schema = z.object({ name: z.string(), month: z.string().optional() });
    const args = { name: "Rest", ...(method === "jsonSchema" && wire === "openai" && { month: null }) };
    const answer: WrittenAnswer =
      method === "jsonSchema" ? { text: JSON.stringify(args) } : { calls: [{ id: "c1", name: "holiday", args }] };
    const { model, server } = await modelThat(wire, [answer, answer]);
    const config = { name: "holiday", method };
    expect(await chatModel(model).withStructuredOutput(schema, config).invoke("Invent.")).toEqual({ name: "Rest" });
    const both = await chatModel(model)
      .withStructuredOutput(schema, { ...config, includeRaw: true })
      .invoke("Invent.");
    expect(both.parsed).toEqual({ name: "Rest" });
    expect(AIMessage.isInstance(both.raw)).toBe(true);
    expect(server.requests.every(({ body }) => body.includes("month"))).toBe(true);
  });

  it("streamEvents gives text, usage and the callbacks of LangChain", async () => {
    const { model } = await modelThat(wire, [{ text: "Fine." }, { text: "Fine." }]);
    const stream = chatModel(model).streamEvents("Hi");
    expect(await stream.text).toBe("Fine.");
    expect(await stream).toMatchObject({ usage_metadata: { total_tokens: 15 } });
    const names = new Set<string>();
    for await (const { event } of chatModel(model).streamEvents("Hi", { version: "v2" })) names.add(event);
    expect([...names]).toEqual(["on_chat_model_start", "on_chat_model_stream", "on_chat_model_end"]);
  });

  it.each([500, 429])("a failure with status %i is the ModelError, after one request", async (status) => {
    const server = await serving(() => ({ status, body: '{"error":{"message":"no"}}' }));
    const llm = chatModel(modelAt(wire, server.origin));
    const code = status === 500 ? "server_error" : "rate_limited";
    await expect(llm.invoke("Hi")).rejects.toSatisfy((error) => isModelError(error, code));
    await expect(llm.stream("Hi").then(joined)).rejects.toSatisfy((error) => isModelError(error, code));
    expect(server.requests).toHaveLength(2);
  });

  it("a stream that cannot start again has the attempts and the id of its call", async () => {
    const server = await serving(() => ({ ...unfinishedStream(wire), cut: true }));
    const llm = chatModel(modelAt(wire, server.origin, 'on_break = "restart"\nnum_retries = 1'));
    const error = await failureOf(llm.stream("Hi").then(joined));
    expect(error).toMatchObject({ code: "stream_truncated", callId: expect.any(String) });
    expect(error.attempts[0]).toMatchObject({ outcome: "error" });
  });

  it("a signal ends a stream and closes the socket", async () => {
    const server = await serving(() => ({ ...unfinishedStream(wire), stall: true }));
    const controller = new AbortController();
    const stream = await chatModel(modelAt(wire, server.origin)).stream("Hi", { signal: controller.signal });
    const reading = (async () => {
      for await (const _ of stream) controller.abort();
    })();
    await expect(reading).rejects.toThrow();
    await server.allClosed();
  });
});

const SIGNED: Readonly<Record<"anthropic" | "google", WrittenAnswer>> = {
  anthropic: {
    reasoning: [
      { text: "Look.", signature: "c2lnbmVk" },
      { text: "", signature: "aGlkZGVu", redacted: true },
    ],
    text: "One moment.",
    calls: [{ id: "c1", name: "weather", args: { city: "Oslo" } }],
  },
  google: { calls: [{ id: "c1", name: "weather", args: { city: "Oslo" }, signature: "c2lnbmVk" }] },
};

describe.each(["anthropic", "google"] as const)("signatures on the %s wire", (wire) => {
  it.each(["invoke", "stream", "streamEvents"] as const)("return with the next call after %s", async (way) => {
    const { model, server } = await modelThat(wire, [SIGNED[wire], { text: "Snow." }, { text: "Snow." }]);
    const llm = chatModel(model);
    const asked = { tools: [weather] };
    const answer: AIMessage =
      way === "invoke"
        ? await llm.invoke("Weather?", asked)
        : way === "stream"
          ? await joined(await llm.stream("Weather?", asked))
          : await llm.streamEvents("Weather?", asked);
    const kept = answer.contentBlocks.filter(({ type }) => type === "reasoning");
    if (wire === "anthropic") expect(kept).toMatchObject([{ reasoning: "Look." }]);
    const result = new ToolMessage({ content: "snow", tool_call_id: "c1" });
    await llm.invoke([new HumanMessage("Weather?"), answer, result], asked);
    const sent = bodyOf(server.requests[1]);
    if (wire === "google") expect(sent.contents[1].parts[0]).toMatchObject({ thoughtSignature: "c2lnbmVk" });
    else
      expect(sent.messages[1].content).toMatchObject([
        { type: "thinking", thinking: "Look.", signature: "c2lnbmVk" },
        { type: "redacted_thinking", data: "aGlkZGVu" },
        { type: "text", text: "One moment." },
        { type: "tool_use", id: "c1", input: { city: "Oslo" } },
      ]);
    // What a program changes is sent as it changed it.
    const call = { id: "c1", name: "weather", args: { city: "Rome" } };
    const edited = new AIMessage({
      ...answer,
      content: answer.content,
      tool_calls: [call],
    } as object as AIMessageFields);
    await llm.invoke([new HumanMessage("Weather?"), edited, result], asked);
    expect(server.requests[2]?.body).toContain("Rome");
    expect(server.requests[2]?.body).not.toContain("Oslo");
  });
});

it("content blocks of LangChain, OpenAI and Anthropic are sent", async () => {
  const { model, server } = await modelThat("anthropic", [{ text: "Nice." }]);
  const content = [
    { type: "text", text: "See", cache_control: { type: "ephemeral" } },
    { type: "image", mimeType: "image/png", data: "AQID" },
    { type: "image", source_type: "base64", mime_type: "image/png", data: "BAUG" },
    { type: "image_url", image_url: { url: "data:image/png;base64,BwgJ" } },
    { type: "image", source: { type: "url", url: "https://host/a.png" } },
    { type: "file", mimeType: "application/pdf", data: new Uint8Array([1, 2, 3]) },
  ];
  await chatModel(model).invoke([new HumanMessage({ content })]);
  const [{ content: sent }] = bodyOf(server.requests[0]).messages;
  expect(sent).toMatchObject([
    { type: "text", text: "See", cache_control: { type: "ephemeral" } },
    ...["AQID", "BAUG", "BwgJ"].map((data) => ({ type: "image", source: { data } })),
    { type: "image", source: { type: "url", url: "https://host/a.png" } },
    { type: "document", source: { data: "AQID" } },
  ]);
});

it("a block without a counterpart is refused, and nothing is sent", async () => {
  const { model, server } = await modelThat("openai", []);
  const asked = chatModel(model).invoke([new HumanMessage({ content: [{ type: "video", url: "https://host/a" }] })]);
  await expect(asked).rejects.toThrow('messages[0].content[0]: a block of type "video" is not supported');
  const many = chatModel(model).invoke("Hi", { modelwright: { samples: 2 } });
  await expect(many).rejects.toThrow("modelwright.samples: LangChain reads one answer for each call");
  expect(() => chatModel({} as never)).toThrow("chatModel: needs a model of factory.create()");
  expect(server.requests).toHaveLength(0);
});

describe("what LangChain does not check", () => {
  const message = (more: object) => Object.assign(new HumanMessage("Hi"), more);
  const given = (content: unknown) => [[message({ content })], {}] as const;
  it.each([
    ["messages[0].content: expected a string", ...given(null)],
    ["messages[0].content: expected a string", ...given(7)],
    ["messages[0].content[0]: expected a content block, got null", ...given([null])],
    ["messages[0].content[0]: expected", [Object.assign(new AIMessage("Hi"), { content: [null] })], {}],
    ["messages[0].tool_calls[0]: expected", [Object.assign(new AIMessage("Hi"), { tool_calls: [null] })], {}],
    ["tool_choice: expected a string or an object, got null", [message({})], { tools: [weather], tool_choice: null }],
    ["tools[0]: expected a tool, got null", [message({})], { tools: [null] }],
  ])("is refused with its place: %s", async (words, messages, options) => {
    const { model, server } = await modelThat("openai", []);
    const error = await failureOf(chatModel(model).invoke([...messages] as BaseMessage[], options as object));
    expect(error).toMatchObject({ code: "invalid_request", message: expect.stringContaining(words) });
    expect(server.requests).toHaveLength(0);
  });

  it("a message without metadata is sent", async () => {
    const { model } = await modelThat("openai", [{ text: "Fine." }]);
    const bare = Object.assign(new AIMessage("Hi"), { additional_kwargs: undefined, response_metadata: undefined });
    expect((await chatModel(model).invoke([bare, new HumanMessage("How?")])).text).toBe("Fine.");
  });

  it("a call that LangChain could not parse is sent with its result", async () => {
    const { model, server } = await modelThat("openai", [{ text: "Snow." }]);
    const calls = ["c1", "c2"].map((id) => ({
      id,
      name: "weather",
      args: '{"city"',
      type: "invalid_tool_call" as const,
    }));
    const said = new AIMessage({ content: "", invalid_tool_calls: calls });
    const result = new ToolMessage({ content: "not JSON", tool_call_id: "c1" });
    await chatModel(model).invoke([new HumanMessage("Weather?"), said, result]);
    // The other one has no result, which no provider accepts.
    expect(bodyOf(server.requests[0]).messages[1].tool_calls).toMatchObject([
      { id: "c1", function: { name: "weather" } },
    ]);
  });
});

describe("an answer that is not the object", () => {
  const schema = { title: "t", type: "object", properties: { name: { type: "string" } }, required: ["name"] };
  const zod = z.object({ name: z.string() });
  it.each([
    ["invalid_output", "not JSON", { text: '{"name":' }, schema, "jsonSchema"],
    ["invalid_output", "required property", { text: '{"b":1}' }, schema, "jsonSchema"],
    ["invalid_output", "expected string", { text: '{"b":1}' }, zod, "jsonMode"],
    [
      "invalid_output",
      'no call of the tool "t"',
      { calls: [{ id: "c1", name: "x", args: {} }] },
      schema,
      "functionCalling",
    ],
    ["invalid_output", "required property", { calls: [{ id: "c1", name: "t", args: {} }] }, schema, "functionCalling"],
    ["refused", "declined: I cannot", { text: "I cannot", reason: "refusal" }, schema, "jsonSchema"],
  ] as const)("is %s (%s), with attempts and their cost", async (code, words, answer, wanted, method) => {
    const wire = code === "refused" ? "anthropic" : "openai";
    const { model } = await modelThat(wire, [answer as WrittenAnswer], "pricing = { input = 1, output = 2 }");
    const llm = chatModel(model).withStructuredOutput(wanted as object, { method });
    const error = await failureOf(llm.invoke("Invent."));
    expect(error).toMatchObject({ code, message: expect.stringContaining(words), callId: expect.any(String) });
    expect(error.attempts).toMatchObject([{ cost: { usd: 0.00002 } }]);
  });

  it("needs a schema", async () => {
    const { model } = await modelThat("openai", []);
    for (const wrong of [null, "x", []])
      expect(() => chatModel(model).withStructuredOutput(wrong as never)).toThrow(
        "withStructuredOutput: needs a schema",
      );
  });
});
