import { getEventListeners } from "node:events";
import { setImmediate } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ModelEvent } from "../../src/index.ts";
import { AT_ONCE, entry } from "../harness/entry.ts";
import { FakeClock } from "../harness/fake-clock.ts";
import { eventsOf, failureOf } from "../harness/outcomes.ts";
import { factoryOf, simulate } from "../harness/simulated.ts";
import { chatEvents, sendEvents, serve } from "../harness/small-server.ts";
import { aWhile, until } from "../harness/waits.ts";
import { WIRES } from "../harness/wires.ts";

const WEATHER = {
  name: "get_weather",
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
} as const;
const TIME = {
  name: "get_time",
  parameters: { type: "object", properties: { zone: { type: "string" } }, required: ["zone"] },
} as const;

/** Long enough for several events on every wire. */
const COUNTING = Array.from({ length: 60 }, (_, index) => `number ${index + 1}`).join(", ");

const unhandled: unknown[] = [];
const note = (reason: unknown) => unhandled.push(reason);
beforeAll(() => void process.on("unhandledRejection", note));
afterAll(async () => {
  await aWhile();
  process.off("unhandledRejection", note);
  expect(unhandled).toEqual([]);
});

/** Checks the order every stream keeps, and gives the types without neighbours of the same kind. */
function checkOrder(events: readonly ModelEvent[], samples = 1): void {
  expect(events[0]?.type).toBe("start");
  expect(events.filter(({ type }) => type === "start")).toHaveLength(1);
  const finishes = events.filter(({ type }) => type === "finish");
  expect(finishes).toHaveLength(samples);
  expect(events.at(-1)).toBe(finishes.at(-1));
  expect(events.findIndex(({ type }) => type === "usage")).toBeGreaterThan(0);
  const open = new Map<number, string>();
  for (const event of events) {
    if (event.type === "tool-call-start") open.set(event.index, "");
    if (event.type === "tool-call-delta") open.set(event.index, `${open.get(event.index)}${event.json}`);
    if (event.type !== "tool-call-end") continue;
    expect(open.get(event.index)).toBe(event.call.json);
    expect(JSON.parse(event.call.json)).toEqual(event.call.arguments);
    open.delete(event.index);
  }
  expect(open.size).toBe(0);
}

function textIn(events: readonly ModelEvent[]): string {
  return events.map((event) => (event.type === "text-delta" ? event.text : "")).join("");
}

describe("before the first pull", () => {
  test("sends no request for a stream that is never read", async () => {
    const simulator = await simulate();
    const model = factoryOf(entry("openai", simulator.url)).create();
    const stream = model.stream("Say hello.");
    const view = stream.text;
    const iterator = stream[Symbol.asyncIterator]();
    await aWhile();
    expect(simulator.requests).toHaveLength(0);
    expect(view).toBeDefined();
    await iterator.next();
    expect(simulator.requests).toHaveLength(1);
    await iterator.return?.();
  });

  test("the clocks start with the first pull", async () => {
    const simulator = await simulate();
    const clock = new FakeClock();
    const model = factoryOf(entry("openai", simulator.url, 'deadline = "2s"\ntimeout = "2s"'), { clock }).create();
    const stream = model.stream("Say hello.");
    await clock.advance(60_000);
    const reply = await stream.reply;
    expect(reply.text).not.toBe("");
    expect(reply.latencyMs).toBe(0);
  });

  test("invalid input, invalid options and a closed factory throw on the first pull, without a request", async () => {
    const simulator = await simulate();
    const factory = factoryOf(entry("openai", simulator.url));
    const model = factory.create();
    expect((await failureOf(eventsOf(model.stream("  ")))).code).toBe("invalid_request");
    expect((await failureOf(eventsOf(model.stream([])))).code).toBe("invalid_request");
    expect((await failureOf(eventsOf(model.stream("hi", { temprature: 1 } as never)))).message).toMatch(
      /did you mean "temperature"/,
    );
    const bad = model.stream("");
    expect((await failureOf(bad.reply)).code).toBe("invalid_request");
    const late = model.stream("hi");
    await factory.close();
    expect((await failureOf(eventsOf(late))).code).toBe("aborted");
    expect(simulator.requests).toHaveLength(0);
  });
});

/** Cut in the middle of the text: two wires say more before its first word. */
const cutOn = (wire: (typeof WIRES)[number]) => ({
  answer: { text: "one two three four five" },
  cut: { afterEvents: wire === "openai" || wire === "google" ? 3 : 5 },
});

