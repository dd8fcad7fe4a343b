import type { ModelRow } from "./model-row.ts";

/** What holds for a family of models and is in neither data package; read when the table of models is generated. */
export interface FactRule {
  readonly providers: readonly string[];
  readonly ids: RegExp;
  /** `can`, `cannot` and `lacks` are added to what earlier rules said; everything else replaces it. */
  readonly facts: Omit<ModelRow, "id">;
  readonly source: string;
}

const OPENAI = ["openai", "azure"];
const OPENAI_HOSTS = ["openai", "azure", "copilot"];
const GEMINI = ["google", "vertex"];

const openaiReasoning = "https://platform.openai.com/docs/guides/reasoning";
const openaiChat = "https://platform.openai.com/docs/api-reference/chat/create";
const openaiModels = "https://platform.openai.com/docs/models";
const openaiDeprecations = "https://platform.openai.com/docs/deprecations";
const claudeModels = "https://platform.claude.com/docs/en/about-claude/models/overview";
const claudeThinking = "https://platform.claude.com/docs/en/build-with-claude/adaptive-thinking";
const claudeDeprecations = "https://platform.claude.com/docs/en/about-claude/model-deprecations";
const geminiThinking = "https://ai.google.dev/gemini-api/docs/thinking";

/** Settings a model with a fixed way of sampling refuses. */
const SAMPLING = ["temperature", "topP", "frequencyPenalty", "presencePenalty", "logitBias", "logprobs", "topLogprobs"] as const;

