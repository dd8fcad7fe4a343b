import type { Bill } from "./bill.ts";

const wire = "openai";
const DEEPSEEK = { input: 0.28, output: 0.42, cache_read: 0.028 };
const OPENROUTER = { input: 3, output: 15, cache_read: 0.3, cache_write: 3.75 };
const XAI = { input: 3, output: 15, cache_read: 0.75 };
const GROQ = { input: 0.15, output: 0.6, cache_read: 0.075 };
const MISTRAL = { input: 0.4, output: 2 };

export const HOST_BILLS: readonly Bill[] = [
  {
    title: "DeepSeek: charges hits and misses of the cache",
    ...{ wire, provider: "deepseek", prices: DEEPSEEK },
    usage: {
      ...{ prompt_tokens: 1_500, completion_tokens: 400, total_tokens: 1_900 },
      ...{ prompt_cache_hit_tokens: 1_280, prompt_cache_miss_tokens: 220 },
      completion_tokens_details: { reasoning_tokens: 256 },
    },
    tokens: 1_900n,
    // 220 x 280; 1,280 x 28; 400 x 420
    nano: [61_600n, 35_840n, 0n, 168_000n],
  },
  {
    title: "DeepSeek: charges hits once if two fields report them",
    ...{ wire, provider: "deepseek", prices: DEEPSEEK },
    usage: {
      ...{ prompt_tokens: 100, completion_tokens: 10, total_tokens: 110, prompt_tokens_details: { cached_tokens: 64 } },
      ...{ prompt_cache_hit_tokens: 64, prompt_cache_miss_tokens: 36 },
    },
    tokens: 110n,
    // 36 x 280; 64 x 28; 10 x 420
    nano: [10_080n, 1_792n, 0n, 4_200n],
  },
  {
    title: "OpenRouter: charges cache reads and writes, and ignores its own cost",
    ...{ wire, provider: "openrouter", prices: OPENROUTER },
    usage: {
      ...{ prompt_tokens: 10_339, completion_tokens: 60, total_tokens: 10_399, cost: 0.0042, is_byok: false },
      prompt_tokens_details: { cached_tokens: 10_000, cache_write_tokens: 300, audio_tokens: 0, video_tokens: 0 },
      completion_tokens_details: { reasoning_tokens: 12, image_tokens: 0 },
      cost_details: { upstream_inference_cost: null },
    },
    tokens: 10_399n,
    // 39 x 3,000; 10,000 x 300; 300 x 3,750; 60 x 15,000
    nano: [117_000n, 3_000_000n, 1_125_000n, 900_000n],
  },
  {
    title: "OpenRouter: has no price for a search by the model's provider",
    ...{ wire, provider: "openrouter", prices: OPENROUTER },
    usage: {
      ...{ prompt_tokens: 10, completion_tokens: 6, total_tokens: 16, server_tool_use: { web_search_requests: 1 } },
    },
    // Reserved: 14 x 3,750; 100 x 15,000
    ...{ tokens: 16n, nano: null, reserved: 1_552_500n },
  },
  {
    title: "xAI: adds reasoning, which the completion excludes",
    ...{ wire, provider: "xai", prices: XAI },
    usage: {
      ...{ prompt_tokens: 32, completion_tokens: 9, total_tokens: 235, num_sources_used: 0 },
      prompt_tokens_details: { text_tokens: 32, audio_tokens: 0, image_tokens: 0, cached_tokens: 8 },
      completion_tokens_details: { reasoning_tokens: 194, audio_tokens: 0 },
    },
    tokens: 235n,
    // 24 x 3,000; 8 x 750; (9 + 194) x 15,000
    nano: [72_000n, 6_000n, 0n, 3_045_000n],
  },
  {
    title: "xAI: has no price for the sources of a search",
    ...{ wire, provider: "xai", prices: XAI },
    usage: { prompt_tokens: 32, completion_tokens: 9, total_tokens: 41, num_sources_used: 5 },
    // Reserved: 14 x 3,000; 100 x 15,000
    ...{ tokens: 41n, nano: null, reserved: 1_542_000n },
  },
  {
    title: "xAI: has no price for tools that it ran",
    ...{ wire, provider: "xai", prices: XAI },
    usage: { prompt_tokens: 32, completion_tokens: 9, total_tokens: 41, num_server_side_tools_used: 2 },
    // Reserved: 14 x 3,000; 100 x 15,000
    ...{ tokens: 41n, nano: null, reserved: 1_542_000n },
  },
  {
    title: "Groq: takes cached tokens out of the prompt, and ignores times",
    ...{ wire, provider: "groq", prices: GROQ, answer: { service_tier: "on_demand" } },
    usage: {
      ...{ prompt_tokens: 4_641, completion_tokens: 1_817, total_tokens: 6_458 },
      ...{ queue_time: 0.0358, prompt_time: 0.009995497, completion_time: 5.6, total_time: 5.61 },
      prompt_tokens_details: { cached_tokens: 4_608 },
    },
    tokens: 6_458n,
    // 33 x 150; 4,608 x 75; 1,817 x 600
    nano: [4_950n, 345_600n, 0n, 1_090_200n],
  },
  {
    title: "Groq: has no price for tools of a compound system",
    ...{ wire, provider: "groq", prices: GROQ, usage: { prompt_tokens: 9, completion_tokens: 9, total_tokens: 18 } },
    answer: {
      choices: [
        {
          ...{ index: 0, finish_reason: "stop" },
          message: { role: "assistant", content: "fine", executed_tools: [{ index: 0, type: "search" }] },
        },
      ],
    },
    // Reserved: 14 x 150; 100 x 600
    ...{ tokens: 18n, nano: null, reserved: 62_100n },
  },
  {
    title: "Mistral: charges prompt and completion",
    ...{ wire, provider: "mistral", prices: MISTRAL },
    usage: { prompt_tokens: 18, completion_tokens: 234, total_tokens: 252, prompt_audio_seconds: null },
    tokens: 252n,
    // 18 x 400; 234 x 2,000
    nano: [7_200n, 0n, 0n, 468_000n],
  },
  {
    title: "Mistral: has no price for seconds of audio",
    ...{ wire, provider: "mistral", prices: MISTRAL },
    usage: { prompt_tokens: 390, completion_tokens: 30, total_tokens: 420, prompt_audio_seconds: 29 },
    // Reserved: 14 x 400; 100 x 2,000
    ...{ tokens: 420n, nano: null, reserved: 205_600n },
  },
  {
    title: "Perplexity: has no price for the search of each request",
    ...{ wire, provider: "perplexity", prices: { input: 1, output: 1 } },
    usage: { prompt_tokens: 14, completion_tokens: 28, total_tokens: 42, search_context_size: "low" },
    // Reserved: 14 x 1,000; 100 x 1,000
    ...{ tokens: 42n, nano: null, reserved: 114_000n },
  },
  {
    title: "Moonshot: takes cached tokens out of the prompt, which it reports without details",
    ...{ wire, provider: "moonshot", prices: { input: 0.6, output: 2.5, cache_read: 0.15 } },
    usage: { prompt_tokens: 900, completion_tokens: 10, total_tokens: 910, cached_tokens: 768 },
    tokens: 910n,
    // 132 x 600; 768 x 150; 10 x 2,500
    nano: [79_200n, 115_200n, 0n, 25_000n],
  },
];
