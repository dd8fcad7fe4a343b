import { describe, expect, test } from "vitest";
import type { Usage } from "../../src/index.ts";
import { AT_ONCE, entry, PATIENT } from "../harness/entry.ts";
import { FakeClock } from "../harness/fake-clock.ts";
import { JumpingClock } from "../harness/jumping-clock.ts";
import { eventsOf, failureOf } from "../harness/outcomes.ts";
import { factoryOf, simulate } from "../harness/simulated.ts";
import { chatBody, chatEvents, sendEvents, serve } from "../harness/small-server.ts";
import { WIRES } from "../harness/wires.ts";

/** A chat server with fixed counts, as a body or a stream. */
async function charging(usage: object) {
  return serve(({ body }, response) => {
    if (body["stream"] !== true) return chatBody("fine", usage);
    sendEvents(response, chatEvents(["fine"], usage));
    return undefined;
  });
}

const entryAt = (url: string, lines: string, name = "some-model") =>
  entry("openai", url, lines, { name, priced: false });

describe.each(WIRES)("usage on the %s wire", (wire) => {
  test("counts every token in one class, with equal costs for streams and bodies", async () => {
    const usage = { input: 1000, cacheRead: 600, output: 500, reasoning: 200, cacheWrite5m: 0, cacheWrite1h: 0 };
    const simulator = await simulate({ answers: () => ({ text: "fine", reasoning: "hm", usage }) });
    const model = factoryOf(entry(wire, simulator.url)).create();
    const whole = await model.codegen("Count.", { reasoningEffort: "low" });
    const streamed = await model.stream("Count.", { reasoningEffort: "low" }).reply;
    expect(whole.usage).toMatchObject({
      input: 400,
      cacheRead: 600,
      cacheWrite: 0,
      output: 500,
      total: 1500,
      estimated: false,
    });
    expect(streamed.usage).toEqual(whole.usage);
    // Anthropic counts thinking as output and does not say how much of it there was.
    expect([0, 200]).toContain(whole.usage.reasoning);
    if (wire !== "anthropic") expect(whole.usage.reasoning).toBe(200);
    const expected = (400 * 3 + 600 * 0.3 + 500 * 15) / 1e6;
    expect(Math.abs((whole.cost.usd ?? 0) - expected)).toBeLessThan(1e-12);
    expect(streamed.cost).toEqual(whole.cost);
    expect(whole.cost.breakdown).toEqual({ input: 0.0012, cacheRead: 0.00018, cacheWrite: 0, output: 0.0075 });
    expect(whole.cost.estimated).toBe(false);
  });

  test("is emitted before finish in a stream", async () => {
    const simulator = await simulate();
    const stream = factoryOf(entry(wire, simulator.url)).create().stream("Say hello.");
    const events = await eventsOf(stream);
    const last = events.flatMap((event) => (event.type === "usage" ? [event.usage] : [])).at(-1);
    expect(last).toEqual((await stream.reply).usage);
    expect(events.findLastIndex(({ type }) => type === "usage")).toBeLessThan(
      events.findLastIndex(({ type }) => type === "finish"),
    );
  });
});

describe("the cost of prompt caching", () => {
  test("Claude's cache writes are charged by time to live", async () => {
    const simulator = await simulate({
      answers: () => ({
        text: "fine",
        usage: { input: 1000, cacheRead: 100, cacheWrite5m: 200, cacheWrite1h: 300, output: 10 },
      }),
    });
    const model = factoryOf(
      entry(
        "anthropic",
        simulator.url,
        "pricing = { input = 3, output = 15, cache_read = 0.3, cache_write_5m = 3.75, cache_write_1h = 6 }",
        { priced: false },
      ),
    ).create();
    const { usage, cost } = await model.codegen("Hi.");
    expect(usage).toMatchObject({
      input: 400,
      cacheRead: 100,
      cacheWrite: 500,
      output: 10,
      total: 1010,
      details: { cacheWrite5m: 200, cacheWrite1h: 300 },
    });
    expect(cost.usd).toBeCloseTo((400 * 3 + 100 * 0.3 + 200 * 3.75 + 300 * 6 + 10 * 15) / 1e6, 12);
    expect((await model.stream("Hi.").reply).usage).toEqual(usage);
  });

  test("1000 in, 800 of them cached, 500 out of Sonnet 4 are $0.00834", async () => {
    const server = await charging({
      prompt_tokens: 1000,
      completion_tokens: 500,
      total_tokens: 1500,
      prompt_tokens_details: { cached_tokens: 800 },
    });
    const { cost } = await factoryOf(entryAt(server.url, 'price_as = "claude-sonnet-4-20250514"'))
      .create()
      .codegen("Hi.");
    expect(cost.usd).toBeCloseTo(0.00834, 12);
  });

  test("prompt_cache shows in the usage of the second call", async () => {
    const simulator = await simulate();
    const model = factoryOf(
      entry("anthropic", simulator.url, `prompt_cache = true\nsystem = "${"You are careful. ".repeat(400)}"`, {
        name: "claude-3-opus-20240229",
      }),
    ).create();
    const first = await model.codegen("Say one.");
    const second = await model.codegen("Say one.");
    expect(first.usage.cacheWrite).toBeGreaterThan(1000);
    expect(second.usage).toMatchObject({ cacheRead: first.usage.cacheWrite, cacheWrite: 0 });
    expect(second.cost.usd).toBeLessThan(first.cost.usd ?? 0);
    expect(JSON.stringify(simulator.requests[0]?.body)).toContain("cache_control");
  });

  test("prompt_cache sends no markers to gpt-4o and does not fail", async () => {
    const simulator = await simulate();
    const reply = await factoryOf(entry("openai", simulator.url, "prompt_cache = true", { name: "gpt-4o" }))
      .create()
      .codegen("Hi.");
    expect(JSON.stringify(simulator.requests[0]?.body)).not.toContain("cache_control");
    expect(reply.finishReason).toBe("stop");
  });
});

