import { isNode, type LoweredSchema, type Node, resolveRef } from "../../core/schema-node.ts";
import type { JsonSchema } from "../../core/tool.ts";

/**
 * Converts a schema to one that the API enforces. Unsupported keywords move to the description, where the model reads them,
 * and are listed as lost; objects are closed.
 * https://platform.claude.com/docs/en/build-with-claude/structured-outputs#json-schema-limitations
 */
export function lowerSchema(schema: JsonSchema): LoweredSchema {
  const lost: string[] = [];
  return { schema: lowerObject(schema, "$", lost), lost };
}

/** Whether a definition refers to itself; the API rejects such schemas as an output format, but accepts them for tools. */
export function isRecursive(schema: JsonSchema): boolean {
  return reachesItself(schema, { root: schema, open: new Set(), closed: new Set() });
}

const FORMATS: ReadonlySet<unknown> = new Set([
  ...["date-time", "time", "date", "duration", "email"],
  ...["hostname", "uri", "ipv4", "ipv6", "uuid"],
]);
const KEPT: ReadonlySet<string> = new Set(["type", "title", "const", "enum", "default", "$ref", "required"]);
/** Keywords without constraints, so omitting them loses nothing. */
const ANNOTATIONS: ReadonlySet<string> = new Set([
  ...["$schema", "$id", "$anchor", "$comment", "examples", "example", "deprecated", "readOnly", "writeOnly"],
]);

function lowerNode(node: unknown, path: string, lost: string[]): unknown {
  if (isNode(node)) return lowerObject(node, path, lost);
  if (node === false) lost.push(path);
  return {};
}

function lowerObject(node: Node, path: string, lost: string[]): JsonSchema {
  const lowered: Record<string, unknown> = {};
  const moved: string[] = [];
  for (const [key, value] of Object.entries(node)) {
    if (value === undefined || ANNOTATIONS.has(key) || key === "description" || key === "additionalProperties")
      continue;
    const place = `${path}.${key}`;
    if (KEPT.has(key)) lowered[key] = value;
    else if ((key === "oneOf" && "anyOf" in node) || !lowerKeyword(key, value, place, lowered, lost)) {
      moved.push(`${key}: ${JSON.stringify(value)}`);
      lost.push(place);
    }
  }
  if (isObjectSchema(node)) close(node, lowered, path, moved, lost);
  const description = [node["description"], moved.join(", ")].filter((text) => typeof text === "string" && text !== "");
  if (description.length > 0) lowered["description"] = description.join("\n");
  return lowered;
}

/** Converts one keyword with nested schemas or a partly supported value; false if it has to move to the description. */
function lowerKeyword(
  key: string,
  value: unknown,
  path: string,
  out: Record<string, unknown>,
  lost: string[],
): boolean {
  switch (key) {
    case "properties":
    case "$defs":
    case "definitions":
      if (!isNode(value)) return false;
      out[key] = mapValues(value, (child, name) => lowerNode(child, `${path}.${name}`, lost));
      return true;
    case "anyOf":
    case "oneOf":
    case "allOf":
      if (!Array.isArray(value)) return false;
      out[key === "oneOf" ? "anyOf" : key] = value.map((child, index) => lowerNode(child, `${path}[${index}]`, lost));
      return true;
    case "items":
      if (Array.isArray(value)) return false;
      out["items"] = lowerNode(value, path, lost);
      return true;
    case "format":
      if (FORMATS.has(value)) out["format"] = value;
      return FORMATS.has(value);
    case "minItems":
      if (value === 0 || value === 1) out["minItems"] = value;
      return value === 0 || value === 1;
    default:
      return false;
  }
}

function isObjectSchema(node: Node): boolean {
  return (
    node["type"] === "object" ||
    (Array.isArray(node["type"]) && node["type"].includes("object")) ||
    isNode(node["properties"])
  );
}

function close(node: Node, lowered: Record<string, unknown>, path: string, moved: string[], lost: string[]): void {
  lowered["additionalProperties"] = false;
  const extra = node["additionalProperties"];
  if (extra === undefined || extra === false) return;
  moved.push(`additionalProperties: ${JSON.stringify(extra)}`);
  lost.push(`${path}.additionalProperties`);
}

interface Walk {
  readonly root: JsonSchema;
  /** References on the path to the current node. */
  readonly open: Set<string>;
  /** References that are not recursive; visited once, so that the walk is linear. */
  readonly closed: Set<string>;
}

function reachesItself(node: unknown, walk: Walk): boolean {
  if (Array.isArray(node)) return node.some((child) => reachesItself(child, walk));
  if (!isNode(node)) return false;
  const ref = node["$ref"];
  if (typeof ref === "string") return followsItself(ref, walk);
  return Object.entries(node).some(
    ([key, child]) => key !== "$defs" && key !== "definitions" && reachesItself(child, walk),
  );
}

function followsItself(ref: string, walk: Walk): boolean {
  if (walk.open.has(ref)) return true;
  if (walk.closed.has(ref)) return false;
  walk.open.add(ref);
  const found = reachesItself(resolveRef(ref, walk.root), walk);
  walk.open.delete(ref);
  walk.closed.add(ref);
  return found;
}

function mapValues(node: Node, map: (value: unknown, key: string) => unknown): Record<string, unknown> {
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, map(value, key)]));
}
