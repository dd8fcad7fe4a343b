import type { FactRule } from "./fact-rule.ts";

const claudeModels = "https://platform.claude.com/docs/en/about-claude/models/overview";
const claudeThinking = "https://platform.claude.com/docs/en/build-with-claude/adaptive-thinking";
const claudeDeprecations = "https://platform.claude.com/docs/en/about-claude/model-deprecations";

/** Claude on Anthropic's API. In order: later rules take precedence. */
export const ANTHROPIC_FACTS: readonly FactRule[] = [
  {
    providers: ["anthropic"],
    ids: /^claude-/,
    facts: { can: ["streaming", "stop", "temperature"], cannot: ["audio"], anthropicVersion: "2023-06-01" },
    source: claudeModels,
  },
  {
    providers: ["anthropic"],
    ids: /^claude-(?!2|instant)/,
    facts: { can: ["tools", "parallelTools", "vision", "promptCache"], cannot: ["jsonSchema"] },
    source: "https://platform.claude.com/docs/en/build-with-claude/prompt-caching",
  },
  {
    providers: ["anthropic"],
    ids: /^claude-(2|instant)/,
    facts: {
      cannot: ["tools", "parallelTools", "vision", "files", "promptCache", "jsonSchema", "reasoning"],
      retiresOn: "2025-07-21",
    },
    source: claudeDeprecations,
  },
  {
    providers: ["anthropic"],
    ids: /^claude-3-sonnet/,
    facts: { cannot: ["promptCache"], retiresOn: "2025-07-21" },
    source: claudeDeprecations,
  },
  {
    providers: ["anthropic"],
    ids: /^claude-3-(opus|sonnet|haiku|5)/,
    facts: { cannot: ["reasoning"] },
    source: "https://platform.claude.com/docs/en/build-with-claude/extended-thinking",
  },
  {
    providers: ["anthropic"],
    ids: /^claude-3-(opus|sonnet|haiku)/,
    facts: { cannot: ["files", "webSearch"] },
    source: "https://platform.claude.com/docs/en/build-with-claude/pdf-support",
  },
  {
    providers: ["anthropic"],
    ids: /^claude-(3-[57]|opus|sonnet|haiku|fable)/,
    facts: { can: ["files", "webSearch"] },
    source: "https://platform.claude.com/docs/en/agents-and-tools/tool-use/web-search-tool",
  },
  {
    providers: ["anthropic"],
    ids: /^claude-3-5-haiku/,
    facts: { cannot: ["files"] },
    source: "https://platform.claude.com/docs/en/build-with-claude/pdf-support",
  },
  {
    providers: ["anthropic"],
    ids: /^claude-(3-7|opus|sonnet|haiku|fable)/,
    facts: { can: ["reasoning"], reasoningWire: "budget" },
    source: "https://platform.claude.com/docs/en/build-with-claude/extended-thinking",
  },
  {
    providers: ["anthropic"],
    ids: /^claude-(sonnet-4-[5-9]|opus-4-[1-9](-|$)|haiku-4-5|(opus|sonnet|haiku|fable)-[5-9](-|$))/,
    facts: { can: ["jsonSchema"] },
    source: "https://platform.claude.com/docs/en/build-with-claude/structured-outputs",
  },
  {
    providers: ["anthropic"],
    ids: /^claude-((opus|sonnet)-4-[6-9](-|$)|(opus|sonnet|haiku|fable)-[5-9](-|$))/,
    facts: { reasoningWire: "adaptive" },
    source: claudeThinking,
  },
  // Opus 4.7 and later have no sampling parameters, so they do not need the older API version.
  {
    providers: ["anthropic"],
    ids: /^claude-(opus-4-[78](-|$)|(opus|sonnet|haiku|fable)-[5-9](-|$))/,
    facts: { cannot: ["temperature"], lacks: ["temperature", "topP", "topK"] },
    source: "https://platform.claude.com/docs/en/about-claude/models/migration-guide",
  },
  {
    providers: ["anthropic", "bedrock", "vertex", "copilot"],
    ids: /claude-(opus-4[-.][156]|sonnet-4[-.][56]|haiku-4[-.]5)(?!\d)/,
    facts: { oneSampler: true },
    source: "https://platform.claude.com/docs/en/about-claude/models/migration-guide",
  },
  {
    providers: ["anthropic"],
    ids: /^claude-3-5-sonnet/,
    facts: { retiresOn: "2025-10-28" },
    source: claudeDeprecations,
  },
  { providers: ["anthropic"], ids: /^claude-3-opus/, facts: { retiresOn: "2026-01-05" }, source: claudeDeprecations },
  {
    providers: ["anthropic"],
    ids: /^claude-3-(7-sonnet|5-haiku)/,
    facts: { retiresOn: "2026-02-19" },
    source: claudeDeprecations,
  },
  {
    providers: ["anthropic"],
    ids: /^claude-(sonnet|opus)-4-20250514/,
    facts: { retiresOn: "2026-06-15" },
    source: claudeDeprecations,
  },
];
