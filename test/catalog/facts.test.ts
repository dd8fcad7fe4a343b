import { describe, expect, test } from "vitest";
import { factsOf } from "../../src/catalog/lookup.ts";
import type { Capabilities, ModelFacts } from "../../src/core/target.ts";

/** reasoning effort, stop words, tools, prompt cache, native JSON schema, vision, temperature: y, n, or ? where nobody says. */
type Row = readonly [provider: string, id: string, flags: string];
const FLAGS = ["reasoning", "stop", "tools", "promptCache", "jsonSchema", "vision", "temperature"] as const;

const TABLE: readonly Row[] = [
  ["openai", "gpt-3.5-turbo", "nyynnny"],
  ["openai", "gpt-3.5-turbo-0125", "nyynnny"],
  ["openai", "gpt-4", "nyynnny"],
  ["openai", "gpt-4-0613", "nyynnny"],
  ["openai", "gpt-4-turbo", "nyynnyy"],
  ["openai", "gpt-4-turbo-2024-04-09", "nyynnyy"],
  ["openai", "gpt-4-turbo-preview", "nyynnny"],
  ["openai", "gpt-4-1106-preview", "nyynnny"],
  ["openai", "chatgpt-4o-latest", "nynynyy"],
  ["openai", "gpt-4o", "nyyyyyy"],
  ["openai", "gpt-4o-2024-05-13", "nyynnyy"],
  ["openai", "gpt-4o-2024-08-06", "nyyyyyy"],
  ["openai", "gpt-4o-2024-11-20", "nyyyyyy"],
  ["openai", "gpt-4o-mini", "nyyyyyy"],
  ["openai", "gpt-4o-mini-2024-07-18", "nyyyyyy"],
  ["openai", "gpt-4.1", "nyyyyyy"],
  ["openai", "gpt-4.1-mini", "nyyyyyy"],
  ["openai", "gpt-4.1-nano", "nyyyyyy"],
  ["openai", "o1", "yyyyyyn"],
  ["openai", "o1-2024-12-17", "yyyyyyn"],
  ["openai", "o1-mini", "nnnynnn"],
  ["openai", "o1-mini-2024-09-12", "nnnynnn"],
  ["openai", "o1-preview", "nnnynnn"],
  ["openai", "o1-preview-2024-09-12", "nnnynnn"],
  ["openai", "o3-mini", "yyyyynn"],
  ["openai", "o3-mini-2025-01-31", "yyyyynn"],
  ["openai", "o3", "ynyyyyn"],
  ["openai", "o4-mini", "ynyyyyn"],
  ["openai", "gpt-5", "ynyyyyn"],
  ["openai", "gpt-5-2025-08-07", "ynyyyyn"],
  ["openai", "gpt-5-mini", "ynyyyyn"],
  ["openai", "gpt-5-nano", "ynyyyyn"],
  ["openai", "gpt-5-chat-latest", "nyyyyyy"],
  ["openai", "gpt-5.1", "ynyyyyy"],
  ["openai", "gpt-6-sol", "ynyyyyn"],
  ["anthropic", "claude-2.1", "nynnnny"],
  ["anthropic", "claude-3-sonnet-20240229", "nyynnyy"],
  ["anthropic", "claude-3-opus-20240229", "nyyynyy"],
  ["anthropic", "claude-3-haiku-20240307", "nyyynyy"],
  ["anthropic", "claude-3-5-haiku-20241022", "nyyynyy"],
  ["anthropic", "claude-3-5-sonnet-20240620", "nyyynyy"],
  ["anthropic", "claude-3-5-sonnet-20241022", "nyyynyy"],
  ["anthropic", "claude-3-7-sonnet-20250219", "yyyynyy"],
  ["anthropic", "claude-sonnet-4-20250514", "yyyynyy"],
  ["anthropic", "claude-opus-4-20250514", "yyyynyy"],
  ["anthropic", "claude-opus-4-1-20250805", "yyyyyyy"],
  ["anthropic", "claude-sonnet-4-5", "yyyyyyy"],
  ["anthropic", "claude-haiku-4-5-20251001", "yyyyyyy"],
  ["anthropic", "claude-opus-4-6", "yyyyyyy"],
  ["anthropic", "claude-opus-4-7", "yyyyyyn"],
  ["anthropic", "claude-sonnet-5", "yyyyyyn"],
  ["anthropic", "claude-opus-5-5", "yyyyyyn"],
  ["google", "gemini-1.5-pro", "nyyyyyy"],
  ["google", "gemini-1.5-flash-002", "nyyyyyy"],
  ["google", "gemini-2.0-flash", "nyyyyyy"],
  ["google", "gemini-2.5-pro", "yyyyyyy"],
  ["google", "gemini-2.5-flash", "yyyyyyy"],
  ["google", "gemini-3-pro-preview", "yyyyyyy"],
  ["deepseek", "deepseek-chat", "nyyynny"],
  ["deepseek", "deepseek-reasoner", "yyyynnn"],
  ["xai", "grok-4", "ynyyyyy"],
  ["xai", "grok-3", "nyyyyny"],
  ["xai", "grok-3-mini", "ynyyyny"],
  ["mistral", "mistral-large-2512", "nyy?yyy"],
  ["groq", "llama-3.3-70b-versatile", "nyy?nny"],
  ["cohere", "command-r-plus", "nyynyny"],
  ["perplexity", "sonar", "n?nnyyy"],
];