describe("prices", () => {
  const MILLION = { prompt_tokens: 1_000_000, completion_tokens: 1_000_000, total_tokens: 2_000_000 };

  test("of the entry override [pricing], which overrides the catalog", async () => {
    const server = await charging(MILLION);
    const own = factoryOf(`[pricing.gpt-4o]\ninput = 1\noutput = 2\n${entryAt(server.url, "", "gpt-4o")}`).create();
    expect((await own.codegen("Hi.")).cost.usd).toBe(3);
    const more = factoryOf(
      `[pricing.gpt-4o]\ninput = 1\noutput = 2\n${entryAt(server.url, "pricing = { input = 10, output = 20 }", "gpt-4o")}`,
    ).create();
    expect((await more.codegen("Hi.")).cost.usd).toBe(30);
    expect(
      (
        await factoryOf(entryAt(server.url, "", "gpt-4o"))
          .create()
          .codegen("Hi.")
      ).cost.usd,
    ).toBe(12.5);
  });

  test("of another model apply with price_as", async () => {
    const server = await charging(MILLION);
    const { cost } = await factoryOf(entryAt(server.url, 'price_as = "gpt-4o"', "my-deployment"))
      .create()
      .codegen("Hi.");
    expect(cost.usd).toBe(12.5);
  });

  test("of a tier apply from one token above its limit", async () => {
    const cost = async (tokens: number) => {
      const server = await charging({ prompt_tokens: tokens, completion_tokens: 0, total_tokens: tokens });
      return (await factoryOf(entryAt(server.url, 'price_as = "gemini-2.5-pro"')).create().codegen("Hi.")).cost.usd;
    };
    expect(await cost(200_000)).toBeCloseTo(0.25, 9);
    expect(await cost(200_001)).toBeCloseTo(0.5000025, 9);
  });

  test("give null, never 0, and one warning when unknown", async () => {
    const server = await charging(MILLION);
    const warnings: string[] = [];
    const logger = { debug() {}, info() {}, error() {}, warn: (message: string) => void warnings.push(message) };
    const model = factoryOf(entryAt(server.url, ""), { logger }).create();
    const reply = await model.codegen("Hi.");
    await model.stream("Hi again.").reply;
    expect(reply.cost).toEqual({ usd: null, breakdown: null, estimated: false });
    expect(reply.attempts[0]?.cost?.usd).toBeNull();
    expect(warnings.filter((message) => message.includes("price unknown"))).toHaveLength(1);
  });

  test("reject the call before the request when unknown with strict_pricing", async () => {
    const server = await charging(MILLION);
    const model = factoryOf(entryAt(server.url, "strict_pricing = true")).create();
    for (const failed of [await failureOf(model.codegen("Hi.")), await failureOf(eventsOf(model.stream("Hi.")))]) {
      expect(failed.code).toBe("unsupported");
      expect(failed.message).toContain("price");
    }
    expect(server.arrivals).toHaveLength(0);
    expect(
      (await factoryOf(entryAt(server.url, 'strict_pricing = true\nprice_as = "gpt-4o"')).create().codegen("Hi.")).cost
        .usd,
    ).toBe(12.5);
  });

  test("add up without floating point errors", async () => {
    const server = await charging({ prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 });
    const factory = factoryOf(entryAt(server.url, "pricing = { input = 0.1, output = 0.2 }"));
    const model = factory.create();
    for (let call = 0; call < 30; call++) await model.codegen(`Hi ${call}.`);
    expect(factory.usage().cost.usd).toBe(0.000015);
  });
});

