import { invalidOption } from "../core/check-options.ts";
import { estimateTextTokens } from "../core/estimate.ts";
import { kindOf } from "../core/invalid-input.ts";
import type { Target } from "../core/target.ts";
import { misfitError } from "../core/target-error.ts";
import type { TextSizes } from "./embedding-sizes.ts";

/** No process could hold the vectors of more texts. */
const MOST_TEXTS = 2 ** 24;

/**
 * The texts of an embedding call, checked before anything is sent: providers reject a whole request for one of them. A copy:
 * the caller may change the array while requests are in flight.
 * @throws ModelError `invalid_request` that names the index.
 */
export function readTexts(texts: unknown, place: string): readonly string[] {
  if (!isReadableArray(texts))
    throw invalidOption(`${place}: texts must be an array of strings, not ${nameOf(texts)}; for one text, pass [text]`);
  const count: unknown = readFrom(texts, "length", `${place}: texts`);
  if (!Number.isInteger(count) || (count as number) < 0 || (count as number) > MOST_TEXTS)
    throw invalidOption(`${place}: texts has ${String(count)} elements; at most ${MOST_TEXTS} are allowed`);
  const read: string[] = [];
  for (let index = 0; index < (count as number); index++) {
    // Once: a getter or proxy may have another value the next time.
    const text = readFrom(texts, index, `${place}: texts[${index}]`);
    const problem = problemOf(text);
    if (problem !== undefined) throw invalidOption(`${place}: texts[${index}] ${problem}; nothing was sent`);
    read.push(text as string);
  }
  return Object.freeze(read);
}

/** `Array.isArray` throws for a revoked proxy. */
function isReadableArray(texts: unknown): texts is readonly unknown[] {
  try {
    return Array.isArray(texts);
  } catch {
    return false;
  }
}

function nameOf(texts: unknown): string {
  try {
    return kindOf(texts);
  } catch {
    return "a revoked proxy";
  }
}

function readFrom(texts: readonly unknown[], key: number | "length", place: string): unknown {
  try {
    return texts[key as number];
  } catch {
    throw invalidOption(`${place} cannot be read: its getter or proxy throws; nothing was sent`);
  }
}

function problemOf(text: unknown): string | undefined {
  if (typeof text !== "string") return `must be a string, not ${nameOf(text)}`;
  if (text === "") return "is empty, and has no embedding";
  return text.isWellFormed() ? undefined : "has half of a surrogate pair, which is not a character";
}

/** Estimates are not exact, so texts up to this factor above the window are sent, and the provider counts. */
const SURELY = 1.3;

/** @throws ModelError `context_too_long` for a text that is certainly too long for the model. */
export function checkWindow(sizes: TextSizes, target: Target): void {
  const { context } = target.facts;
  if (context === undefined) return;
  sizes.texts.forEach((text, index) => {
    // The bound is much cheaper than the estimate.
    if (text.length <= context || sizes.of(index) <= context * SURELY) return;
    const tokens = estimateTextTokens(text);
    if (tokens <= context * SURELY) return;
    const words = `texts[${index}] has about ${tokens} tokens, and the model takes at most ${context}; split it. Nothing was sent`;
    throw misfitError(target, "context_too_long", words);
  });
}
