import { currentModelsOf, infoOf, PROVIDERS } from "./catalog.ts";
import { perMillion, shortCount } from "./wording.ts";

/** A provider offered by `init`. */
export interface Starter {
  readonly provider: string;
  /** Name of the entry. */
  readonly entry: string;
  /** Default model: good at code, not the most expensive. */
  readonly model: string;
  /** Display name of the provider. */
  readonly label: string;
  /** The variable of its key: the one that is set, otherwise the usual one. Absent if no key is needed. */
  readonly variable?: string;
  /** Whether it is usable now. */
  readonly isReady: boolean;
}

export const STARTERS: readonly Pick<Starter, "provider" | "entry" | "model">[] = [
  { provider: "anthropic", entry: "claude", model: "claude-sonnet-5-5" },
  { provider: "openai", entry: "gpt", model: "gpt-6.1-terra" },
  { provider: "google", entry: "gemini", model: "gemini-3.8-flash" },
  { provider: "deepseek", entry: "deepseek", model: "deepseek-v4-flash" },
  { provider: "mistral", entry: "mistral", model: "mistral-large-latest" },
  { provider: "xai", entry: "grok", model: "grok-4.7" },
  { provider: "groq", entry: "groq", model: "llama-3.3-70b-versatile" },
  { provider: "openrouter", entry: "openrouter", model: "anthropic/claude-sonnet-5.5" },
  { provider: "ollama", entry: "local", model: "qwen3-coder" },
];

/** Providers whose key is in the environment come first. */
export function startersFor(env: Readonly<Record<string, string | undefined>>): readonly Starter[] {
  const isSet = (name: string) => (env[name] ?? "").trim() !== "";
  const starters = STARTERS.flatMap((starter): Starter[] => {
    const row = PROVIDERS.find(({ id }) => id === starter.provider);
    if (row === undefined) return [];
    const found = row.keyEnv.find(isSet);
    const variable = found ?? (row.keyless === true ? undefined : row.keyEnv[0]);
    return [
      { ...starter, label: row.label, isReady: found !== undefined, ...(variable !== undefined && { variable }) },
    ];
  });
  return [...starters.filter(({ isReady }) => isReady), ...starters.filter(({ isReady }) => !isReady)];
}

const MAX_MODELS = 6;

/** Models of the provider to choose from, starting with the default. */
export function modelsFor({ provider, model }: Pick<Starter, "provider" | "model">): readonly string[] {
  return [...new Set([model, ...currentModelsOf(provider)])].slice(0, MAX_MODELS);
}

/** "$3.00 / $15.00 per million tokens, 200k" */
export function factsAbout(model: string): string | undefined {
  const { price, context } = infoOf(model) ?? {};
  const parts = [
    price === undefined ? undefined : `${perMillion(price)} per million tokens`,
    context === undefined ? undefined : `window ${shortCount(context)}`,
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : parts.join(", ");
}