describe.each(WIRES)("a stream on the %s wire", (wire) => {
  test("yields start, text, usage and exactly one finish, at the end", async () => {
    const simulator = await simulate();
    const stream = factoryOf(entry(wire, simulator.url)).create().stream("Write a function that adds two numbers.");
    const events = await eventsOf(stream);
    checkOrder(events);
    expect(events.at(-1)).toMatchObject({ type: "finish", reason: "stop", sample: 0 });
    expect(textIn(events)).toBe((await stream.reply).text);
    expect(simulator.requests).toHaveLength(1);
  });

  test("yields parallel tool calls each from its start to its end", async () => {
    const simulator = await simulate();
    const stream = factoryOf(entry(wire, simulator.url))
      .create()
      .stream("Call get_weather and get_time.", { tools: [WEATHER, TIME] });
    const events = await eventsOf(stream);
    checkOrder(events);
    const calls = events.flatMap((event) => (event.type === "tool-call-end" ? [event.call] : []));
    expect(calls.map(({ name }) => name)).toEqual(["get_weather", "get_time"]);
    expect(events.at(-1)).toMatchObject({ type: "finish", reason: "tool-calls" });
    expect((await stream.reply).toolCalls).toEqual(calls);
  });

  test("yields reasoning before the text it led to", async () => {
    const simulator = await simulate({
      answers: () => ({ reasoning: "First I think about it.", text: "Then I answer." }),
    });
    const stream = factoryOf(entry(wire, simulator.url)).create().stream("Think.", { reasoningEffort: "low" });
    const events = await eventsOf(stream);
    checkOrder(events);
    const reply = await stream.reply;
    expect(reply.text).toBe("Then I answer.");
    // Chat shows reasoning only where a host has a field for it.
    if (wire === "openai") return;
    expect(reply.reasoning).toBe("First I think about it.");
    expect(events.findIndex(({ type }) => type === "reasoning-delta")).toBeLessThan(
      events.findIndex(({ type }) => type === "text-delta"),
    );
  });

  test("has the same reply as codegen", async () => {
    const simulator = await simulate();
    const model = factoryOf(entry(wire, simulator.url)).create();
    for (const [input, options] of [
      ["Write a function that adds two numbers.", {}],
      ["Call get_weather and get_time.", { tools: [WEATHER, TIME] }],
      ["Write a long story.", { maxNewTokens: 12 }],
    ] as const) {
      const whole = await model.codegen(input, options);
      const streamed = await model.stream(input, options).reply;
      for (const key of [
        "text",
        "toolCalls",
        "finishReason",
        "rawFinishReason",
        "usage",
        "cost",
        "message",
        "model",
        "provider",
        "adjustments",
      ] as const) {
        expect(streamed[key], key).toEqual(whole[key]);
      }
      expect(streamed.attempts).toMatchObject([
        { model: "main", outcome: "ok", usage: whole.usage, cost: whole.cost, possiblyBilled: false },
      ]);
      expect(JSON.parse(JSON.stringify(streamed)).text).toBe(whole.text);
    }
  });

  test("`text` yields only the text", async () => {
    const simulator = await simulate();
    const stream = factoryOf(entry(wire, simulator.url)).create().stream("Say hello.");
    let text = "";
    for await (const piece of stream.text) text += piece;
    expect(text).toBe((await stream.reply).text);
    expect(text).not.toBe("");
    expect(simulator.requests).toHaveLength(1);
  });

  test("leaving the loop closes the socket; the reply rejects `aborted` with the partial", async () => {
    const simulator = await simulate({ delayMs: 5, answers: () => ({ text: "word ".repeat(400) }) });
    const stream = factoryOf(entry(wire, simulator.url)).create().stream("Say much.");
    let seen = "";
    for await (const event of stream) {
      if (event.type !== "text-delta") continue;
      seen += event.text;
      if (seen.length >= 10) break;
    }
    await until(() => simulator.requests[0]?.closedByPeerMs !== undefined);
    const error = await failureOf(stream.reply);
    expect(error.code).toBe("aborted");
    expect(error.partial?.text).toBe(seen);
    expect(error.attempts).toMatchObject([{ model: "main", outcome: "aborted", possiblyBilled: true }]);
  });

  test("throws with the partial when truncated", async () => {
    const simulator = await simulate({ answers: () => ({ text: COUNTING }), script: [{ cut: { afterEvents: 5 } }] });
    const stream = factoryOf(entry(wire, simulator.url, "num_retries = 0"))
      .create()
      .stream("Count.");
    let seen = "";
    const reading = (async () => {
      for await (const event of stream) if (event.type === "text-delta") seen += event.text;
    })();
    const error = await failureOf(reading);
    expect(error.code).toBe("stream_truncated");
    expect(seen).not.toBe("");
    expect(error.partial?.text).toBe(seen);
    expect(await failureOf(stream.reply)).toBe(error);
    expect(error.attempts).toHaveLength(1);
  });

  test('emits reset with on_break = "restart", followed by the answer', async () => {
    const simulator = await simulate({ answers: () => ({ text: COUNTING }), script: [{ cut: { afterEvents: 5 } }] });
    const model = factoryOf(entry(wire, simulator.url, `on_break = "restart"\n${AT_ONCE}`)).create();
    const stream = model.stream("Count.");
    const events = await eventsOf(stream);
    const resets = events.filter(({ type }) => type === "reset");
    expect(resets).toHaveLength(1);
    const at = events.findIndex(({ type }) => type === "reset");
    expect(textIn(events.slice(0, at))).not.toBe("");
    expect(textIn(events.slice(at))).toBe(COUNTING);
    const reply = await stream.reply;
    expect(reply.text).toBe(COUNTING);
    expect(reply.attempts.map(({ outcome }) => outcome)).toEqual(["error", "ok"]);
    expect(simulator.requests).toHaveLength(2);
  });

  test("retries a connection that was reset before the first token, without a reset event", async () => {
    const simulator = await simulate({ script: [{ reset: true }] });
    const stream = factoryOf(entry(wire, simulator.url, AT_ONCE))
      .create()
      .stream("Count.");
    const events = await eventsOf(stream);
    expect(events.some(({ type }) => type === "reset")).toBe(false);
    expect((await stream.reply).text).not.toBe("");
    expect(simulator.requests).toHaveLength(2);
  });

  test('continues after a break with on_break = "continue", without repeating text', async () => {
    const simulator = await simulate({ script: [cutOn(wire), { answer: { text: "and the rest" } }] });
    const stream = factoryOf(entry(wire, simulator.url, `${AT_ONCE}\non_break = "continue"`))
      .create()
      .stream("Count.");
    const texts: string[] = [];
    for await (const text of stream.text) texts.push(text);
    const whole = texts.join("");
    expect(whole.endsWith("and the rest")).toBe(true);
    const shown = whole.slice(0, -"and the rest".length);
    expect("one two three four five".startsWith(shown) && shown.length > 0).toBe(true);
    expect(JSON.stringify(simulator.requests[1]?.body)).toContain(shown.trim());
    expect((await stream.reply).adjustments.map(({ setting }) => setting)).toContain("on_break");
  });

  test("yields raw events only with `raw`", async () => {
    const simulator = await simulate();
    const model = factoryOf(entry(wire, simulator.url)).create();
    const raw = await eventsOf(model.stream("Say hello.", { raw: true }));
    const plain = await eventsOf(model.stream("Say hello."));
    const given = raw.flatMap((event) => (event.type === "raw" ? [event.event] : []));
    expect(given.length).toBeGreaterThan(1);
    expect(given.every((event) => event === "[DONE]" || (typeof event === "object" && event !== null))).toBe(true);
    expect(plain.filter(({ type }) => type === "raw")).toEqual([]);
    expect(textIn(raw)).toBe(textIn(plain));
  });

  test("ends and closes the socket when aborted", async () => {
    const simulator = await simulate({ delayMs: 5, answers: () => ({ text: "word ".repeat(400) }) });
    const controller = new AbortController();
    const stream = factoryOf(entry(wire, simulator.url)).create().stream("Say much.", { signal: controller.signal });
    let seen = "";
    const error = await failureOf(
      (async () => {
        for await (const text of stream.text) {
          seen += text;
          if (seen.length >= 10) controller.abort();
        }
      })(),
    );
    expect(error.code).toBe("aborted");
    expect(error.partial?.text.startsWith(seen)).toBe(true);
    await until(() => simulator.requests[0]?.closedByPeerMs !== undefined);
    expect(simulator.requests).toHaveLength(1);
  });
});

