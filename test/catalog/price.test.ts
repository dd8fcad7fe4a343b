import { describe, expect, test } from "vitest";
import { listedPrice } from "../../src/catalog/listed-price.ts";
import { catalogIds } from "../../src/catalog/lookup.ts";
import { CATALOG_DATE } from "../../src/catalog/models.generated.ts";
import { priceOf } from "../../src/catalog/price.ts";
import { tableOf } from "../../src/catalog/table.ts";
import { costOf } from "../../src/core/cost.ts";
import { usageOf } from "../../src/core/usage.ts";

const NOON = new Date(`${CATALOG_DATE}T12:00:00Z`);

function usd(provider: string, id: string, counts: Parameters<typeof usageOf>[0]): number | null {
  return costOf(usageOf(counts), priceOf(provider, id, NOON)).usd;
}

// "standard rates … for prompts with <272K input tokens": https://developers.openai.com/api/docs/pricing
test.each([
  ["openai", "gpt-5.4"],
  ["openai", "gpt-6-luna"],
  ["azure", "gpt-5.5"],
  ["openrouter", "openai/gpt-5.4"],
])("OpenAI's rates for long prompts begin at 272,000 tokens: %s %s", (provider, id) => {
  expect(priceOf(provider, id, NOON)?.tiers?.map(({ above }) => above)).toEqual([271_999]);
});

describe("expected costs", () => {
  // 1,000 prompt tokens of which 800 cached, 500 out; list prices of https://platform.claude.com/docs/en/about-claude/pricing
  test("claude-sonnet-4 with a cached prefix costs $0.00834", () => {
    expect(usd("anthropic", "claude-sonnet-4-20250514", { input: 200, cacheRead: 800, output: 500 })).toBe(0.00834);
  });

  test.each([
    ["openai", "gpt-4o", 2.5, 10, 1.25],
    ["openai", "gpt-4o-mini", 0.15, 0.6, 0.075],
    ["openai", "gpt-4", 30, 60, undefined],
    ["openai", "gpt-4-turbo", 10, 30, undefined],
    ["openai", "o1", 15, 60, 7.5],
    ["openai", "o1-mini", 1.1, 4.4, 0.55],
    ["openai", "o3-mini", 1.1, 4.4, 0.55],
    ["openai", "o3", 2, 8, 0.5],
    ["openai", "gpt-5", 1.25, 10, 0.125],
    ["openai", "gpt-5.1", 1.25, 10, 0.125],
    ["anthropic", "claude-3-5-sonnet-20241022", 3, 15, 0.3],
    ["anthropic", "claude-3-5-haiku-20241022", 0.8, 4, 0.08],
    ["anthropic", "claude-3-haiku-20240307", 0.25, 1.25, 0.03],
    ["anthropic", "claude-3-opus-20240229", 15, 75, 1.5],
    ["anthropic", "claude-opus-4-20250514", 15, 75, 1.5],
    ["anthropic", "claude-sonnet-4-5-20250929", 3, 15, 0.3],
    ["anthropic", "claude-opus-4-5-20251101", 5, 25, 0.5],
    ["anthropic", "claude-haiku-4-5-20251001", 1, 5, 0.1],
    ["google", "gemini-2.0-flash", 0.1, 0.4, 0.025],
    ["google", "gemini-2.5-flash", 0.3, 2.5, 0.03],
    ["google", "gemini-2.5-pro", 1.25, 10, 0.125],
    ["google", "gemini-3-pro-preview", 2, 12, 0.2],
    ["deepseek", "deepseek-chat", 0.27, 1.1, 0.07],
    ["deepseek", "deepseek-reasoner", 0.55, 2.19, 0.14],
  ])("%s %s: %d in, %d out, %d cached", (provider, id, input, output, cacheRead) => {
    const price = priceOf(provider, id);
    expect(price).toMatchObject({ input, output });
    expect(price?.cacheRead).toBe(cacheRead);
  });

  test("Claude's five-minute and one-hour cache writes cost 1.25 and 2 times the input", () => {
    expect(priceOf("anthropic", "claude-haiku-4-5")).toMatchObject({ cacheWrite: 1.25, cacheWrite1h: 2 });
    expect(
      usd("anthropic", "claude-haiku-4-5", {
        input: 0,
        cacheWrite: 1_000_000,
        output: 0,
        details: { cacheWrite5m: 400_000, cacheWrite1h: 600_000 },
      }),
    ).toBe(1.7);
  });

  test("a higher tier starts one token above its limit and applies to the complete request", () => {
    expect(usd("google", "gemini-2.5-pro", { input: 200_000, output: 0 })).toBe(0.25);
    expect(usd("google", "gemini-2.5-pro", { input: 200_001, output: 0 })).toBe(0.500_002_5);
    expect(usd("google", "gemini-2.5-pro", { input: 100_000, cacheRead: 100_001, output: 1_000 })).toBe(0.290_000_25);
    expect(usd("anthropic", "claude-sonnet-4-20250514", { input: 200_001, output: 0 })).toBe(1.200_006);
  });
});

