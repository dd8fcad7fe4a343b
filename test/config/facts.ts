import { type Config, type ParseOptions, parseConfig } from "../../src/config/load.ts";
import { ConfigError } from "../../src/core/config-error.ts";

const provider = (id: string, keyEnv: readonly string[] = [], needsBaseUrl = false) => ({ id, keyEnv, needsBaseUrl });

/** What the factory would say about providers and wires. */
export const FACTS = {
  providers: [
    provider("openai", ["OPENAI_API_KEY"]),
    provider("anthropic", ["ANTHROPIC_API_KEY"]),
    provider("google", ["GEMINI_API_KEY", "GOOGLE_API_KEY"]),
    provider("azure", ["AZURE_API_KEY"], true),
    provider("deepseek", ["DEEPSEEK_API_KEY"]),
    provider("ollama"),
    provider("simulator"),
  ],
  dialects: ["openai", "openai-responses", "anthropic", "google"],
};

export function parse(text: string, options: Partial<ParseOptions> = {}): Config {
  return parseConfig(text, { ...FACTS, env: {}, file: "models.toml", ...options });
}

/** The ConfigError of a text that must be refused. */
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
