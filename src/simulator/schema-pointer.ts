import { isNode, resolveRef } from "../core/schema-node.ts";
import { asString, type Json } from "../dialects/served/json.ts";

/** The schema that a reference points to: a JSON pointer in the same document, or an anchor. */
export function pointed(root: Json | boolean, reference: string): unknown {
  if (typeof root === "boolean" || !reference.startsWith("#")) return undefined;
  if (reference === "#" || reference.startsWith("#/")) return resolveRef(reference, root);
  return anchored(root, reference.slice(1));
}

function anchored(node: unknown, name: string): unknown {
  if (Array.isArray(node)) return firstOf(node, name);
  if (!isNode(node)) return undefined;
  return asString(node["$anchor"]) === name ? node : firstOf(Object.values(node), name);
}

function firstOf(children: readonly unknown[], name: string): unknown {
  for (const child of children) {
    const found = anchored(child, name);
    if (found !== undefined) return found;
  }
  return undefined;
}
