import { describe, expect, test } from "vitest";
import { AT_ONCE, entry } from "../harness/entry.ts";
import { FakeClock } from "../harness/fake-clock.ts";
import { eventsOf, failureOf } from "../harness/outcomes.ts";
import { factoryOf, simulate } from "../harness/simulated.ts";
import { until } from "../harness/waits.ts";
import { WIRES } from "../harness/wires.ts";

const WEATHER = {
  name: "get_weather",
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
} as const;

describe.each(WIRES)("the cache on the %s wire", (wire) => {
  test("returns the same answer again without a request and cost", async () => {
    const simulator = await simulate();
    const model = factoryOf(`[cache]\n${entry(wire, simulator.url)}`).create();
    const first = await model.codegen("Say hello.");
    const again = await model.codegen("Say hello.");
    expect(simulator.requests).toHaveLength(1);
    for (const key of [
      "text",
      "usage",
      "finishReason",
      "rawFinishReason",
      "message",
      "model",
      "provider",
      "id",
    ] as const)
      expect(again[key], key).toEqual(first[key]);
    expect(first.cost.usd).toBeGreaterThan(0);
    expect([again.cost.usd, again.attempts]).toEqual([0, []]);
  });

  test("replays answers of codegen as streams, and the other way round", async () => {
    const simulator = await simulate();
    const model = factoryOf(`[cache]\n${entry(wire, simulator.url)}`).create();
    const text = (events: Awaited<ReturnType<typeof eventsOf>>) =>
      events.map((event) => (event.type === "text-delta" ? event.text : "")).join("");
    const first = await eventsOf(model.stream("Say hello."));
    const replayed = await eventsOf(model.stream("Say hello."));
    expect(text(replayed)).toBe(text(first));
    expect(replayed[0]?.type).toBe("start");
    expect(replayed.at(-1)).toEqual(first.at(-1));
    expect((await model.codegen("Say hello.")).text).toBe(text(first));
    const whole = await model.codegen("Say goodbye.");
    expect((await model.stream("Say goodbye.").reply).message).toEqual(whole.message);
    expect(simulator.requests).toHaveLength(2);
  });

  test("replays a stream with the same events, deltas and usage", async () => {
    const simulator = await simulate();
    const model = factoryOf(`[cache]\n${entry(wire, simulator.url)}`).create();
    const ask = () => eventsOf(model.stream("Call get_weather, and say why.", { tools: [WEATHER] }));
    const first = await ask();
    expect(await ask()).toEqual(first);
    expect(simulator.requests).toHaveLength(1);
  });

  test("keeps tool calls, and changes to one reply do not affect the next", async () => {
    const simulator = await simulate();
    const model = factoryOf(`[cache]\n${entry(wire, simulator.url)}`).create();
    const ask = () => model.codegen("Call get_weather.", { tools: [WEATHER] });
    const first = await ask();
    const original = structuredClone(first.toolCalls);
    (first.toolCalls[0]?.arguments as { city: string }).city = "changed";
    const again = await ask();
    expect(again.toolCalls).toEqual(original);
    (again.toolCalls[0]?.arguments as { city: string }).city = "changed";
    expect((await ask()).toolCalls).toEqual(original);
    expect(simulator.requests).toHaveLength(1);
  });
});

const cached = (url: string, lines = "", cache = "") => `[cache]\n${cache}\n${entry("openai", url, lines)}`;

describe("cache keys", () => {
  test("differ by a space, a setting, a system prompt or an image, not by a tag", async () => {
    const simulator = await simulate();
    const model = factoryOf(cached(simulator.url)).create();
    const image = (data: string) =>
      [
        {
          role: "user",
          content: [
            { type: "text", text: "See" },
            { type: "image", data, mediaType: "image/png" },
          ],
        },
      ] as const;
    await model.codegen("Say hello.");
    await model.codegen("Say hello. ");
    await model.codegen("say hello.");
    await model.codegen("Say hello.", { temperature: 0.5 });
    await model.codegen("Say hello.", { system: "Be brief." });
    await model.codegen(image("QUJD"));
    await model.codegen(image("QUJE"));
    await model.codegen("Say hello.", { extraBody: { custom: 1 } });
    expect(simulator.requests).toHaveLength(8);
    await model.codegen("Say hello.", { tags: ["one"] });
    await model.codegen([{ role: "user", content: "Say hello." }]);
    await model.codegen("Say hello.", { extraBody: { custom: 1 } });
    expect(simulator.requests).toHaveLength(8);
  });

  test("differ by entry and factory", async () => {
    const simulator = await simulate();
    const toml = `${cached(simulator.url)}${entry("openai", simulator.url, "", { table: "other", name: "other-model" })}`;
    const factory = factoryOf(toml);
    await factory.get("main").codegen("Say hello.");
    await factory.get("other").codegen("Say hello.");
    await factoryOf(toml).get("main").codegen("Say hello.");
    expect(simulator.requests).toHaveLength(3);
  });

  test("without a [cache] table, every call sends a request", async () => {
    const simulator = await simulate();
    const model = factoryOf(entry("openai", simulator.url)).create();
    await model.codegen("Say hello.");
    await model.codegen("Say hello.");
    expect(simulator.requests).toHaveLength(2);
  });
});

