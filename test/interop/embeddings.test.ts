import { embed, embedMany } from "ai";
import { describe, expect, it } from "vitest";
import { isModelError } from "../../src/index.ts";
import { embeddingModel } from "../../src/interop/ai-sdk.ts";
import { modelAt, serving } from "../harness/ask.ts";
import { entry } from "../harness/entry.ts";
import { factoryOf, simulate } from "../harness/simulated.ts";
import "./conversation.ts";

const MODEL = { openai: "text-embedding-3-small", google: "gemini-embedding-001" };

describe.each(["openai", "google"] as const)("embeddings for the AI SDK on the %s wire", (wire) => {
  it("embedMany is one call, in the requests that the provider takes", async () => {
    const simulator = await simulate();
    const keys = "embed_batch_size = 2";
    const model = factoryOf(entry(wire, simulator.url, keys, { name: MODEL[wire], priced: false })).create();
    const values = ["one", "two", "three"];
    const result = await embedMany({
      ...{ model: embeddingModel(model), values, dimensions: 64, headers: { "x-own": "1" } },
      providerOptions: { modelwright: { tags: ["interop"] } },
    });
    expect(simulator.requests).toHaveLength(2);
    expect(simulator.requests.every(({ headers }) => headers["x-own"] === "1")).toBe(true);
    const { embeddings, usage } = await model.embed(values, { dimensions: 64 });
    expect(result.embeddings).toEqual(embeddings.map((vector) => Array.from(vector)));
    expect(result.usage.tokens).toBe(usage.total);
    expect(result.providerMetadata?.["modelwright"]).toMatchObject({
      attempts: [{}, {}],
      cost: { usd: expect.any(Number) },
    });
  });

  it("a failure is the ModelError, after one request", async () => {
    const server = await serving(() => ({ status: 500, body: "{}" }));
    const model = embeddingModel(modelAt(wire, server.origin));
    await expect(embed({ model, value: "one" })).rejects.toSatisfy((error) => isModelError(error, "server_error"));
    expect(server.requests).toHaveLength(1);
  });
});
