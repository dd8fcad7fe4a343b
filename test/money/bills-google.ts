import type { Bill } from "./bill.ts";

const wire = "google";
const prices = { input: 0.3, output: 2.5, cache_read: 0.03 };
const PRO = "gemini-2.5-pro";

/** At most 14 tokens x 300 and 100 x 2,500. */
const reserved = 254_200n;

export const GOOGLE_BILLS: readonly Bill[] = [
  {
    title: "charges prompt and candidates",
    ...{ wire, prices, usage: { promptTokenCount: 264, candidatesTokenCount: 112, totalTokenCount: 376 } },
    tokens: 376n,
    // 264 x 300; 112 x 2,500
    nano: [79_200n, 0n, 0n, 280_000n],
  },
  {
    title: "adds thoughts to the candidates",
    wire,
    prices,
    usage: { promptTokenCount: 10, candidatesTokenCount: 90, thoughtsTokenCount: 800, totalTokenCount: 900 },
    tokens: 900n,
    // 10 x 300; (90 + 800) x 2,500
    nano: [3_000n, 0n, 0n, 2_225_000n],
  },
  {
    title: "charges thoughts without candidates",
    ...{ wire, prices, usage: { promptTokenCount: 10, thoughtsTokenCount: 97, totalTokenCount: 107 }, tokens: 107n },
    // 10 x 300; 97 x 2,500
    nano: [3_000n, 0n, 0n, 242_500n],
  },
  {
    title: "takes cached content out of the prompt",
    wire,
    prices,
    usage: {
      ...{ promptTokenCount: 5_000, cachedContentTokenCount: 4_096, candidatesTokenCount: 20, totalTokenCount: 5_020 },
      promptTokensDetails: [{ modality: "TEXT", tokenCount: 5_000 }],
      cacheTokensDetails: [{ modality: "TEXT", tokenCount: 4_096 }],
    },
    tokens: 5_020n,
    // 904 x 300; 4,096 x 30; 20 x 2,500
    nano: [271_200n, 122_880n, 0n, 50_000n],
  },
  {
    title: "adds results of its own tools to the prompt",
    wire,
    prices,
    usage: {
      ...{ promptTokenCount: 100, toolUsePromptTokenCount: 9_000, candidatesTokenCount: 50, thoughtsTokenCount: 200 },
      ...{ totalTokenCount: 9_350, toolUsePromptTokensDetails: [{ modality: "TEXT", tokenCount: 9_000 }] },
    },
    tokens: 9_350n,
    // (100 + 9,000) x 300; 250 x 2,500
    nano: [2_730_000n, 0n, 0n, 625_000n],
  },
  {
    title: "charges an image in the prompt as input",
    wire,
    prices,
    usage: {
      ...{ promptTokenCount: 265, candidatesTokenCount: 4, totalTokenCount: 269 },
      promptTokensDetails: [
        { modality: "TEXT", tokenCount: 7 },
        { modality: "IMAGE", tokenCount: 258 },
      ],
      candidatesTokensDetails: [{ modality: "TEXT", tokenCount: 4 }],
    },
    tokens: 269n,
    // 265 x 300; 4 x 2,500
    nano: [79_500n, 0n, 0n, 10_000n],
  },
  {
    title: "has no price for audio in the prompt",
    wire,
    prices,
    usage: {
      ...{ promptTokenCount: 107, candidatesTokenCount: 4, totalTokenCount: 111 },
      promptTokensDetails: [
        { modality: "TEXT", tokenCount: 7 },
        { modality: "AUDIO", tokenCount: 100 },
      ],
    },
    ...{ tokens: 111n, nano: null, reserved },
  },
  {
    title: "has no price for audio in the results of its own tools",
    wire,
    prices,
    usage: {
      ...{ promptTokenCount: 7, toolUsePromptTokenCount: 100, candidatesTokenCount: 4, totalTokenCount: 111 },
      toolUsePromptTokensDetails: [{ modality: "AUDIO", tokenCount: 100 }],
    },
    ...{ tokens: 111n, nano: null, reserved },
  },
  {
    title: "has no price for audio in cached content",
    wire,
    prices,
    usage: {
      ...{ promptTokenCount: 107, cachedContentTokenCount: 100, candidatesTokenCount: 4, totalTokenCount: 111 },
      cacheTokensDetails: [{ modality: "AUDIO", tokenCount: 100 }],
    },
    ...{ tokens: 111n, nano: null, reserved },
  },
  {
    title: "has no price for an image in the answer",
    wire,
    prices,
    usage: {
      ...{ promptTokenCount: 8, candidatesTokenCount: 1_290, totalTokenCount: 1_298 },
      candidatesTokensDetails: [{ modality: "IMAGE", tokenCount: 1_290 }],
    },
    ...{ tokens: 1_298n, nano: null, reserved },
  },
  {
    title: "has no price for an answer with Google Search",
    ...{ wire, prices, usage: { promptTokenCount: 8, candidatesTokenCount: 30, totalTokenCount: 38 } },
    answer: {
      candidates: [
        {
          ...{ index: 0, finishReason: "STOP", content: { role: "model", parts: [{ text: "fine" }] } },
          groundingMetadata: { webSearchQueries: ["a", "b"], groundingChunks: [{ web: { uri: "https://a.example" } }] },
        },
      ],
    },
    ...{ tokens: 38n, nano: null, reserved },
  },
  {
    title: "charges traffic on demand",
    wire,
    prices,
    usage: { promptTokenCount: 8, candidatesTokenCount: 30, totalTokenCount: 38, trafficType: "ON_DEMAND" },
    tokens: 38n,
    // 8 x 300; 30 x 2,500
    nano: [2_400n, 0n, 0n, 75_000n],
  },
  {
    title: "has no price for provisioned throughput",
    wire,
    prices,
    usage: {
      promptTokenCount: 8,
      candidatesTokenCount: 30,
      totalTokenCount: 38,
      trafficType: "PROVISIONED_THROUGHPUT",
    },
    ...{ tokens: 38n, nano: null, reserved },
  },
  {
    title: "has no price for flex traffic",
    wire,
    prices,
    usage: { promptTokenCount: 8, candidatesTokenCount: 30, totalTokenCount: 38, trafficType: "ON_DEMAND_FLEX" },
    ...{ tokens: 38n, nano: null, reserved },
  },
  {
    title: "charges a prompt of exactly 200,000 tokens at the first tier",
    ...{ wire, priceAs: PRO },
    usage: { promptTokenCount: 200_000, candidatesTokenCount: 1_000, totalTokenCount: 201_000 },
    tokens: 201_000n,
    // 200,000 x 1,250; 1,000 x 10,000
    nano: [250_000_000n, 0n, 0n, 10_000_000n],
  },
  {
    title: "charges every token of a prompt of 200,001 tokens at the second tier",
    ...{ wire, priceAs: PRO },
    usage: { promptTokenCount: 200_001, candidatesTokenCount: 1_000, totalTokenCount: 201_001 },
    tokens: 201_001n,
    // 200,001 x 2,500; 1,000 x 15,000
    nano: [500_002_500n, 0n, 0n, 15_000_000n],
  },
  {
    title: "counts cached content for the tier",
    ...{ wire, priceAs: PRO },
    usage: {
      ...{ promptTokenCount: 250_000, cachedContentTokenCount: 249_000, candidatesTokenCount: 10 },
      totalTokenCount: 250_010,
    },
    tokens: 250_010n,
    // 1,000 x 2,500; 249,000 x 250; 10 x 15,000
    nano: [2_500_000n, 62_250_000n, 0n, 150_000n],
  },
  {
    title: "charges the last chunk of a stream, which has all thoughts",
    ...{ wire, prices, earlier: [{ promptTokenCount: 9, thoughtsTokenCount: 40, totalTokenCount: 49 }] },
    usage: { promptTokenCount: 9, candidatesTokenCount: 12, thoughtsTokenCount: 310, totalTokenCount: 331 },
    tokens: 331n,
    // 9 x 300; 322 x 2,500
    nano: [2_700n, 0n, 0n, 805_000n],
  },
];
