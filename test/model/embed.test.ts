import { mkdtempSync, rmSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, test } from "vitest";
import { estimateTextTokens } from "../../src/core/estimate.ts";
import { vectorText } from "../../src/core/vector-bytes.ts";
import type { AttemptEvent, FactoryOptions, RequestEvent } from "../../src/index.ts";
import { AT_ONCE, type EntryShape, entry } from "../harness/entry.ts";
import { failureOf } from "../harness/outcomes.ts";
import { factoryOf } from "../harness/simulated.ts";
import { type Arrival, serve } from "../harness/small-server.ts";

const PRICE = "pricing = { input = 20, output = 0 }";
const SHAPE: EntryShape = { name: "text-embedding-3-small", priced: false };
const textsOf = ({ body }: Arrival) => body["input"] as string[];
const numbered = (count: number) => Array.from({ length: count }, (_, index) => `text ${index}`);
/** A vector that has the number in a text. */
const vectorFor = (text: string) => Float32Array.of(Number(/\d+/.exec(text)?.[0] ?? 0), 0.5);
const floats = (text: string): unknown => [...vectorFor(text)];
const base64 = (text: string): unknown => vectorText(vectorFor(text));
const usageOf = (texts: readonly string[]) => ({ prompt_tokens: texts.length, total_tokens: texts.length });

function bodyOf(texts: readonly string[], embed: (text: string, index: number) => unknown = floats): object {
  const data = texts.map((text, index) => ({ object: "embedding", index, embedding: embed(text, index) }));
  return { object: "list", model: "text-embedding-3-small", data, usage: usageOf(texts) };
}

function refuse(response: ServerResponse, status: number, message: string): undefined {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify({ error: { message } }));
  return undefined;
}

const at = (url: string, lines = PRICE, shape: EntryShape = SHAPE) => entry("openai", url, lines, shape);

function modelAt(url: string, lines = PRICE, tables = "", options: FactoryOptions = {}) {
  const factory = factoryOf(`${tables}\n${at(url, lines)}`, options);
  return { factory, model: factory.create() };
}

