import { deepFreeze } from "../../core/deep-freeze.ts";
import { isNode, type LoweredSchema, resolveRef } from "../../core/schema-node.ts";
import type { JsonSchema } from "../../core/tool.ts";

/**
 * Converts a schema to the subset that Gemini supports: references are inlined, `const` becomes `enum`, `allOf` is merged.
 * Constraints that Gemini does not enforce move to the description and are listed as lost.
 * https://ai.google.dev/api/generate-content#FIELDS.response_json_schema
 */
export function lowerSchema(schema: JsonSchema, options: { readonly closed: boolean }): LoweredSchema {
  if (options.closed || !Object.isFrozen(schema)) return lowered(schema, options.closed);
  const known = ofTools.get(schema) ?? deepFreeze(lowered(schema, false));
  ofTools.set(schema, known);
  return known;
}

/** A program gives the same tools with every call, and they are frozen where they are read. */
const ofTools = new WeakMap<JsonSchema, LoweredSchema>();

function lowered(schema: JsonSchema, closed: boolean): LoweredSchema {
  const lowering = new Lowering(schema, closed);
  return { schema: lowering.node(schema, "$"), lost: lowering.lost };
}

type Node = Readonly<Record<string, unknown>>;
type Lowered = Record<string, unknown>;

/** Keywords that are copied unchanged. */
const KEPT: ReadonlySet<string> = new Set([
  ...["type", "title", "minItems", "maxItems", "minimum", "maximum", "propertyOrdering"],
]);
const ANNOTATIONS: ReadonlySet<string> = new Set([
  ...["$schema", "$id", "$anchor", "$comment", "$defs", "definitions", "default", "example", "examples"],
  ...["deprecated", "readOnly", "writeOnly"],
]);
/** Keywords that are merged with the keywords next to them. */
const COMBINED: ReadonlySet<string> = new Set(["description", "required", "allOf", "nullable"]);
const FORMATS: ReadonlySet<unknown> = new Set(["date-time", "date", "time", "int32", "int64", "float", "double"]);
/** Inlined references can grow exponentially; beyond this many nodes, the rest is unconstrained. */
const MAX_NODES = 2000;

class Lowering {
  readonly lost: string[] = [];
  /** Whether the API supports `additionalProperties`. */
  readonly closed: boolean;
  readonly #root: JsonSchema;
  readonly #openRefs = new Set<string>();
  #nodes = 0;

  constructor(root: JsonSchema, closed: boolean) {
    this.#root = root;
    this.closed = closed;
  }

  node(value: unknown, path: string): Lowered {
    if (!isNode(value)) {
      if (value === false) this.lost.push(path);
      return {};
    }
    if (++this.#nodes > MAX_NODES) {
      this.lost.push(path);
      return {};
    }
    const ref = value["$ref"];
    return typeof ref === "string" ? this.#reference(ref, value, path) : this.#keywords(value, path);
  }

  /** A recursive schema is cut where it would repeat. */
  #reference(ref: string, { $ref: _, ...beside }: Node, path: string): Lowered {
    const found = resolveRef(ref, this.#root);
    if (!isNode(found) || this.#openRefs.has(ref)) {
      this.lost.push(`${path}.$ref`);
      return this.#keywords({ ...(isNode(found) && sameAgain(ref, found)), ...beside }, path);
    }
    this.#openRefs.add(ref);
    const constrained = Object.keys(beside).some(
      (key) => !ANNOTATIONS.has(key) && key !== "description" && key !== "title",
    );
    const lowered = this.node(
      constrained ? { ...beside, allOf: [found, ...listOf(beside["allOf"])] } : { ...found, ...beside },
      path,
    );
    this.#openRefs.delete(ref);
    return lowered;
  }

  #keywords(node: Node, path: string): Lowered {
    return new LoweredNode(this, node, path).lowered();
  }
}

/** One node of a schema: the kept keywords, and those that move to the description. */
class LoweredNode {
  readonly #lowering: Lowering;
  readonly #node: Node;
  readonly #path: string;
  readonly #out: Lowered = {};
  readonly #moved: string[] = [];

  constructor(lowering: Lowering, node: Node, path: string) {
    this.#lowering = lowering;
    this.#node = node;
    this.#path = path;
  }

  lowered(): Lowered {
    for (const [key, value] of Object.entries(this.#node)) {
      if (value === undefined || ANNOTATIONS.has(key) || COMBINED.has(key)) continue;
      if (KEPT.has(key)) this.#out[key] ??= value;
      else if (!this.#take(key, value)) this.#move(key, value);
    }
    this.#mergeAll();
    this.#require();
    this.#describe();
    return this.#out;
  }

  #move(key: string, value: unknown): void {
    this.#moved.push(`${key}: ${JSON.stringify(value)}`);
    this.#lose(key);
  }

  #lose(key: string): void {
    this.#lowering.lost.push(`${this.#path}.${key}`);
  }

