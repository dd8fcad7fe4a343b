import { describe, expect, test } from "vitest";
import { ConfigError } from "../../src/index.ts";
import { AT_ONCE, entry, WIRES } from "../harness/entry.ts";
import { eventsOf, failureOf } from "../harness/outcomes.ts";
import { factoryOf, simulate } from "../harness/simulated.ts";
import { chatBody, chatEvents, sendEvents, serve } from "../harness/small-server.ts";

const other = (url: string, table: string, lines = "") =>
  entry("openai", url, lines, { table, name: `${table}-model` });
/** Cut in the middle of the text: two wires say more before its first word. */
const cutOn = (wire: (typeof WIRES)[number]) => ({
  answer: { text: "one two three four five" },
  cut: { afterEvents: wire === "openai" || wire === "google" ? 3 : 5 },
});

describe("a stream that is cut", () => {
  test.each(WIRES)("before its first token is asked for again, and nobody sees it: %s", async (wire) => {
    const simulator = await simulate({ script: [{ reset: true }] });
    const stream = factoryOf(entry(wire, simulator.url, AT_ONCE))
      .create()
      .stream("Count.");
    const events = await eventsOf(stream);
    expect(events.some(({ type }) => type === "reset")).toBe(false);
    expect((await stream.reply).text).not.toBe("");
    expect(simulator.requests).toHaveLength(2);
  });

  test.each(WIRES)("after three tokens is an error with exactly these three: %s", async (wire) => {
    const simulator = await simulate({ script: [cutOn(wire)] });
    const stream = factoryOf(entry(wire, simulator.url, AT_ONCE))
      .create()
      .stream("Count.");
    const texts: string[] = [];
    const error = await failureOf(
      (async () => {
        for await (const text of stream.text) texts.push(text);
      })(),
    );
    expect(error.code).toBe("stream_truncated");
    expect(error.partial?.text).toBe(texts.join(""));
    expect("one two three four five".startsWith(texts.join(""))).toBe(true);
    expect([texts.length > 0, simulator.requests.length]).toEqual([true, 1]);
  });

  test.each(WIRES)("is gone on with where on_break says continue, without a repetition: %s", async (wire) => {
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
});

test("an answer that is cut by length twice becomes one text without the repeated line, its usage summed", async () => {
  const parts = [
    ["first line\nsecond line\n", "length"],
    ["second line\nthird line\n", "length"],
    ["fourth line", "stop"],
  ] as const;
  const server = await serve(() => {
    const [text, finish] = parts[server.arrivals.length - 1] as (typeof parts)[number];
    return chatBody(text, undefined, finish);
  });
  const reply = await factoryOf(entry("openai", server.url, "continue_on_length = 5"))
    .create()
    .codegen("Write.");
  expect(reply).toMatchObject({ text: "first line\nsecond line\nthird line\nfourth line", finishReason: "stop" });
  expect([server.arrivals.length, reply.usage.total]).toEqual([3, 45]);

  const limited = await serve(() => chatBody("more and more\n", undefined, "length"));
  const cutShort = factoryOf(entry("openai", limited.url, "continue_on_length = 2")).create();
  expect((await cutShort.codegen("Write.")).finishReason).toBe("length");
  expect(limited.arrivals).toHaveLength(3);
});

test("a silent primary is overtaken after hedge_after: it is closed, and its request is accounted", async () => {
  let closedAfterMs: number | undefined;
  const startMs = performance.now();
  const silent = await serve((_, response) => {
    response.on("close", () => {
      closedAfterMs = performance.now() - startMs;
    });
  });
  const quick = await serve((_, response) => sendEvents(response, chatEvents(["from the", " second"])));
  const toml = `${entry("openai", silent.url, 'hedge_after = "200ms"\nfallback_models = ["b"]')}${other(quick.url, "b")}`;
  const stream = factoryOf(toml).create("main").stream("Hi.");
  const reply = await stream.reply;
  expect([reply.text, reply.model]).toEqual(["from the second", "b"]);
  expect(reply.attempts.map(({ outcome, possiblyBilled }) => [outcome, possiblyBilled])).toEqual([
    ["aborted", true],
    ["ok", false],
  ]);
  expect(reply.cost.estimated).toBe(true);
  await expect.poll(() => closedAfterMs).toBeGreaterThanOrEqual(190);
});

describe("a prompt for another window", () => {
  const prompt = "word ".repeat(10_000);
  const sized = (context: number) => `num_retries = 0\ncapabilities = { context = ${context} }`;

  test("of 10,000 tokens goes only to the fallback that can hold it", async () => {
    const server = await serve(() => chatBody("done"));
    const toml = [
      entry("openai", server.url, `${sized(8_000)}\ncontext_window_fallbacks = ["small", "large"]`),
      other(server.url, "small", sized(4_000)),
      other(server.url, "large", sized(200_000)),
    ].join("");
    const reply = await factoryOf(toml).create("main").codegen(prompt);
    expect(reply.model).toBe("large");
    expect(server.arrivals.map(({ body }) => body["model"])).toEqual(["large-model"]);
  });

  test("is not sent to a fallback that is too small: the error is the primary's, and says so", async () => {
    const server = await serve((_, response) => {
      response.statusCode = 429;
      return { error: { message: "slow down", code: "rate_limit_exceeded" } };
    });
    const toml = [
      entry("openai", server.url, 'num_retries = 0\nfallback_models = ["small"]'),
      other(server.url, "small", sized(4_000)),
    ].join("");
    const error = await failureOf(factoryOf(toml).create("main").codegen(prompt));
    expect(error.code).toBe("rate_limited");
    expect(error.message).toContain("slow down");
    expect(error.message).toMatch(/small.*not asked.*window 4000/);
    expect(error.errors.map(({ code }) => code)).toEqual(["rate_limited", "context_too_long"]);
    expect(server.arrivals).toHaveLength(1);
  });

  test("is asked of a primary with nobody to turn to: only its provider counts exactly", async () => {
    const server = await serve(() => chatBody("it fits after all"));
    const reply = await factoryOf(entry("openai", server.url, sized(8_000)))
      .create()
      .codegen(prompt);
    expect(reply.text).toBe("it fits after all");
  });
});

test("what a filter stops goes to content_policy_fallbacks once, and not to the general list", async () => {
  const simulator = await simulate({ script: [{ kind: "filter", status: 400, match: { model: "some-model" } }] });
  const lists = 'fallback_models = ["general"]\ncontent_policy_fallbacks = ["lenient"]';
  const toml = [
    entry("openai", simulator.url, lists),
    other(simulator.url, "general"),
    other(simulator.url, "lenient"),
  ].join("");
  const reply = await factoryOf(toml).create("main").codegen("Hi.");
  expect(reply.model).toBe("lenient");
  expect(simulator.requests.map(({ model }) => model)).toEqual(["some-model", "lenient-model"]);
});

test("rate_limit_fallbacks are asked after the retries, and not for a failing server", async () => {
  const throttled = await simulate({ script: [{ kind: "rate-limit", match: { model: "some-model" }, times: 3 }] });
  const toml = (url: string) =>
    [entry("openai", url, `num_retries = 2\n${AT_ONCE}\nrate_limit_fallbacks = ["b"]`), other(url, "b")].join("");
  const reply = await factoryOf(toml(throttled.url)).create("main").codegen("Hi.");
  expect([reply.model, throttled.requests.length]).toEqual(["b", 4]);

  const broken = await simulate({ script: [{ kind: "server", match: { model: "some-model" }, times: 3 }] });
  const error = await failureOf(factoryOf(toml(broken.url)).create("main").codegen("Hi."));
  expect([error.code, broken.requests.length]).toEqual(["server_error", 3]);
});

describe("the health of models", () => {
  test("is asked of each: a dead one is told within its time, the others are healthy, and nothing throws", async () => {
    const dead = await serve(() => undefined);
    const alive = await serve(() => chatBody("ok"));
    const toml = [
      entry("openai", alive.url, "num_retries = 3"),
      other(dead.url, "dead", 'fallback_models = ["main"]'),
      '[models.keyless]\nname = "gpt-4o"\nprovider = "openai"\n',
    ].join("");
    const factory = factoryOf(toml, { env: {} });
    const startMs = performance.now();
    const health = await factory.health({ timeoutMs: 300 });
    expect(performance.now() - startMs).toBeLessThan(5_000);
    expect(health["main"]).toMatchObject({ healthy: true });
    expect(health["dead"]).toMatchObject({ healthy: false, error: { code: "timed_out", phase: "deadline" } });
    expect(health["keyless"]?.error).toBeInstanceOf(ConfigError);
    expect([alive.arrivals.length, dead.arrivals.length]).toEqual([1, 1]);
    expect(Object.keys(await factory.health({ names: ["main"] }))).toEqual(["main"]);
    await expect(factory.health({ names: ["mian"] })).rejects.toThrow(/mian/);
  });

  test("is good when the few tokens were too few for an answer", async () => {
    const server = await serve(() => chatBody("", undefined, "length"));
    expect((await factoryOf(entry("openai", server.url)).health())["main"]?.healthy).toBe(true);
  });
});