describe("one reader", () => {
  test("`reply` reads the stream once when nothing else does", async () => {
    const simulator = await simulate();
    const stream = factoryOf(entry("openai", simulator.url)).create().stream("Say hello.");
    const [one, other] = await Promise.all([stream.reply, stream.reply]);
    expect(one).toBe(other);
    expect(await stream.reply).toBe(one);
    expect(simulator.requests).toHaveLength(1);
  });

  test("`reply` accessed before iterating leaves the events to the loop", async () => {
    const simulator = await simulate();
    const stream = factoryOf(entry("openai", simulator.url)).create().stream("Say hello.");
    const promise = stream.reply;
    const events = await eventsOf(stream);
    checkOrder(events);
    expect((await promise).text).toBe(textIn(events));
    expect(simulator.requests).toHaveLength(1);
  });

  test("`reply` accessed inside the loop waits for its end", async () => {
    const simulator = await simulate();
    const stream = factoryOf(entry("openai", simulator.url)).create().stream("Say hello.");
    let promise: Promise<{ text: string }> | undefined;
    let text = "";
    for await (const piece of stream.text) {
      promise ??= stream.reply;
      text += piece;
    }
    expect((await promise)?.text).toBe(text);
    expect(simulator.requests).toHaveLength(1);
  });

  test("a second iteration throws for the stream, its text, and after `reply`", async () => {
    const simulator = await simulate();
    const model = factoryOf(entry("openai", simulator.url)).create();
    const stream = model.stream("Say hello.");
    await eventsOf(stream);
    expect((await failureOf(eventsOf(stream))).code).toBe("invalid_request");
    expect(
      (
        await failureOf(
          (async () => {
            for await (const _ of stream.text);
          })(),
        )
      ).code,
    ).toBe("invalid_request");
    const driven = model.stream("Say hello.");
    await driven.reply;
    expect((await failureOf(eventsOf(driven))).code).toBe("invalid_request");
    expect(simulator.requests).toHaveLength(2);
  });

  test("an ended iterator stays ended", async () => {
    const simulator = await simulate();
    const iterator = factoryOf(entry("openai", simulator.url)).create().stream("Say hello.")[Symbol.asyncIterator]();
    while (!(await iterator.next()).done);
    expect(await iterator.next()).toEqual({ value: undefined, done: true });
    expect(await iterator.return?.()).toEqual({ value: undefined, done: true });
  });

  test("closing an iterator that waits for an event closes the socket at once", async () => {
    const simulator = await simulate({ script: [{ stall: { afterEvents: 3 } }] });
    const stream = factoryOf(entry("openai", simulator.url)).create().stream("Say hello.");
    const iterator = stream[Symbol.asyncIterator]();
    await iterator.next();
    let pending = iterator.next();
    for (let events = 0; events < 4; events++) {
      const settled = await Promise.race([pending, aWhile().then(() => undefined)]);
      if (settled === undefined) break;
      pending = iterator.next();
    }
    await iterator.return?.();
    expect(await pending).toEqual({ value: undefined, done: true });
    await until(() => simulator.requests[0]?.closedByPeerMs !== undefined);
    expect((await failureOf(stream.reply)).code).toBe("aborted");
  });

  test("converts to a web ReadableStream, which can be cancelled", async () => {
    const simulator = await simulate({ script: [{}, { stall: { afterEvents: 3 } }] });
    const model = factoryOf(entry("anthropic", simulator.url)).create();
    const types: string[] = [];
    for await (const event of ReadableStream.from(model.stream("Say hello."))) types.push(event.type);
    expect(types.at(-1)).toBe("finish");
    const reader = ReadableStream.from(model.stream("Say hello.").text).getReader();
    const pending = reader.read();
    await until(() => simulator.requests.length === 2 && simulator.requests[1]?.status === 200);
    await reader.cancel();
    expect((await pending).done).toBe(true);
    await until(() => simulator.requests[1]?.closedByPeerMs !== undefined);
  });
});