  /** False if the keyword has to move to the description. */
  #take(key: string, value: unknown): boolean {
    const out = this.#out;
    switch (key) {
      case "properties":
        if (!isNode(value)) return false;
        out["properties"] = this.#children(value);
        return true;
      case "items":
        if (Array.isArray(value)) return false;
        out["items"] = this.#lowering.node(value, `${this.#path}.items`);
        return true;
      case "prefixItems":
        if (!Array.isArray(value)) return false;
        out["prefixItems"] = this.#list(key, value);
        return true;
      case "anyOf":
      case "oneOf":
        if (!Array.isArray(value) || "anyOf" in out) return false;
        out["anyOf"] = this.#list(key, value);
        return true;
      case "additionalProperties":
        return this.#takeExtra(value);
      case "enum":
        return Array.isArray(value) && setEnum(value, out, this.#node);
      case "const":
        return setEnum([value], out, this.#node);
      case "format":
        if (FORMATS.has(value)) out["format"] = value;
        return FORMATS.has(value);
      case "exclusiveMinimum":
      case "exclusiveMaximum":
        return setExclusive(key, value, out, this.#node);
      default:
        return false;
    }
  }

  #children(properties: Node): Lowered {
    const entries = Object.entries(properties);
    return Object.fromEntries(
      entries.map(([name, child]) => [name, this.#lowering.node(child, `${this.#path}.properties.${name}`)]),
    );
  }

  #list(key: string, children: readonly unknown[]): readonly Lowered[] {
    return children.map((child, index) => this.#lowering.node(child, `${this.#path}.${key}[${index}]`));
  }

  #takeExtra(value: unknown): boolean {
    if (!this.#lowering.closed) {
      if (value === false) this.#lose("additionalProperties");
      return typeof value === "boolean";
    }
    this.#out["additionalProperties"] =
      typeof value === "boolean" ? value : this.#lowering.node(value, `${this.#path}.additionalProperties`);
    return true;
  }

  #mergeAll(): void {
    const all = this.#node["allOf"];
    if (!Array.isArray(all)) return;
    for (const [index, child] of all.entries()) {
      const lowered = this.#lowering.node(child, `${this.#path}.allOf[${index}]`);
      for (const [key, value] of Object.entries(lowered)) {
        if (!mergeKeyword(key, value, this.#out)) this.#move(`allOf[${index}].${key}`, value);
      }
    }
  }

  /** Only declared properties can be required. */
  #require(): void {
    const out = this.#out;
    const names = [this.#node["required"], out["required"]].flatMap((list) => (Array.isArray(list) ? list : []));
    const known = names.filter((name) => isNode(out["properties"]) && Object.hasOwn(out["properties"], name));
    const unknown = names.filter((name) => !known.includes(name));
    if (unknown.length > 0) this.#move("required", unknown);
    if (known.length > 0) out["required"] = [...new Set(known)];
    else delete out["required"];
  }

  #describe(): void {
    const out = this.#out;
    if (this.#node["nullable"] === true && typeof out["type"] === "string") out["type"] = [out["type"], "null"];
    const words = [this.#node["description"], out["description"], this.#moved.join(", ")];
    const description = [...new Set(words.filter((text) => typeof text === "string" && text !== ""))];
    if (description.length > 0) out["description"] = description.join("\n");
  }
}

function sameAgain(ref: string, { type }: Node): Node {
  const description = `Has the same form as ${ref.split("/").at(-1) || "the whole"} around it.`;
  return { ...(typeof type === "string" && { type }), description };
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Only strings and numbers can be listed; `null` becomes a type. */
function setEnum(values: readonly unknown[], out: Lowered, node: Node): boolean {
  const listed = values.filter((value) => typeof value === "string" || typeof value === "number");
  const types = new Set(listed.map((value) => typeof value));
  const nullable = values.includes(null);
  if (listed.length + (nullable ? 1 : 0) < values.length || types.size > 1) return false;
  const [type = "null"] = types;
  if (listed.length > 0 && "enum" in out) return false;
  if (listed.length > 0) out["enum"] = listed;
  if (node["type"] === undefined) out["type"] = nullable && listed.length > 0 ? [type, "null"] : type;
  return true;
}

/** Integers have an exact inclusive bound; for other numbers the bound itself stays allowed, so the keyword counts as lost. */
function setExclusive(key: "exclusiveMinimum" | "exclusiveMaximum", value: unknown, out: Lowered, node: Node): boolean {
  if (typeof value !== "number") return false;
  const lower = key === "exclusiveMinimum";
  const bound = lower ? "minimum" : "maximum";
  const whole = node["type"] === "integer";
  const limit = whole ? (lower ? Math.floor(value) + 1 : Math.ceil(value) - 1) : value;
  const given = node[bound];
  const rivals = typeof given === "number" ? [limit, given] : [limit];
  out[bound] = lower ? Math.max(...rivals) : Math.min(...rivals);
  return whole;
}

function mergeKeyword(key: string, value: unknown, out: Lowered): boolean {
  const before = out[key];
  if (before === undefined) out[key] = value;
  else if (key === "properties" && isNode(before) && isNode(value)) {
    const twice = Object.keys(value).some((name) => Object.hasOwn(before, name) && !same(before[name], value[name]));
    out[key] = { ...value, ...before };
    return !twice;
  } else if (key === "required" && Array.isArray(before) && Array.isArray(value)) out[key] = [...before, ...value];
  else if (key === "description") out[key] = `${before}\n${value}`;
  else return same(before, value);
  return true;
}

function same(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}
