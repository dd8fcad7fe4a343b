import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { ModelError } from "../../src/core/error.ts";
import type { ModelEvent } from "../../src/core/event.ts";
import type { ModelStream } from "../../src/model/stream.ts";
import { serving } from "../harness/ask.ts";
import { chunk, looping, modelAt, SPLITS, saying, sse } from "./world.ts";

async function readAll(stream: ModelStream) {
  const events: ModelEvent[] = [];
  try {
    for await (const event of stream) events.push(event);
  } catch (error) {
    return { events, error: error as ModelError };
  }
  return { events, error: undefined };
}

const textOf = (events: readonly ModelEvent[]) =>
  events.map((event) => (event.type === "text-delta" ? event.text : "")).join("");
const times = (count: number, event: unknown) => sse(...Array<unknown>(count).fill(event));
const THE = chunk({ content: " the" });

describe("an endlessly repeated chunk", () => {
  it("ends the stream at the hundredth, closes the socket, and records estimated usage", async () => {
    const server = await looping(sse(chunk({ content: "On" })), sse(THE));
    const { events, error } = await readAll(modelAt(server.origin, "num_retries = 3").stream("hi"));
    await server.closed.promise;
    expect(error).toMatchObject({ code: "degenerate_output", partial: { text: "On the" } });
    expect(textOf(events)).toBe(`On${" the".repeat(99)}`);
    expect(server.requests).toBe(1);
    expect(error?.attempts).toMatchObject([{ outcome: "error", possiblyBilled: true, usage: { estimated: true } }]);
    expect(error?.attempts[0]?.usage?.output).toBeGreaterThan(20);
  });

  it("is an answer with only ninety-nine", async () => {
    const body = times(99, THE) + sse(chunk({}, "stop"), "[DONE]");
    for (const pieceBytes of SPLITS) {
      const server = await saying({ body, pieceBytes });
      expect((await modelAt(server.origin).stream("hi").reply).text).toBe(" the".repeat(99));
    }
  });

  it("is the same error for any chunks and for codegen, and a fallback answers", async () => {
    for (const pieceBytes of SPLITS) {
      const server = await saying({ body: times(300, THE), pieceBytes, stall: true });
      const { error } = await readAll(modelAt(server.origin).stream("hi"));
      expect(error).toMatchObject({ code: "degenerate_output", partial: { text: " the" } });
      await server.allClosed();
    }
    const loop = await saying({ body: times(300, THE), pieceBytes: 1_460, stall: true });
    const good = await saying({ body: sse(chunk({ content: "fine" }, "stop"), "[DONE]"), pieceBytes: 1_460 });
    const entry = `stream = true\nfallback_models = ["b"]\n[models.b]\nextends = "m"\nbase_url = "${good.origin}/v1"`;
    expect(await modelAt(loop.origin, entry).codegen("hi")).toMatchObject({ text: "fine", model: "b" });
  });

  it("is detected when split over several chunks", async () => {
    const words = ["The ", "wheels ", "go ", "round ", "and ", "round. "].map((content) => chunk({ content }));
    const server = await looping("", sse(...words));
    const { error } = await readAll(modelAt(server.origin).stream("hi"));
    await server.closed.promise;
    expect(error).toMatchObject({ code: "degenerate_output" });
    expect(error?.partial?.text).toBe("The wheels go round and round. ");
    expect(server.requests).toBe(1);
  });

  it("is detected in a body", async () => {
    const content = "The wheels go round and round. ".repeat(500);
    const usage = { prompt_tokens: 3, completion_tokens: 4_000, total_tokens: 4_003 };
    const choices = [{ index: 0, message: { content }, finish_reason: "length" }];
    const server = await saying({ body: JSON.stringify({ id: "c", choices, usage }) });
    const outcome = await modelAt(server.origin).safeCodegen("hi");
    expect(outcome).toMatchObject({
      ok: false,
      error: { code: "degenerate_output", attempts: [{ usage: { input: 3, output: 4_000 } }] },
    });
  });

  it("may be longer in reasoning", async () => {
    const server = await looping(
      times(200, chunk({ reasoning_content: " wait" })),
      sse(chunk({ content: "4" }, "stop"), "[DONE]"),
    );
    expect((await modelAt(server.origin).stream("hi").reply).text).toBe("4");
    const endless = await looping("", sse(chunk({ reasoning_content: " wait" })));
    const { error } = await readAll(modelAt(endless.origin).stream("hi"));
    await endless.closed.promise;
    expect(error).toMatchObject({ code: "degenerate_output", partial: { text: "", reasoning: " wait" } });
  });

  it("in the second half of an answer keeps both halves in the partial", async () => {
    let requests = 0;
    const server = await serving(() => ({
      body: requests++ === 0 ? sse(chunk({ content: "Once upon a time" }, "length"), "[DONE]") : times(300, THE),
      pieceBytes: 1_460,
    }));
    const { events, error } = await readAll(modelAt(server.origin, "continue_on_length = 1").stream("hi"));
    expect(error?.code).toBe("degenerate_output");
    expect(error?.partial?.text).toBe(textOf(events));
    expect(error?.partial?.text).toContain("Once upon a time the the");
  });

  it("is detected across empty chunks", async () => {
    const server = await saying({
      body: times(200, THE).replaceAll(sse(THE), sse(THE, chunk({ content: "" }))),
      pieceBytes: 1_460,
    });
    expect(await modelAt(server.origin).safeCodegen("hi", { stream: true })).toMatchObject({
      error: { code: "degenerate_output" },
    });
  });

  it("is allowed with repeated_chunk_limit = 0", async () => {
    const body = times(300, THE) + times(900, chunk({ content: "\n \t" })) + sse(chunk({}, "stop"), "[DONE]");
    const server = await saying({ body, pieceBytes: 1_460 });
    const reply = await modelAt(server.origin, "repeated_chunk_limit = 0").stream("hi").reply;
    expect(reply.text).toHaveLength(1_200 + 2_700);
  });
});

