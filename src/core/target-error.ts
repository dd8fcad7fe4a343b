import { ModelError, type ModelErrorInit } from "./error.ts";
import type { ModelErrorCode } from "./error-codes.ts";
import type { Target } from "./target.ts";

/** The target of an error. */
type Named = Pick<Target, "entry" | "provider" | "modelId">;
type More = Omit<ModelErrorInit, "code" | "message" | "provider" | "model">;

/** The prefix of the message of every error about a request. */
export function requestPrefix({ provider, modelId }: Named): string {
  return `${provider} (${modelId}): `;
}

/** An error of a request to a target, or of its response; the message names provider and model. */
export function targetError(target: Named, code: ModelErrorCode, words: string, more: More = {}): ModelError {
  return named(target, code, requestPrefix(target) + words, more);
}

/** An error of an entry in models.toml; the message names the entry. */
export function entryError(target: Named, code: ModelErrorCode, words: string, more: More = {}): ModelError {
  return named(target, code, `${target.entry}: ${words}`, more);
}

/** An error of a request that was not sent, because it does not fit this target; the message names entry and model. */
export function misfitError(target: Named, code: ModelErrorCode, words: string, more: More = {}): ModelError {
  return named(target, code, `${target.entry} (${target.provider} ${target.modelId}): ${words}`, more);
}

function named({ entry, provider }: Named, code: ModelErrorCode, message: string, more: More): ModelError {
  return new ModelError({ ...more, code, message, provider, model: entry });
}