describe("failures", () => {
  test("an unused failure is not an unhandled rejection", async () => {
    const simulator = await simulate({ script: [{ status: 400, times: Number.POSITIVE_INFINITY }] });
    const model = factoryOf(entry("openai", simulator.url)).create();
    await failureOf(eventsOf(model.stream("Say hello.")));
    void model.stream("Say hello.").reply;
    void model.stream("Say hello.");
    const left = model.stream("Say hello.")[Symbol.asyncIterator]();
    await left.return?.();
    await until(() => simulator.requests.length === 2);
    await aWhile();
    expect(unhandled).toEqual([]);
  });

  test("an error event inside the stream is thrown with the partial", async () => {
    const simulator = await simulate({
      answers: () => ({ text: "one two three four" }),
      script: [{ errorEvent: { afterEvents: 5, kind: "overloaded" } }],
    });
    const stream = factoryOf(entry("anthropic", simulator.url, "num_retries = 0"))
      .create()
      .stream("Count.");
    const error = await failureOf(eventsOf(stream));
    expect(error.code).toBe("overloaded");
    expect(error.partial?.text).not.toBe("");
    expect(error.attempts[0]?.possiblyBilled).toBe(true);
  });

  test("a failure before the first token is retried invisibly", async () => {
    const simulator = await simulate({ script: [{ status: 503 }, { cut: { afterEvents: 0 } }] });
    const events = await eventsOf(
      factoryOf(entry("openai", simulator.url, AT_ONCE))
        .create()
        .stream("Say hello."),
    );
    checkOrder(events);
    expect(events.some(({ type }) => type === "reset")).toBe(false);
    expect(simulator.requests).toHaveLength(3);
  });

  test('on_break = "restart" uses the fallback and reports it', async () => {
    const simulator = await simulate({
      answers: () => ({ text: COUNTING }),
      script: [{ match: { model: "some-model" }, cut: { afterEvents: 5 } }],
    });
    const toml = `${entry("openai", simulator.url, 'on_break = "restart"\nnum_retries = 0\nfallback_models = ["other"]')}${entry("anthropic", simulator.url, "", { table: "other", name: "another-model" })}`;
    const stream = factoryOf(toml).create().stream("Count.");
    const events = await eventsOf(stream);
    expect(
      events.filter(({ type }) => type === "start").map((event) => (event.type === "start" ? event.model : "")),
    ).toEqual(["main", "other"]);
    const reply = await stream.reply;
    expect([reply.model, reply.text]).toEqual(["other", COUNTING]);
    expect(reply.cost.usd).toBeGreaterThan(0);
  });

  test("an aborted signal prevents the request; an undefined one is ignored", async () => {
    const simulator = await simulate();
    const model = factoryOf(entry("openai", simulator.url)).create();
    expect((await failureOf(eventsOf(model.stream("Say hello.", { signal: AbortSignal.abort() })))).code).toBe(
      "aborted",
    );
    expect(simulator.requests).toHaveLength(0);
    expect((await model.stream("Say hello.", { signal: undefined }).reply).finishReason).toBe("stop");
  });

  test("a long-lived signal keeps no listeners of ended calls", async () => {
    const simulator = await simulate();
    const model = factoryOf(entry("openai", simulator.url)).create();
    const { signal } = new AbortController();
    await model.stream("Say hello.", { signal }).reply;
    await model.codegen("Say hello.", { signal });
    for await (const _ of model.stream("Say hello.", { signal })) break;
    await failureOf(model.codegen("Say hello.", { signal, topK: 3, strict: true }));
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });
});

