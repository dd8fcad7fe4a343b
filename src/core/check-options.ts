import { ModelError } from "./error.ts";
import { nearest } from "./suggest.ts";

/** What an option accepts, and how an error says it: "must be …". */
export interface OptionRule {
  readonly is: string;
  readonly accepts: (value: unknown) => boolean;
  /** What each value of an object must be. */
  readonly values?: OptionRule;
}

/** A rule for each option of an options argument. */
export type OptionRules<Options> = { readonly [name in keyof Required<Options>]: OptionRule };

const isText = (value: unknown) => typeof value === "string";
const isObject = (value: unknown) => typeof value === "object" && value !== null && !Array.isArray(value);
const isFunction = (value: unknown) => typeof value === "function";
const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;

export const TEXT: OptionRule = { is: "a string", accepts: isText };
export const TEXTS: OptionRule = {
  is: "an array of strings",
  accepts: (value) => Array.isArray(value) && value.every(isText),
};
export const FLAG: OptionRule = { is: "true or false", accepts: (value) => typeof value === "boolean" };
export const INDEX: OptionRule = { is: "an integer from 0", accepts: isCount };
export const COUNT: OptionRule = { is: "a positive integer", accepts: (value) => isCount(value) && value !== 0 };
/** A duration; models.toml also has "30s", which code does not. */
export const MILLISECONDS: OptionRule = {
  is: "a positive number of milliseconds",
  accepts: (value) => typeof value === "number" && value > 0,
};
export const TABLE: OptionRule = { is: "an object", accepts: isObject };
export const FUNCTION: OptionRule = { is: "a function", accepts: isFunction };
export const SIGNAL: OptionRule = {
  is: "an AbortSignal",
  accepts: (value) => isObject(value) && isFunction((value as AbortSignal).addEventListener),
};
/** Checked where it is used. */
export const ANYTHING: OptionRule = { is: "anything", accepts: () => true };

/** An object, of a class too, that has these methods. */
export function methods(is: string, required: readonly string[], optional: readonly string[] = []): OptionRule {
  const has = (value: unknown, name: string) => isFunction((value as Record<string, unknown>)[name]);
  return {
    is,
    accepts: (value) =>
      isObject(value) &&
      required.every((name) => has(value, name)) &&
      optional.every((name) => (value as Record<string, unknown>)[name] === undefined || has(value, name)),
  };
}

/** An object whose values all satisfy one rule. */
export function recordOf(is: string, rule: OptionRule): OptionRule {
  return {
    is,
    accepts: (value) => isObject(value) && Object.values(value as object).every(rule.accepts),
    values: rule,
  };
}

export function either(left: OptionRule, right: OptionRule): OptionRule {
  return { is: `${left.is} or ${right.is}`, accepts: (value) => left.accepts(value) || right.accepts(value) };
}

/**
 * Refuses an options argument that is not an object, names that have no effect, and values of another type. An option
 * that is undefined is not given.
 * @throws ModelError `invalid_request`.
 */
export function checkOptions<Options>(options: unknown, rules: OptionRules<Options>, what: string): void {
  const known: Readonly<Record<string, OptionRule>> = rules;
  if (!isObject(options)) throw invalidOption(`${what}: options must be an object`);
  for (const [name, value] of Object.entries(options as object)) {
    if (!Object.hasOwn(known, name)) throw unknownOption(name, Object.keys(known), what);
    const rule = known[name] as OptionRule;
    if (value !== undefined && !rule.accepts(value)) throw wrongValue(`${what}: ${name}`, value, rule);
  }
}

/** Of an object, the first value that is wrong. */
export function wrongValue(place: string, value: unknown, { is, values }: OptionRule): ModelError {
  const [name, inner] =
    values === undefined || !isObject(value)
      ? []
      : (Object.entries(value as object).find(([, one]) => !values.accepts(one)) ?? []);
  if (values !== undefined && name !== undefined) return wrongValue(`${place}.${name}`, inner, values);
  // "must be an array of strings, not an array" would say nothing.
  const isOfThatKind = Array.isArray(value) ? is.startsWith("an array") : is.startsWith("one of");
  return invalidOption(`${place} must be ${is}${isOfThatKind ? "" : `, not ${shown(value)}`}`);
}

/** A string may be a key, so that only its kind is shown. */
function shown(value: unknown): string {
  if (typeof value === "number" || typeof value === "boolean" || value === null) return String(value);
  const kind = Array.isArray(value) ? "array" : typeof value;
  return `${/^[ao]/.test(kind) ? "an" : "a"} ${kind}`;
}

function unknownOption(name: string, known: readonly string[], what: string): ModelError {
  const near = nearest(name, known);
  const hint = near === undefined ? `; known options: ${known.join(", ")}` : ` (did you mean "${near}"?)`;
  return invalidOption(`${what}: unknown option "${name}"${hint}`);
}

export function invalidOption(message: string): ModelError {
  return new ModelError({ code: "invalid_request", message });
}
