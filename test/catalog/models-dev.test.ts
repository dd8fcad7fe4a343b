import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CachedCatalog } from "../../src/catalog/cached-catalog.ts";
import type { ModelRow } from "../../src/catalog/model-row.ts";
import { readModelsDev, UnusableDocument } from "../../src/catalog/models-dev.ts";
import { devDocument, devModel, textOf } from "../harness/catalog-document.ts";

type Fields = Readonly<Record<string, unknown>>;

function rowOf(fields: Fields, id = "new-model", provider = "some-host"): ModelRow | undefined {
  const { tables } = readModelsDev(devDocument({ [provider]: [devModel(id, fields)], other: [devModel("always")] }));
  return tables.get(provider)?.find((row) => row.id === id);
}

describe("a model of models.dev", () => {
  test("has limits, capabilities, price and date", () => {
    expect(rowOf({})).toEqual({
      id: "new-model",
      context: 300_000,
      maxOutput: 50_000,
      can: ["jsonSchema", "temperature", "tools", "vision"],
      cannot: ["audio", "files", "reasoning"],
      releasedOn: "2026-09-15",
      price: { input: 2, output: 8, cacheRead: 0.5 },
    });
  });

  test("has no facts for missing fields", () => {
    const id = "bare";
    expect(readModelsDev({ host: { models: { [id]: {} } } }).tables.get("host")).toEqual([{ id }]);
  });

  test("has effort levels, deprecation, and rates for long prompts", () => {
    const row = rowOf({
      reasoning: true,
      reasoning_options: [{ type: "toggle" }, { type: "effort", values: [null, "default", "low", "high"] }],
      status: "deprecated",
      cost: {
        input: 2,
        output: 10,
        cache_write: 2.5,
        reasoning: 10,
        tiers: [{ tier: { size: 272_000 }, input: 4, output: 15, cache_read: 0 }],
        context_over_200k: { input: 9, output: 9 },
      },
    });
    expect(row).toMatchObject({
      efforts: ["low", "high"],
      deprecated: true,
      price: { input: 2, output: 10, cacheWrite: 2.5, tiers: [{ above: 272_000, input: 4, output: 15 }] },
    });
    expect(rowOf({ cost: { input: 1, output: 2, context_over_200k: { input: 2, output: 3 } } })?.price?.tiers).toEqual([
      { above: 200_000, input: 2, output: 3 },
    ]);
  });

  test.each([
    ["of 0, which stands for a subscription or for nothing known", { input: 0, output: 0 }],
    ["with thoughts dearer than text", { input: 1, output: 2, reasoning: 5 }],
    [
      "with steps by something else than the prompt",
      { input: 1, output: 2, tiers: [{ tier: { type: "hour", size: 1 }, input: 1, output: 1 }] },
    ],
    ["that is negative", { input: -1, output: 2 }],
    ["that is negative for caches", { input: 1, output: 2, cache_read: -0.1 }],
    ["that is no number", { input: "1", output: 2 }],
    ["that is NaN", { input: Number.NaN, output: 2 }],
    ["without end", { input: Number.POSITIVE_INFINITY, output: 2 }],
    ["beyond belief", { input: 1e12, output: 2 }],
    ["without output", { input: 1 }],
    ["with broken steps", { input: 1, output: 2, tiers: [{ input: 1 }] }],
    ["that is a list", [1, 2]],
  ])("has no price when the price is %s, but its other facts", (_what, cost) => {
    expect(rowOf({ cost })).toMatchObject({ id: "new-model", context: 300_000 });
    expect(rowOf({ cost })?.price).toBeUndefined();
  });

  test("is free if its id says so", () => {
    expect(rowOf({ cost: { input: 0, output: 0 } }, "a/b:free")?.price).toEqual({ input: 0, output: 0 });
  });

  test("drops facts of a wrong type individually", () => {
    const row = rowOf({
      tool_call: "yes",
      limit: { context: -5, output: 4_096 },
      modalities: { input: "text", output: ["text"] },
      release_date: "soon",
      status: 7,
      reasoning_options: "high",
      temperature: null,
    });
    expect(row).toEqual({
      id: "new-model",
      maxOutput: 4_096,
      can: ["jsonSchema"],
      cannot: ["reasoning"],
      price: { input: 2, output: 8, cacheRead: 0.5 },
    });
  });

  test.each([1.5, 0, 1e15, "8", null])("has no window of %s tokens", (context) => {
    expect(rowOf({ limit: { context, output: 10 } })?.context).toBeUndefined();
  });

  test("is dropped without text output or a plain id", () => {
    expect(rowOf({ modalities: { input: ["text"], output: ["image"] } })).toBeUndefined();
    for (const id of ["two words", "\u001b[2J", "x".repeat(300), ""]) expect(rowOf({}, id)).toBeUndefined();
  });

  test("gets the facts of our family rules over the document", () => {
    const claude = rowOf({ temperature: true }, "claude-opus-5-9", "anthropic");
    expect(claude?.can).toContain("tools");
    expect(claude?.reasoningWire).toBeDefined();
  });

  test.each([
    ["amazon-bedrock", "bedrock"],
    ["togetherai", "together"],
    ["moonshotai", "moonshot"],
    ["google-vertex", "vertex"],
    ["deepinfra", "deepinfra"],
  ])("of %s is one of %s", (theirs, ours) => {
    expect([...readModelsDev(devDocument({ [theirs]: [devModel("m")] })).tables.keys()]).toEqual([ours]);
  });
});