describe("details of the events", () => {
  test("adjustments come before any text", async () => {
    const simulator = await simulate();
    const stream = factoryOf(entry("openai", simulator.url)).create().stream("Say hello.", { topK: 3 });
    const events = await eventsOf(stream);
    const at = events.findIndex(({ type }) => type === "adjustment");
    expect(events[at]).toMatchObject({ adjustment: { setting: "top_k", from: 3 } });
    expect(at).toBeLessThan(events.findIndex(({ type }) => type === "text-delta"));
    expect((await stream.reply).adjustments).toHaveLength(1);
  });

  test("deltas are delivered as they arrive", async () => {
    let release = () => {};
    const server = await serve((_, response) => {
      const events = chatEvents(["one ", "two"]);
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(`data: ${JSON.stringify(events[0])}\n\n`);
      release = () =>
        response.end(
          events
            .slice(1)
            .map((event) => `data: ${typeof event === "string" ? event : JSON.stringify(event)}\n\n`)
            .join(""),
        );
    });
    const seen: string[] = [];
    for await (const text of factoryOf(entry("openai", server.url)).create().stream("Count.").text) {
      seen.push(text);
      if (seen.length === 1) release();
    }
    expect(seen).toEqual(["one ", "two"]);
  });

  test("without usage from the provider, usage is estimated and marked `estimated`", async () => {
    const server = await serve((_, response) => sendEvents(response, chatEvents(["one ", "two three four"], null)));
    const stream = factoryOf(entry("openai", server.url)).create().stream("Count.");
    const usage = (await eventsOf(stream)).flatMap((event) => (event.type === "usage" ? [event.usage] : [])).at(-1);
    expect(usage).toMatchObject({ estimated: true });
    expect(usage?.total).toBeGreaterThan(0);
    expect((await stream.reply).cost.estimated).toBe(true);
    await setImmediate();
  });
});
