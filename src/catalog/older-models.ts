import type { ModelRow } from "./model-row.ts";

/** Models still in use that the data packages lack or have wrong; used when the table is generated. */
export interface AddedModels {
  readonly providers: readonly string[];
  readonly models: readonly ModelRow[];
  readonly source: string;
}

const row = (
  id: string,
  context: number,
  maxOutput?: number,
  more: Omit<ModelRow, "id" | "context" | "maxOutput"> = {},
): ModelRow => ({
  id,
  context,
  ...(maxOutput !== undefined && { maxOutput }),
  ...more,
});

const TEXT_ONLY = { cannot: ["vision", "audio"] } as const;
const SEES = { can: ["vision"] } as const;
const TOOLS = { can: ["tools"], cannot: ["vision", "reasoning"] } as const;
const TOOLS_AND_SIGHT = { can: ["tools", "vision"], cannot: ["reasoning"] } as const;

export const ADDED_MODELS: readonly AddedModels[] = [
  {
    providers: ["openai", "azure"],
    source: "https://platform.openai.com/docs/models",
    models: [
      row("gpt-3.5-turbo", 16_385, 4_096, TEXT_ONLY),
      row("gpt-3.5-turbo-0125", 16_385, 4_096, TEXT_ONLY),
      row("gpt-3.5-turbo-1106", 16_385, 4_096, TEXT_ONLY),
      row("gpt-3.5-turbo-0613", 4_096, 4_096, TEXT_ONLY),
      row("gpt-3.5-turbo-16k", 16_385, 4_096, TEXT_ONLY),
      row("gpt-4", 8_192, 8_192, TEXT_ONLY),
      row("gpt-4-0613", 8_192, 8_192, TEXT_ONLY),
      row("gpt-4-0314", 8_192, 8_192, TEXT_ONLY),
      row("gpt-4-32k", 32_768, 32_768, TEXT_ONLY),
      row("gpt-4-turbo", 128_000, 4_096, SEES),
      row("gpt-4-turbo-2024-04-09", 128_000, 4_096, SEES),
      row("gpt-4-turbo-preview", 128_000, 4_096, TEXT_ONLY),
      row("gpt-4-0125-preview", 128_000, 4_096, TEXT_ONLY),
      row("gpt-4-1106-preview", 128_000, 4_096, TEXT_ONLY),
      row("gpt-4.5-preview", 128_000, 16_384, TOOLS_AND_SIGHT),
      row("chatgpt-4o-latest", 128_000, 16_384, SEES),
      row("gpt-4o-mini-2024-07-18", 128_000, 16_384, TOOLS_AND_SIGHT),
      row("gpt-4o-audio-preview", 128_000, 16_384, { cannot: ["reasoning"] }),
      row("gpt-4o-mini-audio-preview", 128_000, 16_384, { cannot: ["reasoning"] }),
      row("gpt-4o-search-preview", 128_000, 16_384),
      row("gpt-4o-mini-search-preview", 128_000, 16_384),
      row("o1-mini", 128_000, 65_536),
      row("o1-mini-2024-09-12", 128_000, 65_536),
      row("o1-preview", 128_000, 32_768),
      row("o1-preview-2024-09-12", 128_000, 32_768),
      row("o1-2024-12-17", 200_000, 100_000, { can: ["tools", "vision"] }),
      row("o3-mini-2025-01-31", 200_000, 100_000, { can: ["tools"] }),
      row("o3-deep-research", 200_000, 100_000, { can: ["vision"] }),
      row("o4-mini-deep-research", 200_000, 100_000, { can: ["vision"] }),
      row("codex-mini-latest", 200_000, 100_000, { can: ["tools", "vision"] }),
      row("gpt-5-codex", 400_000, 128_000),
      row("gpt-5.1-codex", 400_000, 128_000),
      row("gpt-5.1-codex-max", 400_000, 128_000),
      row("gpt-5.1-codex-mini", 400_000, 128_000),
      row("gpt-5.2-codex", 400_000, 128_000),
      row("gpt-5.1-chat-latest", 128_000, 16_384),
      row("gpt-5.2-chat-latest", 128_000, 16_384),
    ],
  },
  {
    providers: ["azure"],
    source: "https://learn.microsoft.com/en-us/azure/ai-foundry/foundry-models/concepts/models-sold-directly-by-azure",
    models: [row("gpt-35-turbo", 16_385, 4_096, TEXT_ONLY), row("gpt-35-turbo-16k", 16_385, 4_096, TEXT_ONLY)],
  },
  {
    providers: ["anthropic"],
    source: "https://platform.claude.com/docs/en/about-claude/models/overview",
    models: [
      row("claude-2.0", 100_000, 4_096, { price: { input: 8, output: 24 } }),
      row("claude-2.1", 200_000, 4_096, { price: { input: 8, output: 24 } }),
      row("claude-instant-1.2", 100_000, 4_096, { price: { input: 0.8, output: 2.4 } }),
      row("claude-3-haiku-20240307", 200_000, 4_096),
      row("claude-3-sonnet-20240229", 200_000, 4_096),
      row("claude-3-opus-20240229", 200_000, 4_096),
      row("claude-3-5-haiku-20241022", 200_000, 8_192),
      row("claude-3-5-sonnet-20240620", 200_000, 8_192),
      row("claude-3-5-sonnet-20241022", 200_000, 8_192),
      row("claude-3-7-sonnet-20250219", 200_000, 64_000),
      row("claude-opus-4-20250514", 200_000, 32_000),
      row("claude-opus-4-1-20250805", 200_000, 32_000),
      // A million tokens with the context-1m beta, at higher rates: https://platform.claude.com/docs/en/about-claude/pricing#long-context-pricing
      row("claude-sonnet-4-20250514", 1_000_000, 64_000, {
        price: {
          input: 3,
          output: 15,
          cacheRead: 0.3,
          cacheWrite: 3.75,
          cacheWrite1h: 6,
          tiers: [{ above: 200_000, input: 6, output: 22.5, cacheRead: 0.6, cacheWrite: 7.5 }],
        },
      }),
    ],
  },
  {
    providers: ["google", "vertex"],
    source: "https://ai.google.dev/gemini-api/docs/models",
    models: [
      row("gemini-pro", 32_760, 8_192, { can: ["tools"], cannot: ["vision", "audio", "promptCache"] }),
      row("gemini-1.0-pro", 32_760, 8_192, { can: ["tools"], cannot: ["vision", "audio", "promptCache"] }),
      row("gemini-1.5-pro", 2_097_152, 8_192),
      row("gemini-1.5-flash", 1_048_576, 8_192),
      row("gemini-1.5-flash-8b", 1_048_576, 8_192, {
        price: {
          input: 0.0375,
          output: 0.15,
          cacheRead: 0.01,
          tiers: [{ above: 128_000, input: 0.075, output: 0.3, cacheRead: 0.02 }],
        },
      }),
      row("gemini-2.0-flash", 1_048_576, 8_192),
      row("gemini-2.0-flash-lite", 1_048_576, 8_192),
      row("gemini-2.0-flash-exp", 1_048_576, 8_192),
      row("gemini-3-pro-preview", 1_048_576, 65_536),
    ],
  },
  {
    providers: ["deepseek"],
    source: "https://api-docs.deepseek.com/quick_start/pricing",
    models: [
      // The night discount that price packages still carry ended on 2025-09-05.
      row("deepseek-chat", 131_072, 8_192, { price: { input: 0.27, output: 1.1, cacheRead: 0.07 } }),
      row("deepseek-reasoner", 131_072, 65_536, { price: { input: 0.55, output: 2.19, cacheRead: 0.14 } }),
    ],
  },
  {
    providers: ["xai"],
    source: "https://docs.x.ai/docs/models",
    models: [
      row("grok-2-1212", 131_072),
      row("grok-2-vision-1212", 32_768, undefined, SEES),
      row("grok-3", 131_072, undefined, TEXT_ONLY),
      row("grok-3-fast", 131_072, undefined, TEXT_ONLY),
      row("grok-3-mini", 131_072, undefined, TEXT_ONLY),
      row("grok-3-mini-fast", 131_072, undefined, TEXT_ONLY),
      row("grok-4", 256_000, undefined, SEES),
      row("grok-4-0709", 256_000, undefined, SEES),
      row("grok-4-fast-reasoning", 2_000_000, undefined, SEES),
      row("grok-4-fast-non-reasoning", 2_000_000, undefined, SEES),
      row("grok-4-1-fast-reasoning", 2_000_000, undefined, SEES),
      row("grok-4-1-fast-non-reasoning", 2_000_000, undefined, SEES),
      row("grok-code-fast-1", 256_000, undefined, TEXT_ONLY),
    ],
  },
  {
    providers: ["cohere"],
    source: "https://docs.cohere.com/docs/models",
    models: [
      row("command-r", 128_000, 4_000, TOOLS),
      row("command-r-08-2024", 128_000, 4_000, TOOLS),
      row("command-r-plus", 128_000, 4_000, TOOLS),
      row("command-r-plus-08-2024", 128_000, 4_000, TOOLS),
      row("command-r7b-12-2024", 128_000, 4_000, TOOLS),
      row("command-a-03-2025", 256_000, 8_000, TOOLS),
      row("command-a-vision-07-2025", 128_000, 8_000, SEES),
      row("command-a-reasoning-08-2025", 256_000, 32_000, TEXT_ONLY),
    ],
  },
  {
    providers: ["perplexity"],
    source: "https://docs.perplexity.ai/getting-started/models",
    models: [
      row("sonar", 128_000),
      row("sonar-pro", 200_000, 8_000),
      row("sonar-reasoning", 128_000),
      row("sonar-reasoning-pro", 128_000),
      row("sonar-deep-research", 128_000),
    ],
  },
  {
    providers: ["dashscope"],
    source: "https://www.alibabacloud.com/help/en/model-studio/models",
    models: [
      row("qwen-max", 32_768, 8_192, TOOLS),
      row("qwen-plus", 1_000_000, 32_768, { can: ["tools", "reasoning"], lacks: ["reasoningEffort"] }),
      row("qwen-turbo", 1_000_000, 16_384, { can: ["tools", "reasoning"], lacks: ["reasoningEffort"] }),
      row("qwen-flash", 1_000_000, 32_768, { can: ["tools", "reasoning"], lacks: ["reasoningEffort"] }),
      row("qwen3-max", 262_144, 65_536, TOOLS),
      row("qwen3-coder-plus", 1_000_000, 65_536, TOOLS),
      row("qwen3-coder-flash", 1_000_000, 65_536, TOOLS),
      row("qwen-vl-max", 131_072, 8_192, TOOLS_AND_SIGHT),
      row("qwen-vl-plus", 131_072, 8_192, TOOLS_AND_SIGHT),
      row("qwq-plus", 131_072, 8_192, { can: ["tools", "reasoning"], lacks: ["reasoningEffort"] }),
    ],
  },
  {
    providers: ["zhipuai"],
    source: "https://docs.bigmodel.cn/cn/guide/start/model-overview",
    models: [
      row("glm-4-plus", 128_000, 4_096, TOOLS),
      row("glm-4-air", 128_000, 4_096, TOOLS),
      row("glm-4-flash", 128_000, 4_096, TOOLS),
      row("glm-4-long", 1_000_000, 4_096, TOOLS),
      row("glm-4v-plus", 16_000, 4_096, { can: ["vision"] }),
      row("glm-4.5", 131_072, 98_304, { can: ["tools", "reasoning"], cannot: ["vision"], lacks: ["reasoningEffort"] }),
      row("glm-4.5-air", 131_072, 98_304, {
        can: ["tools", "reasoning"],
        cannot: ["vision"],
        lacks: ["reasoningEffort"],
      }),
      row("glm-4.5-flash", 131_072, 98_304, {
        can: ["tools", "reasoning"],
        cannot: ["vision"],
        lacks: ["reasoningEffort"],
      }),
      row("glm-4.6", 204_800, 131_072, { can: ["tools", "reasoning"], cannot: ["vision"], lacks: ["reasoningEffort"] }),
    ],
  },
];