/** In order: a later rule wins. */
export const FACT_RULES: readonly FactRule[] = [
  // OpenAI
  { providers: OPENAI_HOSTS, ids: /^(gpt|o\d|chat)/, facts: { can: ["streaming", "promptCache", "jsonSchema", "stop", "temperature", "parallelTools"] }, source: openaiModels },
  { providers: OPENAI_HOSTS, ids: /^(gpt-4o|gpt-4\.1|gpt-5|gpt-6|o1|o3|o4)/, facts: { can: ["files"], cannot: ["audio"] }, source: "https://platform.openai.com/docs/guides/pdf-files" },
  { providers: OPENAI_HOSTS, ids: /^(gpt-3\.?5|gpt-4(-|$))/, facts: { can: ["tools"], cannot: ["promptCache", "jsonSchema", "files", "audio", "reasoning"] }, source: "https://platform.openai.com/docs/guides/prompt-caching" },
  { providers: OPENAI, ids: /^gpt-4o-2024-05-13$/, facts: { cannot: ["jsonSchema", "promptCache"] }, source: "https://platform.openai.com/docs/guides/structured-outputs" },
  { providers: OPENAI, ids: /^chatgpt-4o-latest$/, facts: { cannot: ["tools", "parallelTools", "jsonSchema", "reasoning"] }, source: `${openaiModels}/chatgpt-4o-latest` },
  { providers: OPENAI, ids: /audio/, facts: { can: ["audio", "tools"], cannot: ["vision", "files", "jsonSchema", "promptCache"] }, source: `${openaiModels}/gpt-4o-audio-preview` },
  { providers: OPENAI, ids: /search-preview/, facts: { can: ["webSearch"], cannot: ["tools", "parallelTools", "temperature", "stop", "promptCache", "reasoning"], lacks: SAMPLING }, source: "https://platform.openai.com/docs/guides/tools-web-search" },
  {
    providers: OPENAI_HOSTS,
    ids: /^(o\d|codex-mini)/,
    facts: { can: ["reasoning"], cannot: ["temperature", "parallelTools", "audio"], lacks: [...SAMPLING, "parallelToolCalls"], systemRole: "developer", reasoningWire: "effort", efforts: ["low", "medium", "high"] },
    source: openaiReasoning,
  },
  { providers: OPENAI_HOSTS, ids: /^(o3(-pro)?(-20.*)?|o4-mini.*|codex-mini.*)$/, facts: { cannot: ["stop"] }, source: openaiChat },
  { providers: OPENAI, ids: /^o3-mini/, facts: { cannot: ["vision"] }, source: `${openaiModels}/o3-mini` },
  // No effort, tools, schema, instructions or stop words; streaming came in November 2024.
  {
    providers: OPENAI_HOSTS,
    ids: /^o1-(mini|preview)/,
    facts: { can: ["promptCache"], cannot: ["reasoning", "tools", "jsonSchema", "stop", "vision", "files"], lacks: ["reasoningEffort", "stop"], systemRole: "user" },
    source: "https://platform.openai.com/docs/guides/reasoning/beta-limitations",
  },
  {
    providers: OPENAI_HOSTS,
    ids: /^gpt-([5-9]|daybreak)(?!.*chat-latest)/,
    facts: { can: ["reasoning", "tools", "vision"], cannot: ["temperature", "stop"], lacks: [...SAMPLING, "stop"], systemRole: "developer", reasoningWire: "effort" },
    source: "https://platform.openai.com/docs/guides/latest-model",
  },
  { providers: OPENAI, ids: /^gpt-5(-codex)?(-\d|$)/, facts: { efforts: ["minimal", "low", "medium", "high"] }, source: openaiReasoning },
  { providers: OPENAI, ids: /^gpt-5(\.1)?-codex(-mini)?$/, facts: { efforts: ["low", "medium", "high"] }, source: openaiReasoning },
  { providers: OPENAI, ids: /^gpt-5\.(1-codex-max|2-codex)$/, facts: { efforts: ["low", "medium", "high", "xhigh"] }, source: openaiReasoning },
  { providers: OPENAI, ids: /chat-latest$/, facts: { can: ["tools", "vision"] }, source: openaiModels },
  {
    providers: OPENAI,
    ids: /^(o1-pro|o3-pro|gpt-5(\.\d)?-pro|gpt-5(\.\d)?-codex|codex-mini|o3-deep-research|o4-mini-deep-research|computer-use)/,
    facts: { dialect: "openai-responses", cannot: ["stop"] },
    source: "https://platform.openai.com/docs/guides/migrate-to-responses",
  },
  { providers: OPENAI, ids: /deep-research/, facts: { can: ["webSearch"], cannot: ["jsonSchema"] }, source: `${openaiModels}/o3-deep-research` },
  { providers: OPENAI, ids: /^(o1-pro|gpt-5(\.\d)?-pro)/, facts: { cannot: ["promptCache"] }, source: `${openaiModels}/gpt-5-pro` },
  { providers: ["openai"], ids: /^(gpt-3\.5-turbo(-0125)?|gpt-4(-0613|-1106-preview|-turbo(-2024-04-09)?)?|gpt-4o-2024-05-13|gpt-4\.1-nano|o1(-2024-12-17)?|o1-pro|o3-mini(-2025-01-31)?|o4-mini)$/, facts: { retiresOn: "2026-10-23" }, source: openaiDeprecations },
  { providers: ["openai"], ids: /^(gpt-5|gpt-5-mini|gpt-5-nano|gpt-5-pro|o3|o3-pro)$/, facts: { retiresOn: "2026-12-11" }, source: openaiDeprecations },
  { providers: ["openai"], ids: /^(gpt-4o(-2024-08-06|-2024-11-20)?|gpt-4o-mini(-2024-07-18)?|gpt-4\.1(-mini)?)$/, facts: { retiresOn: "2027-01-14" }, source: openaiDeprecations },
  { providers: ["openai"], ids: /^gpt-5\.1$/, facts: { retiresOn: "2027-04-01" }, source: openaiDeprecations },
  { providers: ["openai"], ids: /^o1-preview/, facts: { retiresOn: "2025-07-28" }, source: openaiDeprecations },
  { providers: ["openai"], ids: /^o1-mini/, facts: { retiresOn: "2025-10-27" }, source: openaiDeprecations },
  { providers: ["openai"], ids: /^gpt-4\.5-preview/, facts: { retiresOn: "2025-07-14" }, source: openaiDeprecations },

  // Anthropic
  { providers: ["anthropic"], ids: /^claude-/, facts: { can: ["streaming", "stop", "temperature"], cannot: ["audio"], anthropicVersion: "2023-06-01" }, source: claudeModels },
  { providers: ["anthropic"], ids: /^claude-(?!2|instant)/, facts: { can: ["tools", "parallelTools", "vision", "promptCache"], cannot: ["jsonSchema"] }, source: "https://platform.claude.com/docs/en/build-with-claude/prompt-caching" },
  { providers: ["anthropic"], ids: /^claude-(2|instant)/, facts: { cannot: ["tools", "parallelTools", "vision", "files", "promptCache", "jsonSchema", "reasoning"], retiresOn: "2025-07-21" }, source: claudeDeprecations },
  { providers: ["anthropic"], ids: /^claude-3-sonnet/, facts: { cannot: ["promptCache"], retiresOn: "2025-07-21" }, source: claudeDeprecations },
  { providers: ["anthropic"], ids: /^claude-3-(opus|sonnet|haiku|5)/, facts: { cannot: ["reasoning"] }, source: "https://platform.claude.com/docs/en/build-with-claude/extended-thinking" },
  { providers: ["anthropic"], ids: /^claude-3-(opus|sonnet|haiku)/, facts: { cannot: ["files", "webSearch"] }, source: "https://platform.claude.com/docs/en/build-with-claude/pdf-support" },
  { providers: ["anthropic"], ids: /^claude-(3-[57]|opus|sonnet|haiku|fable)/, facts: { can: ["files", "webSearch"] }, source: "https://platform.claude.com/docs/en/agents-and-tools/tool-use/web-search-tool" },
  { providers: ["anthropic"], ids: /^claude-3-5-haiku/, facts: { cannot: ["files"] }, source: "https://platform.claude.com/docs/en/build-with-claude/pdf-support" },
  { providers: ["anthropic"], ids: /^claude-(3-7|opus|sonnet|haiku|fable)/, facts: { can: ["reasoning"], reasoningWire: "budget" }, source: "https://platform.claude.com/docs/en/build-with-claude/extended-thinking" },
  { providers: ["anthropic"], ids: /^claude-(sonnet-4-[5-9]|opus-4-[1-9](-|$)|haiku-4-5|(opus|sonnet|haiku|fable)-[5-9](-|$))/, facts: { can: ["jsonSchema"] }, source: "https://platform.claude.com/docs/en/build-with-claude/structured-outputs" },
  { providers: ["anthropic"], ids: /^claude-((opus|sonnet)-4-[6-9](-|$)|(opus|sonnet|haiku|fable)-[5-9](-|$))/, facts: { reasoningWire: "adaptive" }, source: claudeThinking },
  // From Opus 4.7 on sampling is fixed; only then there is nothing left that the older API version is needed for.
  {
    providers: ["anthropic"],
    ids: /^claude-(opus-4-[78](-|$)|(opus|sonnet|haiku|fable)-[5-9](-|$))/,
    facts: { cannot: ["temperature"], lacks: ["temperature", "topP", "topK"] },
    source: "https://platform.claude.com/docs/en/about-claude/models/migration-guide",
  },
  { providers: ["anthropic"], ids: /^claude-3-5-sonnet/, facts: { retiresOn: "2025-10-28" }, source: claudeDeprecations },
  { providers: ["anthropic"], ids: /^claude-3-opus/, facts: { retiresOn: "2026-01-05" }, source: claudeDeprecations },
  { providers: ["anthropic"], ids: /^claude-3-(7-sonnet|5-haiku)/, facts: { retiresOn: "2026-02-19" }, source: claudeDeprecations },
  { providers: ["anthropic"], ids: /^claude-(sonnet|opus)-4-20250514/, facts: { retiresOn: "2026-06-15" }, source: claudeDeprecations },

  // Google
  { providers: GEMINI, ids: /^(gemini|gemma)/, facts: { can: ["streaming", "stop", "temperature"] }, source: "https://ai.google.dev/gemini-api/docs/models" },
  { providers: GEMINI, ids: /^gemini-(?!pro$|1\.0)/, facts: { can: ["tools", "parallelTools", "vision", "files", "audio", "jsonSchema", "promptCache", "webSearch"] }, source: "https://ai.google.dev/gemini-api/docs/models" },
  { providers: GEMINI, ids: /^gemini-(pro$|1|2\.0|pro-1|flash-1)/, facts: { cannot: ["reasoning"] }, source: geminiThinking },
  { providers: GEMINI, ids: /^gemini-2\.5/, facts: { can: ["reasoning"], reasoningWire: "budget" }, source: geminiThinking },
  { providers: GEMINI, ids: /^gemini-2\.5-pro/, facts: { efforts: ["minimal", "low", "medium", "high"] }, source: geminiThinking },
  { providers: GEMINI, ids: /^gemini-([3-9]|(flash|pro|flash-lite)-latest)/, facts: { can: ["reasoning"], reasoningWire: "level" }, source: geminiThinking },
  { providers: GEMINI, ids: /^gemini-3-pro/, facts: { efforts: ["low", "high"] }, source: geminiThinking },
  { providers: GEMINI, ids: /^gemma/, facts: { cannot: ["audio", "promptCache"], reasoningWire: "level" }, source: "https://ai.google.dev/gemma/docs/core/gemma_on_gemini_api" },
  { providers: GEMINI, ids: /image/, facts: { cannot: ["tools", "parallelTools", "jsonSchema", "webSearch"] }, source: "https://ai.google.dev/gemini-api/docs/image-generation" },

  // DeepSeek
  { providers: ["deepseek"], ids: /^deepseek/, facts: { can: ["streaming", "promptCache", "tools"], cannot: ["jsonSchema", "audio", "files"] }, source: "https://api-docs.deepseek.com/guides/kv_cache" },
  { providers: ["deepseek"], ids: /^deepseek-chat$/, facts: { can: ["stop", "temperature"], cannot: ["reasoning", "vision"] }, source: "https://api-docs.deepseek.com/api/create-chat-completion" },
  {
    providers: ["deepseek"],
    ids: /^deepseek-reasoner$/,
    facts: { can: ["stop", "reasoning"], cannot: ["temperature", "vision"], lacks: ["temperature", "topP", "frequencyPenalty", "presencePenalty", "logprobs", "topLogprobs", "reasoningEffort"] },
    source: "https://api-docs.deepseek.com/guides/reasoning_model",
  },
  { providers: ["deepseek"], ids: /^deepseek-(v4|flash)/, facts: { can: ["stop", "reasoning", "temperature"], reasoningWire: "effort" }, source: "https://api-docs.deepseek.com/guides/thinking_mode" },

  // xAI
  { providers: ["xai"], ids: /^grok/, facts: { can: ["streaming", "tools", "promptCache", "jsonSchema", "temperature"] }, source: "https://docs.x.ai/docs/models" },
  { providers: ["xai"], ids: /^grok-(2|3(-fast)?$|4-(1-)?fast-non-reasoning)/, facts: { can: ["stop"], cannot: ["reasoning"] }, source: "https://docs.x.ai/docs/guides/reasoning" },
  {
    providers: ["xai"],
    ids: /^grok-(3-mini|4(?!.*non-reasoning)|code|build)/,
    facts: { can: ["reasoning"], cannot: ["stop"], lacks: ["presencePenalty", "frequencyPenalty", "stop"], reasoningWire: "effort" },
    source: "https://docs.x.ai/docs/guides/reasoning",
  },
  { providers: ["xai"], ids: /^grok-3-mini/, facts: { efforts: ["low", "high"] }, source: "https://docs.x.ai/docs/guides/reasoning" },
  { providers: ["xai"], ids: /^grok-(4(-0709|-latest|-1-fast-.*|-fast-.*|\.20.*)?$|code)/, facts: { lacks: ["reasoningEffort"] }, source: "https://docs.x.ai/docs/guides/reasoning" },

  // Others
  { providers: ["mistral"], ids: /^(?!mistral-ocr|mistral-embed)/, facts: { can: ["streaming", "stop", "temperature", "jsonSchema"] }, source: "https://docs.mistral.ai/capabilities/structured-output/custom_structured_output" },
  { providers: ["mistral"], ids: /^(mistral|ministral|codestral|devstral|magistral|pixtral|open-mistral|open-mixtral)/, facts: { can: ["tools"] }, source: "https://docs.mistral.ai/capabilities/function_calling" },
  { providers: ["groq", "cerebras", "moonshot", "zhipuai", "dashscope", "together", "fireworks"], ids: /./, facts: { can: ["streaming", "stop", "temperature"] }, source: "https://console.groq.com/docs/openai" },
  { providers: ["groq"], ids: /^(openai\/gpt-oss|moonshotai\/kimi|meta-llama\/llama-4)/, facts: { can: ["jsonSchema", "tools"] }, source: "https://console.groq.com/docs/structured-outputs" },
  { providers: ["groq"], ids: /^(llama|gemma|mixtral|qwen|deepseek)/, facts: { cannot: ["jsonSchema"] }, source: "https://console.groq.com/docs/structured-outputs" },
  { providers: ["moonshot"], ids: /./, facts: { can: ["promptCache", "tools"] }, source: "https://platform.moonshot.ai/docs/guide/use-context-caching" },
  { providers: ["perplexity"], ids: /^sonar/, facts: { can: ["streaming", "temperature", "webSearch", "jsonSchema", "vision"], cannot: ["tools", "parallelTools", "promptCache"] }, source: "https://docs.perplexity.ai/getting-started/models" },
  { providers: ["perplexity"], ids: /^sonar$|^sonar-pro$/, facts: { cannot: ["reasoning"] }, source: "https://docs.perplexity.ai/getting-started/models" },
  { providers: ["perplexity"], ids: /reasoning|deep-research/, facts: { can: ["reasoning"], reasoningWire: "effort" }, source: "https://docs.perplexity.ai/getting-started/models" },
  { providers: ["cohere"], ids: /^command/, facts: { can: ["streaming", "stop", "temperature", "tools", "jsonSchema"], cannot: ["promptCache", "audio"] }, source: "https://docs.cohere.com/docs/models" },
  { providers: ["cohere"], ids: /^command-a-reasoning/, facts: { can: ["reasoning"], reasoningWire: "effort", efforts: ["none", "high"] }, source: "https://docs.cohere.com/docs/compatibility-api" },
];
