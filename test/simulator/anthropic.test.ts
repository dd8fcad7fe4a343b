import type Anthropic from "@anthropic-ai/sdk";
import { describe, expect, it } from "vitest";
import { bench, collect, PERSON_SCHEMA, PIXEL, TIME_SCHEMA, WEATHER_SCHEMA } from "./sdk-clients.ts";

const MODEL = "claude-sonnet-5";
const asked = (content: string) => [{ role: "user" as const, content }];
const tool = (name: string, description: string, schema: object): Anthropic.Tool => ({
  name,
  description,
  input_schema: schema as Anthropic.Tool.InputSchema,
});
const WEATHER = tool("get_weather", "Current weather of a city", WEATHER_SCHEMA);
const TIME = tool("get_time", "Local time in a zone", TIME_SCHEMA);

function textOf(message: Anthropic.Message): string {
  return message.content.map((block) => (block.type === "text" ? block.text : "")).join("");
}

describe("the simulated messages API, called by the Anthropic SDK", () => {
  it("answers with text that is labeled as simulated", async () => {
    const { anthropic } = await bench();
    const { data, request_id } = await anthropic.messages
      .create({ model: MODEL, max_tokens: 500, messages: asked("Why is the sky blue?"), system: "Be brief" })
      .withResponse();
    expect(textOf(data)).toMatch(/simulated.*Why is the sky blue\?/s);
    expect(data.stop_reason).toBe("end_turn");
    expect(request_id).toMatch(/^req_/);
  });

  it("streams the events in order and ends with the same message", async () => {
    const { anthropic } = await bench();
    const body = {
      model: MODEL,
      max_tokens: 500,
      messages: asked("Why is the sky blue?"),
      thinking: { type: "adaptive" as const },
    };
    const whole = await anthropic.messages.create(body);
    const events = await collect(await anthropic.messages.create({ ...body, stream: true }));
    const kinds = events
      .map((event) => (event.type === "content_block_delta" ? event.delta.type : event.type))
      .filter((type, index, all) => type !== all[index - 1]);
    expect(kinds).toEqual([
      "message_start",
      "content_block_start",
      "thinking_delta",
      "signature_delta",
      "content_block_stop",
      "content_block_start",
      "text_delta",
      "content_block_stop",
      "message_delta",
      "message_stop",
    ]);
    const joined = await anthropic.messages.stream(body).finalMessage();
    expect(joined.content).toEqual(whole.content);
    expect(joined.usage).toMatchObject({
      input_tokens: whole.usage.input_tokens,
      output_tokens: whole.usage.output_tokens,
    });
    expect(whole.usage.output_tokens_details?.thinking_tokens).toBeGreaterThan(0);
  });

  it("calls the tools that the prompt names and quotes their results", async () => {
    const { anthropic } = await bench();
    const messages = asked("Use get_weather and get_time for Berlin");
    const body = { model: MODEL, max_tokens: 500, tools: [WEATHER, TIME] };
    const first = await anthropic.messages.create({ ...body, messages });
    const streamed = await anthropic.messages.stream({ ...body, messages }).finalMessage();
    const calls = first.content.filter((block) => block.type === "tool_use");
    expect(first.stop_reason).toBe("tool_use");
    expect(calls.map((call) => call.name)).toEqual(["get_weather", "get_time"]);
    expect(calls[0]?.input).toMatchObject({ city: "Berlin" });
    expect(streamed.content).toEqual(first.content);
    const results = calls.map((call) => ({
      type: "tool_result" as const,
      tool_use_id: call.id,
      content: `${call.name} ok`,
    }));
    const second = await anthropic.messages.create({
      ...body,
      messages: [...messages, { role: "assistant", content: first.content }, { role: "user", content: results }],
    });
    expect(textOf(second)).toMatch(/simulated.*get_weather answered get_weather ok; get_time answered get_time ok/s);
  });

  it("calls one tool when parallel use is disabled or a tool is forced", async () => {
    const { anthropic } = await bench();
    const called = async (tool_choice: Anthropic.ToolChoice) => {
      const reply = await anthropic.messages.create({
        model: MODEL,
        max_tokens: 500,
        messages: asked("Use get_weather and get_time for Berlin"),
        tools: [WEATHER, TIME],
        tool_choice,
      });
      return reply.content.map((block) => (block.type === "tool_use" ? block.name : block.type));
    };
    expect(await called({ type: "auto", disable_parallel_tool_use: true })).toEqual(["get_weather"]);
    expect(await called({ type: "tool", name: "get_time" })).toEqual(["get_time"]);
    expect(await called({ type: "none" })).toEqual(["text"]);
  });

  it("returns JSON that satisfies output_config.format", async () => {
    const { anthropic } = await bench();
    const reply = await anthropic.messages.create({
      model: MODEL,
      max_tokens: 500,
      messages: asked("Invent a person"),
      output_config: { format: { type: "json_schema", schema: PERSON_SCHEMA } },
    });
    expect(JSON.parse(textOf(reply))).toMatchObject({ age: expect.any(Number), tags: expect.any(Array) });
  });

  it("signs thinking, accepts it back, and rejects it if it was changed", async () => {
    const { anthropic } = await bench();
    const ask = { model: MODEL, max_tokens: 4000, thinking: { type: "enabled" as const, budget_tokens: 2000 } };
    const first = await anthropic.messages.create({ ...ask, messages: asked("Think") });
    const [thinking, ...rest] = first.content;
    if (thinking?.type !== "thinking") throw new Error("expected thinking");
    const next = (signature: string) =>
      anthropic.messages.create({
        ...ask,
        messages: [
          ...asked("Think"),
          { role: "assistant", content: [{ ...thinking, signature }, ...rest] },
          ...asked("Go on"),
        ],
      });
    await expect(next(thinking.signature)).resolves.toMatchObject({ stop_reason: "end_turn" });
    await expect(next(`${thinking.signature}x`)).rejects.toThrow(/Invalid `signature` in `thinking` block/);
  });

  it("omits the thinking text and keeps its signature", async () => {
    const { anthropic } = await bench();
    const thinking = { type: "adaptive" as const, display: "omitted" as const };
    const first = await anthropic.messages.create({
      model: MODEL,
      max_tokens: 500,
      messages: asked("Think"),
      thinking,
    });
    expect(first.content[0]).toMatchObject({
      type: "thinking",
      thinking: "",
      signature: expect.stringMatching(/.{20}/),
    });
    const messages = [...asked("Think"), { role: "assistant" as const, content: first.content }, ...asked("Go on")];
    const second = await anthropic.messages.create({ model: MODEL, max_tokens: 500, messages, thinking });
    expect(textOf(second)).toContain("Go on");
  });

  it("redacts thinking if the answer says so, and rejects changed data", async () => {
    const { anthropic, simulator } = await bench();
    simulator.script({ answer: { text: "Done", reasoning: "secret", redacted: true } });
    const first = await anthropic.messages
      .stream({ model: MODEL, max_tokens: 500, messages: asked("Think") })
      .finalMessage();
    const [block, text] = first.content;
    if (block?.type !== "redacted_thinking" || text === undefined)
      throw new Error("expected redacted thinking and text");
    const next = (data: string) =>
      anthropic.messages.create({
        model: MODEL,
        max_tokens: 500,
        messages: [...asked("Think"), { role: "assistant", content: [{ ...block, data }, text] }, ...asked("Go on")],
      });
    await expect(next(block.data)).resolves.toMatchObject({ stop_reason: "end_turn" });
    await expect(next(`x${block.data}`)).rejects.toThrow(/Invalid `data` in `redacted_thinking`/);
  });

  it("writes a marked prefix to the cache once, then reads it", async () => {
    const { anthropic } = await bench();
    const usage = async (question: string, ttl: "5m" | "1h") => {
      const system = [
        { type: "text" as const, text: `Rivers. ${ttl}`, cache_control: { type: "ephemeral" as const, ttl } },
      ];
      const reply = await anthropic.messages.create({
        model: MODEL,
        max_tokens: 100,
        messages: asked(question),
        system,
      });
      return reply.usage;
    };
    const first = await usage("First?", "5m");
    const second = await usage("Second?", "5m");
    expect(first.cache_read_input_tokens).toBe(0);
    expect(first.cache_creation_input_tokens).toBeGreaterThan(0);
    expect(second.cache_read_input_tokens).toBe(first.cache_creation_input_tokens);
    expect(second.cache_creation_input_tokens).toBe(0);
    const whole = await anthropic.messages.countTokens({
      model: MODEL,
      messages: asked("First?"),
      system: "Rivers. 5m",
    });
    expect(first.input_tokens + (first.cache_creation_input_tokens ?? 0)).toBe(whole.input_tokens);
    expect((await usage("First?", "1h")).cache_creation?.ephemeral_1h_input_tokens).toBeGreaterThan(0);
  });

  it("stops at max_tokens and at a stop sequence, with the token count of the counting endpoint", async () => {
    const { anthropic } = await bench();
    const body = { model: MODEL, messages: asked("Rivers"), system: "Be brief" };
    const cut = await anthropic.messages.create({ ...body, max_tokens: 5 });
    const stopped = await anthropic.messages.create({ ...body, max_tokens: 500, stop_sequences: ["laude"] });
    const count = await anthropic.messages.countTokens(body);
    expect(cut).toMatchObject({
      stop_reason: "max_tokens",
      usage: { output_tokens: 5, input_tokens: count.input_tokens },
    });
    expect(stopped).toMatchObject({ stop_reason: "stop_sequence", stop_sequence: "laude" });
    expect(textOf(stopped)).toBe("[simulated c");
  });

  it("mentions images and documents", async () => {
    const { anthropic } = await bench();
    const content: Anthropic.ContentBlockParam[] = [
      { type: "image", source: { type: "base64", media_type: "image/png", data: PIXEL } },
      {
        type: "document",
        title: "report.pdf",
        source: { type: "base64", media_type: "application/pdf", data: "JVBERg==" },
      },
      { type: "text", text: "What do you see?" },
    ];
    const reply = await anthropic.messages.create({
      model: MODEL,
      max_tokens: 500,
      messages: [{ role: "user", content }],
    });
    expect(textOf(reply)).toContain("2 attachments: image/png, report.pdf");
  });

  it("returns a scripted refusal with stop_reason and details", async () => {
    const { anthropic, simulator } = await bench();
    simulator.script({ kind: "refusal" });
    const reply = await anthropic.messages.create({ model: MODEL, max_tokens: 500, messages: asked("Hello") });
    expect(reply).toMatchObject({ stop_reason: "refusal", stop_details: { type: "refusal" } });
  });
});
