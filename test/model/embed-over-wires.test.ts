import { GoogleGenAI } from "@google/genai";
import OpenAI from "openai";
import { describe, expect, it, test } from "vitest";
import { entry } from "../harness/entry.ts";
import { failureOf } from "../harness/outcomes.ts";
import { factoryOf, simulate } from "../harness/simulated.ts";
import { serve } from "../harness/small-server.ts";
import type { Wire } from "../harness/wires.ts";

const WITH_EMBEDDINGS = ["openai", "openai-responses", "google"] as const satisfies readonly Wire[];
const MODEL = {
  openai: "text-embedding-3-small",
  "openai-responses": "text-embedding-3-small",
  google: "gemini-embedding-001",
};
const KEYS = { env: { OPENAI_API_KEY: "k", GEMINI_API_KEY: "k", GOOGLE_OAUTH_ACCESS_TOKEN: "k" } };
const cosine = (left: Float32Array, right: Float32Array) =>
  left.reduce((sum, number, index) => sum + number * (right[index] ?? 0), 0);

describe.each(WITH_EMBEDDINGS)("embed on the %s wire", (wire) => {
  it("gets one vector for each text, in requests that the provider takes", async () => {
    const simulator = await simulate();
    const model = factoryOf(
      entry(wire, simulator.url, "embed_batch_size = 60", { name: MODEL[wire], priced: false }),
    ).create();
    const texts = Array.from({ length: 150 }, (_, index) => `a text about number ${index}`);
    const { embeddings, usage, cost } = await model.embed(texts, { dimensions: 64 });
    expect(simulator.requests).toHaveLength(3);
    expect(embeddings).toHaveLength(150);
    expect(embeddings.every(({ length }) => length === 64)).toBe(true);
    expect((await model.embed([texts[77] as string], { dimensions: 64 })).embeddings).toEqual([embeddings[77]]);
    expect(usage).toMatchObject({ estimated: false, output: 0 });
    expect(cost.usd).toBeGreaterThan(0);
  });

  it("has similar vectors for similar texts in the simulator", async () => {
    const simulator = await simulate();
    const model = factoryOf(entry(wire, simulator.url, "", { name: MODEL[wire] })).create();
    const { embeddings } = await model.embed([
      "How do I reset my password?",
      "how can I reset my password",
      "The cat sleeps.",
    ]);
    const [one, same, other] = embeddings as [Float32Array, Float32Array, Float32Array];
    expect(cosine(one, one)).toBeCloseTo(1, 5);
    expect(cosine(one, same)).toBeGreaterThan(0.8);
    expect(cosine(one, other)).toBeLessThan(0.4);
  });

  it("reports faults of the provider like any other call", async () => {
    const simulator = await simulate({ script: [{ kind: "rate-limit", retryAfter: 0 }, { kind: "auth" }] });
    const model = factoryOf(entry(wire, simulator.url, 'retry_min_wait = "1ms"', { name: MODEL[wire] })).create();
    const failure = await failureOf(model.embed(["a"]));
    expect(failure.code).toBe("unauthorized");
    expect(failure.attempts.map(({ error }) => error?.code)).toEqual(["rate_limited", "unauthorized"]);
  });
});

