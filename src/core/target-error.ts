import { ModelError, type ModelErrorInit } from "./error.ts";
import type { ModelErrorCode } from "./error-codes.ts";
import type { Target } from "./target.ts";

/** Whom an error is about. */
type Named = Pick<Target, "entry" | "provider" | "modelId">;
type More = Omit<ModelErrorInit, "code" | "message" | "provider" | "model">;

/** How the message of every error about a request begins. */
export function requestPrefix({ provider, modelId }: Named): string {
  return `${provider} (${modelId}): `;
}

/** An error about a request to a target, or its answer: its message names provider and model. */
export function targetError(target: Named, code: ModelErrorCode, words: string, more: More = {}): ModelError {
  return named(target, code, requestPrefix(target) + words, more);
}

/** An error about an entry of models.toml, whatever is sent for it: its message names the entry. */
export function entryError(target: Named, code: ModelErrorCode, words: string, more: More = {}): ModelError {
  return named(target, code, `${target.entry}: ${words}`, more);
}

/** An error about a request that this target cannot take, so that it was not sent: its message names entry and model. */
export function misfitError(target: Named, code: ModelErrorCode, words: string): ModelError {
  return named(target, code, `${target.entry} (${target.provider} ${target.modelId}): ${words}`, {});
}

function named({ entry, provider }: Named, code: ModelErrorCode, message: string, more: More): ModelError {
  return new ModelError({ ...more, code, message, provider, model: entry });
}
