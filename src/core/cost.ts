import type { Usage } from "./usage.ts";

/** USD per million tokens. A class without a price of its own is charged as `input` (or `output`). */
export interface Price {
  readonly input: number;
  readonly output: number;
  readonly cacheRead?: number;
  readonly cacheWrite?: number;
  readonly cacheWrite5m?: number;
  readonly cacheWrite1h?: number;
  /** Stands for `cacheWrite1h` where nobody gave one; what it prices is estimated. */
  readonly assumed1h?: number;
  /** Other rates for prompts above a size; they then hold for all tokens of the request. */
  readonly tiers?: readonly PriceTier[];
}

export interface PriceTier {
  /** Holds when the whole prompt (input + cacheRead + cacheWrite) has more tokens than this. */
  readonly above: number;
  readonly input: number;
  readonly output: number;
  readonly cacheRead?: number;
  readonly cacheWrite?: number;
  readonly cacheWrite5m?: number;
  readonly cacheWrite1h?: number;
  /** Stands for `cacheWrite1h` where nobody gave one; what it prices is estimated. */
  readonly assumed1h?: number;
}

/** Money of one or more attempts. `usd` is null when a price is unknown, never 0. */
export interface Cost {
  readonly usd: number | null;
  readonly breakdown: {
    readonly input: number;
    readonly cacheRead: number;
    readonly cacheWrite: number;
    readonly output: number;
  } | null;
  /** True when tokens were counted locally, a rate was assumed or an attempt may have been billed without telling. */
  readonly estimated: boolean;
}

/** Integer nano-dollars: money is added as bigint and becomes a float only for display. */
export interface NanoCost {
  readonly input: bigint;
  readonly cacheRead: bigint;
  readonly cacheWrite: bigint;
  readonly output: bigint;
}

export const NO_COST: Cost = Object.freeze({
  usd: 0,
  breakdown: Object.freeze({ input: 0, cacheRead: 0, cacheWrite: 0, output: 0 }),
  estimated: false,
});
export const UNKNOWN_COST: Cost = Object.freeze({ usd: null, breakdown: null, estimated: false });

const NANO_PER_USD = 1_000_000_000;
const TOKENS_PER_PRICE = 1_000_000n;

/** Price per million tokens in nano-dollars; prices have at most six decimals in practice, nine are kept. */
function nanoRate(usdPerMillion: number): bigint {
  return BigInt(Math.round(usdPerMillion * NANO_PER_USD));
}

function charge(tokens: number, usdPerMillion: number): bigint {
  return (BigInt(tokens) * nanoRate(usdPerMillion) + TOKENS_PER_PRICE / 2n) / TOKENS_PER_PRICE;
}

function tierOf(price: Price, promptTokens: number): Price | PriceTier {
  let chosen: Price | PriceTier = price;
  let above = -1;
  for (const tier of price.tiers ?? []) {
    if (promptTokens > tier.above && tier.above > above) {
      chosen = tier;
      above = tier.above;
    }
  }
  return chosen;
}

type CacheClass = "cacheRead" | "cacheWrite" | "cacheWrite5m" | "cacheWrite1h";

/**
 * Whether nobody knows what tokens of a class cost in a prompt of this size: a rate that the first tier has and this one
 * has not, or writes for an hour where only the ordinary ones have a rate, which is lower.
 */
export function lacksRate(price: Price, promptTokens: number, name: CacheClass): boolean {
  if (rateOf(tierOf(price, promptTokens), name) !== undefined) return false;
  return rateOf(price, name) !== undefined || (name === "cacheWrite1h" && price.cacheWrite !== undefined);
}

/** Writes for five minutes are the ordinary ones. */
function rateOf(rates: Price | PriceTier, name: CacheClass): number | undefined {
  if (name === "cacheWrite1h") return rates.cacheWrite1h ?? rates.assumed1h;
  return rates[name] ?? (name === "cacheWrite5m" ? rates.cacheWrite : undefined);
}

