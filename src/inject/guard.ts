/** Checks the type of a dependency: a class, or a function such as `isModel`. */
export type Guard<T> = ((value: unknown) => value is T) | Class<T>;

type Class<T> = abstract new (...args: never[]) => T;

/** Why a guard rejects a value; `undefined` if it accepts it. */
export function refusal(value: unknown, guard: Guard<unknown>): string | undefined {
  const fits = isClass(guard) ? value instanceof guard : guard(value);
  return fits ? undefined : `expected ${expectedBy(guard)}, got ${described(value)}`;
}

function isClass(guard: Guard<unknown>): guard is Class<unknown> {
  return /^(?:class\b|function [A-Z])/.test(Function.prototype.toString.call(guard));
}

function expectedBy({ name }: Guard<unknown>): string {
  const what = name.replace(/^is(?=[A-Z])/, "");
  if (what === "") return "a value that its guard accepts";
  return `${/^[AEIOU]/i.test(what) ? "an" : "a"} ${what}`;
}

function described(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  if (Array.isArray(value)) return "an array";
  if (typeof value !== "object") return `a ${typeof value}`;
  const { name } = (Object.getPrototypeOf(value)?.constructor ?? Object) as { readonly name: string };
  return name === "Object" || name === "" ? "a plain object" : `an instance of ${name}`;
}
