import { ModelError } from "./error.ts";
import { nearest } from "./suggest.ts";

/**
 * Rejects options that are not an object, and unknown option names, so that a typo is reported.
 * @throws ModelError `invalid_request`.
 */
export function checkOptionNames(options: unknown, names: readonly string[], what: string): void {
  if (typeof options !== "object" || options === null || Array.isArray(options))
    throw invalidOption(`${what} must be an object`);
  const wrong = Object.keys(options).find((name) => !names.includes(name));
  if (wrong === undefined) return;
  const near = nearest(wrong, names);
  const hint = near === undefined ? `; known options: ${names.join(", ")}` : ` (did you mean "${near}"?)`;
  throw invalidOption(`${what}: unknown option "${wrong}"${hint}`);
}

export function invalidOption(message: string): ModelError {
  return new ModelError({ code: "invalid_request", message });
}
