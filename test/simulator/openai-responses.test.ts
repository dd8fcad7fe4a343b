import { describe, expect, it } from "vitest";
import { bench, collect, PERSON_SCHEMA, PIXEL, WEATHER_SCHEMA } from "./sdk-clients.ts";

const MODEL = "gpt-5";
const WEATHER = {
  type: "function" as const,
  name: "get_weather",
  description: "Weather",
  parameters: WEATHER_SCHEMA,
  strict: true,
};

describe("the simulated responses API, called by the openai SDK", () => {
  it("answers with text that is labeled as simulated", async () => {
    const { openai } = await bench();
    const reply = await openai.responses.create({
      model: MODEL,
      input: "Why is the sky blue?",
      instructions: "Be brief",
    });
    expect(reply.output_text).toMatch(/simulated.*Why is the sky blue\?/s);
    expect(reply.status).toBe("completed");
    expect(reply.usage?.total_tokens).toBe((reply.usage?.input_tokens ?? 0) + (reply.usage?.output_tokens ?? 0));
  });

  it("streams numbered events in order, with the same result", async () => {
    const { openai } = await bench();
    const body = {
      model: MODEL,
      input: "Tell me about rivers",
      reasoning: { effort: "low" as const, summary: "auto" as const },
    };
    const whole = await openai.responses.create(body);
    const events = await collect(await openai.responses.create({ ...body, stream: true }));
    const kinds = events.map((event) => event.type).filter((type, index, all) => type !== all[index - 1]);
    expect(kinds).toEqual([
      "response.created",
      "response.in_progress",
      "response.output_item.added",
      "response.reasoning_summary_part.added",
      "response.reasoning_summary_text.delta",
      "response.reasoning_summary_text.done",
      "response.reasoning_summary_part.done",
      "response.output_item.done",
      "response.output_item.added",
      "response.content_part.added",
      "response.output_text.delta",
      "response.output_text.done",
      "response.content_part.done",
      "response.output_item.done",
      "response.completed",
    ]);
    expect(events.map((event) => (event as { sequence_number: number }).sequence_number)).toEqual(
      events.map((_, index) => index),
    );
    const text = events.map((event) => (event.type === "response.output_text.delta" ? event.delta : "")).join("");
    expect(text).toBe(whole.output_text);
    const last = events.at(-1);
    expect(last?.type === "response.completed" && last.response.usage).toEqual(whole.usage);
  });

  it("calls a tool and accepts its output in the next request, by history or by id", async () => {
    const { openai } = await bench();
    const input = "What is the weather in Oslo?";
    const first = await openai.responses.create({ model: MODEL, input, tools: [WEATHER] });
    const call = first.output[0];
    if (call?.type !== "function_call") throw new Error("expected a function call");
    expect(JSON.parse(call.arguments)).toMatchObject({ city: "Oslo" });
    const output = { type: "function_call_output" as const, call_id: call.call_id, output: "snow" };
    const byHistory = await openai.responses.create({
      model: MODEL,
      input: [{ role: "user", content: input }, call, output],
      tools: [WEATHER],
    });
    const byId = await openai.responses.create({
      model: MODEL,
      input: [output],
      previous_response_id: first.id,
      tools: [WEATHER],
    });
    expect(byHistory.output_text).toMatch(/simulated.*get_weather answered snow/s);
    expect(byId.output_text).toBe(byHistory.output_text);
  });

  it("streams a tool call with its arguments in chunks", async () => {
    const { openai } = await bench();
    const body = { model: MODEL, input: "Weather in Oslo", tools: [WEATHER], tool_choice: "required" as const };
    const events = await collect(await openai.responses.create({ ...body, stream: true }));
    const deltas = events.map((event) => (event.type === "response.function_call_arguments.delta" ? event.delta : ""));
    const done = events.find((event) => event.type === "response.function_call_arguments.done");
    expect(deltas.filter((delta) => delta !== "").length).toBeGreaterThan(1);
    expect(done?.arguments).toBe(deltas.join(""));
  });

  it("returns JSON that satisfies text.format", async () => {
    const { openai } = await bench();
    const reply = await openai.responses.create({
      model: MODEL,
      input: "Invent a person",
      text: { format: { type: "json_schema", name: "person", schema: PERSON_SCHEMA, strict: true } },
    });
    expect(JSON.parse(reply.output_text)).toMatchObject({
      age: expect.any(Number),
      name: expect.stringContaining("simulated"),
    });
  });

  it("returns encrypted reasoning, accepts it back, and rejects it if it was changed", async () => {
    const { openai } = await bench();
    const ask = {
      model: MODEL,
      store: false,
      include: ["reasoning.encrypted_content" as const],
      reasoning: { effort: "high" as const },
    };
    const first = await openai.responses.create({ ...ask, input: "Think" });
    const [item, message] = first.output;
    if (item?.type !== "reasoning" || message?.type !== "message") throw new Error("expected reasoning and a message");
    expect(item.summary).toEqual([]);
    const sealed = item.encrypted_content ?? "";
    const next = (encrypted_content: string) =>
      openai.responses.create({
        ...ask,
        input: [
          { role: "user", content: "Think" },
          { ...item, encrypted_content },
          message,
          { role: "user", content: "Go on" },
        ],
      });
    await expect(next(sealed)).resolves.toMatchObject({ status: "completed" });
    const tampered = (sealed.startsWith("A") ? "B" : "A") + sealed.slice(1);
    await expect(next(tampered)).rejects.toMatchObject({ status: 400, code: "invalid_encrypted_content" });
  });

  it("ends incomplete at the token limit", async () => {
    const { openai } = await bench();
    const body = { model: MODEL, input: "Tell me about rivers", max_output_tokens: 16 };
    const reply = await openai.responses.create(body);
    const events = await collect(await openai.responses.create({ ...body, stream: true }));
    expect(reply).toMatchObject({ status: "incomplete", incomplete_details: { reason: "max_output_tokens" } });
    expect(reply.usage?.output_tokens).toBe(16);
    expect(events.at(-1)?.type).toBe("response.incomplete");
  });

  it("reports the same input tokens from the counting endpoint and the call", async () => {
    const { openai } = await bench();
    const body = { model: MODEL, input: "What is the weather in Oslo?", instructions: "Be brief", tools: [WEATHER] };
    const count = await openai.responses.inputTokens.count(body);
    const reply = await openai.responses.create(body);
    expect(count.input_tokens).toBe(reply.usage?.input_tokens);
  });

  it("mentions images and files", async () => {
    const { openai } = await bench();
    const reply = await openai.responses.create({
      model: MODEL,
      input: [
        {
          role: "user",
          content: [
            { type: "input_text", text: "What do you see?" },
            { type: "input_image", image_url: `data:image/png;base64,${PIXEL}`, detail: "auto" },
            { type: "input_file", filename: "report.pdf", file_data: "data:application/pdf;base64,JVBERg==" },
          ],
        },
      ],
    });
    expect(reply.output_text).toContain("2 attachments: image/png, report.pdf");
  });

  it("returns a scripted refusal with text", async () => {
    const { openai, simulator } = await bench();
    simulator.script({ kind: "refusal", times: 2 });
    const reply = await openai.responses.create({ model: MODEL, input: "Hello" });
    const events = await collect(await openai.responses.create({ model: MODEL, input: "Hello", stream: true }));
    const message = reply.output[0];
    expect(message?.type === "message" && message.content[0]?.type).toBe("refusal");
    expect(events.some((event) => event.type === "response.refusal.delta")).toBe(true);
  });
});
