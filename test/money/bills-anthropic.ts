import type { Bill } from "./bill.ts";

const wire = "anthropic";
const prices = { input: 3, output: 15, cache_read: 0.3, cache_write_5m: 3.75, cache_write_1h: 6 };
const usageOf = (input: number, output: number, more: object = {}) => ({
  input_tokens: input,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 0,
  cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
  output_tokens: output,
  output_tokens_details: null,
  server_tool_use: null,
  service_tier: "standard",
  inference_geo: "global",
  speed: "standard",
  ...more,
});
const written = (minutes: number, hour: number) => ({
  cache_creation_input_tokens: minutes + hour,
  cache_creation: { ephemeral_5m_input_tokens: minutes, ephemeral_1h_input_tokens: hour },
});

/** At most 14 tokens x 3,750 and 100 x 15,000. */
const reserved = 1_552_500n;

export const ANTHROPIC_BILLS: readonly Bill[] = [
  {
    title: "charges input and output",
    ...{ wire, prices, usage: usageOf(2_095, 503), tokens: 2_598n },
    // 2,095 x 3,000; 503 x 15,000
    nano: [6_285_000n, 0n, 0n, 7_545_000n],
  },
  {
    title: "adds cache reads to the input",
    ...{ wire, prices, usage: usageOf(50, 100, { cache_read_input_tokens: 100_000 }), tokens: 100_150n },
    // 50 x 3,000; 100,000 x 300; 100 x 15,000
    nano: [150_000n, 30_000_000n, 0n, 1_500_000n],
  },
  {
    title: "charges writes for five minutes and for one hour at their own rates",
    wire,
    prices,
    usage: usageOf(2_048, 503, { ...written(148, 100), cache_read_input_tokens: 1_800 }),
    tokens: 4_599n,
    // 2,048 x 3,000; 1,800 x 300; 148 x 3,750 + 100 x 6,000; 503 x 15,000
    nano: [6_144_000n, 540_000n, 1_155_000n, 7_545_000n],
  },
  {
    title: "charges only writes for one hour",
    ...{ wire, prices, usage: usageOf(8, 4, written(0, 5_000)), tokens: 5_012n },
    // 8 x 3,000; 5,000 x 6,000; 4 x 15,000
    nano: [24_000n, 0n, 30_000_000n, 60_000n],
  },
  {
    title: "charges writes without a time to live at the general rate",
    wire,
    prices: { input: 3, output: 15, cache_read: 0.3, cache_write: 3.75 },
    usage: usageOf(10, 5, { cache_creation_input_tokens: 2_000, cache_creation: null }),
    tokens: 2_015n,
    // 10 x 3,000; 2,000 x 3,750; 5 x 15,000
    nano: [30_000n, 0n, 7_500_000n, 75_000n],
  },
  {
    title: "estimates writes for one hour at the general rate, if they have none",
    ...{ wire, prices: { input: 3, output: 15, cache_write: 3.75 }, usage: usageOf(10, 5, written(0, 2_000)) },
    tokens: 2_015n,
    estimated: "cost",
    // 10 x 3,000; 2,000 x 3,750; 5 x 15,000
    nano: [30_000n, 0n, 7_500_000n, 75_000n],
  },
  {
    title: "estimates requested one-hour writes that were reported without a time to live",
    ...{ wire, prices: { input: 3, output: 15, cache_write: 3.75, cache_write_1h: 6 } },
    lines: 'prompt_cache = { ttl = "1h" }',
    usage: usageOf(10, 5, { cache_creation_input_tokens: 2_000, cache_creation: null }),
    tokens: 2_015n,
    estimated: "usage",
    // 10 x 3,000; 2,000 x 6,000; 5 x 15,000
    nano: [30_000n, 0n, 12_000_000n, 75_000n],
  },
  {
    title: "charges thinking once, as a part of the output",
    ...{ wire, prices, usage: usageOf(40, 1_500, { output_tokens_details: { thinking_tokens: 1_400 } }) },
    tokens: 1_540n,
    // 40 x 3,000; 1,500 x 15,000
    nano: [120_000n, 0n, 0n, 22_500_000n],
  },
  {
    title: "has no price for web searches",
    wire,
    prices,
    usage: usageOf(10_000, 300, { server_tool_use: { web_search_requests: 2, web_fetch_requests: 0 } }),
    ...{ tokens: 10_300n, nano: null, reserved },
  },
  {
    title: "charges only tokens for web fetches",
    ...{
      wire,
      prices,
      usage: usageOf(9_000, 30, { server_tool_use: { web_search_requests: 0, web_fetch_requests: 3 } }),
    },
    tokens: 9_030n,
    // 9,000 x 3,000; 30 x 15,000
    nano: [27_000_000n, 0n, 0n, 450_000n],
  },
  {
    title: "has no price for the priority tier",
    ...{ wire, prices, usage: usageOf(100, 10, { service_tier: "priority" }), tokens: 110n, nano: null, reserved },
  },
  {
    title: "has no price for the batch tier",
    ...{ wire, prices, usage: usageOf(100, 10, { service_tier: "batch" }), tokens: 110n, nano: null, reserved },
  },
  {
    title: "has no price for fast mode",
    ...{ wire, prices, usage: usageOf(100, 10, { speed: "fast" }), tokens: 110n, nano: null, reserved },
  },
  {
    title: "has no price for inference in the US",
    ...{ wire, prices, usage: usageOf(100, 10, { inference_geo: "us" }), tokens: 110n, nano: null, reserved },
  },
  {
    title: "keeps fast mode if a later report has only a tier",
    ...{ wire, prices, usage: usageOf(100, 10, { speed: "fast" }), tokens: 110n, nano: null, reserved },
    atEnd: { service_tier: "standard" },
  },
  {
    title: "charges the counts of the end of a stream, which include those of its start",
    wire,
    prices,
    earlier: [usageOf(500, 3, written(200, 0))],
    usage: usageOf(1_300, 90, { ...written(200, 0), cache_read_input_tokens: 700 }),
    tokens: 2_290n,
    // 1,300 x 3,000; 700 x 300; 200 x 3,750; 90 x 15,000
    nano: [3_900_000n, 210_000n, 750_000n, 1_350_000n],
  },
  {
    title: "charges a compaction, which the other counts exclude",
    wire,
    prices,
    usage: usageOf(23_000, 1_000, {
      iterations: [
        { type: "compaction", ...usageOf(180_000, 3_500) },
        { type: "message", ...usageOf(23_000, 1_000) },
      ],
    }),
    tokens: 207_500n,
    // 203,000 x 3,000; 4,500 x 15,000
    nano: [609_000_000n, 0n, 0n, 67_500_000n],
  },
  {
    title: "has no price for a compaction if the rates depend on the size of each request",
    ...{ wire, priceAs: "claude-sonnet-4-20250514" },
    usage: usageOf(23_000, 1_000, { iterations: [{ type: "compaction", ...usageOf(180_000, 3_500) }] }),
    ...{ tokens: 207_500n, nano: null, reserved },
  },
  {
    title: "has no price for an answer of another model",
    wire,
    prices,
    usage: usageOf(23_000, 1_000, { iterations: [{ type: "advisor_message", ...usageOf(180_000, 3_500) }] }),
    ...{ tokens: 24_000n, nano: null, reserved },
  },
  {
    title: "charges the iterations of a loop over server tools once",
    wire,
    prices,
    usage: usageOf(300, 30, {
      iterations: [
        { type: "message", ...usageOf(100, 10) },
        { type: "message", ...usageOf(200, 20) },
      ],
    }),
    tokens: 330n,
    // 300 x 3,000; 30 x 15,000
    nano: [900_000n, 0n, 0n, 450_000n],
  },
  {
    title: "counts cache reads and writes for the tier: 200,000 tokens are the first",
    ...{ wire, priceAs: "claude-sonnet-4-20250514" },
    usage: usageOf(100_000, 100, { ...written(40_000, 10_000), cache_read_input_tokens: 50_000 }),
    tokens: 200_100n,
    // 100,000 x 3,000; 50,000 x 300; 40,000 x 3,750 + 10,000 x 6,000; 100 x 15,000
    nano: [300_000_000n, 15_000_000n, 210_000_000n, 1_500_000n],
  },
  {
    title: "counts cache reads and writes for the tier: 200,001 tokens are the second",
    ...{ wire, priceAs: "claude-sonnet-4-20250514" },
    usage: usageOf(100_001, 100, { ...written(50_000, 0), cache_read_input_tokens: 50_000 }),
    tokens: 200_101n,
    // 100,001 x 6,000; 50,000 x 600; 50,000 x 7,500; 100 x 22,500
    nano: [600_006_000n, 30_000_000n, 375_000_000n, 2_250_000n],
  },
  {
    title: "has no price for one-hour writes in a tier without their rate",
    ...{ wire, priceAs: "claude-sonnet-4-20250514" },
    ...{ usage: usageOf(200_000, 100, written(0, 1)), tokens: 200_101n, nano: null, reserved },
  },
];
