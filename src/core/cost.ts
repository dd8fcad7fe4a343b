import type { Usage } from "./usage.ts";
import { withoutEnd } from "./without-end.ts";

/** USD per million tokens. A class without its own price is charged as `input` (or `output`). */
export interface Price {
  readonly input: number;
  readonly output: number;
  readonly cacheRead?: number;
  readonly cacheWrite?: number;
  readonly cacheWrite5m?: number;
  readonly cacheWrite1h?: number;
  /** Used if `cacheWrite1h` is absent; the cost is then estimated. */
  readonly assumed1h?: number;
  /** Rates for prompts above a size; they apply to all tokens of the request. */
  readonly tiers?: readonly PriceTier[];
}

export interface PriceTier {
  /** Applies if the prompt (input + cacheRead + cacheWrite) has more tokens than this. */
  readonly above: number;
  readonly input: number;
  readonly output: number;
  readonly cacheRead?: number;
  readonly cacheWrite?: number;
  readonly cacheWrite5m?: number;
  readonly cacheWrite1h?: number;
  /** Used if `cacheWrite1h` is absent; the cost is then estimated. */
  readonly assumed1h?: number;
}

/** Cost of one or more attempts. `usd` is null if a price is unknown, never 0. */
export interface Cost {
  readonly usd: number | null;
  readonly breakdown: {
    readonly input: number;
    readonly cacheRead: number;
    readonly cacheWrite: number;
    readonly output: number;
  } | null;
  /** True if tokens were counted locally, a rate was assumed, or an attempt may have been billed without reporting usage. */
  readonly estimated: boolean;
}

/** Integer nano-dollars, always exact: a number up to 2^53 (9 million USD), which is cheap to add, a bigint above. */
export type Nano = number | bigint;

/** Money is added in integer nano-dollars and converted to USD only for display. */
export interface NanoCost {
  readonly input: Nano;
  readonly cacheRead: Nano;
  readonly cacheWrite: Nano;
  readonly output: Nano;
}

export const NO_COST: Cost = Object.freeze({
  usd: 0,
  breakdown: Object.freeze({ input: 0, cacheRead: 0, cacheWrite: 0, output: 0 }),
  estimated: false,
});
export const UNKNOWN_COST: Cost = Object.freeze({ usd: null, breakdown: null, estimated: false });

const NANO_PER_USD = 1_000_000_000;
const TOKENS_PER_PRICE = 1_000_000;

/** Prices per million tokens have at most six decimals in practice; nine are kept. Rounds half up. */
function charge(tokens: number, usdPerMillion: number): Nano {
  if (tokens === 0) return 0;
  const rate = Math.round(usdPerMillion * NANO_PER_USD);
  const product = tokens * rate + TOKENS_PER_PRICE / 2;
  if (product <= Number.MAX_SAFE_INTEGER) return (product - (product % TOKENS_PER_PRICE)) / TOKENS_PER_PRICE;
  return reduced((BigInt(tokens) * BigInt(rate) + BigInt(TOKENS_PER_PRICE / 2)) / BigInt(TOKENS_PER_PRICE));
}

function reduced(nano: bigint): Nano {
  return nano <= Number.MAX_SAFE_INTEGER ? Number(nano) : nano;
}

