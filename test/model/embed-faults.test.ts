import { describe, expect, it } from "vitest";
import type { Layer, RequestEvent } from "../../src/index.ts";
import { AT_ONCE, type EntryShape, entry } from "../harness/entry.ts";
import { failureOf } from "../harness/outcomes.ts";
import { factoryOf } from "../harness/simulated.ts";
import { type Arrival, serve } from "../harness/small-server.ts";

const PRICE = "pricing = { input = 20, output = 0 }";
const SHAPE: EntryShape = { name: "text-embedding-3-small", priced: false };
const textsOf = ({ body }: Arrival) => body["input"] as string[];
const at = (url: string, lines = PRICE, shape: EntryShape = SHAPE) => entry("openai", url, lines, shape);

function bodyOf(texts: readonly string[], vectorOf: (text: string) => number[], tokens = texts.length): object {
  const data = texts.map((text, index) => ({ object: "embedding", index, embedding: vectorOf(text) }));
  return { object: "list", data, usage: { prompt_tokens: tokens, total_tokens: tokens } };
}

describe("the usage of an embedding request that fails", () => {
  it("is what the provider reported, in the attempts and in the budget, also above the reservation", async () => {
    const { url } = await serve((arrival) => bodyOf(textsOf(arrival), () => [], 1_000));
    const factory = factoryOf(`[budgets.day]\nusd = 1\nperiod = "day"\n${at(url, `${PRICE}\n${AT_ONCE}`)}`);
    const failure = await failureOf(factory.create().embed(["a"]));
    expect(failure).toMatchObject({ code: "protocol_error", message: expect.stringContaining("text 0 is empty") });
    const billed = { usage: { input: 1_000, output: 0, estimated: false }, cost: { usd: 0.02 } };
    expect(failure.attempts).toMatchObject([billed, billed]);
    expect(await factory.budgets.status()).toMatchObject([{ spent: 0.04, reserved: 0 }]);
  });
});

describe("embed refuses", () => {
  it.each<[string, unknown, RegExp]>([
    ["a hole in the array", Object.assign(["a"], { 2: "b" }), /texts\[1\] must be a string, not undefined/],
    [
      "a getter that throws",
      Object.defineProperty(["a"], 1, { get: () => fail("secret") }),
      /texts\[1\] cannot be read/,
    ],
    ["a revoked proxy", revoked(), /must be an array of strings, not a revoked proxy/],
    ["an absurd length", new Proxy(["a"], { get: () => 1e15 }), /texts has 1000000000000000 elements/],
  ])("%s, and sends nothing", async (_, texts, message) => {
    const { url, arrivals } = await serve(() => ({}));
    const failure = await failureOf(
      factoryOf(at(url))
        .create()
        .embed(texts as string[]),
    );
    expect(failure).toMatchObject({ code: "invalid_request", message: expect.stringMatching(message) });
    expect(failure.message).not.toContain("secret");
    expect(arrivals).toHaveLength(0);
  });

  it("vectors of different lengths in several responses, and keeps their attempts and cost", async () => {
    const { url } = await serve((arrival) =>
      bodyOf(textsOf(arrival), (text) => (text === "b" ? [1, 2, 3] : [1, 2]), 1_000),
    );
    const lines = `${PRICE}\nembed_batch_size = 1\nmax_parallel = 1`;
    const failure = await failureOf(factoryOf(at(url, lines)).create().embed(["a", "b"]));
    expect(failure).toMatchObject({
      code: "protocol_error",
      message: expect.stringMatching(
        /3 dimensions for texts\[1\] and the following, main 2 for texts\[0\] and the following/,
      ),
      attempts: [{ cost: { usd: 0.02 } }, { cost: { usd: 0.02 } }],
    });
  });

  it("vectors that a middleware dropped, and keeps texts that a hook tries to change", async () => {
    const { url, arrivals } = await serve((arrival) => bodyOf(textsOf(arrival), () => [1]));
    const request = ({ texts }: RequestEvent) => (texts as string[]).shift();
    const changed = factoryOf(at(url), { hooks: { request } }).create();
    expect((await changed.embed(["a", "b"])).embeddings).toHaveLength(2);
    expect(arrivals[0]?.body["input"]).toEqual(["a", "b"]);
    const dropping: Layer = async function* (call, next) {
      for await (const batch of next(call))
        yield batch.map((event) =>
          event.type === "embeddings" ? { ...event, vectors: event.vectors.slice(1) } : event,
        );
    };
    const failure = await failureOf(
      factoryOf(at(url), { hooks: { middleware: [dropping] } })
        .create()
        .embed(["a", "b"]),
    );
    expect(failure).toMatchObject({ code: "rejected", message: expect.stringMatching(/each of the 2 texts/) });
  });
});

function fail(words: string): never {
  throw new Error(words);
}

function revoked(): unknown {
  const { proxy, revoke } = Proxy.revocable([], {});
  revoke();
  return proxy;
}

describe("embed of large texts", () => {
  it("gives the event loop a turn after each megabyte, and ends when the signal aborts", async () => {
    const { url, arrivals } = await serve(() => ({}));
    const controller = new AbortController();
    const texts = Array.from({ length: 64 }, () => "words ".repeat(20_000));
    const failing = failureOf(factoryOf(at(url)).create().embed(texts, { signal: controller.signal }));
    setImmediate(() => controller.abort());
    expect(await failing).toMatchObject({ code: "aborted" });
    expect(arrivals).toHaveLength(0);
  });
});

describe("embed on Vertex", () => {
  const answerOf = async (statistics: readonly object[], lines = "") => {
    const left = [...statistics];
    const { url } = await serve(({ body }) => ({
      predictions: (body["instances"] as object[]).map(() => ({
        embeddings: { values: [1], statistics: left.shift() },
      })),
    }));
    const toml = `[models.main]\nname = "text-embedding-005"\nprovider = "vertex"\nvertex_project = "p"\nbase_url = "${url}"\nmax_parallel = 1\n${lines}`;
    const factory = factoryOf(toml, { env: { GOOGLE_OAUTH_ACCESS_TOKEN: "k" } });
    return factory.create().embed(statistics.map((_, index) => `text ${index}`));
  };

  it("calls the usage exact only if each text has a count", async () => {
    expect((await answerOf([{ token_count: 3 }, { token_count: 4 }])).usage).toMatchObject({
      ...{ input: 7, estimated: false },
    });
    const { usage } = await answerOf([{ token_count: 3 }, { token_count: -1 }]);
    expect(usage.estimated).toBe(true);
    expect(usage.input).toBeGreaterThan(3);
  });

  it("names truncated texts by their index in the call", async () => {
    const truncated = { token_count: 1, truncated: true };
    const { adjustments } = await answerOf([truncated, { token_count: 1 }, truncated], "embed_batch_size = 1");
    expect(adjustments.map(({ from }) => from)).toEqual(["texts[0]", "texts[2]"]);
  });
});
