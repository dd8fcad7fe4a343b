import { describe, expect, it } from "vitest";
import type { CallInput } from "../../src/core/call.ts";
import { type Cost, UNKNOWN_COST } from "../../src/core/cost.ts";
import type { FlowEvent } from "../../src/core/event.ts";
import type { Next } from "../../src/core/layer.ts";
import type { ValueStore } from "../../src/core/store.ts";
import { cache, clearCache } from "../../src/layers/cache.ts";
import { CacheCounts } from "../../src/layers/cache-counts.ts";
import { cacheKey } from "../../src/layers/cache-key.ts";
import { MemoryStore } from "../../src/stores/memory.ts";
import { abort, callOf, INPUT, read, textOf } from "../harness/call-of.ts";
import { FakeClock } from "../harness/fake-clock.ts";

const MIB = 1_048_576;
const ANSWER_COST: Cost = {
  usd: 0.01,
  breakdown: { input: 0.004, cacheRead: 0, cacheWrite: 0, output: 0.006 },
  estimated: false,
};

/** An answer in parts, with the attempt that the meter would record. */
function answering(parts: readonly FlowEvent[], cost: Cost = ANSWER_COST) {
  let requests = 0;
  const next: Next = async function* ({ record }) {
    requests += 1;
    yield [{ type: "start", model: "main", provider: "scripted" }];
    for (const part of parts) yield [part];
    yield [{ type: "finish", reason: "stop", sample: 0 }];
    const rest = { startedMs: 0, durationMs: 1, possiblyBilled: false };
    record.attempts.push({ model: "main", provider: "p", outcome: "error", cost: ANSWER_COST, ...rest });
    record.attempts.push({ model: "main", provider: "p", outcome: "ok", cost, ...rest });
  };
  return { next, requests: () => requests };
}

const text = (words: string): FlowEvent => ({ type: "text-delta", text: words, sample: 0 });

