import type { Adjustment } from "./attempt.ts";

/** The part of a request that asks for embeddings. */
export interface EmbeddingInput {
  readonly texts: readonly string[];
  /** The length of each vector; absent: the model's own. */
  readonly dimensions?: number | undefined;
}

const PLACE = /^texts\[(\d+)\]$/;

/** How an adjustment of one text names it. */
export function placeOfText(index: number): string {
  return `texts[${index}]`;
}

/** An adjustment of a request, for the call whose texts it has from an index on. */
export function inTextsOfCall(adjustment: Adjustment, first: number): Adjustment {
  const [, index] = PLACE.exec(String(adjustment.from)) ?? [];
  if (adjustment.setting !== "texts" || index === undefined) return adjustment;
  return { ...adjustment, from: placeOfText(first + Number(index)) };
}