describe("embed on the Gemini wire", () => {
  it("sends one content for each text, with its options in each", async () => {
    const { url, arrivals } = await serve(({ body }) => ({
      embeddings: (body["requests"] as object[]).map(() => ({ values: [1, 2] })),
    }));
    const lines = 'extra_body = { taskType = "RETRIEVAL_QUERY" }';
    const model = factoryOf(entry("google", url, lines, { name: "gemini-embedding-2" })).create();
    const { usage } = await model.embed(["one", "two"], { dimensions: 2 });
    expect(usage.estimated).toBe(true);
    const options = { taskType: "RETRIEVAL_QUERY", outputDimensionality: 2, model: "models/gemini-embedding-2" };
    expect(arrivals).toEqual([
      {
        path: "/v1beta/models/gemini-embedding-2:batchEmbedContents",
        body: {
          requests: ["one", "two"].map((text) => ({
            content: expect.objectContaining({ parts: [{ text }] }),
            ...options,
          })),
        },
      },
    ]);
  });

  it("reports texts that Vertex truncated", async () => {
    const answers = [
      { predictions: [{ embeddings: { values: [1], statistics: { truncated: true, token_count: 7 } } }] },
      { embedding: { values: [1] }, usageMetadata: { promptTokenCount: 5 }, truncated: true },
    ];
    const { url, arrivals } = await serve(() => answers[arrivals.length - 1]);
    const at = (name: string) =>
      factoryOf(
        `[models.main]\nname = "${name}"\nprovider = "vertex"\nvertex_project = "p"\nbase_url = "${url}"`,
        KEYS,
      ).create();
    const truncated = [{ setting: "texts", from: "texts[0]", to: "its beginning" }];
    expect(await at("text-embedding-005").embed(["a"])).toMatchObject({ adjustments: truncated, usage: { input: 7 } });
    expect(await at("gemini-embedding-2").embed(["a"])).toMatchObject({ adjustments: truncated, usage: { input: 5 } });
    expect(arrivals.map(({ path }) => path.slice(path.lastIndexOf("/")))).toEqual([
      "/text-embedding-005:predict",
      "/gemini-embedding-2:embedContent",
    ]);
  });

  it("sends one text a request to Vertex models that take only one", async () => {
    const simulator = await simulate();
    const toml = `[models.main]\nname = "gemini-embedding-001"\nprovider = "vertex"\nvertex_project = "p"\nbase_url = "${simulator.url}"`;
    const { embeddings, cost } = await factoryOf(toml, KEYS).create().embed(["a", "b", "c"]);
    expect(embeddings.map(({ length }) => length)).toEqual([3_072, 3_072, 3_072]);
    expect(simulator.requests).toHaveLength(3);
    expect(cost.usd).toBeGreaterThan(0);
  });
});

test("Azure's dated API has the deployment in the path", async () => {
  const { url, arrivals } = await serve(() => ({ data: [{ index: 0, embedding: [1] }], usage: { total_tokens: 3 } }));
  const toml = `[models.main]\nname = "text-embedding-3-small"\nprovider = "azure"\napi_key = "k"\napi_version = "2024-10-21"\nbase_url = "${url}"`;
  expect(await factoryOf(toml).create().embed(["a"])).toMatchObject({ usage: { input: 3, estimated: false } });
  expect(arrivals[0]?.path).toBe("/openai/deployments/text-embedding-3-small/embeddings?api-version=2024-10-21");
});

test("Mistral gets the dimensions under its own name, and hosts without a row at most 32 texts", async () => {
  const { url, arrivals } = await serve(({ body }) => ({
    data: (body["input"] as string[]).map((_, index) => ({ index, embedding: [1, 2] })),
  }));
  const at = (provider: string, more = "") =>
    factoryOf(
      `[models.main]\nname = "codestral-embed"\n${provider}\napi_key = "k"\nbase_url = "${url}/v1"\n${more}`,
    ).create();
  await at('provider = "mistral"').embed(["a"], { dimensions: 2 });
  expect(arrivals[0]?.body).toEqual({
    model: "codestral-embed",
    input: ["a"],
    encoding_format: "float",
    output_dimension: 2,
  });
  await at('provider = "mine"\ncustom_llm_provider = "openai"').embed(Array.from({ length: 33 }, () => "a"));
  expect(
    arrivals
      .slice(1)
      .map(({ body }) => (body["input"] as string[]).length)
      .sort(),
  ).toEqual([1, 32]);
});