describe("factory.usage()", () => {
  const EACH = { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110 };
  const EACH_USD = (100 * 3 + 10 * 15) / 1e6;

  test("sums requests, tokens and cost by model, provider, tag and day", async () => {
    const server = await charging(EACH);
    const clock = new FakeClock(Date.UTC(2026, 0, 1, 23));
    const factory = factoryOf(`${entry("openai", server.url)}${entry("openai", server.url, "", { table: "other" })}`, {
      clock,
    });
    await factory.get("main").codegen("One.", { tags: ["a"] });
    await factory.get("main").stream("Two.", { tags: ["b"] }).reply;
    await clock.advance(2 * 3_600_000);
    await factory.get("other").codegen("Three.", { tags: ["a"] });
    const total = factory.usage();
    expect(total).toMatchObject({ calls: 3, requests: 3, usage: { input: 300, output: 30, total: 330 } });
    expect(total.cost.usd).toBeCloseTo(3 * EACH_USD, 12);
    const calls = (by: "model" | "provider" | "tag" | "day") =>
      Object.fromEntries(Object.entries(factory.usage(by)).map(([name, sum]) => [name, sum.calls]));
    expect(calls("model")).toEqual({ main: 2, other: 1 });
    expect(calls("provider")).toEqual({ openai: 3 });
    expect(calls("tag")).toEqual({ a: 2, b: 1 });
    expect(calls("day")).toEqual({ "2026-01-01": 2, "2026-01-02": 1 });
    const tagged = Object.values(factory.usage("tag"));
    expect(tagged.reduce((sum, { usage }) => sum + usage.total, 0)).toBe(total.usage.total);
    expect(tagged.reduce((sum, { cost }) => sum + (cost.usd ?? 0), 0)).toBeCloseTo(total.cost.usd ?? -1, 12);
  });

  test("counts the requests of failed attempts, billed or not", async () => {
    const simulator = await simulate({ script: [{ status: 503 }, {}, { cut: { afterEvents: 4 } }] });
    const factory = factoryOf(entry("anthropic", simulator.url, `num_retries = 1\n${AT_ONCE}`));
    const model = factory.create();
    const reply = await model.codegen("Say hello.");
    expect(reply.attempts.map(({ outcome, possiblyBilled }) => [outcome, possiblyBilled])).toEqual([
      ["error", false],
      ["ok", false],
    ]);
    expect(factory.usage()).toMatchObject({ calls: 1, requests: 2, usage: { total: reply.usage.total } });
    const error = await failureOf(model.stream("Say hello.").reply);
    expect(error.attempts).toMatchObject([{ outcome: "error", possiblyBilled: true }]);
    expect(factory.usage()).toMatchObject({ calls: 2, requests: 3 });
  });

  test("counts abandoned calls", async () => {
    const simulator = await simulate({ delayMs: 2 });
    const factory = factoryOf(entry("openai", simulator.url));
    for await (const _ of factory.create().stream("Say hello.")) break;
    expect(factory.usage()).toMatchObject({ calls: 1, requests: 1 });
  });

  test("counts each attempt for its own model when a fallback answers", async () => {
    const simulator = await simulate({ script: [{ match: { model: "some-model" }, status: 401 }] });
    const factory = factoryOf(
      `${entry("openai", simulator.url, 'fallback_models = ["other"]')}${entry("anthropic", simulator.url, "", { table: "other", name: "other-model" })}`,
    );
    const reply = await factory.create().codegen("Say hello.");
    expect(factory.usage("model")).toMatchObject({
      main: { requests: 1, usage: { total: 0 } },
      other: { requests: 1, usage: { total: reply.usage.total } },
    });
    expect(factory.usage("provider")).toMatchObject({ openai: { requests: 1 }, anthropic: { requests: 1 } });
    expect(factory.usage().calls).toBe(1);
  });

  test("has an unknown cost if one price is unknown", async () => {
    const server = await charging(EACH);
    const factory = factoryOf(
      `${entry("openai", server.url)}${entry("openai", server.url, "", { table: "other", priced: false })}`,
    );
    await factory.get("main").codegen("One.");
    expect(factory.usage().cost.usd).toBeCloseTo(EACH_USD, 12);
    await factory.get("other").codegen("Two.");
    expect(factory.usage().cost.usd).toBeNull();
    expect(factory.usage("model")["main"]?.cost.usd).toBeCloseTo(EACH_USD, 12);
  });
});