describe("endless whitespace", () => {
  const BLANK = chunk({ content: "\n \t" });
  const json = { responseFormat: { type: "json_object" } } as const;
  const schema = z.object({ a: z.number() });

  it.each(SPLITS)("after complete JSON keeps the JSON (pieces of %i bytes)", async (pieceBytes) => {
    const body = sse(chunk({ content: '{"a"' }), chunk({ content: ":1}" })) + times(400, BLANK);
    const server = await saying({ body, pieceBytes, stall: true });
    const model = modelAt(server.origin, "stream = true");
    const { events, error } = await readAll(model.stream("hi", json));
    expect(error).toBeUndefined();
    expect(textOf(events)).toBe('{"a":1}');
    expect(events.at(-1)).toMatchObject({ type: "finish", reason: "stop" });
    expect(await model.codegen("hi")).toMatchObject({
      text: '{"a":1}',
      finishReason: "stop",
      usage: { estimated: true },
      adjustments: [{ setting: "finish_reason", to: "stop" }],
      attempts: [{ outcome: "ok", usage: { estimated: true } }],
    });
    expect((await model.object(schema, "hi")).object).toEqual({ a: 1 });
    const stream = model.streamObject(schema, "hi");
    const partials = [];
    for await (const partial of stream) partials.push(partial);
    expect(partials.at(-1)).toEqual({ a: 1 });
    expect(await stream.object).toEqual({ a: 1 });
    await server.allClosed();
    expect(server.requests).toHaveLength(4);
  });

  it("stops the reading once detected", async () => {
    const server = await looping(sse(chunk({ content: '{"a":1}' })), sse(BLANK));
    expect((await modelAt(server.origin).stream("hi", json).reply).text).toBe('{"a":1}');
    await server.closed.promise;
    expect(server.requests).toBe(1);
  });

  it("inside JSON is an error with the text before", async () => {
    const server = await looping(sse(chunk({ content: '{"a":1,' })), sse(BLANK));
    const { error } = await readAll(modelAt(server.origin).stream("hi", json));
    await server.closed.promise;
    expect(error).toMatchObject({ code: "degenerate_output", partial: { text: '{"a":1,' } });
    const object = await modelAt(server.origin, "stream = true")
      .object(schema, "hi")
      .catch((reason) => reason);
    expect(object).toMatchObject({ code: "degenerate_output" });
  });

  it("in tool call arguments is an error with the partial", async () => {
    const call = { index: 0, id: "a", function: { name: "f", arguments: '{"x":' } };
    const blank = chunk({ tool_calls: [{ index: 0, function: { arguments: "  " } }] });
    const server = await looping(sse(chunk({ tool_calls: [call] })), sse(blank));
    const { error } = await readAll(modelAt(server.origin).stream("hi"));
    await server.closed.promise;
    expect(error).toMatchObject({ code: "degenerate_output", partial: { toolCalls: [{ id: "a", name: "f" }] } });
  });
});