test("a simulated factory embeds with any provider that has embeddings, without keys and network", async () => {
  const toml = [
    '[models.main]\nname = "text-embedding-3-small"\nprovider = "openai"\n',
    '[models.gemini]\nname = "gemini-embedding-001"\nprovider = "google"\n',
    '[models.claude]\nname = "claude-sonnet-5-5"\nprovider = "anthropic"\n',
  ].join("");
  const factory = factoryOf(toml, { simulate: true });
  for (const name of ["main", "gemini"]) {
    const { embeddings, provider } = await factory.get(name).embed(["one", "two"], { dimensions: 8 });
    expect(embeddings.map(({ length }) => length)).toEqual([8, 8]);
    expect(provider).toBe("simulator");
  }
});

describe("the simulator answers", () => {
  test("the OpenAI SDK as the provider does", async () => {
    const simulator = await simulate();
    const client = new OpenAI({ apiKey: "k", baseURL: simulator.baseUrl("openai"), maxRetries: 0 });
    const model = "text-embedding-3-small";
    const whole = await client.embeddings.create({ model, input: ["one", "two"] });
    const floats = await client.embeddings.create({ model, input: "two", encoding_format: "float", dimensions: 1_536 });
    expect(simulator.requests[0]?.body).toMatchObject({ encoding_format: "base64" });
    expect(whole).toMatchObject({ object: "list", model, usage: { prompt_tokens: 2, total_tokens: 2 } });
    expect(whole.data.map(({ index, embedding }) => [index, embedding.length])).toEqual([
      [0, 1_536],
      [1, 1_536],
    ]);
    expect(Float32Array.from(floats.data[0]?.embedding ?? [])).toEqual(
      Float32Array.from(whole.data[1]?.embedding ?? []),
    );
    expect(await refusalOf(client.embeddings.create({ model, input: ["one", ""] }))).toMatchObject({
      status: 400,
      param: "input",
    });
    expect(await refusalOf(client.embeddings.create({ model, input: [] }))).toMatchObject({ code: "empty_array" });
    const many = Array.from({ length: 2_049 }, () => "a");
    expect(await refusalOf(client.embeddings.create({ model, input: many }))).toMatchObject({
      code: "array_above_max_length",
    });
    const old = { model: "text-embedding-ada-002", input: "a", dimensions: 8 };
    expect(await refusalOf(client.embeddings.create(old))).toMatchObject({ param: "dimensions" });
  });

  test("the Gemini SDK as the provider does", async () => {
    const simulator = await simulate();
    const { models } = new GoogleGenAI({ apiKey: "k", httpOptions: { baseUrl: simulator.url, apiVersion: "v1beta" } });
    const model = "gemini-embedding-001";
    const contents = ["one", "two"].map((text) => ({ parts: [{ text }] }));
    const { embeddings = [], usageMetadata } = await models.embedContent({
      model,
      contents,
      config: { outputDimensionality: 16 },
    });
    expect(embeddings.map(({ values }) => values?.length)).toEqual([16, 16]);
    expect(usageMetadata).toMatchObject({ promptTokenCount: 2 });
    // Several strings are one content for this model.
    const joined = await models.embedContent({ model: "gemini-embedding-2", contents: ["one", "two"] });
    expect(joined.embeddings).toHaveLength(1);
    const many = Array.from({ length: 101 }, () => ({ parts: [{ text: "a" }] }));
    expect(await refusalOf(models.embedContent({ model, contents: many }))).toMatchObject({ status: 400 });
  });
});

async function refusalOf(promise: PromiseLike<unknown>): Promise<unknown> {
  return Promise.resolve(promise).then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe("the simulator", () => {
  it.each(["openai", "google"] as const)("refuses more than 65,536 dimensions on the %s wire", async (wire) => {
    const simulator = await simulate();
    const model = factoryOf(entry(wire, simulator.url, "num_retries = 0", { name: "my-embeddings" })).create();
    expect((await model.embed(["a"], { dimensions: 65_536 })).embeddings[0]).toHaveLength(65_536);
    const failure = await failureOf(model.embed(["a"], { dimensions: 1_000_000_000 }));
    expect(failure).toMatchObject({ code: "invalid_request", status: 400, message: expect.stringMatching(/65536/) });
  });
});
