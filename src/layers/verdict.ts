import { isModelError, ModelError } from "../core/error.ts";
import type { Target } from "../core/target.ts";
import { targetError } from "../core/target-error.ts";

/** The error of a call whose targets all failed. It also names fallbacks without a key. */
export function verdictOf(
  errors: readonly ModelError[],
  unasked: Pick<ReadonlySet<ModelError>, "has">,
  leftOut: readonly string[],
): ModelError {
  const error = verdict(errors, unasked);
  if (leftOut.length > 0 && error.row.fallback !== "none") error.message += `\n  skipped: ${leftOut.join("; ")}`;
  return error;
}

/**
 * A common code of all failures is kept, so that adding a fallback never breaks a caller's check; the error of a single target
 * is never wrapped. Skipped targets are listed, but do not change the code.
 */
function verdict(errors: readonly ModelError[], unasked: Pick<ReadonlySet<ModelError>, "has">): ModelError {
  const [only] = errors;
  if (errors.length === 1 && only !== undefined) return only;
  const asked = errors.filter((error) => !unasked.has(error));
  const telling = asked.length > 0 ? asked : errors;
  const last = telling.at(-1) as ModelError;
  const codes = new Set(telling.map((error) => error.code));
  return new ModelError({
    code: codes.size === 1 ? last.code : "all_models_failed",
    message:
      telling.length === 1
        ? `${last.message}${listOf(errors, last)}`
        : `All ${errors.length} models failed:${listOf(errors)}`,
    provider: last.provider,
    model: last.model,
    status: last.status,
    requestId: last.requestId,
    retryAfterMs: last.retryAfterMs,
    rateLimit: last.rateLimit,
    phase: last.phase,
    partial: last.partial,
    errors,
    cause: last,
  });
}

function listOf(errors: readonly ModelError[], but?: ModelError): string {
  const rows = errors.filter((error) => error !== but);
  return rows.map((error) => `\n  ${error.model ?? "?"}: ${error.code}: ${error.message}`).join("");
}

export function asModelError(error: unknown, target: Target): ModelError {
  if (isModelError(error)) return error;
  const words = error instanceof Error ? error.message : String(error);
  return targetError(target, "protocol_error", words, { cause: error });
}
