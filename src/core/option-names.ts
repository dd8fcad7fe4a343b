import { ModelError } from "./error.ts";
import { nearest } from "./suggest.ts";

/** Refuses what is no object, and names that nobody reads: a slip of the pen would silently have no effect. */
export function checkOptionNames(options: unknown, names: readonly string[], what: string): void {
  if (typeof options !== "object" || options === null || Array.isArray(options))
    throw invalidOption(`${what} must be an object`);
  const wrong = Object.keys(options).find((name) => !names.includes(name));
  if (wrong === undefined) return;
  const near = nearest(wrong, names);
  throw invalidOption(
    `${what}: there is no "${wrong}"${near === undefined ? `; there are ${names.join(", ")}` : ` (did you mean "${near}"?)`}`,
  );
}

export function invalidOption(message: string): ModelError {
  return new ModelError({ code: "invalid_request", message });
}
