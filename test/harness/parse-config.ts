import { PROVIDER_HINTS } from "../../src/catalog/providers.ts";
import { type Config, type ParseOptions, parseConfig } from "../../src/config/load.ts";
import { ConfigError } from "../../src/core/config-error.ts";

/** What the factory would report about providers and wires. */
export const FACTS = {
  providers: PROVIDER_HINTS.filter(({ id }) =>
    ["openai", "anthropic", "google", "azure", "deepseek", "groq", "ollama", "simulator"].includes(id),
  ).map((hint) => (hint.id === "ollama" ? { ...hint, keyEnv: [] } : hint)),
  dialects: ["openai", "openai-responses", "anthropic", "google"],
};

export function parse(text: string, options: Partial<ParseOptions> = {}): Config {
  return parseConfig(text, { ...FACTS, env: {}, file: "models.toml", ...options });
}

/** The ConfigError of TOML that must be rejected. */
export function refusal(text: string, options: Partial<ParseOptions> = {}): ConfigError {
  return errorOf(() => parse(text, options));
}

export function errorOf(run: () => unknown): ConfigError {
  try {
    run();
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}