describe("the details of a reply", () => {
  test("attempts, delays, money, ids and limits after a retry and a fallback", async () => {
    const simulator = await simulate({ script: [{ match: { model: "some-model" }, status: 503, times: 2 }] });
    const clock = new JumpingClock();
    const toml = `[defaults]\n${PATIENT}\n${entry("openai", simulator.url, 'num_retries = 1\nretry_min_wait = 1\njitter = "none"\nfallback_models = ["other"]')}${entry("anthropic", simulator.url, "", { table: "other", name: "other-model" })}`;
    const reply = await factoryOf(toml, { clock }).create().codegen("Say hello.");
    expect(reply).toMatchObject({
      model: "other",
      provider: "anthropic",
      id: expect.any(String),
      requestId: expect.any(String),
      finishReason: "stop",
      rawFinishReason: "end_turn",
    });
    expect(reply.attempts.map(({ model, outcome, error }) => [model, outcome, error?.code, error?.status])).toEqual([
      ["main", "error", "overloaded", 503],
      ["main", "error", "overloaded", 503],
      ["other", "ok", undefined, undefined],
    ]);
    expect(reply.latencyMs).toBeGreaterThanOrEqual(1000);
    expect(reply.attempts[1]?.startedMs).toBe(
      (reply.attempts[0]?.startedMs ?? 0) + (reply.attempts[0]?.durationMs ?? 0) + 2000,
    );
    expect(reply.cost.usd).toBe(reply.attempts[2]?.cost?.usd);
    expect(reply.rateLimit?.requests?.limit).toBeGreaterThan(0);
  });

  test("rate limits of OpenAI and Anthropic have one format", async () => {
    const limited = (headers: Record<string, string>, body: object) =>
      serve((_, response) => {
        for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
        return body;
      });
    const at = new Date(Math.floor(Date.now() / 1000) * 1000);
    const resetAt = new Date(at.getTime() + 90_000).toISOString();
    const anthropic = {
      id: "m",
      type: "message",
      role: "assistant",
      model: "m",
      content: [{ type: "text", text: "fine" }],
      stop_reason: "end_turn",
      usage: { input_tokens: 1, output_tokens: 1 },
    };
    const openai = await limited(
      {
        date: at.toUTCString(),
        "x-ratelimit-limit-requests": "60",
        "x-ratelimit-remaining-requests": "59",
        "x-ratelimit-reset-requests": "1m30s",
        "x-ratelimit-limit-tokens": "1000",
        "x-ratelimit-remaining-tokens": "900",
        "x-ratelimit-reset-tokens": "90s",
      },
      chatBody("fine"),
    );
    const claude = await limited(
      {
        date: at.toUTCString(),
        "anthropic-ratelimit-requests-limit": "60",
        "anthropic-ratelimit-requests-remaining": "59",
        "anthropic-ratelimit-requests-reset": resetAt,
        "anthropic-ratelimit-tokens-limit": "1000",
        "anthropic-ratelimit-tokens-remaining": "900",
        "anthropic-ratelimit-tokens-reset": resetAt,
      },
      anthropic,
    );
    const clock = new FakeClock(at.getTime());
    const one = await factoryOf(entry("openai", openai.url), { clock }).create().codegen("Hi.");
    const other = await factoryOf(entry("anthropic", claude.url), { clock }).create().codegen("Hi.");
    expect(one.rateLimit).toEqual({
      requests: { limit: 60, remaining: 59, resetMs: 90_000 },
      tokens: { limit: 1000, remaining: 900, resetMs: 90_000 },
    });
    expect(other.rateLimit).toEqual(one.rateLimit);
  });

  test("firstTokenMs, only with a stream", async () => {
    const simulator = await simulate();
    const model = factoryOf(entry("openai", simulator.url)).create();
    const streamed = await model.stream("Say hello.").reply;
    expect(streamed.firstTokenMs).toBeGreaterThanOrEqual(0);
    expect(streamed.firstTokenMs).toBeLessThanOrEqual(streamed.latencyMs);
  });

  test("usage is estimated when a host reports none, in body and stream", async () => {
    const bare = await serve(({ body }, response) => {
      const { usage: _, ...rest } = chatBody("Some words that have some tokens.") as { usage: unknown };
      if (body["stream"] !== true) return rest;
      sendEvents(response, chatEvents(["Some words that ", "have some tokens."], null));
      return undefined;
    });
    const model = factoryOf(entry("openai", bare.url)).create();
    const expected: Partial<Usage> = { estimated: true, output: expect.any(Number) as unknown as number };
    const whole = await model.codegen("Say something.");
    expect(whole.usage).toMatchObject(expected);
    expect(whole.usage.output).toBeGreaterThan(3);
    expect((await model.stream("Say something.").reply).usage).toEqual(whole.usage);
    expect(whole.cost.estimated).toBe(true);
  });
});
