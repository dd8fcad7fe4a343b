import type { ModelRequest } from "./request.ts";
import type { Target } from "./target.ts";

/** Output of a model whose maximum is unknown. */
const UNKNOWN_MAX_OUTPUT = 4_096;
/** The messages wire adds its largest budget for thinking, if nothing else limits the answer. */
const MOST_THINKING = 32_000;
/** The responses wire raises smaller limits. */
const FEWEST_ON_RESPONSES = 16;

type Answer = Pick<ModelRequest, "embedding" | "settings" | "samples" | "extraBody" | "thinkingBudget">;

/** The most tokens of all answers to a request; otherwise the field that removes the limit. */
export function outputBound(answer: Answer, target: Target): number | string {
  const { embedding, settings, samples, extraBody } = answer;
  if (embedding !== undefined || target.facts.embedding !== undefined) return 0;
  const limit = settings.maxNewTokens ?? target.facts.maxOutput ?? unknownLimit(answer, target);
  const own = { tokens: target.dialect === "openai-responses" ? Math.max(limit, FEWEST_ON_RESPONSES) : limit, samples };
  for (const name in extraBody) {
    const problem = raise(own, name, extraBody[name], "extra_body");
    if (problem !== undefined) return problem;
  }
  return own.tokens * own.samples;
}

function unknownLimit({ settings, thinkingBudget = 0 }: Answer, { dialect }: Target): number {
  const { reasoningEffort } = settings;
  const thinks = dialect === "anthropic" && reasoningEffort !== undefined && reasoningEffort !== "none";
  return thinks ? UNKNOWN_MAX_OUTPUT + Math.max(MOST_THINKING, thinkingBudget) : UNKNOWN_MAX_OUTPUT;
}

/**
 * Fields of all wires: none of them has one of these names for something else, hosts accept several names, and which one wins
 * is up to the host. So the larger one counts.
 */
const FIELDS: Readonly<Record<string, "tokens" | "samples">> = {
  max_tokens: "tokens",
  max_completion_tokens: "tokens",
  max_output_tokens: "tokens",
  max_new_tokens: "tokens",
  maxOutputTokens: "tokens",
  max_tokens_to_sample: "tokens",
  n: "samples",
  best_of: "samples",
  candidateCount: "samples",
  candidate_count: "samples",
};
/** Tables of the Gemini wire with these fields. */
const TABLES: ReadonlySet<string> = new Set(["generationConfig", "generation_config"]);

interface Limits {
  tokens: number;
  samples: number;
}

function raise(limits: Limits, name: string, value: unknown, path: string): string | undefined {
  const place = `${path}.${name}`;
  if (TABLES.has(name) && path === "extra_body") {
    for (const [key, inner] of Object.entries(value ?? {})) {
      const problem = raise(limits, key, inner, place);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }
  const field = Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined;
  if (field === undefined) return undefined;
  // Some hosts take -1 or 0 as no limit.
  if (!Number.isSafeInteger(value) || (value as number) < 1) return place;
  limits[field] = Math.max(limits[field], value as number);
  return undefined;
}
