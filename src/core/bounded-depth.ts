const MAX_DEPTH = 500;
const TOO_DEEP = `[nested deeper than ${MAX_DEPTH} levels]`;

/**
 * The value, or a copy without parts nested so deep that `JSON.stringify` would overflow the stack. `JSON.parse` does not
 * recurse, so a provider can send any depth.
 */
export function boundedDepth(value: unknown): unknown {
  return isDeep(value) ? copied(value, 0) : value;
}

/** The same for the value of a JSON text. */
export function boundedJson(text: string, value: unknown): unknown {
  return isDeepJson(text, value) ? copied(value, 0) : value;
}

/** Counts the brackets of the text first, because that is faster than a walk through its value. */
export function isDeepJson(text: string, value: unknown): boolean {
  return countOf("{", text) + countOf("[", text) > MAX_DEPTH && isDeep(value);
}

function countOf(bracket: string, text: string): number {
  let count = 0;
  for (let at = text.indexOf(bracket); at >= 0 && count <= MAX_DEPTH; at = text.indexOf(bracket, at + 1)) count++;
  return count;
}

export function isDeep(root: unknown): boolean {
  const seen = new Set<unknown>();
  let level: unknown[] = [root];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) return true;
    const inner: unknown[] = [];
    for (const value of level) {
      if (typeof value !== "object" || value === null || seen.has(value)) continue;
      seen.add(value);
      for (const child of Object.values(value)) if (typeof child === "object") inner.push(child);
    }
    level = inner;
  }
  return false;
}

function copied(value: unknown, depth: number): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (depth >= MAX_DEPTH) return TOO_DEEP;
  if (Array.isArray(value)) return value.map((inner) => copied(inner, depth + 1));
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, copied(inner, depth + 1)]));
}
