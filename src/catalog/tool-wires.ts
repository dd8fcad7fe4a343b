import type { ModelFacts } from "../core/target.ts";

interface ToolWireRule {
  readonly providers: readonly string[];
  readonly ids: RegExp;
  readonly facts: Pick<ModelFacts, "toolsDialect" | "chatTools">;
  readonly source: string;
}

const OPENAI = ["openai", "azure"];
const RESPONSES = { toolsDialect: "openai-responses" } as const;
const functionCalling = "https://platform.openai.com/docs/guides/function-calling";

/**
 * Families that support tools with reasoning only over the Responses API. The rules also apply to ids that are not in the
 * table, because later models behave like earlier ones. Later rules take precedence; models without chat completions have
 * their own rule.
 */
const RULES: readonly ToolWireRule[] = [
  {
    providers: OPENAI,
    ids: /^gpt-5\.[45](?!\d)(?!.*chat)/,
    facts: { ...RESPONSES, chatTools: "without-effort" },
    source: functionCalling,
  },
  {
    providers: OPENAI,
    ids: /^gpt-(?:5\.(?:[6-9]|\d\d)|[6-9]|\d\d)(?!\d)(?!.*chat)/,
    facts: { ...RESPONSES, chatTools: "effort-none" },
    source: functionCalling,
  },
];

export function toolWireOf(providerId: string, modelId: string): ToolWireRule["facts"] {
  const id = modelId.startsWith("ft:") ? modelId.slice("ft:".length) : modelId;
  const fitting = RULES.filter(({ providers, ids }) => providers.includes(providerId) && ids.test(id));
  return Object.assign({}, ...fitting.map(({ facts }) => facts)) as ToolWireRule["facts"];
}
