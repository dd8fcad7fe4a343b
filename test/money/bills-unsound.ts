import type { Bill } from "./bill.ts";

const prices = { input: 3, output: 15, cache_read: 0.3, cache_write: 3.75 };
const wire = "openai";

/** "Bill this." and "fine" have so many tokens by the library's own estimate. */
const ESTIMATED_PROMPT = { tokens: 10n, nano: 30_000n };
const ESTIMATED_ANSWER = { tokens: 1n, nano: 15_000n };

const ESTIMATED = {
  estimated: "usage",
  tokens: ESTIMATED_PROMPT.tokens + ESTIMATED_ANSWER.tokens,
  nano: [ESTIMATED_PROMPT.nano, 0n, 0n, ESTIMATED_ANSWER.nano],
} as const;

export const UNSOUND_BILLS: readonly Bill[] = [
  { title: "estimates a chat completion without usage", wire, prices, ...ESTIMATED },
  { title: "estimates a response without usage", wire: "openai-responses", prices, ...ESTIMATED },
  { title: "estimates a message without usage", wire: "anthropic", prices, ...ESTIMATED },
  { title: "estimates a Gemini answer without usage", wire: "google", prices, ...ESTIMATED },
  {
    title: "estimates an answer whose counts are all zero",
    ...{ wire, prices, usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }, ...ESTIMATED },
  },
  {
    title: "estimates a fractional completion",
    ...{
      wire,
      prices,
      usage: { prompt_tokens: 100, completion_tokens: 10.5, total_tokens: 110.5 },
      estimated: "usage",
    },
    tokens: 100n + ESTIMATED_ANSWER.tokens,
    // 100 x 3,000
    nano: [300_000n, 0n, 0n, ESTIMATED_ANSWER.nano],
  },
  {
    title: "ignores a negative cached count",
    ...{ wire, prices, estimated: "usage" },
    usage: {
      ...{ prompt_tokens: 100, completion_tokens: 10, total_tokens: 110, prompt_tokens_details: { cached_tokens: -5 } },
    },
    tokens: 110n,
    // 100 x 3,000; 10 x 15,000
    nano: [300_000n, 0n, 0n, 150_000n],
  },
  {
    title: "ignores a count that is a string",
    ...{ wire: "google", prices, estimated: "usage" },
    usage: { promptTokenCount: 100, candidatesTokenCount: 10, cachedContentTokenCount: "50", totalTokenCount: 110 },
    tokens: 110n,
    // 100 x 3,000; 10 x 15,000
    nano: [300_000n, 0n, 0n, 150_000n],
  },
  {
    title: "charges the classes of a report whose total is too small",
    ...{ wire, prices, usage: { prompt_tokens: 100, completion_tokens: 10, total_tokens: 50 }, tokens: 110n },
    // 100 x 3,000; 10 x 15,000
    nano: [300_000n, 0n, 0n, 150_000n],
  },
  {
    title: "charges the classes of a report without a total",
    ...{ wire, prices, usage: { prompt_tokens: 100, completion_tokens: 10 }, tokens: 110n },
    // 100 x 3,000; 10 x 15,000
    nano: [300_000n, 0n, 0n, 150_000n],
  },
  {
    title: "adds cached tokens that the prompt cannot include",
    wire,
    prices,
    usage: {
      ...{ prompt_tokens: 100, completion_tokens: 10, total_tokens: 1_010 },
      prompt_tokens_details: { cached_tokens: 900 },
    },
    tokens: 1_010n,
    // 100 x 3,000; 900 x 300; 10 x 15,000
    nano: [300_000n, 270_000n, 0n, 150_000n],
  },
  {
    title: "never charges more cached tokens than the total allows",
    ...{ wire: "anthropic", prices: { ...prices, cache_write_5m: 3.75, cache_write_1h: 6 } },
    // The parts of the cache writes are more than the writes.
    usage: {
      ...{ input_tokens: 10, output_tokens: 5, cache_creation_input_tokens: 100, cache_read_input_tokens: 0 },
      cache_creation: { ephemeral_5m_input_tokens: 90, ephemeral_1h_input_tokens: 60 },
    },
    tokens: 115n,
    // 10 x 3,000; 60 x 6,000 + 40 x 3,750; 5 x 15,000
    nano: [30_000n, 0n, 510_000n, 75_000n],
  },
  {
    title: "keeps the counts of a stream that ends with zeros",
    ...{ wire, prices, earlier: [{ prompt_tokens: 300, completion_tokens: 20, total_tokens: 320 }] },
    usage: { prompt_tokens: 300, completion_tokens: 20, total_tokens: 0 },
    tokens: 320n,
    // 300 x 3,000; 20 x 15,000
    nano: [900_000n, 0n, 0n, 300_000n],
  },
  {
    title: "charges 2,147,483,648 tokens exactly",
    ...{ wire, prices: { input: 3, output: 15 } },
    usage: { prompt_tokens: 2_147_483_648, completion_tokens: 2_147_483_647, total_tokens: 4_294_967_295 },
    tokens: 4_294_967_295n,
    // 2,147,483,648 x 3,000; 2,147,483,647 x 15,000
    nano: [6_442_450_944_000n, 0n, 0n, 32_212_254_705_000n],
  },
  {
    title: "charges 9,000,000,000,000,000 tokens of a thousandth of a nano-dollar",
    ...{ wire, prices: { input: 0.000001, output: 0 } },
    usage: { prompt_tokens: 9_000_000_000_000_000, completion_tokens: 1, total_tokens: 9_000_000_000_000_001 },
    tokens: 9_000_000_000_000_001n,
    // 9,000,000,000,000,000 x 0.001; 1 x 0
    nano: [9_000_000_000_000n, 0n, 0n, 0n],
  },
  {
    title: "ignores a count above the safe integers",
    ...{ wire, prices, usage: { prompt_tokens: 100, completion_tokens: 1e16, total_tokens: 1e16 }, estimated: "usage" },
    tokens: 100n + ESTIMATED_ANSWER.tokens,
    // 100 x 3,000
    nano: [300_000n, 0n, 0n, ESTIMATED_ANSWER.nano],
  },
];
