import { isNode, type LoweredSchema, resolveRef } from "../../core/schema-node.ts";
import type { JsonSchema } from "../../core/tool.ts";

/**
 * A schema in the subset Gemini takes: references put in place, `const` as `enum`, `allOf` merged. What it cannot
 * enforce moves into the description and is listed as lost.
 * https://ai.google.dev/api/generate-content#FIELDS.response_json_schema
 */
export function lowerSchema(schema: JsonSchema, options: { readonly closed: boolean }): LoweredSchema {
  const lowering = new Lowering(schema, options.closed);
  const lowered = lowering.node(schema, "$");
  return { schema: lowered, lost: lowering.lost };
}

type Node = Readonly<Record<string, unknown>>;
type Lowered = Record<string, unknown>;

/** Copied as they are. */
const KEPT: ReadonlySet<string> = new Set([
  ...["type", "title", "minItems", "maxItems", "minimum", "maximum", "propertyOrdering"],
]);
const ANNOTATIONS: ReadonlySet<string> = new Set([
  ...["$schema", "$id", "$anchor", "$comment", "$defs", "definitions", "default", "example", "examples"],
  ...["deprecated", "readOnly", "writeOnly"],
]);
/** Read by `finish` together with what they stand beside. */
const COMBINED: ReadonlySet<string> = new Set(["description", "required", "allOf", "nullable"]);
const FORMATS: ReadonlySet<unknown> = new Set(["date-time", "date", "time", "int32", "int64", "float", "double"]);
/** References doubled at every level would grow without end; beyond this the rest is left open. */
const MOST_NODES = 2000;

class Lowering {
  readonly lost: string[] = [];
  readonly #root: JsonSchema;
  readonly #closed: boolean;
  readonly #openRefs = new Set<string>();
  #nodes = 0;

  constructor(root: JsonSchema, closed: boolean) {
    this.#root = root;
    this.#closed = closed;
  }

  node(value: unknown, path: string): Lowered {
    if (!isNode(value)) {
      if (value === false) this.lost.push(path);
      return {};
    }
    if (++this.#nodes > MOST_NODES) {
      this.lost.push(path);
      return {};
    }
    const ref = value["$ref"];
    return typeof ref === "string" ? this.#reference(ref, value, path) : this.#keywords(value, path);
  }

  /** A schema inside itself is cut where it would begin again. */
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
    const out: Lowered = {};
    const moved: string[] = [];
    for (const [key, value] of Object.entries(node)) {
      if (value === undefined || ANNOTATIONS.has(key) || COMBINED.has(key)) continue;
      if (KEPT.has(key)) out[key] ??= value;
      else if (!this.#keyword(key, value, `${path}.${key}`, out, node)) this.#move(key, value, path, moved);
    }
    this.#mergeAll(node["allOf"], path, out, moved);
    this.#finish(node, path, out, moved);
    return out;
  }

  #move(key: string, value: unknown, path: string, moved: string[]): void {
    moved.push(`${key}: ${JSON.stringify(value)}`);
    this.lost.push(`${path}.${key}`);
  }

  /** False when the keyword has to be moved. */
  #keyword(key: string, value: unknown, path: string, out: Lowered, node: Node): boolean {
    switch (key) {
      case "properties":
        if (!isNode(value)) return false;
        out["properties"] = this.#children(value, path);
        return true;
      case "items":
        if (Array.isArray(value)) return false;
        out["items"] = this.node(value, path);
        return true;
      case "prefixItems":
        if (!Array.isArray(value)) return false;
        out["prefixItems"] = value.map((child, index) => this.node(child, `${path}[${index}]`));
        return true;
      case "anyOf":
      case "oneOf":
        if (!Array.isArray(value) || "anyOf" in out) return false;
        out["anyOf"] = value.map((child, index) => this.node(child, `${path}[${index}]`));
        return true;
      case "additionalProperties":
        return this.#extra(value, path.slice(0, -key.length - 1), out);
      case "enum":
        return Array.isArray(value) && setEnum(value, out, node);
      case "const":
        return setEnum([value], out, node);
      case "format":
        if (FORMATS.has(value)) out["format"] = value;
        return FORMATS.has(value);
      case "exclusiveMinimum":
      case "exclusiveMaximum":
        return setExclusive(key, value, out, node);
      default:
        return false;
    }
  }

  #children(properties: Node, path: string): Lowered {
    const entries = Object.entries(properties);
    return Object.fromEntries(entries.map(([name, child]) => [name, this.node(child, `${path}.${name}`)]));
  }

  #extra(value: unknown, path: string, out: Lowered): boolean {
    if (!this.#closed) {
      if (value === false) this.lost.push(`${path}.additionalProperties`);
      return typeof value === "boolean";
    }
    out["additionalProperties"] = typeof value === "boolean" ? value : this.node(value, `${path}.additionalProperties`);
    return true;
  }

  #mergeAll(all: unknown, path: string, out: Lowered, moved: string[]): void {
    if (!Array.isArray(all)) return;
    for (const [index, child] of all.entries()) {
      const lowered = this.node(child, `${path}.allOf[${index}]`);
      for (const [key, value] of Object.entries(lowered)) {
        if (!mergeKeyword(key, value, out)) this.#move(`allOf[${index}].${key}`, value, path, moved);
      }
    }
  }

  #finish(node: Node, path: string, out: Lowered, moved: string[]): void {
    const names = [node["required"], out["required"]].flatMap((list) => (Array.isArray(list) ? list : []));
    const known = names.filter((name) => isNode(out["properties"]) && Object.hasOwn(out["properties"], name));
    const unknown = names.filter((name) => !known.includes(name));
    if (unknown.length > 0) this.#move("required", unknown, path, moved);
    if (known.length > 0) out["required"] = [...new Set(known)];
    else delete out["required"];
    if (node["nullable"] === true && typeof out["type"] === "string") out["type"] = [out["type"], "null"];
    const words = [node["description"], out["description"], moved.join(", ")];
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

/** Whole numbers have a next one; for others the bound itself stays allowed, so the keyword counts as lost. */
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