describe("concurrent calls", () => {
  test("share one request for ten equal calls", async () => {
    const simulator = await simulate({ script: [{ delayMs: 20 }] });
    const model = factoryOf(cached(simulator.url)).create();
    const replies = await Promise.all(Array.from({ length: 10 }, () => model.codegen("Say hello.")));
    expect(simulator.requests).toHaveLength(1);
    expect(new Set(replies.map(({ text }) => text)).size).toBe(1);
    expect(replies.filter(({ attempts }) => attempts.length === 1)).toHaveLength(1);
  });

  test("continue when the first or a joined call is aborted", async () => {
    for (const aborted of [0, 1]) {
      const simulator = await simulate({ script: [{ delayMs: 40, times: 2 }] });
      const model = factoryOf(cached(simulator.url)).create();
      const controller = new AbortController();
      const calls = Array.from({ length: 4 }, (_, index) =>
        model.codegen("Say hello.", index === aborted ? { signal: controller.signal } : {}),
      );
      const failure = failureOf(calls[aborted] as Promise<unknown>);
      await until(() => simulator.requests.length === 1);
      controller.abort();
      expect((await failure).code).toBe("aborted");
      const others = await Promise.all(calls.filter((_, index) => index !== aborted));
      expect(new Set(others.map(({ text }) => text)).size).toBe(1);
      expect(simulator.requests).toHaveLength(1);
    }
  });

  test("send their own request when the shared one fails", async () => {
    const simulator = await simulate({ script: [{ status: 400, delayMs: 20 }] });
    const model = factoryOf(cached(simulator.url)).create();
    const results = await Promise.all([1, 2, 3].map(() => model.safeCodegen("Say hello.")));
    expect(results.filter(({ ok }) => ok)).toHaveLength(2);
    expect(simulator.requests).toHaveLength(2);
  });
});

describe("cache options of a call", () => {
  test("bypass sends a request and stores nothing", async () => {
    const simulator = await simulate();
    const model = factoryOf(cached(simulator.url)).create();
    await model.codegen("Say hello.", { cache: "bypass" });
    expect((await failureOf(model.codegen("Say hello.", { cache: "only" }))).code).toBe("not_found");
    expect(simulator.requests).toHaveLength(1);
    await model.codegen("Say hello.");
    await model.codegen("Say hello.", { cache: "bypass" });
    expect(simulator.requests).toHaveLength(3);
  });

  test("refresh replaces the stored answer; only never sends a request", async () => {
    const texts = ["old", "new", "newest"];
    const simulator = await simulate({ answers: () => ({ text: texts.shift() ?? "" }) });
    const model = factoryOf(cached(simulator.url)).create();
    expect((await model.codegen("Say.")).text).toBe("old");
    expect((await model.codegen("Say.", { cache: "refresh" })).text).toBe("new");
    expect((await model.codegen("Say.", { cache: "only" })).text).toBe("new");
    expect((await model.codegen("Say.", { cache: "use" })).text).toBe("new");
    expect((await failureOf(eventsOf(model.stream("Other.", { cache: "only" })))).code).toBe("not_found");
    expect((await failureOf(model.codegen("Say.", { cache: "refesh" as never }))).message).toContain(
      'did you mean "refresh"',
    );
    expect(simulator.requests).toHaveLength(2);
  });

  test("an answer expires after its ttl, on the injected clock", async () => {
    const simulator = await simulate();
    const clock = new FakeClock();
    const model = factoryOf(cached(simulator.url, "", "ttl = 1"), { clock }).create();
    await model.codegen("Say hello.");
    await clock.advance(900);
    await model.codegen("Say hello.");
    expect(simulator.requests).toHaveLength(1);
    await clock.advance(200);
    await model.codegen("Say hello.");
    expect(simulator.requests).toHaveLength(2);
  });

  test("max_entries evicts the least recently used answer", async () => {
    const simulator = await simulate();
    const model = factoryOf(cached(simulator.url, "", "max_entries = 2")).create();
    for (const prompt of ["one", "two", "one", "three", "one"]) await model.codegen(prompt);
    expect(simulator.requests).toHaveLength(3);
    await model.codegen("two");
    expect(simulator.requests).toHaveLength(4);
  });
});

describe("what is not stored", () => {
  test.each([
    ["an answer cut by the limit", { answer: { text: "half", finish: "length" } }, ""],
    ["a refusal", { answer: { refusal: "no", finish: "refusal" } }, ""],
    ["an error", { status: 400 }, ""],
    ["a broken stream", { cut: { afterEvents: 3 } }, "num_retries = 0\nstream = true"],
  ] as const)("%s", async (_, fault, lines) => {
    const simulator = await simulate({ script: [fault] });
    const model = factoryOf(cached(simulator.url, lines)).create();
    await model.safeCodegen("Say hello.");
    expect((await model.codegen("Say hello.")).finishReason).toBe("stop");
    expect(simulator.requests).toHaveLength(2);
  });

  test("the answer of a fallback", async () => {
    const simulator = await simulate({ script: [{ match: { model: "some-model" }, status: 401 }] });
    const toml = `${cached(simulator.url, `fallback_models = ["other"]\n${AT_ONCE}`)}${entry("openai", simulator.url, "", { table: "other", name: "other-model" })}`;
    const model = factoryOf(toml).create();
    expect((await model.codegen("Say hello.")).model).toBe("other");
    expect((await model.codegen("Say hello.")).model).toBe("main");
    expect((await model.codegen("Say hello.")).attempts).toEqual([]);
    expect(simulator.requests).toHaveLength(3);
  });

  test("an abandoned stream", async () => {
    const simulator = await simulate({ delayMs: 2 });
    const model = factoryOf(cached(simulator.url)).create();
    for await (const _ of model.stream("Say hello.")) break;
    await model.codegen("Say hello.");
    expect(simulator.requests).toHaveLength(2);
  });
});
