import { isPlain } from "./plain-object.ts";

/** Values nested deeper are not searched, because the search recurses. */
const MAX_DEPTH = 500;

/** Frozen objects without lone surrogates: tools, for example, are the same for many calls. */
const known = new WeakSet<object>();

/**
 * Whether a JSON value certainly contains no lone surrogate. `isWellFormed` takes constant time for strings of one-byte
 * characters, so this is much faster than a search of the JSON text.
 */
export function isWellFormed(value: unknown, depth = 0): boolean {
  if (typeof value === "string") return value.isWellFormed();
  if (typeof value === "function") return !("toJSON" in value);
  if (typeof value !== "object" || value === null || known.has(value)) return true;
  if (depth > MAX_DEPTH || "toJSON" in value) return false;
  // Not `for … in`: V8 compiles that for the shape of one object, and again for the next one.
  for (const name of Object.keys(value)) {
    if (!name.isWellFormed() || !isWellFormed((value as Fields)[name], depth + 1)) return false;
  }
  if (isDeeplyFrozen(value)) known.add(value);
  return true;
}

/** The value itself, or a copy in which U+FFFD replaces every lone surrogate. Class instances stay as they are. */
export function toWellFormed(value: unknown, depth = 0): unknown {
  if (typeof value === "string") return value.toWellFormed();
  if (typeof value !== "object" || value === null || depth > MAX_DEPTH) return value;
  if (Array.isArray(value)) {
    const items = value.map((item: unknown) => toWellFormed(item, depth + 1));
    return items.some((item, index) => item !== value[index]) ? items : value;
  }
  if (!isPlain(value)) return value;
  const fields = Object.entries(value).map(
    ([name, inner]) => [name.toWellFormed(), toWellFormed(inner, depth + 1)] as const,
  );
  return fields.some(([name, inner]) => (value as Fields)[name] !== inner) ? Object.fromEntries(fields) : value;
}

type Fields = Readonly<Record<string, unknown>>;

/** Expects that every frozen object inside is known already. */
function isDeeplyFrozen(value: object): boolean {
  if (!Object.isFrozen(value)) return false;
  return Object.values(value).every((inner) => typeof inner !== "object" || inner === null || known.has(inner));
}
