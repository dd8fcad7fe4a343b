import { describe, expect, test } from "vitest";
import type { NO_USAGE } from "../../src/core/usage.ts";
import { AT_ONCE, entry } from "../harness/entry.ts";
import { eventsOf, failureOf } from "../harness/outcomes.ts";
import { factoryOf, simulate } from "../harness/simulated.ts";
import { sendEvents, serve } from "../harness/small-server.ts";
import { until } from "../harness/waits.ts";
import { WIRES } from "../harness/wires.ts";

const COUNTING = Array.from({ length: 60 }, (_, index) => `number ${index + 1}`).join(", ");
/** Wires on which one request can be asked for several answers. */
const MANY: readonly string[] = ["openai", "google"];

describe.each(WIRES)("samples on the %s wire", (wire) => {
  test("use the minimum number of requests for batch_size and the wire", async () => {
    const simulator = await simulate();
    const reply = await factoryOf(entry(wire, simulator.url, "batch_size = 5\ntemperature = 0.8"))
      .create()
      .codegen("Say hello.", { samples: 20 });
    expect(reply.samples).toHaveLength(20);
    expect(simulator.requests).toHaveLength(MANY.includes(wire) ? 4 : 20);
    const asked = simulator.requests.map(({ body }) => {
      const { n, generationConfig } = body as { n?: number; generationConfig?: { candidateCount?: number } };
      return n ?? generationConfig?.candidateCount;
    });
    expect(new Set(asked)).toEqual(new Set([MANY.includes(wire) ? 5 : undefined]));
    expect(reply.text).toBe(reply.samples?.[0]?.text);
    expect(reply.attempts).toHaveLength(simulator.requests.length);
  });

  test("sum tokens of samples, and tokens and cost of attempts", async () => {
    const simulator = await simulate();
    const reply = await factoryOf(entry(wire, simulator.url, "batch_size = 2"))
      .create()
      .codegen("Write a poem.", { samples: 3, temperature: 1 });
    const samples = reply.samples ?? [];
    const sum = (of: (usage: typeof NO_USAGE) => number) => samples.reduce((total, { usage }) => total + of(usage), 0);
    expect(sum(({ output }) => output)).toBe(reply.usage.output);
    expect(sum(({ total }) => total)).toBe(reply.usage.total);
    expect(reply.attempts.reduce((total, { usage }) => total + (usage?.total ?? 0), 0)).toBe(reply.usage.total);
    expect(reply.cost.usd).toBeCloseTo((reply.usage.input * 3 + reply.usage.output * 15) / 1e6, 12);
  });

  test("stream so that the text of sample k is samples[k]", async () => {
    const simulator = await simulate();
    const stream = factoryOf(entry(wire, simulator.url, "batch_size = 2"))
      .create()
      .stream("Write a poem.", { samples: 3, temperature: 1 });
    const events = await eventsOf(stream);
    const reply = await stream.reply;
    const texts = [0, 1, 2].map((sample) =>
      events.map((event) => (event.type === "text-delta" && event.sample === sample ? event.text : "")).join(""),
    );
    expect(texts).toEqual(reply.samples?.map(({ text }) => text));
    expect(
      events
        .filter(({ type }) => type === "finish")
        .map((event) => (event.type === "finish" ? event.sample : -1))
        .sort(),
    ).toEqual([0, 1, 2]);
    expect(events.at(-1)?.type).toBe("finish");
    expect(events.filter(({ type }) => type === "start")).toHaveLength(1);
    const usage = events.flatMap((event) => (event.type === "usage" ? [event.usage] : [])).at(-1);
    expect(usage).toEqual(reply.usage);
    expect(simulator.requests).toHaveLength(MANY.includes(wire) ? 2 : 3);
  });

  test("stay distinct with a cache, and are cached for the second call", async () => {
    const words = ["one", "two", "three"];
    const simulator = await simulate({ answers: () => ({ text: words.shift() ?? "no more" }) });
    const model = factoryOf(`[cache]\n${entry(wire, simulator.url, "batch_size = 1")}`).create();
    const first = await model.codegen("Write a word.", { samples: 3, temperature: 1 });
    expect(first.samples?.map(({ text }) => text).sort()).toEqual(["one", "three", "two"]);
    expect(simulator.requests).toHaveLength(3);
    const again = await model.codegen("Write a word.", { samples: 3, temperature: 1 });
    expect(again.samples?.map(({ text }) => text)).toEqual(first.samples?.map(({ text }) => text));
    expect(simulator.requests).toHaveLength(3);
    expect([again.cost.usd, again.attempts]).toEqual([0, []]);
  });

  test("are rejected at temperature 0 before any request", async () => {
    const simulator = await simulate();
    const model = factoryOf(entry(wire, simulator.url, "temperature = 0")).create();
    expect((await failureOf(model.codegen("Say hello.", { samples: 2 }))).code).toBe("invalid_request");
    expect((await failureOf(eventsOf(model.stream("Say hello.", { samples: 2 })))).code).toBe("invalid_request");
    expect(simulator.requests).toHaveLength(0);
    expect((await model.codegen("Say hello.", { samples: 2, temperature: 0.5 })).samples).toHaveLength(2);
  });
});

