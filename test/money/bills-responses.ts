import type { Bill } from "./bill.ts";

const wire = "openai-responses";
const prices = { input: 1.25, output: 10, cache_read: 0.125, cache_write: 1.5625 };
const usageOf = (input: number, output: number, cached = 0, written = 0, reasoning = 0) => ({
  input_tokens: input,
  input_tokens_details: { cached_tokens: cached, cache_write_tokens: written },
  output_tokens: output,
  output_tokens_details: { reasoning_tokens: reasoning },
  total_tokens: input + output,
});

const text = {
  ...{ type: "message", id: "msg_small", role: "assistant", status: "completed" },
  content: [{ type: "output_text", text: "fine", annotations: [] }],
};

/** At most 14 tokens x 1,562.5 and 100 x 10,000. */
const reserved = 1_021_875n;

export const RESPONSES_BILLS: readonly Bill[] = [
  {
    title: "charges input and output",
    ...{ wire, prices, usage: usageOf(328, 52), tokens: 380n },
    // 328 x 1,250; 52 x 10,000
    nano: [410_000n, 0n, 0n, 520_000n],
  },
  {
    title: "takes cached tokens out of the input and charges reasoning once",
    ...{ wire, prices, usage: usageOf(4_096, 900, 3_840, 0, 768), tokens: 4_996n },
    // 256 x 1,250; 3,840 x 125; 900 x 10,000
    nano: [320_000n, 480_000n, 0n, 9_000_000n],
  },
  {
    title: "takes cache writes out of the input",
    ...{ wire, prices, usage: usageOf(5_000, 20, 3_000, 1_600), tokens: 5_020n },
    // 400 x 1,250; 3,000 x 125; 1,600 x 1,562.5; 20 x 10,000
    nano: [500_000n, 375_000n, 2_500_000n, 200_000n],
  },
  {
    title: "charges the default tier that replaced auto",
    ...{ wire, prices, lines: 'service_tier = "auto"', answer: { service_tier: "default" } },
    ...{ usage: usageOf(10, 10), tokens: 20n },
    // 10 x 1,250; 10 x 10,000
    nano: [12_500n, 0n, 0n, 100_000n],
  },
  {
    title: "has no price for the flex tier of the answer",
    ...{ wire, prices, answer: { service_tier: "flex" }, usage: usageOf(10, 10), tokens: 20n, nano: null, reserved },
  },
  {
    title: "has no price for a web search call",
    ...{ wire, prices, usage: usageOf(8_000, 100), tokens: 8_100n, nano: null, reserved },
    answer: {
      output: [
        { type: "web_search_call", id: "ws_1", status: "completed", action: { type: "search", query: "a" } },
        text,
      ],
    },
  },
  {
    title: "has no price for a file search call",
    ...{ wire, prices, usage: usageOf(8_000, 100), tokens: 8_100n, nano: null, reserved },
    answer: {
      output: [{ type: "file_search_call", id: "fs_1", status: "completed", queries: ["a"], results: null }, text],
    },
  },
  {
    title: "charges the completed usage, not an earlier one of the stream",
    ...{ wire, prices, usage: usageOf(700, 70, 512), earlier: [usageOf(700, 0)], tokens: 770n },
    // 188 x 1,250; 512 x 125; 70 x 10,000
    nano: [235_000n, 64_000n, 0n, 700_000n],
  },
];
