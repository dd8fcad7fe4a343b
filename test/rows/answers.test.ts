import { setImmediate } from "node:timers/promises";
import { describe, expect, expectTypeOf, test } from "vitest";
import { z } from "zod";
import { entry, WIRES } from "../harness/entry.ts";
import { eventsOf, failureOf } from "../harness/outcomes.ts";
import { factoryOf, simulate } from "../harness/simulated.ts";
import { chatBody, chatEvents, sendEvents, serve } from "../harness/small-server.ts";

describe("schemas", () => {
  test("an optional field is required and nullable for OpenAI, and every object is closed", async () => {
    const server = await serve(() => chatBody('{"name":"Ada","nick":null,"place":{"city":"Rome","zip":null}}'));
    const schema = z.object({
      name: z.string(),
      nick: z.string().optional(),
      place: z.object({ city: z.string(), zip: z.string().optional() }),
    });
    const { object } = await factoryOf(entry("openai", server.url)).create().object(schema, "Who?");
    expect(object).toEqual({ name: "Ada", place: { city: "Rome" } });
    const format = server.arrivals[0]?.body["response_format"] as {
      json_schema: { strict: boolean; schema: Record<string, unknown> };
    };
    expect(format.json_schema.strict).toBe(true);
    expect(format.json_schema.schema).toMatchObject({
      required: ["name", "nick", "place"],
      additionalProperties: false,
      properties: { place: { required: ["city", "zip"], additionalProperties: false } },
    });
    expect(JSON.stringify(format.json_schema.schema)).toMatch(/"null"/);
  });

  test.each(WIRES)("what a wire does not enforce is still checked here (%s)", async (wire) => {
    const simulator = await simulate({ answers: () => ({ text: '{"word":"abc"}' }) });
    const error = await failureOf(
      factoryOf(entry(wire, simulator.url))
        .create()
        .object(z.object({ word: z.string().min(5) }), "A word."),
    );
    expect(error.code).toBe("invalid_output");
    expect(error.message).toContain("word");
  });

  test("an object has the type of its schema", async () => {
    const server = await serve(() => chatBody('{"name":"Ada","age":36}'));
    const { object, reply } = await factoryOf(entry("openai", server.url))
      .create()
      .object(z.object({ name: z.string(), age: z.number() }), "Who?");
    expectTypeOf(object).toEqualTypeOf<{ name: string; age: number }>();
    expectTypeOf(reply.text).toEqualTypeOf<string>();
    expect(object.age).toBe(36);
  });

  test.each(["json_object", "json_schema"] as const)(
    "%s from the file reaches every wire or is said in words and told",
    async (type) => {
      const format =
        type === "json_object"
          ? '{ type = "json_object" }'
          : '{ type = "json_schema", name = "person", schema = { type = "object", properties = { name = { type = "string" } }, required = ["name"] } }';
      for (const wire of WIRES) {
        const simulator = await simulate();
        const reply = await factoryOf(entry(wire, simulator.url, `response_format = ${format}`))
          .create()
          .codegen("Give json.");
        const asked = /json_object|json_schema|responseMimeType|output_config/.test(
          JSON.stringify(simulator.requests[0]?.body),
        );
        if (asked) expect(() => JSON.parse(reply.text), wire).not.toThrow();
        expect(asked || reply.adjustments.some(({ setting }) => setting === "response_format"), wire).toBe(true);
      }
    },
  );
});

describe("streams", () => {
  test("two samples that come interleaved are kept apart", async () => {
    const chunk = (index: number, content: string, finish_reason: string | null = null) => ({
      id: "c",
      object: "chat.completion.chunk",
      model: "m",
      choices: [{ index, delta: { content }, finish_reason }],
    });
    const usage = {
      id: "c",
      object: "chat.completion.chunk",
      model: "m",
      choices: [],
      usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 },
    };
    const server = await serve((_, response) =>
      sendEvents(response, [
        chunk(0, "red "),
        chunk(1, "blue "),
        chunk(1, "sky", "stop"),
        chunk(0, "rose", "stop"),
        usage,
        "[DONE]",
      ]),
    );
    const stream = factoryOf(entry("openai", server.url, "batch_size = 2"))
      .create()
      .stream("Two.", { samples: 2 });
    const texts = ["", ""];
    for await (const event of stream) if (event.type === "text-delta") texts[event.sample] += event.text;
    expect(texts).toEqual(["red rose", "blue sky"]);
    expect((await stream.reply).samples?.map(({ text }) => text)).toEqual(texts);
  });

  test("two tool calls that come interleaved are kept apart", async () => {
    const chunk = (delta: object, finish_reason: string | null = null) => ({
      id: "c",
      object: "chat.completion.chunk",
      model: "m",
      choices: [{ index: 0, delta, finish_reason }],
    });
    const call = (index: number, more: object) => chunk({ tool_calls: [{ index, ...more }] });
    const server = await serve((_, response) =>
      sendEvents(response, [
        call(0, { id: "a", type: "function", function: { name: "one", arguments: "" } }),
        call(1, { id: "b", type: "function", function: { name: "two", arguments: '{"y"' } }),
        call(0, { function: { arguments: '{"x":' } }),
        call(1, { function: { arguments: ":2}" } }),
        call(0, { function: { arguments: "1}" } }),
        chunk({}, "tool_calls"),
        "[DONE]",
      ]),
    );
    const reply = await factoryOf(entry("openai", server.url)).create().stream("Both.").reply;
    expect(reply.toolCalls).toMatchObject([
      { id: "a", name: "one", arguments: { x: 1 } },
      { id: "b", name: "two", arguments: { y: 2 } },
    ]);
  });

  test("byte by byte, with CRLF, comments and emoji, they say the same", async () => {
    const text = "héllo 👩‍🚀, ½ \\u0041 \n done";
    const server = await serve((_, response) => {
      const events = chatEvents(["héllo 👩‍🚀, ", "½ \\u0041 ", "\n done"]).map(
        (event) => `: ping\r\ndata: ${typeof event === "string" ? event : JSON.stringify(event)}\r\n\r\n`,
      );
      response.writeHead(200, { "content-type": "text/event-stream" });
      void (async () => {
        for (const byte of Buffer.from(events.join(""))) {
          response.write(Buffer.from([byte]));
          await setImmediate();
        }
        response.end();
      })();
    });
    const stream = factoryOf(entry("openai", server.url)).create().stream("Hi.");
    const events = await eventsOf(stream);
    expect(events.map((event) => (event.type === "text-delta" ? event.text : "")).join("")).toBe(text);
    expect((await stream.reply).usage).toMatchObject({ input: 10, output: 5 });
  });
});
