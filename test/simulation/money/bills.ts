import type { ModelErrorCode } from "../../../src/core/error-codes.ts";
import { cameToAnEnd, type WireRequest } from "../wire-request.ts";

/** The cost of a request; the maximum if its provider may bill less. */
export interface Bill {
  readonly tokens: bigint;
  /** Nano-USD; undefined if the price is unknown. */
  readonly nano: bigint | undefined;
  /** Whether the caller received the usage. */
  readonly exact: boolean;
}

/** Responses that cost nothing: the provider did no work. */
const FREE: ReadonlySet<string> = new Set<ModelErrorCode>([
  ...(["rate_limited", "quota_exhausted", "overloaded", "unauthorized", "forbidden", "not_found"] as const),
  ...(["invalid_request", "context_too_long"] as const),
]);

/** What the provider bills for a request, from its own log. */
export function billOf(request: WireRequest): Bill {
  if (FREE.has(request.end) && request.output === 0) return { tokens: 0n, nano: 0n, exact: true };
  const { output, price } = request;
  const exact = cameToAnEnd(request);
  const input = exact ? request.input : request.unreported;
  const nano = price && costOf(input, price.input) + costOf(output, price.output);
  return { tokens: BigInt(input + output), nano, exact };
}

/** Lower and upper bound of a request's cost before it is sent, computed without the product's own counting. */
export function boundsOf(tokens: Tokens, { price }: WireRequest): { readonly least: Bill; readonly most: Bill } {
  const bill = (input: number): Bill => ({
    tokens: BigInt(input + tokens.output),
    nano: price && costOf(input, price.input) + costOf(tokens.output, price.output),
    exact: false,
  });
  return { least: bill(tokens.leastInput), most: bill(tokens.mostInput) };
}

export interface Tokens {
  readonly leastInput: number;
  readonly mostInput: number;
  readonly output: number;
}

/** Prices have at most three decimals of a dollar, so this is exact too; halves are rounded up. */
function costOf(tokens: number, usdPerMillion: number): bigint {
  const nanoPerMillion = BigInt(Math.round(usdPerMillion * 1_000_000_000));
  return (BigInt(tokens) * nanoPerMillion + 500_000n) / 1_000_000n;
}

const TOKENS_PER_MESSAGE = 4;
const TOKENS_PER_PROMPT = 3;
const LETTERS_PER_TOKEN = 4;

/** Prompt tokens as counted by a simple tokenizer. */
export function tokensOf(texts: readonly string[]): number {
  const counts = texts.map((text) => TOKENS_PER_MESSAGE + Math.ceil(text.length / LETTERS_PER_TOKEN));
  return counts.reduce((sum, count) => sum + count, TOKENS_PER_PROMPT);
}

/** Upper bound for any tokenizer: a token has at least one byte. */
export function mostTokensOf(texts: readonly string[]): number {
  const counts = texts.map((text) => TOKENS_PER_MESSAGE + Buffer.byteLength(text));
  return counts.reduce((sum, count) => sum + count, TOKENS_PER_PROMPT);
}
