/** Reads parts of a JSON value whose shape a server decides: whatever is not of the kind asked for counts as absent. */
export type WireObject = Readonly<Record<string, unknown>>;

export function objectIn(value: unknown): WireObject | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as WireObject) : undefined;
}

export function listIn(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Text that says something; an empty string counts as absent. */
export function textIn(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

export function numberIn(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/** The objects of a list; anything else in it is left out. */
export function objectsIn(value: unknown): readonly WireObject[] {
  return listIn(value)
    .map(objectIn)
    .filter((item) => item !== undefined);
}
