import type { FactRule } from "./fact-rule.ts";

const OPENAI = ["openai", "azure"];
const OPENAI_HOSTS = ["openai", "azure", "copilot"];
const openaiReasoning = "https://platform.openai.com/docs/guides/reasoning";
const openaiChat = "https://platform.openai.com/docs/api-reference/chat/create";
const openaiModels = "https://platform.openai.com/docs/models";
const openaiDeprecations = "https://platform.openai.com/docs/deprecations";
/** Settings that models without sampling parameters reject. */
const SAMPLING = [
  "temperature",
  "topP",
  "frequencyPenalty",
  "presencePenalty",
  "logitBias",
  "logprobs",
  "topLogprobs",
] as const;

/** OpenAI's models, on its API and on providers that serve them unchanged. In order: later rules take precedence. */
export const OPENAI_FACTS: readonly FactRule[] = [
  {
    providers: OPENAI_HOSTS,
    ids: /^(gpt|o\d|chat)/,
    facts: { can: ["streaming", "promptCache", "jsonSchema", "stop", "temperature", "parallelTools"] },
    source: openaiModels,
  },
  {
    providers: OPENAI_HOSTS,
    ids: /^(gpt-4o|gpt-4\.1|gpt-5|gpt-6|o1|o3|o4)/,
    facts: { can: ["files"], cannot: ["audio"] },
    source: "https://platform.openai.com/docs/guides/pdf-files",
  },
  {
    providers: OPENAI_HOSTS,
    ids: /^(gpt-3\.?5|gpt-4(-|$))/,
    facts: { can: ["tools"], cannot: ["promptCache", "jsonSchema", "files", "audio", "reasoning"] },
    source: "https://platform.openai.com/docs/guides/prompt-caching",
  },
  {
    providers: OPENAI,
    ids: /^gpt-4o-2024-05-13$/,
    facts: { cannot: ["jsonSchema", "promptCache"] },
    source: "https://platform.openai.com/docs/guides/structured-outputs",
  },
  {
    providers: OPENAI,
    ids: /^chatgpt-4o-latest$/,
    facts: { cannot: ["tools", "parallelTools", "jsonSchema", "reasoning"] },
    source: `${openaiModels}/chatgpt-4o-latest`,
  },
  {
    providers: OPENAI,
    ids: /audio/,
    facts: { can: ["audio", "tools"], cannot: ["vision", "files", "jsonSchema", "promptCache"] },
    source: `${openaiModels}/gpt-4o-audio-preview`,
  },
  {
    providers: OPENAI,
    ids: /search-preview/,
    facts: {
      can: ["webSearch"],
      cannot: ["tools", "parallelTools", "temperature", "stop", "promptCache", "reasoning"],
      lacks: SAMPLING,
    },
    source: "https://platform.openai.com/docs/guides/tools-web-search",
  },
  {
    providers: OPENAI_HOSTS,
    ids: /^(o\d|codex-mini)/,
    facts: {
      can: ["reasoning"],
      cannot: ["temperature", "parallelTools", "audio"],
      lacks: [...SAMPLING, "parallelToolCalls"],
      systemRole: "developer",
      reasoningWire: "effort",
      efforts: ["low", "medium", "high"],
    },
    source: openaiReasoning,
  },
  {
    providers: OPENAI_HOSTS,
    ids: /^(o3(-pro)?(-20.*)?|o4-mini.*|codex-mini.*)$/,
    facts: { cannot: ["stop"] },
    source: openaiChat,
  },
  // Before GPT-5, only the default is accepted.
  {
    providers: OPENAI_HOSTS,
    ids: /^(gpt-[34]|chatgpt-4|o\d|codex-mini|gpt-5-chat)/,
    facts: { lacks: ["verbosity"] },
    source: "https://platform.openai.com/docs/guides/latest-model",
  },
  { providers: OPENAI, ids: /^o3-mini/, facts: { cannot: ["vision"] }, source: `${openaiModels}/o3-mini` },
  // No effort, tools, schema, instructions or stop sequences; streaming since November 2024.
  {
    providers: OPENAI_HOSTS,
    ids: /^o1-(mini|preview)/,
    facts: {
      can: ["promptCache"],
      cannot: ["reasoning", "tools", "jsonSchema", "stop", "vision", "files"],
      lacks: ["reasoningEffort", "stop"],
      systemRole: "user",
    },
    source: "https://platform.openai.com/docs/guides/reasoning/beta-limitations",
  },
  {
    providers: OPENAI_HOSTS,
    ids: /^gpt-([5-9]|daybreak)(?!.*chat-latest)/,
    facts: {
      can: ["reasoning", "tools", "vision"],
      cannot: ["temperature", "stop"],
      lacks: [...SAMPLING, "stop"],
      systemRole: "developer",
      reasoningWire: "effort",
    },
    source: "https://platform.openai.com/docs/guides/latest-model",
  },
  {
    providers: OPENAI,
    ids: /^gpt-5(-codex)?(-\d|$)/,
    facts: { efforts: ["minimal", "low", "medium", "high"] },
    source: openaiReasoning,
  },
  {
    providers: OPENAI,
    ids: /^gpt-5(\.1)?-codex(-mini)?$/,
    facts: { efforts: ["low", "medium", "high"] },
    source: openaiReasoning,
  },
  {
    providers: OPENAI,
    ids: /^gpt-5\.(1-codex-max|2-codex)$/,
    facts: { efforts: ["low", "medium", "high", "xhigh"] },
    source: openaiReasoning,
  },
  {
    providers: OPENAI_HOSTS,
    ids: /^gpt-5\.[1-4](-mini|-nano)?(-\d|$)/,
    facts: { can: ["temperature"], lacksWithEffort: ["temperature", "topP", "logprobs", "topLogprobs"] },
    source: "https://platform.openai.com/docs/guides/latest-model#gpt-5-1-parameter-compatibility",
  },
  // The data package lists the efforts of GPT-5 for these.
  {
    providers: ["azure"],
    ids: /^gpt-5\.1(-\d|$)/,
    facts: { efforts: ["none", "low", "medium", "high"] },
    source: "https://learn.microsoft.com/azure/ai-foundry/openai/how-to/reasoning",
  },
  {
    providers: ["azure"],
    ids: /^gpt-5\.[24](-mini|-nano)?(-\d|$)/,
    facts: { efforts: ["none", "low", "medium", "high", "xhigh"] },
    source: "https://learn.microsoft.com/azure/ai-foundry/openai/how-to/reasoning",
  },
  { providers: OPENAI, ids: /chat-latest$/, facts: { can: ["tools", "vision"] }, source: openaiModels },
  {
    providers: OPENAI,
    ids: /^(o1-pro|o3-pro|gpt-5(\.\d)?-pro|gpt-5(\.\d)?-codex|codex-mini|o3-deep-research|o4-mini-deep-research|computer-use)/,
    facts: { dialect: "openai-responses", cannot: ["stop"] },
    source: "https://platform.openai.com/docs/guides/migrate-to-responses",
  },
  {
    providers: OPENAI,
    ids: /deep-research/,
    facts: { can: ["webSearch"], cannot: ["jsonSchema"] },
    source: `${openaiModels}/o3-deep-research`,
  },
  {
    providers: OPENAI,
    ids: /^(o1-pro|gpt-5(\.\d)?-pro)/,
    facts: { cannot: ["promptCache"] },
    source: `${openaiModels}/gpt-5-pro`,
  },
  {
    providers: ["openai"],
    ids: /^(gpt-3\.5-turbo(-0125)?|gpt-4(-0613|-1106-preview|-turbo(-2024-04-09)?)?|gpt-4o-2024-05-13|gpt-4\.1-nano|o1(-2024-12-17)?|o1-pro|o3-mini(-2025-01-31)?|o4-mini)$/,
    facts: { retiresOn: "2026-10-23" },
    source: openaiDeprecations,
  },
  {
    providers: ["openai"],
    ids: /^(gpt-5|gpt-5-mini|gpt-5-nano|gpt-5-pro|o3|o3-pro)$/,
    facts: { retiresOn: "2026-12-11" },
    source: openaiDeprecations,
  },
  {
    providers: ["openai"],
    ids: /^(gpt-4o(-2024-08-06|-2024-11-20)?|gpt-4o-mini(-2024-07-18)?|gpt-4\.1(-mini)?)$/,
    facts: { retiresOn: "2027-01-14" },
    source: openaiDeprecations,
  },
  { providers: ["openai"], ids: /^gpt-5\.1$/, facts: { retiresOn: "2027-04-01" }, source: openaiDeprecations },
  { providers: ["openai"], ids: /^o1-preview/, facts: { retiresOn: "2025-07-28" }, source: openaiDeprecations },
  { providers: ["openai"], ids: /^o1-mini/, facts: { retiresOn: "2025-10-27" }, source: openaiDeprecations },
  { providers: ["openai"], ids: /^gpt-4\.5-preview/, facts: { retiresOn: "2025-07-14" }, source: openaiDeprecations },
];
