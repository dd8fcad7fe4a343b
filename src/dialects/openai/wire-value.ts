/** Reads untrusted JSON: a value of another type counts as absent. */
export type WireObject = Readonly<Record<string, unknown>>;

export function objectIn(value: unknown): WireObject | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as WireObject) : undefined;
}

export function listIn(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A non-empty string; an empty one counts as absent. */
export function textIn(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

export function numberIn(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/** The objects of an array; other elements are skipped. */
export function objectsIn(value: unknown): readonly WireObject[] {
  if (!Array.isArray(value)) return NONE;
  const items: readonly unknown[] = value;
  return items.every((item) => objectIn(item) !== undefined)
    ? (items as readonly WireObject[])
    : items.map(objectIn).filter((item) => item !== undefined);
}

const NONE: readonly WireObject[] = [];
