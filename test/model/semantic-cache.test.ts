import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { type CacheEvent, ConfigError, type Embedder, type FactoryOptions } from "../../src/index.ts";
import { entry } from "../harness/entry.ts";
import { eventsOf, failureOf } from "../harness/outcomes.ts";
import { factoryOf, simulate } from "../harness/simulated.ts";
import { until } from "../harness/waits.ts";

/** Prices of the harness: 0.0105 USD for each answer. */
const USAGE = { input: 1_000, cacheRead: 0, output: 500, reasoning: 0, cacheWrite5m: 0, cacheWrite1h: 0 };
const USD = 0.0105;

/** The cosine of a question and "What is TOML?" is the number at its end. */
const QUESTION = "What is TOML?";
const SIMILAR = "Tell me what TOML is: 0.95";
const OTHER = "What is YAML? 0.9";

function vectorOf(text: string): readonly number[] {
  const cosine = text === QUESTION ? 1 : Number(/-?[\d.]+$/.exec(text)?.[0] ?? 0);
  return [3 * cosine, 3 * Math.sqrt(1 - cosine ** 2)];
}

interface World extends FactoryOptions {
  /** Tables above the entry, and keys of the entry. */
  readonly tables?: string;
  readonly lines?: string;
  readonly semantic?: string;
  readonly embed?: Embedder | false;
}

/** A server that counts requests, and an embedding function that counts texts. */
async function world({ tables = "", lines = "", semantic = "", embed, ...options }: World = {}) {
  let answers = 0;
  const simulator = await simulate({ answers: () => ({ text: `answer ${++answers}`, usage: USAGE }) });
  const texts: string[] = [];
  const embedding: Embedder = async (asked, { model, signal }) => {
    expect(model).toBe("stub-embedding");
    expect(signal.aborted).toBe(false);
    texts.push(...asked);
    return asked.map(vectorOf);
  };
  const toml = `[cache.semantic]\nmodel = "stub-embedding"\n${semantic}\n${tables}\n${entry("anthropic", simulator.url, lines)}`;
  const reopen = (more: FactoryOptions = {}) => factoryOf(toml, { embed: embed ?? embedding, ...options, ...more });
  const factory = reopen();
  return { simulator, texts, toml, factory, model: factory.create(), reopen };
}

function logged() {
  const lines: string[] = [];
  const log = (message: string, fields?: object) => void lines.push(`${message} ${JSON.stringify(fields)}`);
  const ofCache = () => lines.filter((line) => line.includes("semantic cache"));
  return { ofCache, logger: { debug: () => {}, info: log, warn: log, error: log } };
}

