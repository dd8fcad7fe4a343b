import type { ReasoningDemand } from "../core/target.ts";

interface DemandRule {
  /** Absent: any other host. */
  readonly providers?: readonly string[];
  readonly ids: RegExp;
  readonly demand: ReasoningDemand;
  readonly source: string;
}

const DEEPSEEK_V4 = /deepseek-?(?:v[4-9]|flash|pro)/i;
const KIMI_THINKING = /kimi-(?:k2-thinking|k2[.p-]?[5-9](?!\d)|k[3-9]|for-coding|latest)/i;
const GLM_5 = /glm-?[5-9]/i;
const DISABLED = { thinking: { type: "disabled" } } as const;

/** Local servers: their templates accept a history without reasoning. */
const LOCAL: readonly string[] = ["ollama", "vllm", "lmstudio", "llamacpp"];

/** Hosts that require reasoning in the history, and the placeholder they accept. The first matching rule applies. */
const RULES: readonly DemandRule[] = [
  ...[
    {
      providers: ["together"],
      off: { reasoning: { enabled: false } },
      source: "https://docs.together.ai/docs/reasoning",
    },
    {
      providers: ["dashscope"],
      off: { enable_thinking: false },
      source: "https://www.alibabacloud.com/help/en/model-studio/deep-thinking",
    },
    {
      providers: [
        "fireworks",
        "groq",
        "cerebras",
        "huggingface",
        "nvidia",
        "databricks",
        "azure",
        "bedrock",
        "litellm",
      ],
      off: { reasoning_effort: "none" },
      source: "https://docs.fireworks.ai/guides/reasoning",
    },
  ].flatMap(({ off, ...host }): DemandRule[] => [
    { ...host, ids: DEEPSEEK_V4, demand: { turns: "all", off } },
    { ...host, ids: KIMI_THINKING, demand: { turns: "tool-calls", off } },
    { ...host, ids: GLM_5, demand: { turns: "all", off } },
  ]),
  {
    // Rejects "." and, for some models, "" too.
    providers: ["deepseek"],
    ids: /^deepseek-(?!chat$)/i,
    demand: { turns: "all", standIn: " ", off: DISABLED },
    source: "https://api-docs.deepseek.com/guides/thinking_mode",
  },
  {
    // Rejects "".
    providers: ["moonshot"],
    ids: KIMI_THINKING,
    demand: { turns: "tool-calls", standIn: " ", off: DISABLED },
    source: "https://platform.moonshot.ai/docs/guide/use-kimi-k2-thinking-model",
  },
  {
    providers: ["zhipuai"],
    ids: GLM_5,
    demand: { turns: "all", standIn: " ", off: DISABLED },
    source: "https://docs.z.ai/guides/capabilities/thinking-mode",
  },
  {
    providers: ["openrouter"],
    ids: DEEPSEEK_V4,
    demand: { turns: "all", standIn: " ", off: { reasoning: { enabled: false } } },
    source: "https://openrouter.ai/docs/use-cases/reasoning-tokens",
  },
  {
    providers: ["openrouter"],
    ids: KIMI_THINKING,
    demand: { turns: "tool-calls", standIn: " ", off: { reasoning: { enabled: false } } },
    source: "https://openrouter.ai/docs/use-cases/reasoning-tokens",
  },
  {
    providers: ["openrouter"],
    ids: GLM_5,
    demand: { turns: "all", standIn: " ", off: { reasoning: { enabled: false } } },
    source: "https://openrouter.ai/docs/use-cases/reasoning-tokens",
  },
  // Relays forward the switch of the model's API.
  {
    ids: DEEPSEEK_V4,
    demand: { turns: "all", off: DISABLED },
    source: "https://api-docs.deepseek.com/guides/thinking_mode",
  },
  {
    ids: KIMI_THINKING,
    demand: { turns: "tool-calls", off: DISABLED },
    source: "https://platform.moonshot.ai/docs/guide/use-kimi-k2-thinking-model",
  },
  {
    ids: GLM_5,
    demand: { turns: "all", off: DISABLED },
    source: "https://docs.z.ai/guides/capabilities/thinking-mode",
  },
];

/** The reasoning that a host requires in the history; `undefined` if none. */
export function reasoningDemandOf(provider: string | undefined, modelId: string): ReasoningDemand | undefined {
  if (provider !== undefined && LOCAL.includes(provider)) return undefined;
  const rule = RULES.find(({ providers, ids }) => {
    const isHost = providers === undefined || (provider !== undefined && providers.includes(provider));
    return isHost && ids.test(modelId);
  });
  return rule?.demand;
}
