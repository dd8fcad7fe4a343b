import { invalidOption } from "../core/check-options.ts";
import { estimateTextTokens } from "../core/estimate.ts";
import { kindOf } from "../core/invalid-input.ts";
import type { Target } from "../core/target.ts";
import { misfitError } from "../core/target-error.ts";
import { tokenBound } from "../core/token-bound.ts";

/**
 * The texts of an embedding call, checked before anything is sent: providers reject a whole request for one of them.
 * @throws ModelError `invalid_request` that names the index.
 */
export function readTexts(texts: unknown, place: string): readonly string[] {
  if (!Array.isArray(texts))
    throw invalidOption(`${place}: texts must be an array of strings, not ${kindOf(texts)}; for one text, pass [text]`);
  texts.forEach((text: unknown, index) => {
    const problem = problemOf(text);
    if (problem !== undefined) throw invalidOption(`${place}: texts[${index}] ${problem}; nothing was sent`);
  });
  // A copy: the caller may change the array while requests are in flight.
  return [...texts];
}

function problemOf(text: unknown): string | undefined {
  if (typeof text !== "string") return `must be a string, not ${kindOf(text)}`;
  if (text === "") return "is empty, and has no embedding";
  return text.isWellFormed() ? undefined : "has half of a surrogate pair, which is not a character";
}

/** Estimates are not exact, so texts up to this factor above the window are sent, and the provider counts. */
const SURELY = 1.3;

/** @throws ModelError `context_too_long` for a text that is certainly longer than the model takes. */
export function checkWindow(texts: readonly string[], target: Target): void {
  const { context } = target.facts;
  if (context === undefined) return;
  texts.forEach((text, index) => {
    // The bound is much cheaper than the estimate.
    if (text.length <= context || tokenBound(text) <= context * SURELY) return;
    const tokens = estimateTextTokens(text);
    if (tokens <= context * SURELY) return;
    const words = `texts[${index}] has about ${tokens} tokens, and the model takes ${context}; split it. Nothing was sent`;
    throw misfitError(target, "context_too_long", words);
  });
}