describe("[cache.semantic]", () => {
  it("answers a similar question without a request, and no other one", async () => {
    const { simulator, model, texts } = await world();
    const first = await model.codegen(QUESTION);
    const similar = await model.codegen(SIMILAR);
    expect(similar.text).toBe(first.text);
    expect(similar.cost.usd).toBe(0);
    expect(similar.attempts).toEqual([]);
    expect(simulator.requests).toHaveLength(1);
    expect((await model.codegen(OTHER)).text).toBe("answer 2");
    expect((await model.codegen(SIMILAR, { system: "Be brief." })).text).toBe("answer 3");
    expect(simulator.requests).toHaveLength(3);
    expect(texts).toEqual([QUESTION, SIMILAR, OTHER, SIMILAR]);
  });

  it("says in the reply where the answer came from, how similar the question was, and what it saved", async () => {
    const { model } = await world();
    expect(await model.codegen(QUESTION)).not.toHaveProperty("cached");
    expect((await model.codegen(QUESTION)).cached).toEqual({ outcome: "hit", savedUsd: USD });
    const { cached } = await model.codegen(SIMILAR);
    expect(cached).toEqual({ outcome: "semantic", similarity: expect.closeTo(0.95, 5), savedUsd: USD });
    const samples = await model.codegen("Three: 0", { samples: 3 });
    expect(samples).not.toHaveProperty("cached");
    const again = await model.codegen("Three: 0", { samples: 3 });
    expect(again.cached).toEqual({ outcome: "hit", savedUsd: expect.closeTo(3 * USD, 9) });
  });

  it("counts semantic hits and embedded texts apart, and tells hooks and the ledger", async () => {
    const folder = mkdtempSync(join(tmpdir(), "modelwright-semantic-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const told: CacheEvent[] = [];
    const hooks = { cache: (event: CacheEvent) => void told.push(event) };
    const { factory, model } = await world({ tables: "[ledger]", baseDir: folder, hooks });
    await model.codegen(QUESTION);
    await model.codegen(QUESTION);
    await model.codegen(SIMILAR);
    expect(factory.cache.stats()).toMatchObject({ hits: 1, semantic: 1, misses: 1, stored: 1, joined: 0, embedded: 2 });
    expect(factory.cache.stats().savedUsd).toBeCloseTo(2 * USD, 9);
    expect(factory.usage().savedUsd).toBeCloseTo(2 * USD, 9);
    expect(told.map(({ outcome, similarity }) => [outcome, similarity])).toEqual([
      ["miss", undefined],
      ["hit", undefined],
      ["semantic", expect.closeTo(0.95, 5)],
    ]);
    const rows = await factory.ledger.query({ by: ["outcome"] });
    expect(rows).toMatchObject([
      { group: { outcome: "cached" }, attempts: 0, cached: 1, usd: 0, savedUsd: USD },
      { group: { outcome: "ok" }, attempts: 1, cached: 0, usd: USD, savedUsd: 0 },
      { group: { outcome: "similar" }, attempts: 0, cached: 1, usd: 0, savedUsd: USD },
    ]);
    await factory.close();
  });

  it("replays the answer as a stream", async () => {
    const { model, simulator } = await world();
    const first = await eventsOf(model.stream(QUESTION));
    expect(await eventsOf(model.stream(SIMILAR))).toEqual(first);
    expect(simulator.requests).toHaveLength(1);
  });

  it("chooses the most similar question, and another one if its answer has expired", async () => {
    const { model, texts } = await world({ semantic: "threshold = 0.5" });
    await model.codegen("a: 0.9");
    await model.codegen("b: -0.9");
    await model.codegen("c: 0.99", { cache: { ttl: "1ms" } });
    await new Promise((resolve) => setTimeout(resolve, 5));
    const { text, cached } = await model.codegen("d: 0.98");
    expect([text, cached?.similarity]).toEqual(["answer 1", expect.closeTo(0.969, 3)]);
    expect(texts).toHaveLength(4);
  });

  it("shares nothing between users, scopes, namespaces, tools, schemas, parameters and conversations", async () => {
    const { simulator, model, factory } = await world();
    await model.codegen(QUESTION);
    const tool = { name: "look", parameters: { type: "object", properties: {} } } as const;
    const image = { type: "image", data: "aGVsbG8=", mediaType: "image/png" } as const;
    const earlier = (text: string) => [
      { role: "user", content: [{ type: "text", text }, image] },
      { role: "assistant", content: "Yes." },
      { role: "user", content: SIMILAR },
    ];
    const others = [
      () => model.codegen(SIMILAR, { user: "ann" }),
      () => factory.create(undefined, { scope: { org: "team" } }).codegen(SIMILAR),
      () => model.codegen(SIMILAR, { cache: { namespace: "news" } }),
      () => model.codegen(SIMILAR, { tools: [tool] }),
      () => model.codegen(SIMILAR, { temperature: 0.5 }),
      () => model.codegen(SIMILAR, { maxNewTokens: 100 }),
      () => model.codegen(earlier("One") as never),
      () => model.codegen(earlier("Two") as never),
    ];
    for (const [index, ask] of others.entries()) {
      const { cached } = await ask();
      expect(cached, `call ${index}`).toBeUndefined();
    }
    expect(simulator.requests).toHaveLength(1 + others.length);
  });

  it("compares questions within each user, system prompt and conversation", async () => {
    const { model, simulator } = await world();
    for (const options of [{ user: "ann" }, { user: "bob" }, { system: "Be brief." }]) {
      await model.codegen(QUESTION, options);
      expect((await model.codegen(SIMILAR, options)).cached?.outcome).toBe("semantic");
    }
    expect(simulator.requests).toHaveLength(3);
  });

  it("does not ask for embeddings of calls that an equal answer, or none, may serve", async () => {
    const { model, texts } = await world();
    const image = { type: "image", data: "aGVsbG8=", mediaType: "image/png" };
    await model.codegen(QUESTION);
    await model.codegen(QUESTION);
    await model.codegen(SIMILAR, { cache: "bypass" });
    await model.codegen(SIMILAR, { cache: "refresh" });
    await model.codegen([{ role: "user", content: [{ type: "text", text: SIMILAR }, image] }] as never);
    await model.codegen("x".repeat(8_001));
    const call = { type: "tool-call", id: "1", name: "look", arguments: {} };
    await model.codegen([
      { role: "user", content: SIMILAR },
      { role: "assistant", content: [call] },
      { role: "tool", content: [{ type: "tool-result", id: "1", content: "TOML" }] },
    ] as never);
    expect(texts).toEqual([QUESTION]);
  });

  it("gives only a stored answer, equal or similar, for cache: only", async () => {
    const { model, simulator } = await world();
    await model.codegen(QUESTION);
    expect((await model.codegen(SIMILAR, { cache: "only" })).cached?.outcome).toBe("semantic");
    expect((await failureOf(model.codegen(OTHER, { cache: "only" }))).code).toBe("not_found");
    expect(simulator.requests).toHaveLength(1);
  });

  it("asks for the embedding of equal concurrent calls once", async () => {
    const { model, texts, simulator } = await world();
    const replies = await Promise.all([1, 2, 3, 4].map(() => model.codegen(QUESTION)));
    expect(new Set(replies.map(({ text }) => text)).size).toBe(1);
    expect(texts).toEqual([QUESTION]);
    expect(simulator.requests).toHaveLength(1);
  });

  it.each<[string, Embedder]>([
    [
      "throws",
      () => {
        throw new Error("no quota");
      },
    ],
    ["rejects", () => Promise.reject(new Error("no quota"))],
    ["gives no vector", async () => []],
    [
      "gives too many vectors",
      async () => [
        [1, 0],
        [1, 0],
      ],
    ],
    ["gives numbers that are not finite", async () => [[1, Number.NaN]]],
    ["gives only zeros", async () => [[0, 0]]],
    ["gives strings", async () => [["1", "2"]] as never],
    ["gives nothing", async () => undefined as never],
  ])("answers with requests if the function %s, and says so once", async (_, embed) => {
    const { ofCache, logger } = logged();
    const { model, simulator, factory } = await world({ embed, logger });
    for (const question of [QUESTION, SIMILAR, OTHER]) expect((await model.codegen(question)).attempts).toHaveLength(1);
    expect(simulator.requests).toHaveLength(3);
    expect(ofCache()).toEqual([
      expect.stringMatching(/the embedding function of the semantic cache failed .*(no quota|must return one vector)/),
    ]);
    // It is left alone for a while.
    expect(factory.cache.stats()).toMatchObject({ embedded: 1, stored: 3 });
  });

  it("does not wait longer than its timeout for a vector, and aborts the function", async () => {
    const { ofCache, logger } = logged();
    const signals: AbortSignal[] = [];
    const embed: Embedder = (_, { signal }) => {
      signals.push(signal);
      return new Promise(() => {});
    };
    const { model, simulator } = await world({ semantic: 'timeout = "50ms"', embed, logger });
    await model.codegen(QUESTION);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    expect(simulator.requests).toHaveLength(1);
    expect(ofCache()).toEqual([expect.stringContaining("no vector within 50 ms")]);
  });

  it("ends with the call: its signal and its deadline stop the wait for a vector", async () => {
    const { ofCache, logger } = logged();
    const signals: AbortSignal[] = [];
    const embed: Embedder = (_, { signal }) => {
      signals.push(signal);
      return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    };
    const { model, simulator, toml } = await world({ semantic: "timeout = 600", embed, logger });
    const controller = new AbortController();
    const aborted = failureOf(model.codegen(QUESTION, { signal: controller.signal }));
    await until(() => signals.length === 1);
    controller.abort();
    expect((await aborted).code).toBe("aborted");
    const hasty = factoryOf(toml.replace("[models.main]", '[models.main]\ndeadline = "50ms"'), { embed, logger });
    expect((await failureOf(hasty.create().codegen(QUESTION))).code).toBe("timed_out");
    expect(signals.map(({ aborted: isAborted }) => isAborted)).toEqual([true, true]);
    expect(simulator.requests).toHaveLength(0);
    expect(ofCache()).toEqual([]);
  });

  it("is shared by processes with store = state, and cleared with its namespace", async () => {
    const folder = mkdtempSync(join(tmpdir(), "modelwright-semantic-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const path = JSON.stringify(join(folder, "state.db"));
    const tables = `[cache]\nstore = "state"\n[state]\nstore = "sqlite"\npath = ${path}`;
    const { model, factory, reopen, simulator } = await world({ tables });
    await model.codegen(QUESTION, { cache: { namespace: "news" } });
    const other = reopen();
    const ask = () => other.create().codegen(SIMILAR, { cache: { namespace: "news" } });
    expect((await ask()).cached?.outcome).toBe("semantic");
    expect(simulator.requests).toHaveLength(1);
    await factory.cache.clear("news");
    expect(factory.cache.stats().entries).toBe(0);
    expect((await ask()).cached).toBeUndefined();
    await Promise.all([factory.close(), other.close()]);
  });

  it("uses an entry of the file, whose calls are counted, limited and simulated like others", async () => {
    const { simulator, toml } = await world();
    const shape = { table: "stub-embedding", name: "gemini-embedding-001" };
    const embedder = entry("google", simulator.url, "dimensions = 64", shape);
    const whole = `[budgets.of-vectors]\nusd = 0.0001\nperiod = "day"\nmatch = { models = ["stub-embedding"] }\n${toml}\n${embedder}`;
    const factory = factoryOf(whole);
    const model = factory.create("main");
    const [first, similar] = [
      await model.codegen("How do I reset my password?"),
      await model.codegen("how do i reset my password"),
    ];
    expect(first.cached).toBeUndefined();
    expect(similar.cached).toMatchObject({ outcome: "semantic" });
    const vectors = "/v1beta/models/gemini-embedding-001:batchEmbedContents";
    expect(simulator.requests.map(({ path }) => path)).toEqual([vectors, "/v1/messages", vectors]);
    expect(factory.usage("tag")["semantic-cache"]).toMatchObject({ calls: 2, requests: 2 });
    // An exhausted budget of the embeddings stops the semantic cache, not the calls.
    expect((await model.codegen(`${"many words ".repeat(200)}?`)).cached).toBeUndefined();
    expect(simulator.requests).toHaveLength(4);
    const simulated = factoryOf(whole, { simulate: true }).create("main");
    await simulated.codegen("How do I reset my password?");
    expect((await simulated.codegen("how do i reset my password")).cached).toMatchObject({ outcome: "semantic" });
  });

  it("forgets the vectors of an entry that gets another model", async () => {
    const { simulator, toml } = await world();
    const named = (name: string) =>
      `${toml}\n${entry("google", simulator.url, "dimensions = 8", { table: "stub-embedding", name })}`;
    const factory = factoryOf(named("gemini-embedding-001"));
    const model = factory.create("main");
    await model.codegen("How do I reset my password?");
    await factory.reload(named("gemini-embedding-2"));
    expect((await model.codegen("how do i reset my password")).cached).toBeUndefined();
    expect((await model.codegen("how do I reset my password?")).cached).toMatchObject({ outcome: "semantic" });
  });

  it("needs an entry or the function embed, unless that is false or the factory is simulated", async () => {
    const toml = '[cache.semantic]\nmodel = "m"\n[models.a]\nname = "x"\nprovider = "simulator"\n';
    expect(() => factoryOf(toml)).toThrow(ConfigError);
    expect(() => factoryOf(toml)).toThrow(
      '<string>:1:8: [cache.semantic] has no embeddings: no entry is named "m"; add [models.m], or pass embed to ModelFactory.load or parse',
    );
    for (const options of [{ embed: false }, { simulate: true }] as const) {
      const model = factoryOf(toml, options).create();
      await model.codegen(QUESTION);
      expect((await model.codegen(SIMILAR)).cached).toBeUndefined();
    }
    expect(() => factoryOf(toml, { embed: "openai" as never })).toThrow(/embed.*a function or false/);
  });

  it("keeps the old configuration if a reload adds the table without a function", async () => {
    const rest = '[models.a]\nname = "x"\nprovider = "simulator"\n';
    const factory = factoryOf(rest);
    await expect(factory.reload(`[cache.semantic]\nmodel = "m"\n${rest}`)).rejects.toThrow(ConfigError);
    expect((await factory.create().codegen("Hello")).text).not.toBe("");
  });
});
