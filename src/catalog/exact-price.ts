import { createRequire } from "node:module";
import type * as GenaiPrices from "@pydantic/genai-prices";
import type { MatchLogic, ModelInfo, ModelPrice, TieredPrices } from "@pydantic/genai-prices";
import type { Price, PriceTier } from "../core/cost.ts";
import { own } from "../core/own.ts";
import { sameModel } from "./identity.ts";

/** Our provider ids where the price package has another. */
const PACKAGE_IDS: Readonly<Record<string, string>> = {
  vertex: "google",
  xai: "x-ai",
  bedrock: "aws",
  moonshot: "moonshotai",
};

/** Fees per request or per kind of output: a price per token alone would be too low. */
const INEXPRESSIBLE = ["requests_kcount", "output_reasoning_mtok", "output_citation_mtok"];

let loaded: typeof GenaiPrices | undefined;

/** Half a megabyte of CommonJS, 40 to 100 ms to load: only when a price is asked that the table does not hold. */
export function loadPrices(): typeof GenaiPrices {
  loaded ??= createRequire(import.meta.url)("@pydantic/genai-prices") as typeof GenaiPrices;
  return loaded;
}

export function packageIdOf(providerId: string): string {
  return own(PACKAGE_IDS, providerId) ?? providerId;
}

/**
 * The package's price for exactly this model, at this time. The package matches by prefix (claude-sonnet-5-5 is answered
 * as claude-sonnet-5), so an answer counts only when it names the same model.
 */
export function exactPrice(providerId: string, modelId: string, at: Date): Price | undefined {
  const found = loadPrices().calcPrice({}, modelId, { providerId: packageIdOf(providerId), timestamp: at });
  if (found === null || !isAbout(found.model, modelId)) return undefined;
  return priceFrom(found.model_price);
}

function isAbout(model: ModelInfo, modelId: string): boolean {
  return sameModel(model.id.toLowerCase(), modelId.toLowerCase()) || enumeratedIds(model.match).includes(modelId);
}

/** The ids a match rule lists one by one. */
export function enumeratedIds(match: MatchLogic): readonly string[] {
  if ("equals" in match) return [match.equals];
  return "or" in match ? match.or.flatMap(enumeratedIds) : [];
}

type Rate = number | TieredPrices | undefined;

function priceFrom(prices: ModelPrice): Price | undefined {
  const { input_mtok: input, output_mtok: output } = prices;
  if (input === undefined || output === undefined || INEXPRESSIBLE.some((name) => name in prices)) return undefined;
  const starts = [...new Set(Object.values(prices).flatMap(startsOf))].sort((left, right) => left - right);
  return {
    ...ratesAt(prices, -1),
    ...optional("cacheWrite1h", rateAt(prices.cache_write_1h_mtok, -1)),
    ...(starts.length > 0 && { tiers: starts.map((above): PriceTier => ({ above, ...ratesAt(prices, above) })) }),
  };
}

function startsOf(rate: Rate): number[] {
  return typeof rate === "object" ? rate.tiers.map((tier) => tier.start) : [];
}

function ratesAt(prices: ModelPrice, start: number): { input: number; output: number } {
  return {
    input: rateAt(prices.input_mtok, start) ?? 0,
    output: rateAt(prices.output_mtok, start) ?? 0,
    ...optional("cacheRead", rateAt(prices.cache_read_mtok, start)),
    ...optional("cacheWrite", rateAt(prices.cache_write_mtok, start)),
  };
}

function rateAt(rate: Rate, start: number): number | undefined {
  if (typeof rate !== "object") return rate;
  return rate.tiers.filter((tier) => tier.start <= start).at(-1)?.price ?? rate.base;
}

function optional<Name extends string>(name: Name, value: number | undefined): { [key in Name]?: number } {
  return value === undefined ? {} : ({ [name]: value } as { [key in Name]: number });
}
