import { describe, expect, test } from "vitest";
import { entry } from "../harness/entry.ts";
import { factoryOf, simulate } from "../harness/simulated.ts";
import { until } from "../harness/waits.ts";

const USAGE = { input: 1_000, cacheRead: 0, output: 500, reasoning: 0, cacheWrite5m: 0, cacheWrite1h: 0 };
/** Of an answer with that usage, at the prices of the harness. */
const USD = (1_000 * 3 + 500 * 15) / 1e6;

const answers = () => ({ text: "fine", usage: USAGE });
const toml = (url: string, { cache = "", lines = "", priced = true } = {}) =>
  `[cache]\n${cache}\n${entry("openai", url, lines, { priced })}`;

describe("factory.cache.stats", () => {
  test("counts hits, misses, stored and joined answers, and what they saved", async () => {
    const simulator = await simulate({ answers });
    const factory = factoryOf(toml(simulator.url));
    const model = factory.create();
    expect(factory.cache.stats()).toEqual({
      ...{ hits: 0, misses: 0, stored: 0, joined: 0, evicted: 0, tooLarge: 0, entries: 0, bytes: 0, savedUsd: 0 },
      ...{ semantic: 0, embedded: 0 },
    });
    await model.codegen("Hello");
    expect((await model.codegen("Hello")).cost.usd).toBe(0);
    await model.stream("Hello").reply;
    await Promise.all([1, 2, 3].map(() => model.codegen("Bye")));
    const { bytes, savedUsd, ...counts } = factory.cache.stats();
    expect(counts).toEqual({
      ...{ hits: 2, misses: 2, stored: 2, joined: 2, evicted: 0, tooLarge: 0, entries: 2 },
      ...{ semantic: 0, embedded: 0 },
    });
    expect(bytes).toBeGreaterThan(200);
    expect(savedUsd).toBeCloseTo(4 * USD, 9);
    expect(simulator.requests).toHaveLength(2);
  });

  test("counts evicted answers; entries and bytes stay within their limits", async () => {
    const simulator = await simulate({ answers });
    const factory = factoryOf(toml(simulator.url, { cache: "max_bytes = 2_000" }));
    for (let index = 0; index < 10; index++) await factory.create().codegen(`Hello ${index}`);
    const { stored, evicted, entries, bytes } = factory.cache.stats();
    expect([stored, evicted + entries]).toEqual([10, 10]);
    expect(entries).toBeGreaterThan(0);
    expect(bytes).toBeLessThanOrEqual(2_000);
  });

  test("is all 0 without a [cache] table", async () => {
    const simulator = await simulate();
    const factory = factoryOf(entry("openai", simulator.url));
    await factory.create().codegen("Hello");
    expect(new Set(Object.values(factory.cache.stats()))).toEqual(new Set([0]));
    await factory.cache.clear();
  });

  test("keeps its counts when a reload replaces the cache", async () => {
    const simulator = await simulate({ answers });
    const factory = factoryOf(toml(simulator.url));
    await factory.create().codegen("Hello");
    await factory.create().codegen("Hello");
    await factory.reload(toml(simulator.url, { cache: "ttl = 5" }));
    expect(factory.cache.stats()).toMatchObject({ hits: 1, misses: 1, stored: 1, entries: 0, bytes: 0 });
  });
});

describe("factory.cache.clear", () => {
  test("removes all answers, or those of a namespace", async () => {
    const simulator = await simulate();
    const factory = factoryOf(toml(simulator.url));
    const model = factory.create();
    const requests = async (namespace?: string) => {
      const before = simulator.requests.length;
      await model.codegen("Hello", { cache: { namespace } });
      return simulator.requests.length - before;
    };
    expect([await requests(), await requests("two")]).toEqual([1, 1]);
    await factory.cache.clear("two");
    expect([await requests(), await requests("two")]).toEqual([0, 1]);
    await factory.cache.clear();
    expect(factory.cache.stats().entries).toBe(0);
    expect([await requests(), await requests("two")]).toEqual([1, 1]);
    await expect(factory.cache.clear(5 as never)).rejects.toThrow("cache.clear: the namespace must be a string");
  });
});

describe("factory.usage().savedUsd", () => {
  test("is what the hits cost when they were requested, in every group; their cost is 0", async () => {
    const simulator = await simulate({ answers });
    const factory = factoryOf(toml(simulator.url));
    const model = factory.create("main", { scope: { org: "a" } });
    const options = { tags: ["nightly"] };
    const { cost } = await model.codegen("Hello", options);
    expect(factory.usage().savedUsd).toBe(0);
    expect((await model.codegen("Hello", options)).cost.usd).toBe(0);
    expect(factory.usage()).toMatchObject({ calls: 2, requests: 1, savedUsd: cost.usd, cost: { usd: cost.usd } });
    for (const group of ["model", "provider", "tag", "scope", "day"] as const)
      for (const sum of Object.values(factory.usage(group)))
        expect(sum, group).toMatchObject({ calls: 2, requests: 1, savedUsd: cost.usd, cost: { usd: cost.usd } });
  });

  test("counts the cost of the delivered answer, without that of failed attempts", async () => {
    const simulator = await simulate({ answers, script: [{ status: 500 }] });
    const lines = 'retry_min_wait = "1ms"\nretry_max_wait = "1ms"';
    const factory = factoryOf(toml(simulator.url, { lines }));
    const first = await factory.create().codegen("Hello");
    expect(first.attempts).toHaveLength(2);
    await factory.create().codegen("Hello");
    expect(factory.usage().savedUsd).toBeCloseTo(USD, 9);
  });

  test("is null if the price of a hit is unknown", async () => {
    const simulator = await simulate({ answers });
    const factory = factoryOf(toml(simulator.url, { priced: false }));
    await factory.create().codegen("Hello");
    expect(factory.usage().savedUsd).toBe(0);
    await factory.create().codegen("Hello");
    expect([factory.usage().savedUsd, factory.cache.stats().savedUsd]).toEqual([null, null]);
  });

  test("counts each joined call once", async () => {
    const simulator = await simulate({ answers, script: [{ delayMs: 30 }] });
    const factory = factoryOf(toml(simulator.url));
    const controller = new AbortController();
    const calls = [1, 2, 3].map(() => factory.create().codegen("Hello"));
    const aborted = factory.create().safeCodegen("Hello", { signal: controller.signal });
    await until(() => simulator.requests.length === 1);
    controller.abort();
    await Promise.all([...calls, aborted]);
    expect(factory.usage().savedUsd).toBeCloseTo(2 * USD, 9);
    expect(factory.cache.stats()).toMatchObject({ joined: 2, misses: 1 });
  });
});