/** Settings of GPT-5.1 and its successors that need `none` as the effort. */
const SAMPLERS = ["logprobs", "temperature", "topLogprobs", "topP"] as const;

const letter = (value: boolean | undefined) => (value === undefined ? "?" : value ? "y" : "n");
const flagsOf = (capabilities: Capabilities) => FLAGS.map((name) => letter(capabilities[name])).join("");

describe("capabilities of models", () => {
  test("the table has at least sixty names", () => {
    expect(new Set(TABLE.map(([provider, id]) => `${provider} ${id}`)).size).toBeGreaterThanOrEqual(60);
  });

  test.each(TABLE)("%s %s: %s", (provider, id, flags) => {
    const facts = factsOf(provider, id);
    expect(facts.known).toBe(true);
    expect(flagsOf(facts.capabilities)).toBe(flags);
  });
});

describe("wire facts of models", () => {
  const cases: readonly (readonly [string, string, Partial<ModelFacts>])[] = [
    ["openai", "o1-mini", { systemRole: "user" }],
    ["openai", "o1-preview", { systemRole: "user" }],
    ["openai", "o3-mini", { systemRole: "developer", reasoningWire: "effort", efforts: ["low", "medium", "high"] }],
    [
      "openai",
      "gpt-5",
      { systemRole: "developer", reasoningWire: "effort", efforts: ["minimal", "low", "medium", "high"] },
    ],
    ["openai", "gpt-5.1", { efforts: ["none", "low", "medium", "high"], lacksWithEffort: SAMPLERS }],
    ["azure", "gpt-5.1", { efforts: ["none", "low", "medium", "high"], lacksWithEffort: SAMPLERS }],
    ["openai", "gpt-5.4-mini", { lacksWithEffort: SAMPLERS }],
    ["anthropic", "claude-opus-4-1-20250805", { oneSampler: true }],
    ["bedrock", "anthropic.claude-sonnet-4-5-20250929-v1:0", { oneSampler: true }],
    ["anthropic", "claude-3-7-sonnet-20250219", { reasoningWire: "budget", anthropicVersion: "2023-06-01" }],
    ["anthropic", "claude-sonnet-4-5", { reasoningWire: "budget", anthropicVersion: "2023-06-01" }],
    ["anthropic", "claude-opus-4-6", { reasoningWire: "adaptive", anthropicVersion: "2023-06-01" }],
    ["anthropic", "claude-opus-5", { reasoningWire: "adaptive", lacks: ["temperature", "topK", "topP"] }],
    ["google", "gemini-2.5-flash", { reasoningWire: "budget" }],
    ["google", "gemini-3-pro-preview", { reasoningWire: "level", efforts: ["low", "high"] }],
    ["deepseek", "deepseek-v4-pro", { reasoningWire: "effort", efforts: ["high", "max"] }],
  ];
  test.each(cases)("%s %s", (provider, id, expected) => {
    expect(factsOf(provider, id)).toMatchObject(expected);
  });

  test("verbosity exists since GPT-5", () => {
    const lacksIt = (id: string) => factsOf("openai", id).lacks?.includes("verbosity") === true;
    expect(["gpt-4o", "gpt-4.1-mini", "o3", "o4-mini", "gpt-5-chat-latest"].filter((id) => !lacksIt(id))).toEqual([]);
    expect(["gpt-5", "gpt-5-mini", "gpt-5.1-chat-latest", "gpt-5.4", "gpt-6.1-terra"].filter(lacksIt)).toEqual([]);
  });

  test("a Claude without temperature needs no older API version", () => {
    for (const id of ["claude-opus-4-7", "claude-sonnet-5", "claude-opus-5-5", "claude-fable-5"]) {
      expect(factsOf("anthropic", id).anthropicVersion).toBeUndefined();
    }
  });

  test("reasoning models reject sampling settings", () => {
    for (const id of ["o1", "o3-mini", "gpt-5"]) {
      expect(factsOf("openai", id).lacks).toEqual(
        expect.arrayContaining([
          "temperature",
          "topP",
          "frequencyPenalty",
          "presencePenalty",
          "logprobs",
          "topLogprobs",
        ]),
      );
    }
    expect(factsOf("openai", "o3-mini").lacks).toContain("parallelToolCalls");
    expect(factsOf("openai", "gpt-5").lacks).toContain("stop");
    expect(factsOf("openai", "gpt-4o").lacks).toEqual(["verbosity"]);
  });

  test.each([
    "o1-pro",
    "o3-pro",
    "gpt-5-pro",
    "gpt-5-codex",
    "gpt-5.3-codex",
    "o3-deep-research",
    "o4-mini-deep-research",
  ])("%s is served only by the Responses wire", (id) => {
    expect(factsOf("openai", id).dialect).toBe("openai-responses");
  });

  test.each(["gpt-4o", "gpt-5", "o3", "o1-mini"])("%s is served by chat", (id) => {
    expect(factsOf("openai", id).dialect).toBeUndefined();
  });
});