test("a model without temperature returns several samples", async () => {
  const simulator = await simulate();
  const model = factoryOf(
    entry("openai", simulator.url, "temperature = 0\nbatch_size = 3", { name: "o3-mini" }),
  ).create();
  const reply = await model.codegen("Say hello.", { samples: 3 });
  expect(reply.samples).toHaveLength(3);
  expect(simulator.requests).toHaveLength(1);
});

test("a failing sample rejects the call with the completed ones; each has its own retries", async () => {
  const simulator = await simulate({ script: [{}, { status: 503 }, { status: 400 }] });
  const model = factoryOf(entry("anthropic", simulator.url, AT_ONCE)).create();
  const error = await failureOf(model.codegen("Say hello.", { samples: 3 }));
  expect(error.code).toBe("invalid_request");
  expect(error.partial?.samples).toHaveLength(2);
  expect(error.partial?.samples?.every(({ text }) => text !== "")).toBe(true);
  expect(simulator.requests).toHaveLength(4);
  expect(error.attempts).toHaveLength(4);
});

test("a truncated stream of several samples throws the partial of each", async () => {
  const simulator = await simulate({ answers: () => ({ text: COUNTING }), script: [{}, { cut: { afterEvents: 8 } }] });
  const stream = factoryOf(entry("anthropic", simulator.url, "num_retries = 0"))
    .create()
    .stream("Count.", { samples: 3 });
  const error = await failureOf(eventsOf(stream));
  expect(error.code).toBe("stream_truncated");
  expect(error.partial?.samples?.map(({ text }) => text.length === COUNTING.length)).toEqual([true, false]);
  expect(error.attempts).toHaveLength(2);
  expect(await failureOf(stream.reply)).toBe(error);
  expect(simulator.requests).toHaveLength(2);
});

test("after a restart the events since the last reset are those of the reply", async () => {
  const simulator = await simulate({ answers: () => ({ text: COUNTING }), script: [{}, { cut: { afterEvents: 8 } }] });
  const stream = factoryOf(entry("anthropic", simulator.url, `on_break = "restart"\n${AT_ONCE}`))
    .create()
    .stream("Count.", { samples: 2 });
  let texts = ["", ""];
  for await (const event of stream) {
    if (event.type === "reset") texts = ["", ""];
    if (event.type === "text-delta") texts[event.sample] += event.text;
  }
  expect(texts).toEqual([COUNTING, COUNTING]);
  expect((await stream.reply).samples?.map(({ text }) => text)).toEqual(texts);
});

test("an abort ends all of them", async () => {
  const simulator = await simulate({
    delayMs: 5,
    answers: () => ({ text: COUNTING }),
    script: [{ delayMs: 60_000, times: Number.POSITIVE_INFINITY }],
  });
  const controller = new AbortController();
  const failure = failureOf(
    factoryOf(entry("anthropic", simulator.url)).create().codegen("Count.", { samples: 3, signal: controller.signal }),
  );
  await until(() => simulator.requests.length === 3);
  controller.abort();
  expect((await failure).code).toBe("aborted");
  await until(() => simulator.requests.every(({ closedByPeerMs }) => closedByPeerMs !== undefined));
});

test("leaving a stream of several closes the socket and asks for no more", async () => {
  const simulator = await simulate({ delayMs: 5, answers: () => ({ text: COUNTING }) });
  const stream = factoryOf(entry("anthropic", simulator.url)).create().stream("Count.", { samples: 3 });
  for await (const event of stream) if (event.type === "text-delta") break;
  await until(() => simulator.requests[0]?.closedByPeerMs !== undefined);
  expect((await failureOf(stream.reply)).partial?.text).not.toBe("");
  expect(simulator.requests).toHaveLength(1);
});

test("the reply to one sample has no `samples`", async () => {
  const simulator = await simulate();
  const model = factoryOf(entry("openai", simulator.url, "batch_size = 4")).create();
  expect(await model.codegen("Say hello.", { samples: 1 })).not.toHaveProperty("samples");
  expect(simulator.requests[0]?.body).not.toHaveProperty("n");
});

test("keeps two samples apart when their chunks are interleaved", async () => {
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