describe("embed", () => {
  it("sends 5,000 texts in three requests and keeps their order, whatever the order of the vectors", async () => {
    const { url, arrivals } = await serve((arrival) => {
      const { data, ...body } = bodyOf(textsOf(arrival), base64) as { data: object[] };
      return { ...body, data: data.toReversed() };
    });
    const { model, factory } = modelAt(url);
    const { embeddings, usage, cost, attempts, callId } = await model.embed(numbered(5_000));
    expect(arrivals.map((arrival) => textsOf(arrival).length).sort()).toEqual([2_048, 2_048, 904].sort());
    expect(arrivals[0]).toMatchObject({
      path: "/v1/embeddings",
      body: { model: "text-embedding-3-small", encoding_format: "base64" },
    });
    expect(embeddings.map(([number]) => number)).toEqual(numbered(5_000).map((_, index) => index));
    expect(embeddings[1]).toEqual(Float32Array.of(1, 0.5));
    expect(usage).toMatchObject({ input: 5_000, output: 0, total: 5_000, estimated: false });
    expect(cost).toMatchObject({ usd: 0.1, estimated: false });
    expect(attempts).toHaveLength(3);
    expect(attempts.every(({ outcome, startedMs }) => outcome === "ok" && startedMs >= 0)).toBe(true);
    expect(callId).toMatch(/./);
    expect(factory.usage()).toMatchObject({ calls: 3, requests: 3, cost: { usd: 0.1 } });
  });

  it("keeps at most four requests in flight, or max_parallel", async () => {
    for (const [lines, most] of [
      ["", 4],
      ["max_parallel = 2\nqueue = 0", 2],
    ] as const) {
      let inFlight = 0;
      let peak = 0;
      const { url, arrivals } = await serve((arrival, response) => {
        inFlight++;
        peak = Math.max(peak, inFlight);
        setImmediate(() => {
          inFlight--;
          response.setHeader("content-type", "application/json").end(JSON.stringify(bodyOf(textsOf(arrival))));
        });
      });
      const { model } = modelAt(url, `embed_batch_size = 1\n${lines}`);
      expect((await model.embed(numbered(9))).embeddings).toHaveLength(9);
      expect(arrivals).toHaveLength(9);
      expect(peak).toBeLessThanOrEqual(most);
    }
  });

  it("splits requests at the provider's limit of tokens", async () => {
    const { url, arrivals } = await serve((arrival) => bodyOf(textsOf(arrival)));
    const toml = `[models.main]\nname = "mistral-embed"\nprovider = "mistral"\napi_key = "k"\nbase_url = "${url}/v1"`;
    const words = "some words ".repeat(200);
    await factoryOf(toml)
      .create()
      .embed(Array.from({ length: 100 }, (_, index) => `${index} ${words}`));
    const tokens = arrivals.map((arrival) => estimateTextTokens(textsOf(arrival).join("")));
    expect(Math.max(...tokens)).toBeLessThan(16_384);
    expect(arrivals.length).toBeGreaterThanOrEqual(3);
    expect(arrivals.length).toBeLessThanOrEqual(10);
  });

  it.each<[string, (text: string, index: number) => unknown]>([
    ["arrays of numbers", floats],
    ["base64", base64],
  ])("reads %s, whatever was requested", async (_, embed) => {
    const { url } = await serve((arrival) => {
      const { data, ...body } = bodyOf(textsOf(arrival), embed) as { data: { embedding: unknown }[] };
      return { ...body, data: data.map(({ embedding }) => ({ embedding })) };
    });
    const float = factoryOf(at(url).replace('"openai"', '"mine"\ncustom_llm_provider = "openai"')).create();
    for (const model of [modelAt(url).model, float])
      expect((await model.embed(["a 1", "b 2"])).embeddings).toEqual([vectorFor("1"), vectorFor("2")]);
  });

  it.each<[string, object | ((texts: readonly string[]) => object), RegExp]>([
    ["a vector is missing", (texts) => bodyOf(texts.slice(1)), /1 vectors for 2 texts/],
    [
      "two vectors are for one text",
      {
        data: [
          { index: 0, embedding: [1] },
          { index: 0, embedding: [1] },
        ],
      },
      /two vectors have the index 0/,
    ],
    [
      "an index is too large",
      {
        data: [
          { index: 0, embedding: [1] },
          { index: 2, embedding: [1] },
        ],
      },
      /has the index 2, and there are 2 texts/,
    ],
    [
      "a number is null",
      { data: [{ embedding: [1, 2] }, { embedding: [1, null] }] },
      /text 1 is not an array of numbers/,
    ],
    [
      "a number is not finite",
      { data: [{ embedding: [1] }, { embedding: vectorText(Float32Array.of(Number.NaN)) }] },
      /text 1 has a number that is not finite/,
    ],
    ["base64 is cut", { data: [{ embedding: [1] }, { embedding: "AAA=" }] }, /text 1 is not an array of numbers/],
    ["a vector is shorter", { data: [{ embedding: [1, 2] }, { embedding: [1] }] }, /text 1 has 1 dimensions, not 2/],
    ["vectors are empty", { data: [{ embedding: [] }, { embedding: [] }] }, /text 0 is empty/],
    ["there is no list", { object: "list" }, /no list of embeddings/],
  ])("retries once and fails with protocol_error if %s", async (_, answer, message) => {
    const { url, arrivals } = await serve((arrival) =>
      typeof answer === "function" ? answer(textsOf(arrival)) : { ...answer, usage: usageOf(["a"]) },
    );
    const failure = await failureOf(modelAt(url, `${PRICE}\n${AT_ONCE}`).model.embed(["a 1", "b 2"]));
    expect(failure).toMatchObject({ code: "protocol_error", message: expect.stringMatching(message) });
    expect(arrivals).toHaveLength(2);
    // What the provider charges is known although its vectors are useless.
    expect(failure.attempts).toMatchObject([{ usage: { input: expect.any(Number) } }, { possiblyBilled: true }]);
  });

  it("sends the requested dimensions, and fails if the vectors have others", async () => {
    const { url, arrivals } = await serve((arrival) => bodyOf(textsOf(arrival)));
    const { model } = modelAt(url, `${PRICE}\ndimensions = 2`);
    expect((await model.embed(["a 1"])).embeddings).toEqual([vectorFor("1")]);
    expect(arrivals[0]?.body).toMatchObject({ dimensions: 2 });
    const failure = await failureOf(modelAt(url, "num_retries = 0").model.embed(["a"], { dimensions: 3 }));
    expect(failure).toMatchObject({ code: "protocol_error", message: expect.stringContaining("2 dimensions, not 3") });
    expect(arrivals[1]?.body).toMatchObject({ dimensions: 3 });
  });

  it("estimates the usage if the provider reports none, and says so", async () => {
    const { url } = await serve((arrival) => ({ ...bodyOf(textsOf(arrival)), usage: { prompt_tokens: 0 } }));
    const { usage, cost } = await modelAt(url).model.embed(["one two three 1"]);
    expect(usage).toMatchObject({ estimated: true, output: 0 });
    expect(usage.input).toBeGreaterThan(2);
    expect(cost.estimated).toBe(true);
  });

  it("waits for a rate limit and tries again", async () => {
    const { url, arrivals } = await serve((arrival, response) =>
      arrivals.length === 1 ? refuse(response, 429, "slow down") : bodyOf(textsOf(arrival)),
    );
    const { attempts, embeddings } = await modelAt(url, `${PRICE}\n${AT_ONCE}`).model.embed(["a 7"]);
    expect(embeddings).toEqual([vectorFor("7")]);
    expect(attempts).toMatchObject([{ outcome: "error", error: { code: "rate_limited" } }, { outcome: "ok" }]);
  });

  it("cancels the other requests when one fails, and reports all attempts", async () => {
    const { url, arrivals } = await serve((arrival, response) => {
      if (textsOf(arrival)[0] === "text 0") return bodyOf(textsOf(arrival));
      // The others are never answered.
      return textsOf(arrival)[0] === "text 3" ? refuse(response, 400, "no such thing") : undefined;
    });
    const { model, factory } = modelAt(url, `${PRICE}\nembed_batch_size = 1`);
    const failure = await failureOf(model.embed(numbered(50)));
    expect(failure.code).toBe("invalid_request");
    expect(arrivals.length).toBeLessThanOrEqual(5);
    const outcomes = failure.attempts.map(({ outcome }) => outcome);
    expect(outcomes.length).toBeLessThanOrEqual(5);
    expect(outcomes.filter((outcome) => outcome !== "aborted").sort()).toEqual(["error", "ok"]);
    expect(outcomes).toContain("aborted");
    expect(factory.usage().requests).toBe(outcomes.length);
  });

  it("ends all requests when its signal aborts", async () => {
    const controller = new AbortController();
    const { url, arrivals } = await serve((arrival) => {
      if (arrivals.length === 4) setImmediate(() => controller.abort());
      return textsOf(arrival)[0] === "text 0" ? bodyOf(textsOf(arrival)) : undefined;
    });
    const { model } = modelAt(url, `${PRICE}\nembed_batch_size = 1`);
    const failure = await failureOf(model.embed(numbered(50), { signal: controller.signal }));
    expect(failure.code).toBe("aborted");
    expect(arrivals.length).toBeLessThanOrEqual(5);
    expect(failure.attempts.filter(({ outcome }) => outcome === "aborted").length).toBeGreaterThan(0);
  });

  it("has one deadline for all requests", async () => {
    const { url } = await serve((arrival) => (textsOf(arrival)[0] === "text 0" ? bodyOf(textsOf(arrival)) : undefined));
    const { model } = modelAt(url, 'embed_batch_size = 1\ndeadline = "200ms"');
    const failure = await failureOf(model.embed(numbered(50)));
    expect(failure).toMatchObject({ code: "timed_out", phase: "deadline" });
    expect(failure.attempts.length).toBeLessThanOrEqual(5);
  });

  it("needs no request for no texts", async () => {
    const { url, arrivals } = await serve(() => ({}));
    const reply = await modelAt(url).model.embed([]);
    expect(reply).toMatchObject({ embeddings: [], usage: { total: 0 }, cost: { usd: 0 }, attempts: [] });
    expect(arrivals).toHaveLength(0);
  });
});

