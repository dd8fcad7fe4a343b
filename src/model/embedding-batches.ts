import { MARKS_OF_TEXT } from "../core/prompt-bound.ts";
import type { Target } from "../core/target.ts";
import { tokenBound } from "../core/token-bound.ts";

/** Most texts of a request to a server whose limit is unknown; the smallest default of the usual local servers. */
const UNKNOWN_MOST_TEXTS = 32;

interface Limits {
  readonly texts: number;
  readonly tokens: number;
}

/** Splits texts into requests that every target takes, in their order. */
export function planBatches(texts: readonly string[], targets: readonly Target[]): readonly (readonly string[])[] {
  const most: Limits = {
    texts: Math.min(...targets.map(mostTexts)),
    tokens: Math.min(...targets.map(mostTokens)),
  };
  const size = sizer(texts, most.tokens);
  const batches: string[][] = [];
  let batch: string[] = [];
  let tokens = 0;
  for (const text of texts) {
    const own = size(text);
    if (batch.length > 0 && (batch.length >= most.texts || tokens + own > most.tokens)) {
      batches.push(batch);
      batch = [];
      tokens = 0;
    }
    batch.push(text);
    tokens += own;
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
}

function mostTexts({ policy, facts, quirks }: Target): number {
  return policy.embedBatchSize ?? facts.embedding?.texts ?? quirks.embeddings?.texts ?? UNKNOWN_MOST_TEXTS;
}

function mostTokens({ facts, quirks }: Target): number {
  return facts.embedding?.tokens ?? quirks.embeddings?.tokens ?? Number.POSITIVE_INFINITY;
}

/** Most tokens per UTF-16 code unit: its bytes. */
const MOST_PER_UNIT = 3;

/** The most tokens of a text. They are not counted if all texts certainly fit. */
function sizer(texts: readonly string[], mostTokens: number): (text: string) => number {
  const units = texts.reduce((sum, text) => sum + text.length, 0);
  if (units * MOST_PER_UNIT + texts.length * MARKS_OF_TEXT <= mostTokens) return () => 0;
  return (text) => tokenBound(text) + MARKS_OF_TEXT;
}
