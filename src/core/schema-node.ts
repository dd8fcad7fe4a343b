import type { JsonSchema } from "./tool.ts";

/** A JSON Schema, or any part of one that is an object. */
export type Node = Readonly<Record<string, unknown>>;

/** A schema without the keywords that its provider does not support. */
export interface LoweredSchema {
  readonly schema: JsonSchema;
  /** Paths of constraints that are no longer enforced: `$.properties.age.minimum`. */
  readonly lost: readonly string[];
}

/** The schema that a local reference points to; `undefined` for any other reference. */
export function resolveRef(ref: string, root: JsonSchema): unknown {
  if (ref !== "#" && !ref.startsWith("#/")) return undefined;
  let node: unknown = root;
  for (const step of ref.split("/").slice(1)) {
    const key = decodeURIComponentSafely(step).replaceAll("~1", "/").replaceAll("~0", "~");
    if (typeof node !== "object" || node === null || !Object.hasOwn(node, key)) return undefined;
    node = (node as Node)[key];
  }
  return node;
}

function decodeURIComponentSafely(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
