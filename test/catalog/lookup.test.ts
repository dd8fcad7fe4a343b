import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { catalogIds, factsOf, infoOf } from "../../src/catalog/lookup.ts";
import { priceOf } from "../../src/catalog/price.ts";
import { PROVIDERS } from "../../src/catalog/providers.ts";

describe("model ids", () => {
  test("the catalog has at least three hundred different ids, sorted, each once", () => {
    const ids = catalogIds();
    expect(ids.length).toBeGreaterThanOrEqual(300);
    expect(ids).toEqual([...new Set(ids)].sort());
  });

  test("the vendors' tables have the common families", () => {
    for (const [provider, least] of [
      ["openai", 80],
      ["anthropic", 30],
      ["google", 30],
      ["mistral", 40],
      ["xai", 20],
      ["deepseek", 5],
      ["groq", 15],
    ] as const) {
      expect(catalogIds(provider).length, provider).toBeGreaterThanOrEqual(least);
    }
  });

  test.each([
    ["openai", "openai/gpt-4o", "gpt-4o"],
    ["anthropic", "anthropic/claude-3-5-sonnet-20241022", "claude-3-5-sonnet-20241022"],
    ["google", "models/gemini-2.5-pro", "gemini-2.5-pro"],
    ["google", "gemini-2.0-flash-001", "gemini-2.0-flash"],
    ["openai", "gpt-4.1-2025-04-14", "gpt-4.1"],
    ["anthropic", "claude-3-5-sonnet-latest", "claude-3-5-sonnet-20241022"],
    ["anthropic", "claude-3-opus-latest", "claude-3-opus-20240229"],
    ["anthropic", "claude-sonnet-4-0", "claude-sonnet-4-20250514"],
    ["anthropic", "claude-sonnet-4", "claude-sonnet-4-20250514"],
    ["vertex", "gemini-2.5-pro", "gemini-2.5-pro"],
    ["openai", "ft:gpt-4o-mini-2024-07-18:acme::abc123", "gpt-4o-mini-2024-07-18"],
  ])("%s: %s is %s", (provider, alias, id) => {
    expect(factsOf(provider, alias)).toEqual(factsOf(provider, id));
    expect(factsOf(provider, alias).known).toBe(true);
  });

  test("a copy keeps its own facts", () => {
    expect(factsOf("openai", "gpt-4o-2024-05-13").maxOutput).toBe(4_096);
    expect(factsOf("openai", "gpt-4o").maxOutput).toBe(16_384);
  });

  test("a model behind a gateway keeps its capabilities, not its vendor's wire", () => {
    const facts = factsOf("litellm", "anthropic/claude-opus-4-6");
    expect(facts.capabilities).toEqual(factsOf("anthropic", "claude-opus-4-6").capabilities);
    expect(facts.anthropicVersion).toBeUndefined();
    expect(facts.reasoningWire).toBeUndefined();
    expect(factsOf("github", "openai/o3-pro").dialect).toBeUndefined();
  });

  test.each([
    ["openai", "gpt-4o-enormous"],
    ["anthropic", "claude-sonnet-5-5-5"],
    ["anthropic", "claude-3"],
    ["my-server", "gpt-4o"],
    ["openai", ""],
    ["openai", "constructor"],
    ["__proto__", "gpt-4o"],
    ["anthropic", "gpt-4o"],
  ])("%s %j is unknown and unrestricted", (provider, id) => {
    // OpenAI publishes encodings for beginnings of ids, so that they are known for ids that the table does not have.
    const { encoding: _, ...facts } = factsOf(provider, id);
    expect(facts).toEqual({ known: false, capabilities: {} });
    expect(priceOf(provider, id)).toBeUndefined();
  });
});

describe("info about an id alone", () => {
  test("has limits, prices and capabilities", () => {
    expect(infoOf("gpt-4o")).toMatchObject({
      provider: "openai",
      context: 128_000,
      maxOutput: 16_384,
      price: { input: 2.5, output: 10, cacheRead: 1.25 },
      capabilities: { tools: true, vision: true, reasoning: false },
    });
  });

  test("comes from the vendor if the vendor serves it", () => {
    expect(infoOf("claude-opus-4-5")?.provider).toBe("anthropic");
    expect(infoOf("gemini-2.5-pro")?.provider).toBe("google");
    expect(infoOf("llama-3.3-70b-versatile")?.provider).toBe("groq");
  });

  test("is null for an unknown id", () => {
    for (const id of ["", "no-such-model", "toString", "-latest", "/", "openai/"]) expect(infoOf(id)).toBeNull();
  });
});

test("any two strings have a result", () => {
  const providers = fc.oneof(fc.string(), fc.constantFrom(...PROVIDERS.map((row) => row.id)));
  const ids = fc.oneof(
    fc.string(),
    fc.constantFrom(...catalogIds()),
    fc.tuple(fc.constantFrom(...catalogIds()), fc.string()).map((parts) => parts.join("")),
  );
  fc.assert(
    fc.property(providers, ids, (provider, id) => {
      const facts = factsOf(provider, id);
      expect(typeof facts.known).toBe("boolean");
      if (!facts.known) expect(facts.capabilities).toEqual({});
      const price = priceOf(provider, id);
      if (price !== undefined) expect(price.input >= 0 && price.output >= 0).toBe(true);
      expect(infoOf(id)).not.toBeUndefined();
    }),
    { numRuns: 300 },
  );
});
