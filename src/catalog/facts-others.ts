import type { FactRule } from "./fact-rule.ts";

const GEMINI = ["google", "vertex"];
const geminiThinking = "https://ai.google.dev/gemini-api/docs/thinking";

/** Gemini and smaller vendors. In order: later rules take precedence. */
export const OTHER_FACTS: readonly FactRule[] = [
  // Google
  {
    providers: GEMINI,
    ids: /^(gemini|gemma)/,
    facts: { can: ["streaming", "stop", "temperature"] },
    source: "https://ai.google.dev/gemini-api/docs/models",
  },
  {
    providers: GEMINI,
    ids: /^gemini-(?!pro$|1\.0)/,
    facts: { can: ["tools", "parallelTools", "vision", "files", "audio", "jsonSchema", "promptCache", "webSearch"] },
    source: "https://ai.google.dev/gemini-api/docs/models",
  },
  {
    providers: GEMINI,
    ids: /^gemini-(pro$|1|2\.0|pro-1|flash-1)/,
    facts: { cannot: ["reasoning"] },
    source: geminiThinking,
  },
  {
    providers: GEMINI,
    ids: /^gemini-2\.5/,
    facts: { can: ["reasoning"], reasoningWire: "budget" },
    source: geminiThinking,
  },
  {
    providers: GEMINI,
    ids: /^gemini-2\.5-pro/,
    facts: { efforts: ["minimal", "low", "medium", "high"] },
    source: geminiThinking,
  },
  {
    providers: GEMINI,
    ids: /^gemini-([3-9]|(flash|pro|flash-lite)-latest)/,
    facts: { can: ["reasoning"], reasoningWire: "level" },
    source: geminiThinking,
  },
  {
    providers: GEMINI,
    ids: /^gemini-([3-9]|(flash|pro|flash-lite)-latest)/,
    facts: { toolResultMedia: true },
    source: "https://ai.google.dev/gemini-api/docs/function-calling#multimodal",
  },
  { providers: GEMINI, ids: /^gemini-3-pro/, facts: { efforts: ["low", "high"] }, source: geminiThinking },
  {
    providers: GEMINI,
    ids: /^gemma/,
    facts: { cannot: ["audio", "promptCache"], reasoningWire: "level" },
    source: "https://ai.google.dev/gemma/docs/core/gemma_on_gemini_api",
  },

  // DeepSeek
  {
    providers: ["deepseek"],
    ids: /^deepseek/,
    facts: { can: ["streaming", "promptCache", "tools"], cannot: ["jsonSchema", "audio", "files"] },
    source: "https://api-docs.deepseek.com/guides/kv_cache",
  },
  {
    providers: ["deepseek"],
    ids: /^deepseek-chat$/,
    facts: { can: ["stop", "temperature"], cannot: ["reasoning", "vision"] },
    source: "https://api-docs.deepseek.com/api/create-chat-completion",
  },
  {
    providers: ["deepseek"],
    ids: /^deepseek-reasoner$/,
    facts: {
      can: ["stop", "reasoning"],
      cannot: ["temperature", "vision"],
      lacks: [
        "temperature",
        "topP",
        "frequencyPenalty",
        "presencePenalty",
        "logprobs",
        "topLogprobs",
        "reasoningEffort",
      ],
    },
    source: "https://api-docs.deepseek.com/guides/reasoning_model",
  },
  {
    providers: ["deepseek"],
    ids: /^deepseek-(v4|flash)/,
    facts: { can: ["stop", "reasoning", "temperature"], reasoningWire: "effort" },
    source: "https://api-docs.deepseek.com/guides/thinking_mode",
  },

  // xAI
  {
    providers: ["xai"],
    ids: /^grok/,
    facts: { can: ["streaming", "tools", "promptCache", "jsonSchema", "temperature"] },
    source: "https://docs.x.ai/docs/models",
  },
  {
    providers: ["xai"],
    ids: /^grok-(2|3(-fast)?$|4-(1-)?fast-non-reasoning)/,
    facts: { can: ["stop"], cannot: ["reasoning"] },
    source: "https://docs.x.ai/docs/guides/reasoning",
  },
  {
    providers: ["xai"],
    ids: /^grok-(3-mini|4(?!.*non-reasoning)|code|build)/,
    facts: {
      can: ["reasoning"],
      cannot: ["stop"],
      lacks: ["presencePenalty", "frequencyPenalty", "stop"],
      reasoningWire: "effort",
    },
    source: "https://docs.x.ai/docs/guides/reasoning",
  },
  {
    providers: ["xai"],
    ids: /^grok-3-mini/,
    facts: { efforts: ["low", "high"] },
    source: "https://docs.x.ai/docs/guides/reasoning",
  },
  {
    providers: ["xai"],
    ids: /^grok-(4(-0709|-latest|-1-fast-.*|-fast-.*|\.20.*)?$|code)/,
    facts: { lacks: ["reasoningEffort"] },
    source: "https://docs.x.ai/docs/guides/reasoning",
  },

  // Others
  {
    providers: ["mistral"],
    ids: /^(?!mistral-ocr|mistral-embed)/,
    facts: { can: ["streaming", "stop", "temperature", "jsonSchema"] },
    source: "https://docs.mistral.ai/capabilities/structured-output/custom_structured_output",
  },
  {
    providers: ["mistral"],
    ids: /^(mistral|ministral|codestral|devstral|magistral|pixtral|open-mistral|open-mixtral)/,
    facts: { can: ["tools"] },
    source: "https://docs.mistral.ai/capabilities/function_calling",
  },
  {
    providers: ["groq", "cerebras", "moonshot", "zhipuai", "dashscope", "together", "fireworks"],
    ids: /./,
    facts: { can: ["streaming", "stop", "temperature"] },
    source: "https://console.groq.com/docs/openai",
  },
  {
    providers: ["groq"],
    ids: /^(openai\/gpt-oss|moonshotai\/kimi|meta-llama\/llama-4)/,
    facts: { can: ["jsonSchema", "tools"] },
    source: "https://console.groq.com/docs/structured-outputs",
  },
  {
    providers: ["groq"],
    ids: /^(llama|gemma|mixtral|qwen|deepseek)/,
    facts: { cannot: ["jsonSchema"] },
    source: "https://console.groq.com/docs/structured-outputs",
  },
  {
    providers: ["moonshot"],
    ids: /./,
    facts: { can: ["promptCache", "tools"] },
    source: "https://platform.moonshot.ai/docs/guide/use-context-caching",
  },
  {
    providers: ["perplexity"],
    ids: /^sonar/,
    facts: {
      can: ["streaming", "temperature", "webSearch", "jsonSchema", "vision"],
      cannot: ["tools", "parallelTools", "promptCache"],
    },
    source: "https://docs.perplexity.ai/getting-started/models",
  },
  {
    providers: ["perplexity"],
    ids: /^sonar$|^sonar-pro$/,
    facts: { cannot: ["reasoning"] },
    source: "https://docs.perplexity.ai/getting-started/models",
  },
  {
    providers: ["perplexity"],
    ids: /reasoning|deep-research/,
    facts: { can: ["reasoning"], reasoningWire: "effort" },
    source: "https://docs.perplexity.ai/getting-started/models",
  },
  {
    providers: ["cohere"],
    ids: /^command/,
    facts: { can: ["streaming", "stop", "temperature", "tools", "jsonSchema"], cannot: ["promptCache", "audio"] },
    source: "https://docs.cohere.com/docs/models",
  },
  {
    providers: ["cohere"],
    ids: /^command-a-reasoning/,
    facts: { can: ["reasoning"], reasoningWire: "effort", efforts: ["none", "high"] },
    source: "https://docs.cohere.com/docs/compatibility-api",
  },
];
