import { own, setOwn } from "./own.ts";
import { isNode, resolveRef } from "./schema-node.ts";
import type { JsonSchema } from "./tool.ts";

/**
 * Takes the nulls out of an answer that strict mode put there: properties which `schema`, as the caller wrote it, has as
 * optional and not nullable. Gives a new value; everything else stays as it is.
 */
export function dropAddedNulls(value: unknown, schema: JsonSchema): unknown {
  return dropIn(value, schema, schema);
}

function dropIn(value: unknown, schema: unknown, root: JsonSchema): unknown {
  const node = resolve(schema, root);
  if (node === undefined || typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    const items = itemsOf(node, root);
    return value.map((item) => dropIn(item, items, root));
  }
  const variant = isNode(node["properties"]) ? node : variantFor(value, node, root);
  return variant === undefined ? value : dropInObject(value as Loose, variant, root);
}

/** Of a list, or of the list among the members of a union. */
function itemsOf(node: JsonSchema, root: JsonSchema): unknown {
  if ("items" in node) return node["items"];
  const variants = node["anyOf"] ?? node["oneOf"] ?? node["allOf"];
  if (!Array.isArray(variants)) return undefined;
  return variants.map((variant) => resolve(variant, root)?.["items"]).find((items) => items !== undefined);
}

type Loose = Readonly<Record<string, unknown>>;

function dropInObject(value: Loose, node: JsonSchema, root: JsonSchema): unknown {
  const properties = node["properties"] as Loose;
  const required = Array.isArray(node["required"]) ? node["required"] : [];
  const kept: Record<string, unknown> = {};
  for (const [name, item] of Object.entries(value)) {
    const added =
      item === null &&
      Object.hasOwn(properties, name) &&
      !required.includes(name) &&
      !takesNull(properties[name], root);
    if (!added) setOwn(kept, name, dropIn(item, own(properties, name), root));
  }
  return kept;
}

/** The member of a union an object was written for: the one whose required properties it has, with their constants. */
function variantFor(value: object, node: JsonSchema, root: JsonSchema): JsonSchema | undefined {
  const variants = node["anyOf"] ?? node["oneOf"] ?? node["allOf"];
  if (!Array.isArray(variants)) return undefined;
  for (const variant of variants) {
    const resolved = resolve(variant, root);
    if (resolved !== undefined && isNode(resolved["properties"]) && fits(value as Loose, resolved)) return resolved;
  }
  return undefined;
}

function fits(value: Loose, node: JsonSchema): boolean {
  const properties = node["properties"] as Loose;
  const required: readonly unknown[] = Array.isArray(node["required"]) ? node["required"] : [];
  if (!required.every((name) => String(name) in value)) return false;
  return Object.entries(value).every(([name, item]) => {
    const property = properties[name];
    return isNode(property) && (!("const" in property) || property["const"] === item);
  });
}

function takesNull(schema: unknown, root: JsonSchema): boolean {
  const node = resolve(schema, root);
  if (node === undefined) return schema === true;
  if ("const" in node) return node["const"] === null;
  if (Array.isArray(node["enum"])) return node["enum"].includes(null);
  const variants = node["anyOf"] ?? node["oneOf"];
  if (Array.isArray(variants)) return variants.some((variant) => takesNull(variant, root));
  const { type } = node;
  return type === undefined || type === "null" || (Array.isArray(type) && type.includes("null"));
}

const MOST_REFERENCES = 16;

function resolve(schema: unknown, root: JsonSchema): JsonSchema | undefined {
  let node: unknown = schema;
  for (let hop = 0; hop < MOST_REFERENCES && isNode(node) && typeof node["$ref"] === "string"; hop++) {
    node = resolveRef(node["$ref"], root);
  }
  return isNode(node) ? node : undefined;
}