describe("the choice of a price", () => {
  test("a release never has the price of a prefix of its name", () => {
    expect(listedPrice("anthropic", "claude-sonnet-5-5", NOON)).toBeUndefined();
    expect(priceOf("anthropic", "claude-sonnet-5-5")).not.toEqual(priceOf("anthropic", "claude-sonnet-5"));
    expect(listedPrice("google", "gemini-1.5-flash-8b", NOON)).toBeUndefined();
    expect(priceOf("anthropic", "claude-sonnet-4-5-turbo")).toBeUndefined();
    expect(priceOf("openai", "gpt-4o-enormous")).toBeUndefined();
  });

  test("a dated copy has the price of its release, unless it has its own", () => {
    expect(priceOf("openai", "gpt-4.1-2025-04-14")).toEqual(priceOf("openai", "gpt-4.1"));
    expect(priceOf("anthropic", "claude-haiku-4-5-20251001")).toEqual(priceOf("anthropic", "claude-haiku-4-5"));
    expect(priceOf("openai", "gpt-4o-2024-05-13")).toEqual({ input: 5, output: 15 });
  });

  test("a price-only model is found in any case and as a dated copy, but not its fine-tunes", () => {
    const price = priceOf("copilot", "gpt-5.5");
    expect(price).toMatchObject({ input: 5, output: 30 });
    expect(priceOf("copilot", "GPT-5.5")).toEqual(price);
    expect(priceOf("copilot", "gpt-5.5-2026-01-31")).toEqual(price);
    expect(priceOf("copilot", "gpt-5.55")).toBeUndefined();
    expect(priceOf("azure", "ft:gpt-3.5-turbo-")).toBeUndefined();
    expect(priceOf("openai", "FT:gpt-4o")).toBeUndefined();
  });

  test("price_as needs no provider", () => {
    expect(priceOf(undefined, "gpt-4o")).toEqual(priceOf("openai", "gpt-4o"));
    expect(priceOf(undefined, "anthropic/claude-haiku-4-5")).toEqual(priceOf("anthropic", "claude-haiku-4-5"));
    expect(priceOf(undefined, "no-such-model")).toBeUndefined();
  });

  test("models with other fees, fine-tuned models and models at other providers have no price", () => {
    expect(priceOf("perplexity", "sonar")).toBeUndefined();
    expect(priceOf("openai", "ft:gpt-4o-mini-2024-07-18:acme::abc123")).toBeUndefined();
    expect(priceOf("ollama", "gpt-oss-20b")).toBeUndefined();
    expect(priceOf("my-server", "gpt-4o")).toBeUndefined();
  });

  test("a price with an announced change depends on the day", () => {
    expect(priceOf("google", "gemini-3.8-flash", new Date("2026-12-31T12:00:00Z"))).toMatchObject({
      input: 0.75,
      output: 3.75,
    });
    expect(priceOf("google", "gemini-3.8-flash", new Date("2027-01-02T12:00:00Z"))).toMatchObject({
      input: 1.5,
      output: 7.5,
    });
  });

  test("an hourly price depends on the hour", () => {
    expect(priceOf("deepseek", "deepseek-v4-pro", new Date("2026-11-20T02:00:00Z"))).toMatchObject({ input: 1.32 });
    expect(priceOf("deepseek", "deepseek-v4-pro", new Date("2026-11-20T20:00:00Z"))).toMatchObject({ input: 0.66 });
  });

  test("no table price is free unless the id says so, and cached tokens never cost more", () => {
    for (const provider of ["openai", "anthropic", "google", "deepseek", "mistral", "xai", "openrouter", "groq"]) {
      for (const id of catalogIds(provider)) {
        const price = tableOf(provider)?.byId.get(id)?.price;
        if (price === undefined) continue;
        if (price.input === 0 && price.output === 0) expect(id).toMatch(/free$/);
        expect(price.cacheRead ?? 0, id).toBeLessThanOrEqual(price.input);
      }
    }
  });
});
