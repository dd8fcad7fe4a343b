import { setTimeout as wait } from "node:timers/promises";
import { Redis } from "ioredis";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { systemClock } from "../../src/core/clock.ts";
import { StoreUnavailable } from "../../src/core/store.ts";
import { openValues } from "../../src/stores/open-values.ts";
import { RedisTexts } from "../../src/stores/redis-texts.ts";
import { redisValueScripts } from "../../src/stores/redis-value-scripts.ts";
import { SharedValues } from "../../src/stores/shared-values.ts";
import type { TextStore } from "../../src/stores/text-store.ts";
import type { FakeClock } from "../harness/fake-clock.ts";
import { describeWith, REDIS_SERVER } from "../harness/needs.ts";
import { RedisServer } from "../harness/redis-server.ts";
import { Stopwatch } from "../harness/stopwatch.ts";
import { testValues } from "../harness/values-contract.ts";

/** The scripts read the time from a key, so that tests can advance it. */
const CLOCK = "tonumber(redis.call('GET', KEYS[1] .. ':now'))";

describeWith(REDIS_SERVER, "redis-server", () => {
  let server: RedisServer;
  let admin: Redis;
  let prefix: string;
  let prefixes = 0;

  beforeAll(async () => {
    server = await RedisServer.start();
    admin = new Redis(server.url);
  });
  afterAll(async () => {
    await admin.quit();
    await server.remove();
  });
  beforeEach(() => {
    prefix = `test-${++prefixes}`;
  });

  testValues("redis", (clock, bounds) => new SharedValues(async () => clocked(clock), bounds, systemClock));

  /** Sets the time before each step. */
  function clocked(clock: FakeClock): TextStore {
    const prefix = `clocked-${++prefixes}`;
    const texts = new RedisTexts({ url: server.url, prefix, timeoutMs: 10_000 }, systemClock, redisValueScripts(CLOCK));
    const now = () => admin.set(`{${prefix}}:now`, clock.now());
    return {
      get: async (...asked) => now().then(() => texts.get(...asked)),
      set: async (written) => now().then(() => texts.set(written)),
      delete: async (key) => now().then(() => texts.delete(key)),
      clear: async (start) => now().then(() => texts.clear(start)),
      close: () => texts.close(),
    };
  }

  function values(
    { maxEntries = 100, maxBytes = 10_000, timeout = 10_000, url = server.url } = {},
    clock = systemClock,
  ) {
    const state = { store: "redis", path: "", url, prefix, timeout, onUnavailable: "refuse" } as const;
    const store = openValues(state, { maxEntries, maxBytes }, clock);
    onTestFinished(() => store.close());
    return store;
  }

  const textKey = (key: string) => `{${prefix}}:v1:=${key}`;

  describe("values in Redis", () => {
    it("are shared by all who use the server and the prefix, with one order of use", async () => {
      const [one, two] = [values({ maxEntries: 2 }), values({ maxEntries: 2 })];
      await one.set("a", 1, 60_000);
      await two.set("b", 2, 60_000);
      expect(await two.get("a")).toBe(1);
      await one.set("c", 3, 60_000);
      expect(await two.get("b")).toBeUndefined();
      expect(await two.get("a")).toBe(1);
      expect(two.size()).toEqual({ entries: 2, bytes: 2 });
      prefix = "another";
      expect(await values().get("a")).toBeUndefined();
    });

    it("have keys with one hash tag, and nothing remains after the last value expired", async () => {
      await values().set("a", 1, 60_000);
      await values().set("b", 2, 1_000);
      const keys = await admin.keys("*");
      const own = keys.filter((key) => key.startsWith(`{${prefix}}:`));
      expect(own.sort()).toEqual(["=a", "=b", "bytes", "ends", "total", "used"].map((end) => `{${prefix}}:v1:${end}`));
      for (const key of own) {
        const ttlMs = await admin.pttl(key);
        expect(ttlMs, key).toBeGreaterThan(0);
        expect(ttlMs, key).toBeLessThanOrEqual(key.endsWith("=b") ? 11_000 : 70_000);
      }
    });

    it.each([
      ["is truncated", (text: string) => text.slice(0, -3)],
      ["has another character", (text: string) => text.replace("fine", "fire")],
      ["is not JSON", () => "cached"],
      ["is larger than allowed", (text: string) => text + " ".repeat(10_100)],
    ])("are not found if their text %s", async (_, change) => {
      const store = values();
      await store.set("a", { text: "fine" }, 60_000);
      await admin.set(textKey("a"), change((await admin.get(textKey("a"))) ?? ""));
      expect(await store.get("a")).toBeUndefined();
      await store.set("a", 2, 60_000);
      expect(await store.get("a")).toBe(2);
    });

    it("are not counted anymore if their text was deleted by another program", async () => {
      const store = values();
      await store.set("a", 1, 60_000);
      await admin.del(textKey("a"));
      expect(await store.get("a")).toBeUndefined();
      expect(store.size()).toEqual({ entries: 0, bytes: 0 });
    });

    it("are not read over the network if they are larger than allowed", async () => {
      const store = values();
      await store.set("a", 1, 60_000);
      await admin.set(textKey("a"), "x".repeat(5_000_000));
      const sent = async () => Number(/total_net_output_bytes:(\d+)/.exec(await admin.info("stats"))?.[1]);
      const before = await sent();
      expect(await store.get("a")).toBeUndefined();
      expect((await sent()) - before).toBeLessThan(1_000_000);
    });

    it("reject while the server is away, at once after the first time, and are found again later", async () => {
      let nowMs = 0;
      const store = values({ timeout: 200 }, { ...systemClock, monotonic: () => nowMs });
      await store.set("a", 1, 60_000);
      server.pause();
      await expect(store.get("a")).rejects.toThrow(/no answer within 200 ms/);
      using watch = new Stopwatch();
      for (let count = 0; count < 100; count++) await expect(store.get("a")).rejects.toThrow(StoreUnavailable);
      expect(watch.elapsedMs).toBeLessThan(200);
      server.resume();
      nowMs += 5_000;
      await until(async () => {
        nowMs += 5_000;
        return (await store.get("a").catch(() => undefined)) === 1;
      });
    });

    it("reject if the server refuses to write", async () => {
      await admin.config("SET", "maxmemory", "1");
      onTestFinished(() => admin.config("SET", "maxmemory", "0").then(() => {}));
      await expect(values().set("a", 1, 60_000)).rejects.toThrow(/memory is full; raise maxmemory/);
    });
  });
});

async function until(isTrue: () => Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await wait(20);
}
