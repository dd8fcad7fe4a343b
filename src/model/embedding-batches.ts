import { MARKS_OF_TEXT, noteTextsBound } from "../core/prompt-bound.ts";
import type { Target } from "../core/target.ts";
import type { TextSizes } from "./embedding-sizes.ts";

/** Most texts of a request to a server whose limit is unknown; the smallest default of the usual local servers. */
const UNKNOWN_MOST_TEXTS = 32;

interface Limits {
  readonly texts: number;
  readonly tokens: number;
}

/** Texts of one request. */
export interface TextBatch {
  /** The index of the first one in the texts of the call. */
  readonly from: number;
  /** Frozen: hooks and middleware get this array. */
  readonly texts: readonly string[];
}

/** Splits texts into requests that every target takes, in their order. */
export function planBatches(sizes: TextSizes, targets: readonly Target[]): readonly TextBatch[] {
  const most: Limits = {
    texts: Math.min(...targets.map(mostTexts)),
    tokens: Math.min(...targets.map(mostTokens)),
  };
  const size = sizer(sizes, most.tokens);
  const batches: TextBatch[] = [];
  let from = 0;
  let tokens = 0;
  for (let index = 0; index < sizes.texts.length; index++) {
    const own = size(index);
    const count = index - from;
    if (count > 0 && (count >= most.texts || tokens + own > most.tokens)) {
      batches.push(batchOf(sizes, from, index));
      from = index;
      tokens = 0;
    }
    tokens += own;
  }
  if (from < sizes.texts.length) batches.push(batchOf(sizes, from, sizes.texts.length));
  return batches;
}

function batchOf(sizes: TextSizes, from: number, to: number): TextBatch {
  const texts = Object.freeze(sizes.texts.slice(from, to));
  noteTextsBound(texts, () => texts.reduce((sum, _, index) => sum + sizes.of(from + index) + MARKS_OF_TEXT, 0));
  return { from, texts };
}

function mostTexts({ policy, facts, quirks }: Target): number {
  return policy.embedBatchSize ?? facts.embedding?.texts ?? quirks.embeddings?.texts ?? UNKNOWN_MOST_TEXTS;
}

function mostTokens({ facts, quirks }: Target): number {
  return facts.embedding?.tokens ?? quirks.embeddings?.tokens ?? Number.POSITIVE_INFINITY;
}

/** Most tokens per UTF-16 code unit: its bytes. */
const MOST_PER_UNIT = 3;

/** An upper bound of the tokens of a text; 0 if all texts certainly fit into one request, because counting takes time. */
function sizer(sizes: TextSizes, mostTokens: number): (index: number) => number {
  const { units, texts } = sizes;
  if (units * MOST_PER_UNIT + texts.length * MARKS_OF_TEXT <= mostTokens) return () => 0;
  return (index) => sizes.of(index) + MARKS_OF_TEXT;
}
