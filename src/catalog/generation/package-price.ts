import {
  type ConditionalPrice,
  calcPrice,
  findProvider,
  type MatchLogic,
  type ModelInfo,
  type ModelPrice,
  type TieredPrices,
} from "@pydantic/genai-prices";
import type { Price, PriceTier } from "../../core/cost.ts";
import { own } from "../../core/own.ts";
import { sameModel } from "../identity.ts";
import type { TimedPrice } from "../listed-price.ts";
import { tierAbove } from "../tier-start.ts";

/** Provider ids that differ in the price package. */
const PACKAGE_IDS: Readonly<Record<string, string>> = {
  vertex: "google",
  xai: "x-ai",
  bedrock: "aws",
  moonshot: "moonshotai",
};

/** Fees per request or output type: a price per token would be too low. */
const INEXPRESSIBLE = ["requests_kcount", "output_reasoning_mtok", "output_citation_mtok"];

function packageIdOf(providerId: string): string {
  return own(PACKAGE_IDS, providerId) ?? providerId;
}

/** Models with a price at this provider; Azure serves models of other vendors at their own prices. */
export function packageModels(providerId: string): readonly ModelInfo[] {
  const provider = findProvider({ providerId: packageIdOf(providerId) });
  const others = (provider?.fallback_model_providers ?? []).map((id) => findProvider({ providerId: id }));
  return [provider, ...others].flatMap((one) => one?.models ?? []);
}

/** The package's model for an id. */
export function packageModel(providerId: string, modelId: string, at: Date): ModelInfo | undefined {
  return calcPrice({}, modelId, { providerId: packageIdOf(providerId), timestamp: at })?.model;
}

/**
 * The package's price for exactly this model, at this time. The package matches by prefix (claude-sonnet-5-5 matches
 * claude-sonnet-5), so a result counts only if it is the same model. Embeddings have no output.
 */
export function exactPrice(providerId: string, modelId: string, at: Date, isEmbedding = false): Price | undefined {
  const found = calcPrice({}, modelId, { providerId: packageIdOf(providerId), timestamp: at });
  if (found === null || !isAbout(found.model, modelId)) return undefined;
  return priceFrom(isEmbedding ? { output_mtok: 0, ...found.model_price } : found.model_price, modelId);
}

function isAbout(model: ModelInfo, modelId: string): boolean {
  return sameModel(model.id.toLowerCase(), modelId.toLowerCase()) || enumeratedIds(model.match).includes(modelId);
}

/** All prices of a model with their times; the last one that has started applies. */
export function timedPrices({ id, prices }: ModelInfo): readonly TimedPrice[] {
  if (!Array.isArray(prices)) return [{ price: priceFrom(prices, id) }];
  return prices.map(({ constraint, prices: rates }) => ({ ...timeFrom(constraint), price: priceFrom(rates, id) }));
}

function timeFrom(constraint: ConditionalPrice["constraint"]): Omit<TimedPrice, "price"> {
  if (constraint === undefined) return {};
  if (constraint.type === "start_date") return { from: constraint.start_date };
  return { hours: [minuteOf(constraint.start_time), minuteOf(constraint.end_time)] };
}

function minuteOf(time: string): string {
  const minute = /^(\d{2}:\d{2}):00Z$/.exec(time)?.[1];
  if (minute === undefined) throw new Error(`not a whole minute in UTC: ${time}`);
  return minute;
}

/** The ids that a match rule lists. */
export function enumeratedIds(match: MatchLogic): readonly string[] {
  if ("equals" in match) return [match.equals];
  return "or" in match ? match.or.flatMap(enumeratedIds) : [];
}

type Rate = number | TieredPrices | undefined;

function priceFrom(prices: ModelPrice, modelId: string): Price | undefined {
  const { input_mtok: input, output_mtok: output } = prices;
  if (input === undefined || output === undefined || INEXPRESSIBLE.some((name) => name in prices)) return undefined;
  const starts = [...new Set(Object.values(prices).flatMap(startsOf))].sort((left, right) => left - right);
  return {
    ...ratesAt(prices, -1),
    ...optional("cacheWrite1h", rateAt(prices.cache_write_1h_mtok, -1)),
    ...(starts.length > 0 && {
      tiers: starts.map((start): PriceTier => ({ above: tierAbove(start, modelId), ...ratesAt(prices, start) })),
    }),
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