test("the date of a document is that of its newest fact", () => {
  const models = ["2026-05-02", "2026-07", "later"].map((last_updated) => devModel(last_updated, { last_updated }));
  expect(readModelsDev(devDocument({ host: models })).asOf).toBe("2026-07");
  expect(readModelsDev({ host: { models: { m: {} } } }).asOf).toBeUndefined();
});

describe("an invalid document", () => {
  test.each([
    ["null", null],
    ["a list", []],
    ["a text", "models"],
    ["empty", {}],
    ["an error", { error: { message: "not found" } }],
    ["providers without models", { openai: { id: "openai" }, other: { models: {} } }],
    ["models that are a list", { openai: { models: [devModel("m")] } }],
    ["only models without text", devDocument({ a: [devModel("m", { modalities: { output: ["video"] } })] })],
  ])("%s is rejected", (_what, document) => {
    expect(() => readModelsDev(document)).toThrow(UnusableDocument);
  });

  test("with too many providers or models is rejected", () => {
    const many = (count: number) => Array.from({ length: count }, (_, index) => `m${index}`);
    const providers = Object.fromEntries(many(3_001).map((id) => [id, { models: {} }]));
    expect(() => readModelsDev(providers)).toThrow(/more than 3000 providers/);
    const models = Object.fromEntries(many(100_001).map((id) => [id, {}]));
    expect(() => readModelsDev({ host: { models } })).toThrow(/more than 100000 models/);
  });

  test("that is deeply nested is read without a stack overflow", () => {
    const deep = `${"[".repeat(200_000)}${"]".repeat(200_000)}`;
    const text = `{"host":{"models":{"m":{"limit":{"context":10},"cost":${deep},"modalities":${deep}}}},"x":${deep}}`;
    expect(readModelsDev(JSON.parse(text)).tables.get("host")).toEqual([{ id: "m", context: 10 }]);
  });

  test("with names of the prototype is harmless", () => {
    const text = `{"__proto__":{"models":{"m":{}}},"constructor":{"models":{"__proto__":{"limit":{"context":5}},"toString":{}}}}`;
    const { tables: rows } = readModelsDev(JSON.parse(text));
    expect([...rows.keys()]).toEqual(["constructor"]);
    expect(rows.get("constructor")?.map(({ id }) => id)).toEqual(["__proto__", "toString"]);
    expect(Object.hasOwn(Object.prototype, "models")).toBe(false);
  });

  test("is rejected, or becomes a readable catalog", () => {
    const value = fc.jsonValue({ maxDepth: 4 });
    const odd = fc.record(
      {
        tool_call: value,
        reasoning: value,
        limit: fc.oneof(value, fc.record({ context: value, output: fc.double() }, { requiredKeys: [] })),
        cost: fc.oneof(
          value,
          fc.record({ input: fc.double(), output: fc.double(), tiers: value }, { requiredKeys: [] }),
        ),
        modalities: value,
        release_date: value,
        reasoning_options: value,
      },
      { requiredKeys: [] },
    );
    const document = fc.dictionary(
      fc.oneof(fc.constantFrom("openai", "anthropic", "__proto__", "a b"), fc.string()),
      fc.oneof(value, fc.record({ models: fc.oneof(value, fc.dictionary(fc.string(), fc.oneof(value, odd))) })),
    );
    fc.assert(
      fc.property(fc.oneof(value, document), (given) => {
        let text: string;
        try {
          text = textOf(given);
        } catch (error) {
          expect(error).toBeInstanceOf(UnusableDocument);
          return;
        }
        const catalog = new CachedCatalog(text);
        const rows = catalog.names().flatMap((name) => [...(catalog.table(name)?.byId.values() ?? [])]);
        expect(rows.length).toBeGreaterThan(0);
        for (const { price, context } of rows) {
          if (price !== undefined) expect(price.input >= 0 && Number.isFinite(price.output)).toBe(true);
          if (context !== undefined) expect(context).toBeGreaterThan(0);
        }
      }),
      { numRuns: 300 },
    );
  });
});
