/** Frozen objects that were found well-formed: tools, for example, are the same with every call. */
const known = new WeakSet<object>();

/**
 * Whether no string of a JSON value has half of a surrogate pair. V8 keeps strings without wide characters apart and
 * answers for those at once, so this is much cheaper than a search through the JSON text.
 */
export function isWellFormed(value: unknown): boolean {
  if (typeof value === "string") return value.isWellFormed();
  if (typeof value === "function") return !("toJSON" in value);
  if (typeof value !== "object" || value === null || known.has(value)) return true;
  if ("toJSON" in value) return false;
  const isFine = Array.isArray(value) ? value.every(isWellFormed) : hasWellFormedFields(value);
  if (isFine && isDeeplyFrozen(value)) known.add(value);
  return isFine;
}

/** Of what was found well-formed just now, so that what is frozen below it is known. */
function isDeeplyFrozen(value: object): boolean {
  const isKnown = (inner: unknown) => typeof inner !== "object" || inner === null || known.has(inner);
  return Object.isFrozen(value) && Object.values(value).every(isKnown);
}

function hasWellFormedFields(value: object): boolean {
  for (const name in value)
    if (!name.isWellFormed() || !isWellFormed((value as Record<string, unknown>)[name])) return false;
  return true;
}
