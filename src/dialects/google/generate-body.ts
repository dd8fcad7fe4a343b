import type { GenerateContentConfig, GenerateContentParameters } from "@google/genai";

/** Parameters next to `contents`, in the SDK's order. */
const BESIDE = ["serviceTier", "systemInstruction", "safetySettings", "tools", "toolConfig"] as const;

/** Parameters in `generationConfig`, in the SDK's order. */
const GENERATION = [
  "temperature",
  "topP",
  "topK",
  "candidateCount",
  "maxOutputTokens",
  "stopSequences",
  "responseLogprobs",
  "logprobs",
  "presencePenalty",
  "frequencyPenalty",
  "seed",
  "responseMimeType",
  "responseJsonSchema",
  "responseModalities",
  "thinkingConfig",
] as const;

const KNOWN: ReadonlySet<string> = new Set([...BESIDE, ...GENERATION]);

/** The body that @google/genai 3 sends to the Gemini API; undefined for parameters that the SDK changes. */
export function generateBody({ contents, config = {} }: GenerateContentParameters): object | undefined {
  for (const key of Object.keys(config)) if (!KNOWN.has(key)) return undefined;
  return { contents, ...pick(config, BESIDE), generationConfig: pick(config, GENERATION) };
}

function pick(config: GenerateContentConfig, keys: readonly (keyof GenerateContentConfig)[]): object {
  const picked: Record<string, unknown> = {};
  for (const key of keys) if (config[key] !== undefined) picked[key] = config[key];
  return picked;
}