describe("rows checked by hand", () => {
  const HAND_CHECKED: readonly (readonly [string, string, number, number, string])[] = [
    ["openai", "gpt-4o", 128_000, 16_384, "https://platform.openai.com/docs/models/gpt-4o"],
    ["openai", "gpt-4-turbo", 128_000, 4_096, "https://platform.openai.com/docs/models/gpt-4-turbo"],
    ["openai", "o1-mini", 128_000, 65_536, "https://platform.openai.com/docs/models/o1-mini"],
    ["openai", "o3-mini", 200_000, 100_000, "https://platform.openai.com/docs/models/o3-mini"],
    ["openai", "gpt-5", 400_000, 128_000, "https://platform.openai.com/docs/models/gpt-5"],
    [
      "anthropic",
      "claude-3-haiku-20240307",
      200_000,
      4_096,
      "https://platform.claude.com/docs/en/about-claude/models/overview",
    ],
    [
      "anthropic",
      "claude-3-5-sonnet-20241022",
      200_000,
      8_192,
      "https://platform.claude.com/docs/en/about-claude/models/overview",
    ],
    [
      "anthropic",
      "claude-haiku-4-5-20251001",
      200_000,
      64_000,
      "https://platform.claude.com/docs/en/models/haiku-4-5/overview",
    ],
    [
      "anthropic",
      "claude-opus-4-5-20251101",
      200_000,
      64_000,
      "https://platform.claude.com/docs/en/models/opus-4-5/overview",
    ],
    ["google", "gemini-2.0-flash", 1_048_576, 8_192, "https://ai.google.dev/gemini-api/docs/models/gemini-2.0-flash"],
    ["google", "gemini-2.5-pro", 1_048_576, 65_536, "https://ai.google.dev/gemini-api/docs/models#gemini-2.5-pro"],
    ["groq", "llama-3.3-70b-versatile", 131_072, 32_768, "https://console.groq.com/docs/model/llama-3.3-70b-versatile"],
  ];
  test.each(HAND_CHECKED)("%s %s: %d tokens, answers of %d (%s)", (provider, id, context, maxOutput) => {
    expect(factsOf(provider, id)).toMatchObject({ context, maxOutput });
  });
});