function promptOf(usage: Usage): number {
  return usage.input + usage.cacheRead + usage.cacheWrite;
}

function writesOf({ details, cacheWrite }: Usage): { readonly write5m: number; readonly write1h: number } {
  const write5m = Math.min(details["cacheWrite5m"] ?? 0, cacheWrite);
  return { write5m, write1h: Math.min(details["cacheWrite1h"] ?? 0, cacheWrite - write5m) };
}

/** Whether writes for an hour are charged at the rate of others: theirs is higher, but nobody told it. */
function assumesHour(usage: Usage, price: Price): boolean {
  return writesOf(usage).write1h > 0 && tierOf(price, promptOf(usage)).cacheWrite1h === undefined;
}

/** `undefined` when the price has no rate for some of the tokens. */
export function nanoCost(usage: Usage, price: Price): NanoCost | undefined {
  const promptTokens = promptOf(usage);
  const rates = tierOf(price, promptTokens);
  const writeRate = rates.cacheWrite ?? rates.input;
  const { write5m, write1h } = writesOf(usage);
  const writeRest = usage.cacheWrite - write5m - write1h;
  const used = { cacheRead: usage.cacheRead, cacheWrite: writeRest, cacheWrite5m: write5m, cacheWrite1h: write1h };
  const classes = Object.keys(used) as CacheClass[];
  if (classes.some((name) => used[name] > 0 && lacksRate(price, promptTokens, name))) return undefined;
  return {
    input: charge(usage.input, rates.input),
    cacheRead: charge(usage.cacheRead, rates.cacheRead ?? rates.input),
    cacheWrite:
      charge(writeRest, writeRate) +
      charge(write5m, rates.cacheWrite5m ?? writeRate) +
      charge(write1h, rateOf(rates, "cacheWrite1h") ?? writeRate),
    output: charge(usage.output, rates.output),
  };
}

export function usdOf(nano: bigint): number {
  return Number(nano) / NANO_PER_USD;
}

/** What `usage` costs at `price`; null money when the price is unknown. */
export function costOf(usage: Usage, price: Price | undefined): Cost {
  const nano = price && nanoCost(usage, price);
  if (price === undefined || nano === undefined) return { ...UNKNOWN_COST, estimated: usage.estimated };
  return costFromNano(nano, usage.estimated || assumesHour(usage, price));
}

export function costFromNano(nano: NanoCost, estimated: boolean): Cost {
  return {
    usd: usdOf(nano.input + nano.cacheRead + nano.cacheWrite + nano.output),
    breakdown: {
      input: usdOf(nano.input),
      cacheRead: usdOf(nano.cacheRead),
      cacheWrite: usdOf(nano.cacheWrite),
      output: usdOf(nano.output),
    },
    estimated,
  };
}

/** The exact integers behind a cost; `undefined` when it is unknown. */
export function nanoOf(cost: Cost | undefined): NanoCost | undefined {
  const breakdown = cost?.breakdown;
  if (breakdown == null) return undefined;
  return {
    input: fromUsd(breakdown.input),
    cacheRead: fromUsd(breakdown.cacheRead),
    cacheWrite: fromUsd(breakdown.cacheWrite),
    output: fromUsd(breakdown.output),
  };
}

function fromUsd(usd: number): bigint {
  return BigInt(Math.round(usd * NANO_PER_USD));
}

export function addNano(left: NanoCost, right: NanoCost): NanoCost {
  return {
    input: left.input + right.input,
    cacheRead: left.cacheRead + right.cacheRead,
    cacheWrite: left.cacheWrite + right.cacheWrite,
    output: left.output + right.output,
  };
}

/** The sum, in nano-dollars; unknown as soon as one of the two is unknown. */
export function addCost(left: Cost, right: Cost): Cost {
  if (left === NO_COST) return right;
  const estimated = left.estimated || right.estimated;
  const [one, other] = [nanoOf(left), nanoOf(right)];
  if (one === undefined || other === undefined) return { ...UNKNOWN_COST, estimated };
  return costFromNano(addNano(one, other), estimated);
}
