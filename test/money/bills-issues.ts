import type { Bill } from "./bill.ts";

const detailsOf = (prompt: number, completion: number, details: object) => ({
  ...{ prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion },
  prompt_tokens_details: details,
});

/** Wrong bills of other projects, with the bills that their reporters computed. */
export const ISSUE_BILLS: readonly Bill[] = [
  {
    title: "LiteLLM #14849: a cache hit costs 0.1849 USD, not 0.7642",
    ...{ wire: "google", prices: { input: 1.25, output: 10, cache_read: 0.625 } },
    usage: {
      ...{ promptTokenCount: 262_960, cachedContentTokenCount: 257_955, candidatesTokenCount: 1_744 },
      ...{ totalTokenCount: 264_704, promptTokensDetails: [{ modality: "TEXT", tokenCount: 262_960 }] },
    },
    tokens: 264_704n,
    // 5,005 x 1,250; 257,955 x 625; 1,744 x 10,000
    nano: [6_256_250n, 161_221_875n, 0n, 17_440_000n],
  },
  {
    title: "LiteLLM #14849: also behind a proxy that calls the whole prompt text",
    ...{ wire: "openai", prices: { input: 1.25, output: 10, cache_read: 0.625 } },
    usage: detailsOf(262_960, 1_744, { text_tokens: 262_960, cached_tokens: 257_955 }),
    tokens: 264_704n,
    // 5,005 x 1,250; 257,955 x 625; 1,744 x 10,000
    nano: [6_256_250n, 161_221_875n, 0n, 17_440_000n],
  },
  {
    title: "LiteLLM #33772: cache writes of chat completions have their own rate",
    ...{ wire: "openai", prices: { input: 1, output: 6, cache_read: 0.1, cache_write: 1.25 } },
    usage: detailsOf(3_541, 5, { cached_tokens: 0, cache_write_tokens: 3_541 }),
    tokens: 3_546n,
    // 3,541 x 1,250; 5 x 6,000
    nano: [0n, 0n, 4_426_250n, 30_000n],
  },
  {
    title: "LiteLLM #33772: cache writes of responses have their own rate",
    ...{ wire: "openai-responses", prices: { input: 1, output: 6, cache_read: 0.1, cache_write: 1.25 } },
    usage: {
      ...{ input_tokens: 3_541, output_tokens: 5, total_tokens: 3_546 },
      input_tokens_details: { cached_tokens: 0, cache_write_tokens: 3_541 },
      output_tokens_details: { reasoning_tokens: 0 },
    },
    tokens: 3_546n,
    // 3,541 x 1,250; 5 x 6,000
    nano: [0n, 0n, 4_426_250n, 30_000n],
  },
  {
    title: "LiteLLM #35127: input with cache reads and writes costs 0.16625 USD",
    ...{ wire: "openai-responses", prices: { input: 5, output: 0, cache_read: 0.5, cache_write: 6.25 } },
    usage: {
      ...{ input_tokens: 172_000, output_tokens: 10, total_tokens: 172_010 },
      input_tokens_details: { cached_tokens: 155_000, cache_write_tokens: 3_000 },
      output_tokens_details: { reasoning_tokens: 0 },
    },
    tokens: 172_010n,
    // 14,000 x 5,000; 155,000 x 500; 3,000 x 6,250
    nano: [70_000_000n, 77_500_000n, 18_750_000n, 0n],
  },
  {
    title: "LiteLLM #11364: a proxy reports cache writes as cache_creation_tokens",
    ...{ wire: "openai", prices: { input: 5, output: 25, cache_read: 0.5, cache_write: 6.25 } },
    usage: {
      ...detailsOf(98_805, 5_120, { cached_tokens: 66_360, cache_creation_tokens: 32_435, text_tokens: null }),
      ...{ cache_read_input_tokens: 66_360, cache_creation_input_tokens: 32_435 },
      completion_tokens_details: { reasoning_tokens: 1_710, audio_tokens: null },
    },
    tokens: 103_925n,
    // 10 x 5,000; 66,360 x 500; 32,435 x 6,250; 5,120 x 25,000
    nano: [50_000n, 33_180_000n, 202_718_750n, 128_000_000n],
  },
  {
    title: "LiteLLM: a proxy reports cache reads and writes only with Anthropic's names",
    ...{ wire: "openai", prices: { input: 5, output: 25, cache_read: 0.5, cache_write: 6.25 } },
    usage: {
      ...{ prompt_tokens: 1_010, completion_tokens: 20, total_tokens: 1_030 },
      ...{ cache_read_input_tokens: 600, cache_creation_input_tokens: 400 },
    },
    tokens: 1_030n,
    // 10 x 5,000; 600 x 500; 400 x 6,250; 20 x 25,000
    nano: [50_000n, 300_000n, 2_500_000n, 500_000n],
  },
  {
    title: "LiteLLM #31714: cached tokens of Fireworks cost 0.00860376 USD with the completion",
    ...{ wire: "openai", provider: "fireworks", prices: { input: 1.4, output: 4.4, cache_read: 0.26 } },
    usage: detailsOf(27_147, 351, { cached_tokens: 27_146 }),
    tokens: 27_498n,
    // 1 x 1,400; 27,146 x 260; 351 x 4,400
    nano: [1_400n, 7_057_960n, 0n, 1_544_400n],
  },
  {
    title: "LiteLLM #14874: cached tokens of xAI are charged once",
    ...{ wire: "openai", provider: "xai", prices: { input: 200, output: 0.00001, cache_read: 0.00001 } },
    usage: detailsOf(2_693, 100, { text_tokens: 2_693, cached_tokens: 2_585 }),
    tokens: 2_793n,
    // 108 x 200,000; 2,585 x 0.01 = 26; 100 x 0.01 = 1
    nano: [21_600_000n, 26n, 0n, 1n],
  },
  {
    title: "Logfire #1316: reads of the cache are charged, and reasoning once",
    ...{ wire: "openai", prices: { input: 0.25, output: 2, cache_read: 0.025 } },
    usage: {
      ...detailsOf(2_746, 197, { cached_tokens: 2_208, audio_tokens: 0 }),
      completion_tokens_details: { reasoning_tokens: 64 },
    },
    tokens: 2_943n,
    // 538 x 250; 2,208 x 25; 197 x 2,000
    nano: [134_500n, 55_200n, 0n, 394_000n],
  },
  {
    title: "pi #2148: 16,298 of 20,212 tokens are charged at the cached rate",
    ...{ wire: "google", prices: { input: 0.5, output: 3, cache_read: 0.05 } },
    usage: {
      ...{ promptTokenCount: 20_212, cachedContentTokenCount: 16_298, candidatesTokenCount: 931 },
      totalTokenCount: 21_143,
    },
    tokens: 21_143n,
    // 3,914 x 500; 16,298 x 50; 931 x 3,000
    nano: [1_957_000n, 814_900n, 0n, 2_793_000n],
  },
];