function plus(left: Nano, right: Nano): Nano {
  if (typeof left === "number" && typeof right === "number") {
    const sum = left + right;
    if (sum <= Number.MAX_SAFE_INTEGER) return sum;
  }
  return BigInt(left) + BigInt(right);
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
 * Whether the price of a class of tokens is unknown at this prompt size: the tier lacks a rate that the first tier has, or
 * only five-minute cache writes have a rate, which is lower than that of one-hour writes.
 */
export function lacksRate(price: Price, promptTokens: number, name: CacheClass): boolean {
  if (rateOf(tierOf(price, promptTokens), name) !== undefined) return false;
  return rateOf(price, name) !== undefined || (name === "cacheWrite1h" && price.cacheWrite !== undefined);
}

/** `cacheWrite` is the rate of five-minute writes. */
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

/** Whether one-hour writes are charged at another rate, because their own, higher rate is unknown. */
function assumesHour(usage: Usage, price: Price): boolean {
  return writesOf(usage).write1h > 0 && tierOf(price, promptOf(usage)).cacheWrite1h === undefined;
}

/** `undefined` if the price has no rate for some of the tokens. */
export function nanoCost(usage: Usage, price: Price): NanoCost | undefined {
  const promptTokens = promptOf(usage);
  const rates = tierOf(price, promptTokens);
  const writeRate = rates.cacheWrite ?? rates.input;
  const { write5m, write1h } = writesOf(usage);
  const writeRest = usage.cacheWrite - write5m - write1h;
  const isUnpriced = (tokens: number, name: CacheClass) => tokens > 0 && lacksRate(price, promptTokens, name);
  if (isUnpriced(usage.cacheRead, "cacheRead") || isUnpriced(writeRest, "cacheWrite")) return undefined;
  if (isUnpriced(write5m, "cacheWrite5m") || isUnpriced(write1h, "cacheWrite1h")) return undefined;
  return {
    input: charge(usage.input, rates.input),
    cacheRead: charge(usage.cacheRead, rates.cacheRead ?? rates.input),
    cacheWrite: plus(
      charge(writeRest, writeRate),
      plus(
        charge(write5m, rates.cacheWrite5m ?? writeRate),
        charge(write1h, rateOf(rates, "cacheWrite1h") ?? writeRate),
      ),
    ),
    output: charge(usage.output, rates.output),
  };
}

export function usdOf(nano: Nano): number {
  return Number(nano) / NANO_PER_USD;
}

/** The cost of `usage` at `price`; `usd` is null if the price is unknown. */
export function costOf(usage: Usage, price: Price | undefined): Cost {
  const nano = price && nanoCost(usage, price);
  if (price === undefined || nano === undefined) return { ...UNKNOWN_COST, estimated: usage.estimated };
  return costFromNano(nano, usage.estimated || assumesHour(usage, price));
}

export function costFromNano(nano: NanoCost, estimated: boolean): Cost {
  return {
    usd: usdOf(plus(plus(nano.input, nano.cacheRead), plus(nano.cacheWrite, nano.output))),
    breakdown: {
      input: usdOf(nano.input),
      cacheRead: usdOf(nano.cacheRead),
      cacheWrite: usdOf(nano.cacheWrite),
      output: usdOf(nano.output),
    },
    estimated,
  };
}

/**
 * The most that a request can cost, in nano-dollars: the complete prompt at the highest rate for reading or writing it, in any
 * tier that a prompt of this size can reach. Rounds up.
 */
export function worstCost(price: Price, promptTokens: number, outputTokens: number, oneHourWrites: boolean): bigint {
  let input = highestInput(price, oneHourWrites);
  let { output } = price;
  for (const tier of price.tiers ?? []) {
    if (promptTokens <= tier.above) continue;
    input = Math.max(input, highestInput(tier, oneHourWrites));
    output = Math.max(output, tier.output);
  }
  return BigInt(plus(ceiling(promptTokens, input), ceiling(outputTokens, output)));
}

function highestInput(rates: Price | PriceTier, oneHourWrites: boolean): number {
  const { input, cacheRead = 0, cacheWrite = 0, cacheWrite5m = 0 } = rates;
  const hour = oneHourWrites ? (rates.cacheWrite1h ?? rates.assumed1h ?? 0) : 0;
  return Math.max(input, cacheRead, cacheWrite, cacheWrite5m, hour);
}

function ceiling(tokens: number, usdPerMillion: number): Nano {
  const rate = Math.round(usdPerMillion * NANO_PER_USD);
  const product = tokens * rate + (TOKENS_PER_PRICE - 1);
  if (product <= Number.MAX_SAFE_INTEGER) return (product - (product % TOKENS_PER_PRICE)) / TOKENS_PER_PRICE;
  return reduced((BigInt(tokens) * BigInt(rate) + BigInt(TOKENS_PER_PRICE - 1)) / BigInt(TOKENS_PER_PRICE));
}

/** Exact, with at least two decimals: `12.50`. */
export function usdText(nano: bigint): string {
  const digits = nano.toString().padStart(10, "0");
  const decimals = withoutEnd(digits.slice(-9), "0").padEnd(2, "0");
  return `${digits.slice(0, -9)}.${decimals}`;
}

/** The total of a cost in nano-dollars; null if it is unknown. */
export function totalNano(cost: Cost | undefined): bigint | null {
  const nano = nanoOf(cost);
  if (nano === undefined) return null;
  return BigInt(plus(plus(nano.input, nano.cacheRead), plus(nano.cacheWrite, nano.output)));
}

/** The exact integers of a cost; `undefined` if it is unknown. */
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

function fromUsd(usd: number): Nano {
  const nano = Math.round(usd * NANO_PER_USD);
  return nano <= Number.MAX_SAFE_INTEGER ? nano : BigInt(nano);
}

/** A sum that grows in place. */
export class NanoSum implements NanoCost {
  input: Nano = 0;
  cacheRead: Nano = 0;
  cacheWrite: Nano = 0;
  output: Nano = 0;

  add(more: NanoCost): void {
    this.input = plus(this.input, more.input);
    this.cacheRead = plus(this.cacheRead, more.cacheRead);
    this.cacheWrite = plus(this.cacheWrite, more.cacheWrite);
    this.output = plus(this.output, more.output);
  }
}

/** The sum, in nano-dollars; unknown if one of the two is unknown. */
export function addCost(left: Cost, right: Cost): Cost {
  if (left === NO_COST) return right;
  const estimated = left.estimated || right.estimated;
  const [one, other] = [nanoOf(left), nanoOf(right)];
  if (one === undefined || other === undefined) return { ...UNKNOWN_COST, estimated };
  const sum = new NanoSum();
  sum.add(one);
  sum.add(other);
  return costFromNano(sum, estimated);
}
