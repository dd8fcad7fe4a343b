import type { JsonSchema } from "../../core/tool.ts";

/** One keyword or property that changed for strict mode. */
export interface SchemaChange {
  readonly path: string;
  readonly from: unknown;
  /** `undefined` if it was removed. */
  readonly to: unknown;
  readonly reason: string;
}

export type StrictSchema =
  | { readonly strict: true; readonly schema: JsonSchema; readonly changes: readonly SchemaChange[] }
  | { readonly strict: false; readonly reason: string };

/** https://developers.openai.com/api/docs/guides/structured-outputs#supported-schemas */
const KEPT = new Set([
  ...["type", "properties", "required", "additionalProperties", "items", "anyOf", "enum", "const", "$ref", "$defs"],
  ...["definitions", "title", "description", "pattern", "format", "multipleOf", "minimum", "maximum"],
  ...["exclusiveMinimum", "exclusiveMaximum", "minItems", "maxItems"],
]);
/** Keywords that do not affect validity, so their removal is not reported. */
const SILENT = new Set(["$schema", "$id", "$comment", "examples", "deprecated", "readOnly", "writeOnly"]);
/** Keywords that cannot be removed without changing the meaning of the schema. */
const ESSENTIAL = new Set([
  ...["allOf", "if", "then", "else", "patternProperties", "prefixItems", "dependentSchemas", "$dynamicRef", "$anchor"],
]);
const FORMATS = new Set(["date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"]);
const LOOKAROUND = /\(\?<?[=!]/;

class NotStrict extends Error {}

/**
 * Converts a schema to OpenAI's strict mode: every object closed, every property required, optional ones nullable,
 * unsupported constraints removed. Without the added nulls, the result accepts the same values as the original, except for
 * the removed constraints.
 */
export function lowerToStrict(schema: JsonSchema): StrictSchema {
  const changes: SchemaChange[] = [];
  try {
    const lowered = lowerNode(resolveRoot(schema), "", changes);
    if (lowered["type"] !== "object") throw new NotStrict("its root is not an object");
    return { strict: true, schema: lowered, changes };
  } catch (error) {
    if (error instanceof NotStrict) return { strict: false, reason: error.message };
    throw error;
  }
}

/** A root that is only a reference (a recursive type) is inlined, because the root has to be an object. */
function resolveRoot(schema: JsonSchema): JsonSchema {
  const { $ref: reference, ...rest } = schema;
  const [, keyword, name] = /^#\/(\$defs|definitions)\/([^/]+)$/.exec(String(reference)) ?? [];
  if (keyword === undefined || name === undefined) return schema;
  const definition = (schema[keyword] as JsonSchema | undefined)?.[name];
  return isSchema(definition) ? { ...definition, ...rest } : schema;
}

function lowerNode(node: unknown, path: string, changes: SchemaChange[]): JsonSchema {
  if (!isSchema(node)) throw new NotStrict(`${at(path)} accepts anything`);
  const source = mergeSingleAllOf(node);
  const lowered: Record<string, unknown> = {};
  const moved: string[] = [];
  for (const [keyword, value] of Object.entries(source)) {
    if (isKept(keyword, value, path)) lowered[keyword] = value;
    else if (keyword === "oneOf") lowered["anyOf"] = value;
    else if (!SILENT.has(keyword)) {
      changes.push(removed(path, keyword, value));
      if (keyword !== "default") moved.push(`${keyword}: ${JSON.stringify(value)}`);
    }
  }
  if (moved.length > 0) lowered["description"] = describedBy(source["description"], moved);
  if ("oneOf" in source) changes.push(becameAnyOf(path, source["oneOf"]));
  requireKind(lowered, path);
  lowerChildren(lowered, path, changes);
  return lowered["$ref"] === undefined ? lowered : besideReference(lowered);
}

/** The model reads the description, so it can still follow constraints that the provider does not enforce. */
function describedBy(description: unknown, moved: readonly string[]): string {
  const list = moved.join(", ");
  return typeof description === "string" && description !== "" ? `${description}\n${list}` : list;
}

function isKept(keyword: string, value: unknown, path: string): boolean {
  if (ESSENTIAL.has(keyword)) throw new NotStrict(`${at(path)} uses ${keyword}`);
  if (keyword === "format") return FORMATS.has(String(value));
  if (keyword === "pattern") return !LOOKAROUND.test(String(value));
  return KEPT.has(keyword);
}

function removed(path: string, keyword: string, value: unknown): SchemaChange {
  return {
    path: join(path, keyword),
    from: value,
    to: undefined,
    reason: `strict mode does not support this ${keyword}`,
  };
}

function becameAnyOf(path: string, value: unknown): SchemaChange {
  return { path: join(path, "oneOf"), from: value, to: "anyOf", reason: "strict mode supports anyOf, not oneOf" };
}

/** Schema generators use `allOf` with one member to attach a description to a reference. */
function mergeSingleAllOf(node: JsonSchema): JsonSchema {
  const { allOf, ...rest } = node;
  if (!Array.isArray(allOf) || allOf.length !== 1 || !isSchema(allOf[0])) return node;
  const clash = Object.keys(allOf[0]).some((keyword) => keyword in rest && keyword !== "description");
  return clash ? node : { ...allOf[0], ...rest };
}

/** Strict mode requires a type for every schema. */
function requireKind(node: Record<string, unknown>, path: string): void {
  if ("type" in node || "anyOf" in node || "$ref" in node) return;
  const values = "const" in node ? [node["const"]] : node["enum"];
  if (Array.isArray(values) && values.length > 0) node["type"] = typeOfValues(values);
  else if ("properties" in node) node["type"] = "object";
  else if ("items" in node) node["type"] = "array";
  else throw new NotStrict(`${at(path)} accepts anything`);
}

function typeOfValues(values: readonly unknown[]): string | string[] {
  const types = [...new Set(values.map(typeOf))];
  return types.length === 1 ? (types[0] as string) : types;
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

function lowerChildren(node: Record<string, unknown>, path: string, changes: SchemaChange[]): void {
  for (const keyword of ["$defs", "definitions"]) {
    if (isSchema(node[keyword])) node[keyword] = lowerAll(node[keyword], join(path, keyword), changes);
  }
  if (Array.isArray(node["anyOf"])) {
    const variants: readonly unknown[] = node["anyOf"];
    node["anyOf"] = variants.map((variant, index) => lowerNode(variant, join(path, `anyOf.${index}`), changes));
  }
  if (hasType(node, "array")) node["items"] = lowerNode(node["items"], join(path, "items"), changes);
  if (hasType(node, "object")) closeObject(node, path, changes);
}

function lowerAll(schemas: JsonSchema, path: string, changes: SchemaChange[]): Record<string, unknown> {
  const entries = Object.entries(schemas).map(([name, schema]) => [name, lowerNode(schema, join(path, name), changes)]);
  return Object.fromEntries(entries) as Record<string, unknown>;
}

function closeObject(node: Record<string, unknown>, path: string, changes: SchemaChange[]): void {
  const { properties, additionalProperties } = node;
  if (additionalProperties !== undefined && additionalProperties !== false)
    throw new NotStrict(`${at(path)} allows any property`);
  if (!isSchema(properties) && additionalProperties !== false) throw new NotStrict(`${at(path)} allows any property`);
  const lowered = lowerAll(isSchema(properties) ? properties : {}, join(path, "properties"), changes);
  const required = new Set<unknown>(Array.isArray(node["required"]) ? node["required"] : []);
  for (const [name, schema] of Object.entries(lowered)) {
    if (required.has(name)) continue;
    lowered[name] = nullable(schema as JsonSchema);
    const reason = "strict mode has no optional properties; the model writes null instead";
    changes.push({ path: join(path, `properties.${name}`), from: "optional", to: "required, nullable", reason });
  }
  for (const name of required)
    if (!(String(name) in lowered)) throw new NotStrict(`${at(path)} requires ${String(name)} without declaring it`);
  node["properties"] = lowered;
  node["required"] = Object.keys(lowered);
  node["additionalProperties"] = false;
}

function nullable(schema: JsonSchema): JsonSchema {
  if (acceptsNull(schema)) return schema;
  const { type, enum: values, anyOf } = schema;
  if (Array.isArray(anyOf)) return { ...schema, anyOf: [...anyOf, { type: "null" }] };
  if (type === undefined || "const" in schema) return { anyOf: [schema, { type: "null" }] };
  const types = Array.isArray(type) ? type.filter((name) => name !== "null") : [type];
  return {
    ...schema,
    type: [...types, "null"],
    ...(Array.isArray(values) && { enum: [...new Set([...values, null])] }),
  };
}

function acceptsNull(schema: unknown): boolean {
  if (schema === true) return true;
  if (!isSchema(schema)) return false;
  if ("const" in schema) return schema["const"] === null;
  if (Array.isArray(schema["enum"]) && !schema["enum"].includes(null)) return false;
  const variants = schema["anyOf"] ?? schema["oneOf"];
  if (Array.isArray(variants)) return variants.some(acceptsNull);
  return hasType(schema, "null") || (schema["type"] === undefined && schema["enum"] !== undefined);
}

/** No keyword may stand next to a `$ref`, so keywords there move to an enclosing schema. */
function besideReference(node: JsonSchema): JsonSchema {
  const { $ref: reference, ...rest } = node;
  return Object.keys(rest).length === 0 ? node : { ...rest, anyOf: [{ $ref: reference }] };
}

function hasType(node: JsonSchema, name: string): boolean {
  return node["type"] === name || (Array.isArray(node["type"]) && node["type"].includes(name));
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function join(path: string, step: string): string {
  return path === "" ? step : `${path}.${step}`;
}

function at(path: string): string {
  return path === "" ? "the root" : path;
}
