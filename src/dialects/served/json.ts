/** Reads untrusted JSON bodies. */
export type Json = Readonly<Record<string, unknown>>;

export function asObject(value: unknown): Json | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}

export function asArray(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The objects of an array; other elements are skipped. */
export function asObjects(value: unknown): readonly Json[] {
  return asArray(value).filter((member): member is Json => asObject(member) !== undefined);
}

export function asString(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

export function asNumber(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/** A string or an array of strings, as an array. */
export function asStrings(value: unknown): readonly string[] {
  if (typeof value === "string") return [value];
  return asArray(value).filter((member): member is string => typeof member === "string");
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
