import { ModelError } from "./error.ts";

/** `path` is the place in the input, such as `messages[2].content[0]`. */
export function invalidInput(path: string, message: string): ModelError {
  return new ModelError({ code: "invalid_request", message: `${path}: ${message}` });
}

export function kindOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "an array" : typeof value;
}

/** A value for an error message: only strings are quoted, because other values may not be serializable. */
export function shownValue(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value.slice(0, 80)) : kindOf(value);
}

/** An object of the caller, before it was checked. */
export type Loose = Readonly<Record<string, unknown>>;

/** The value, which must be a string. */
export function stringAt(value: unknown, path: string): string {
  if (typeof value !== "string") throw invalidInput(path, `expected a string, got ${kindOf(value)}`);
  return value;
}