describe("embed sends nothing", () => {
  it.each<[string, unknown, unknown, string, RegExp]>([
    ["an empty text", ["a", ""], undefined, "invalid_request", /texts\[1\] is empty/],
    ["half of a surrogate pair", ["\ud83d"], undefined, "invalid_request", /texts\[0\] has half of a surrogate pair/],
    ["a number", ["a", "b", 3], undefined, "invalid_request", /texts\[2\] must be a string, not number/],
    ["a string", "text", undefined, "invalid_request", /must be an array of strings, not string; for one text/],
    [
      "a text longer than the window",
      ["a", "many words ".repeat(9_000)],
      undefined,
      "context_too_long",
      /texts\[1\] has about \d+ tokens/,
    ],
    [
      "an unknown option",
      ["a"],
      { dimension: 3 },
      "invalid_request",
      /unknown option "dimension" \(did you mean "dimensions"/,
    ],
    [
      "dimensions that are not a count",
      ["a"],
      { dimensions: 0.5 },
      "invalid_request",
      /dimensions must be a positive integer/,
    ],
    [
      "dimensions that the model lacks",
      ["a"],
      { dimensions: 4_096 },
      "unsupported",
      /no vectors of 4096 dimensions; it has 1 to 1536/,
    ],
  ])("for %s", async (_, texts, options, code, message) => {
    const { url, arrivals } = await serve(() => ({}));
    const failure = await failureOf(modelAt(url).model.embed(texts as string[], options as object));
    expect(failure).toMatchObject({ code, message: expect.stringMatching(message), attempts: [] });
    expect(arrivals).toHaveLength(0);
  });

  it("to a wire or model without embeddings, and to an embedding model no prompt", async () => {
    const { url, arrivals } = await serve(() => ({}));
    const claude = factoryOf(entry("anthropic", url, "", { name: "claude-sonnet-5-5" })).create();
    const chat = factoryOf(at(url, "", { name: "gpt-4o" })).create();
    const unknown = factoryOf(at(url, "", { name: "my-model" })).create();
    const embedder = modelAt(url).model;
    for (const [model, words] of [
      [claude, /anthropic has no API for embeddings/],
      [chat, /gpt-4o does not compute embeddings/],
    ] as const)
      expect(await failureOf(model.embed(["a"]))).toMatchObject({
        code: "unsupported",
        message: expect.stringMatching(words),
      });
    expect(await failureOf(embedder.codegen("Hi"))).toMatchObject({
      code: "unsupported",
      message: expect.stringContaining("use model.embed(texts)"),
    });
    expect([chat, unknown, embedder].map((model) => model.supports("embeddings"))).toEqual([false, true, true]);
    expect(arrivals).toHaveLength(0);
  });

  it("beyond a budget, which reserves the tokens of the texts", async () => {
    const { url, arrivals } = await serve((arrival) => bodyOf(textsOf(arrival)));
    const { model, factory } = modelAt(url, PRICE, '[budgets.day]\nusd = 0.001\nperiod = "day"');
    await model.embed(["one short text 1"]);
    const failure = await failureOf(model.embed(["many more words ".repeat(40)]));
    expect(failure.code).toBe("budget_exceeded");
    expect(arrivals).toHaveLength(1);
    expect(await factory.budgets.status()).toMatchObject([{ spent: 0.00002, reserved: 0 }]);
  });
});

describe("embed and the layers", () => {
  it("gives stored vectors again without a request", async () => {
    const { url, arrivals } = await serve((arrival) => bodyOf(textsOf(arrival), base64));
    const { model, factory } = modelAt(url, PRICE, "[cache]");
    const [first, again] = [await model.embed(["a 1", "b 2"]), await model.embed(["a 1", "b 2"])];
    expect(again.embeddings).toEqual(first.embeddings);
    expect(again).toMatchObject({ attempts: [], cost: { usd: 0 }, cached: { outcome: "hit", savedUsd: 0.00004 } });
    await model.embed(["a 1", "b 2"], { dimensions: 2 });
    await model.embed(["a 1", "b 2"], { cache: "bypass" });
    expect(arrivals).toHaveLength(3);
    expect(factory.cache.stats()).toMatchObject({ hits: 1, misses: 2, stored: 2 });
  });

  it("falls back only to the same model, and names the others", async () => {
    const down = await serve((_, response) => refuse(response, 500, "broken"));
    const up = await serve((arrival) => bodyOf(textsOf(arrival)));
    const lines = 'num_retries = 0\nfallback_models = ["other", "same"]';
    const other = at(up.url, "", { table: "other", name: "text-embedding-3-large" });
    const same = at(up.url, "", { table: "same", name: "openai/text-embedding-3-small" });
    const model = factoryOf(at(down.url, lines) + other + same).create("main");
    const reply = await model.embed(["a 1"]);
    expect(reply).toMatchObject({ model: "same", attempts: [{ outcome: "error" }, { outcome: "ok" }] });
    expect(up.arrivals.map(({ body }) => body["model"])).toEqual(["openai/text-embedding-3-small"]);
    const alone = factoryOf(at(down.url, lines.replace(', "same"', "")) + other).create("main");
    const failure = await failureOf(alone.embed(["a"]));
    expect(failure).toMatchObject({
      code: "server_error",
      message: expect.stringContaining("other: serves text-embedding-3-large, whose vectors cannot be compared"),
    });
  });

  it("uses the members of a group if all serve one model", async () => {
    const { url, arrivals } = await serve((arrival) => bodyOf(textsOf(arrival)));
    const group = '[groups.both]\nmembers = ["main", "second"]\nstrategy = "round_robin"\n';
    const second = (name: string) => at(url, PRICE, { table: "second", name, priced: false });
    const model = factoryOf(group + at(url) + second("text-embedding-3-small")).create("both");
    const replies = [await model.embed(["a 1"]), await model.embed(["a 1"])];
    expect(replies.map((reply) => reply.model).sort()).toEqual(["main", "second"]);
    const mixed = factoryOf(group + at(url) + second("text-embedding-3-large")).create("both");
    expect(await failureOf(mixed.embed(["a"]))).toMatchObject({
      code: "unsupported",
      message: expect.stringMatching(
        /^both: its members serve different models \(text-embedding-3-small, text-embedding-3-large\)/,
      ),
    });
    expect(arrivals).toHaveLength(2);
  });

  it("writes a row of the ledger for each request", async () => {
    const { url } = await serve((arrival) => bodyOf(textsOf(arrival)));
    const folder = mkdtempSync(join(tmpdir(), "modelwright-embed-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const { model, factory } = modelAt(url, `${PRICE}\nembed_batch_size = 2`, "[ledger]", { baseDir: folder });
    await model.embed(numbered(3), { tags: ["index"], user: "ann" });
    const by = ["model", "tag", "user"] as const;
    expect(await factory.ledger.query({ by })).toMatchObject([
      {
        group: { model: "text-embedding-3-small", tag: "index", user: "ann" },
        ...{ attempts: 2, input: 3, output: 0, usd: 0.00006 },
      },
    ]);
  });

  it("tells the hooks, which may change texts or refuse them", async () => {
    const { url, arrivals } = await serve((arrival) => bodyOf(textsOf(arrival)));
    const seen: (RequestEvent | AttemptEvent)[] = [];
    const { model } = modelAt(url, PRICE, "", {
      hooks: {
        request: (event) => seen.push(event),
        attempt: (event) => seen.push(event),
        before: ({ texts = [], ...request }) =>
          texts.includes("secret")
            ? { reject: "no secrets" }
            : { ...request, texts: texts.map((text) => text.replace("Ann", "X")) },
        after: () => ({ reject: "never called" }),
        middleware: [(call, next) => next(call)],
      },
    });
    await model.embed(["Ann 1", "b 2"], { user: "u1" });
    expect(arrivals[0]?.body).toMatchObject({ input: ["X 1", "b 2"], user: "u1" });
    expect(seen).toMatchObject([{ messages: [], texts: ["Ann 1", "b 2"] }, { attempt: { outcome: "ok" } }]);
    expect(await failureOf(model.embed(["secret"]))).toMatchObject({ code: "rejected" });
    const { model: shorter } = modelAt(url, PRICE, "", { hooks: { before: () => ({ texts: ["a"] }) } });
    expect(await failureOf(shorter.embed(["a", "b"]))).toMatchObject({
      message: expect.stringContaining("texts: must be 2, as in the request, not 1"),
    });
    expect(arrivals).toHaveLength(1);
  });

  test("a custom dialect can compute embeddings, and its vectors are checked", async () => {
    const vectors = [Float32Array.of(1), Float32Array.of(2)];
    const mine = {
      name: "mine",
      async *open() {},
      async *embed() {
        yield [
          { type: "embeddings", vectors },
          { type: "finish", reason: "stop", sample: 0 },
        ] as const;
      },
    };
    const toml = '[models.main]\nname = "m"\nprovider = "mine"\nnum_retries = 0';
    const model = factoryOf(toml, { providers: { mine } }).create();
    expect((await model.embed(["a", "b"])).embeddings).toEqual(vectors);
    expect(await failureOf(model.embed(["a"]))).toMatchObject({
      message: expect.stringContaining("2 vectors for 1 texts"),
    });
  });
});
