import type { Bill } from "./bill.ts";

const wire = "openai";
const prices = { input: 3, output: 15, cache_read: 0.3, cache_write: 3.75 };
const usageOf = (prompt: number, completion: number, promptDetails?: object, completionDetails?: object) => ({
  prompt_tokens: prompt,
  completion_tokens: completion,
  total_tokens: prompt + completion,
  ...(promptDetails !== undefined && { prompt_tokens_details: promptDetails }),
  ...(completionDetails !== undefined && { completion_tokens_details: completionDetails }),
});

/** At most 14 tokens x 3,750 and 100 x 15,000. */
const reserved = 1_552_500n;

export const OPENAI_BILLS: readonly Bill[] = [
  {
    title: "charges prompt and completion",
    ...{ wire, prices, usage: usageOf(1_234, 567), tokens: 1_801n },
    // 1,234 x 3,000; 567 x 15,000
    nano: [3_702_000n, 0n, 0n, 8_505_000n],
  },
  {
    title: "takes cached tokens out of the prompt",
    ...{ wire, prices, usage: usageOf(2_006, 300, { cached_tokens: 1_920, audio_tokens: 0 }), tokens: 2_306n },
    // (2,006 - 1,920) x 3,000; 1,920 x 300; 300 x 15,000
    nano: [258_000n, 576_000n, 0n, 4_500_000n],
  },
  {
    title: "charges a prompt that was cached completely at the cached rate",
    ...{ wire, prices, usage: usageOf(1_024, 1, { cached_tokens: 1_024 }), tokens: 1_025n },
    // 1,024 x 300; 1 x 15,000
    nano: [0n, 307_200n, 0n, 15_000n],
  },
  {
    title: "takes cache reads and cache writes out of the prompt",
    ...{ wire, prices, usage: usageOf(2_600, 40, { cached_tokens: 2_000, cache_write_tokens: 400 }), tokens: 2_640n },
    // (2,600 - 2,000 - 400) x 3,000; 2,000 x 300; 400 x 3,750; 40 x 15,000
    nano: [600_000n, 600_000n, 1_500_000n, 600_000n],
  },
  {
    title: "charges cached tokens as input without a cached rate",
    ...{ wire, prices: { input: 3, output: 15 }, usage: usageOf(1_000, 10, { cached_tokens: 800 }), tokens: 1_010n },
    // 200 x 3,000; 800 x 3,000; 10 x 15,000
    nano: [600_000n, 2_400_000n, 0n, 150_000n],
  },
  {
    title: "charges reasoning once, as a part of the completion",
    wire,
    prices,
    usage: usageOf(75, 1_186, { cached_tokens: 0, audio_tokens: 0 }, { reasoning_tokens: 1_024, audio_tokens: 0 }),
    tokens: 1_261n,
    // 75 x 3,000; 1,186 x 15,000
    nano: [225_000n, 0n, 0n, 17_790_000n],
  },
  {
    title: "charges a completion of nothing but reasoning once",
    ...{ wire, prices, usage: usageOf(20, 64, undefined, { reasoning_tokens: 64 }), tokens: 84n },
    // 20 x 3,000; 64 x 15,000
    nano: [60_000n, 0n, 0n, 960_000n],
  },
  {
    title: "charges accepted and rejected predictions once, as parts of the completion",
    wire,
    prices,
    usage: usageOf(200, 150, undefined, { accepted_prediction_tokens: 80, rejected_prediction_tokens: 30 }),
    tokens: 350n,
    // 200 x 3,000; 150 x 15,000
    nano: [600_000n, 0n, 0n, 2_250_000n],
  },
  {
    title: "charges image tokens of the prompt as input",
    ...{ wire, prices, usage: usageOf(1_105, 12, { image_tokens: 1_000, text_tokens: 105 }), tokens: 1_117n },
    // 1,105 x 3,000; 12 x 15,000
    nano: [3_315_000n, 0n, 0n, 180_000n],
  },
  {
    title: "rounds a class that ends in half a nano-dollar up",
    wire,
    prices: { input: 0.0375, output: 0.0125, cache_read: 0.0005 },
    usage: usageOf(4, 3, { cached_tokens: 3 }),
    tokens: 7n,
    // 1 x 37.5 = 38; 3 x 0.5 = 2; 3 x 12.5 = 38
    nano: [38n, 2n, 0n, 38n],
  },
  {
    title: "charges nothing for a free model",
    ...{ wire, prices: { input: 0, output: 0 }, usage: usageOf(1_000, 1_000), tokens: 2_000n },
    nano: [0n, 0n, 0n, 0n],
  },
  {
    title: "charges the default tier of the answer, although another was requested",
    ...{ wire, prices, lines: 'service_tier = "priority"', answer: { service_tier: "default" } },
    ...{ usage: usageOf(100, 10), tokens: 110n },
    // 100 x 3,000; 10 x 15,000
    nano: [300_000n, 0n, 0n, 150_000n],
  },
  {
    title: "has no price for the priority tier of the answer",
    ...{
      wire,
      prices,
      answer: { service_tier: "priority" },
      usage: usageOf(100, 10),
      tokens: 110n,
      nano: null,
      reserved,
    },
  },
  {
    title: "has no price for the flex tier of the request, if the answer reports none",
    ...{ wire, prices, lines: 'service_tier = "flex"', usage: usageOf(100, 10), tokens: 110n, nano: null },
  },
  {
    title: "has no price for audio in the prompt",
    ...{ wire, prices, usage: usageOf(100, 10, { audio_tokens: 60 }), tokens: 110n, nano: null, reserved },
  },
  {
    title: "has no price for audio in the completion",
    ...{ wire, prices, usage: usageOf(100, 90, undefined, { audio_tokens: 70 }), tokens: 190n, nano: null, reserved },
  },
  {
    title: "has no price for the web search of a search model",
    ...{ wire, prices, usage: usageOf(30, 10), tokens: 40n, nano: null, reserved },
    answer: {
      choices: [
        {
          index: 0,
          finish_reason: "stop",
          message: {
            role: "assistant",
            content: "fine",
            annotations: [
              {
                type: "url_citation",
                url_citation: { url: "https://a.example", title: "A", start_index: 0, end_index: 4 },
              },
            ],
          },
        },
      ],
    },
  },
  {
    title: "has no price for a request with web_search_options",
    ...{ wire, prices, lines: "web_search = true", usage: usageOf(30, 10), tokens: 40n, nano: null },
  },
  {
    title: "charges the last of several reports of a stream",
    ...{ wire, prices, usage: usageOf(500, 90, { cached_tokens: 400 }), tokens: 590n },
    earlier: [usageOf(500, 1), usageOf(500, 40)],
    // 100 x 3,000; 400 x 300; 90 x 15,000
    nano: [300_000n, 120_000n, 0n, 1_350_000n],
  },
];