function logged() {
  const lines: string[] = [];
  const write = (level: string) => (message: string) => void lines.push(`${level} ${message}`);
  return { lines, logger: { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") } };
}

function setUp(store: ValueStore, { next } = answering([text("hello")]), maxAnswerBytes = 8 * MIB) {
  const counts = new CacheCounts();
  const { lines, logger } = logged();
  const layer = cache(store, { ttlMs: 60_000, namespace: "n", maxAnswerBytes }, { counts, logger });
  const call = (input: Partial<CallInput> = {}, streaming = true) =>
    callOf({ streaming, input: { ...INPUT, ...input } });
  const ask = (input?: Partial<CallInput>, streaming?: boolean) => read(layer(call(input, streaming), next));
  return { counts, lines, layer, call, ask };
}

const prompt = (content: string): Partial<CallInput> => ({ messages: [{ role: "user", content }] });
const memory = (bounds = {}) => new MemoryStore({ maxEntries: 100, ...bounds }, new FakeClock());
const EMPTY = { entries: 0, bytes: 0 };

/** A store whose methods fail as long as it is down. */
class FailingStore implements ValueStore {
  readonly #store = memory();
  down = true;

  async #up(): Promise<MemoryStore> {
    if (this.down) throw new Error("connection lost");
    return this.#store;
  }

  async get(key: string): Promise<unknown> {
    return (await this.#up()).get(key);
  }

  async set(key: string, value: unknown, ttlMs: number): Promise<void> {
    await (await this.#up()).set(key, value, ttlMs);
  }

  async delete(key: string): Promise<void> {
    await (await this.#up()).delete(key);
  }

  async clear(prefix: string): Promise<void> {
    await (await this.#up()).clear(prefix);
  }
}

describe("a cache whose store fails", () => {
  it.each([true, false])("answers with a request (streaming: %s)", async (streaming) => {
    const answers = answering([text("hello")]);
    const { ask, counts } = setUp(new FailingStore(), answers);
    for (let index = 1; index <= 3; index++) {
      const { events, error } = await ask({}, streaming);
      expect([textOf({ events }), error, answers.requests()]).toEqual(["hello", undefined, index]);
    }
    expect(counts.read(EMPTY)).toMatchObject({ hits: 0, misses: 3, stored: 0 });
  });

  it("still shares the request of equal concurrent calls", async () => {
    const answers = answering([text("hello")]);
    const { ask, counts } = setUp(new FailingStore(), answers);
    const seen = await Promise.all([1, 2, 3].map(() => ask({}, false)));
    expect(seen.map(textOf)).toEqual(["hello", "hello", "hello"]);
    expect([answers.requests(), counts.joined]).toEqual([1, 2]);
  });

  it("warns once per outage, and reports its end", async () => {
    const store = new FailingStore();
    const { ask, lines } = setUp(store);
    await ask();
    await ask();
    store.down = false;
    await ask();
    await ask();
    store.down = true;
    await ask();
    expect(lines).toEqual([
      "warn the cache failed to read an answer",
      "info the cache can be used again",
      "warn the cache failed to read an answer",
    ]);
  });

  it("fails a call with only like a miss", async () => {
    expect((await setUp(new FailingStore()).ask({ cache: "only" })).error?.code).toBe("not_found");
  });

  it("ends with the call if the store never answers", async () => {
    const hanging = new Proxy(memory(), { get: () => () => new Promise(() => {}) });
    const { layer, call } = setUp(hanging);
    const one = call();
    const reading = read(layer(one, answering([]).next));
    const reason = abort();
    one.cancellation.cancel(reason);
    expect((await reading).error).toBe(reason);
  });

  it("delivers an answer although it cannot be stored in time", async () => {
    const store = memory();
    const slow = Object.assign(memory(), {
      get: (key: string) => store.get(key),
      set: () => new Promise<void>(() => {}),
    });
    const { layer, call } = setUp(slow);
    const one = call();
    const seen: FlowEvent[] = [];
    for await (const batch of layer(one, answering([text("hello")]).next)) {
      seen.push(...batch);
      if (batch.some(({ type }) => type === "finish")) setImmediate(() => one.cancellation.cancel(abort()));
    }
    expect(textOf({ events: seen })).toBe("hello");
  });

  const events = [{ type: "text-delta", text: "old", sample: 0 }];
  it.each([["text"], [5], [[]], [{}], [{ format: 0, events }], [{ format: 1, events: "text" }]])(
    "treats a foreign value as a miss: %j",
    async (value) => {
      const store = memory();
      const answers = answering([text("hello")]);
      const { ask, call } = setUp(store, answers);
      await store.set(`answer:${cacheKey(call(), "n")}`, value, 60_000);
      expect(textOf(await ask())).toBe("hello");
      expect(answers.requests()).toBe(1);
      await ask();
      expect(answers.requests()).toBe(1);
    },
  );
});

describe("the values of the cache", () => {
  it("are JSON, and give the same events after being written and read", async () => {
    const store = memory();
    const written: unknown[] = [];
    const { set } = store;
    store.set = (key, value, ttlMs) => {
      written.push(value);
      return set.call(store, key, value, ttlMs);
    };
    const call = { id: "c", name: "f", arguments: { city: "Köln \ud83d", list: [1, null] }, json: "{}" };
    const parts: readonly FlowEvent[] = [
      { type: "response", id: "r", servedModel: "m-1" },
      { type: "adjustment", adjustment: { setting: "seed", from: 1, to: undefined, reason: "x" } },
      { type: "reasoning-delta", text: "hm", sample: 0 },
      { type: "signature", part: "reasoning", signature: "c2ln", sample: 0 },
      text("a"),
      text("b"),
      { type: "tool-call-start", index: 0, id: "c", name: "f", sample: 0 },
      { type: "tool-call-end", index: 0, call, sample: 0 },
    ];
    const { ask } = setUp(store, answering(parts));
    const first = await ask();
    expect(JSON.parse(JSON.stringify(written[0]))).toEqual(written[0]);
    const second = await ask();
    expect(second.events).toEqual(first.events);
    expect(second.events.filter(({ type }) => type === "text-delta")).toHaveLength(2);
  });

  it.each([true, false])("serve streams and codegen (stored by a stream: %s)", async (streaming) => {
    const answers = answering([text("one "), text("two")]);
    const { ask } = setUp(memory(), answers);
    const first = await ask({}, streaming);
    const second = await ask({}, !streaming);
    expect([second.events, answers.requests()]).toEqual([first.events, 1]);
  });

  it("keep the provider's body if the answer has output without a place in the events", async () => {
    const answers = answering([text("see"), { type: "other-output", sample: 0 }]);
    const next: Next = (call) => {
      call.record.raw = { image: "QUJD" };
      return answers.next(call);
    };
    const { layer, call } = setUp(memory());
    await read(layer(call(), next));
    const hit = call();
    await read(layer(hit, next));
    expect([hit.record.raw, answers.requests()]).toEqual([{ image: "QUJD" }, 1]);
  });
});

describe("an answer that is too large", () => {
  const large = (bytes: number) => answering(Array.from({ length: 32 }, () => text("x".repeat(bytes / 32))));

  it.each([true, false])("is delivered, but not stored (streaming: %s)", async (streaming) => {
    const answers = large(8 * MIB);
    const store = memory();
    const { ask, counts } = setUp(store, answers);
    expect(textOf(await ask({}, streaming))).toHaveLength(8 * MIB);
    await ask({}, streaming);
    expect([answers.requests(), store.size().entries]).toEqual([2, 0]);
    expect(counts.read(EMPTY)).toMatchObject({ tooLarge: 2, stored: 0, misses: 2 });
  });

  it("is stored just below the limit", async () => {
    const answers = large(7 * MIB);
    const { ask, counts } = setUp(memory(), answers);
    await ask();
    expect(textOf(await ask())).toHaveLength(7 * MIB);
    expect([answers.requests(), counts.tooLarge]).toEqual([1, 0]);
  });

  it("is measured after a restart, without what came before", async () => {
    const reset: FlowEvent = { type: "reset", reason: "x" };
    const parts = [text("x".repeat(5 * MIB)), text("y".repeat(5 * MIB)), reset, text("whole")];
    const answers = answering(parts);
    const { ask } = setUp(memory(), answers);
    await ask();
    const hit = await ask();
    expect([textOf(hit), hit.events[0]?.type, answers.requests()]).toEqual(["whole", "start", 1]);
  });

  it("is not larger than the store allows", async () => {
    const answers = answering([text("x".repeat(1_000))]);
    const { ask, counts } = setUp(memory(), answers, 1_000);
    await ask();
    await ask();
    expect([answers.requests(), counts.tooLarge, counts.stored]).toEqual([2, 2, 0]);
  });

  it("is still shared by equal concurrent calls", async () => {
    const answers = large(8 * MIB);
    const { ask, counts } = setUp(memory(), answers);
    await Promise.all([1, 2, 3].map(() => ask({}, false)));
    expect([answers.requests(), counts.joined]).toEqual([1, 2]);
  });
});

describe("the counts of the cache", () => {
  it("equal what a script of calls did", async () => {
    const counts = new CacheCounts();
    const onEvicted = () => {
      counts.evicted += 1;
    };
    const store = memory({ maxEntries: 2, onEvicted });
    const layer = cache(store, { ttlMs: 60_000, namespace: "n" }, { counts });
    const { next } = answering([text("hello")]);
    const ask = (input: Partial<CallInput>, streaming = true) =>
      read(layer(callOf({ streaming, input: { ...INPUT, ...input } }), next));
    await ask(prompt("a"));
    await ask(prompt("a"));
    await ask(prompt("b"));
    await ask(prompt("a"));
    await ask(prompt("c"));
    await ask(prompt("b"));
    await ask({ ...prompt("a"), cache: "bypass" });
    await ask({ ...prompt("b"), cache: "refresh" });
    await ask({ ...prompt("d"), cache: "only" });
    await Promise.all([1, 2, 3].map(() => ask(prompt("e"), false)));
    const size = store.size();
    expect(counts.read(size)).toEqual({
      ...{
        hits: 2,
        misses: 6,
        stored: 6,
        joined: 2,
        evicted: 3,
        tooLarge: 0,
        semantic: 0,
        embedded: 0,
        entries: 2,
        savedUsd: 0.04,
      },
      bytes: size.bytes,
    });
    expect(size.bytes).toBeGreaterThan(100);
  });

  it("have no sum of savings if the cost of one answer is unknown", async () => {
    const { ask, counts } = setUp(memory(), answering([text("hello")], UNKNOWN_COST));
    await ask();
    expect(counts.read(EMPTY).savedUsd).toBe(0);
    await ask();
    expect(counts.read(EMPTY)).toMatchObject({ hits: 1, savedUsd: null });
  });
});

describe("clearing the cache", () => {
  it("removes the answers of one namespace, or all, and no other value of the store", async () => {
    const store = memory();
    await store.set("other", 1, 60_000);
    const answers = answering([text("hello")]);
    const { ask } = setUp(store, answers);
    const requestsAfter = async (clear: () => Promise<void>) => {
      await ask();
      await ask({ cacheNamespace: "two" });
      const before = answers.requests();
      await clear();
      await ask();
      await ask({ cacheNamespace: "two" });
      return answers.requests() - before;
    };
    expect(await requestsAfter(() => clearCache(store, "two"))).toBe(1);
    expect(await requestsAfter(() => clearCache(store, "n"))).toBe(1);
    expect(await requestsAfter(() => clearCache(store, "none"))).toBe(0);
    expect(await requestsAfter(() => clearCache(store, undefined))).toBe(2);
    expect(await store.get("other")).toBe(1);
  });
});
