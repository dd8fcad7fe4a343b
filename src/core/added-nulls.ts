import { own, setOwn } from "./own.ts";
import { isNode, type Node, resolveRef } from "./schema-node.ts";
import type { JsonSchema } from "./tool.ts";

/**
 * Removes nulls that strict mode added to an answer: properties that are optional and not nullable in the caller's `schema`.
 * In a union, nested or not, the member that matches the value best decides. Returns a new value and changes nothing else.
 */
export function dropAddedNulls(value: unknown, schema: JsonSchema): unknown {
  return new NullDropper(schema).read(value, schema).value;
}

/** A value interpreted by one schema. */
interface Reading {
  /** The value without added nulls. */
  readonly value: unknown;
  /** Number of parts that do not match the schema; infinite if the value itself has another type. */
  readonly misfits: number;
}

type Loose = Readonly<Record<string, unknown>>;

class NullDropper {
  readonly #root: JsonSchema;
  /** Members of a union share parts; without this cache, the work would double at each level of a recursive union. */
  readonly #known = new Map<unknown, Map<Node, Reading>>();

  constructor(root: JsonSchema) {
    this.#root = root;
  }

  /** Uses few calls per level, so that a deeply nested answer does not overflow the stack. */
  read(value: unknown, schema: unknown): Reading {
    const node = this.#resolved(schema);
    if (!isNode(node)) return { value, misfits: node === false ? Number.POSITIVE_INFINITY : 0 };
    const known = this.#known.get(value) ?? new Map<Node, Reading>();
    this.#known.set(value, known);
    const found = known.get(node);
    if (found !== undefined) return found;
    // Ends the recursion when the schema refers to itself for the same value.
    known.set(node, { value, misfits: Number.POSITIVE_INFINITY });
    let reading = this.#readOwn(value, node);
    for (const part of listOf(node["allOf"])) reading = both(reading, this.read(reading.value, part));
    for (const keyword of ["anyOf", "oneOf"]) {
      const members = listOf(node[keyword]);
      if (members.length === 0) continue;
      let best: Reading = { value: reading.value, misfits: Number.POSITIVE_INFINITY };
      for (const member of members) {
        const next = this.read(reading.value, member);
        if (next.misfits < best.misfits) best = next;
      }
      reading = both(reading, best);
    }
    known.set(node, reading);
    return reading;
  }

  #resolved(schema: unknown): unknown {
    let node = schema;
    for (let hop = 0; hop < MAX_REFERENCES && isNode(node) && typeof node["$ref"] === "string"; hop += 1)
      node = resolveRef(node["$ref"], this.#root);
    return node;
  }

  /** Reads the value by the node's own keywords. */
  #readOwn(value: unknown, node: Node): Reading {
    if (!hasType(value, node["type"]) || !mayBeListed(value, node)) return { value, misfits: Number.POSITIVE_INFINITY };
    if (Array.isArray(value)) return "items" in node ? this.#readItems(value, node["items"]) : { value, misfits: 0 };
    if (typeof value === "object" && value !== null)
      return isNode(node["properties"])
        ? this.#readProperties(value as Loose, node, node["properties"])
        : { value, misfits: 0 };
    const isOther = "const" in node && node["const"] !== value;
    const isUnlisted = Array.isArray(node["enum"]) && !node["enum"].includes(value);
    return { value, misfits: isOther || isUnlisted ? 1 : 0 };
  }

  #readItems(items: readonly unknown[], schema: unknown): Reading {
    const values: unknown[] = [];
    let misfits = 0;
    for (const item of items) {
      const reading = this.read(item, schema);
      values.push(reading.value);
      misfits += countOf(reading);
    }
    return { value: values, misfits };
  }

  #readProperties(value: Loose, node: Node, properties: Loose): Reading {
    const required = listOf(node["required"]);
    const kept: Record<string, unknown> = {};
    let misfits = required.filter((name) => !Object.hasOwn(value, String(name))).length;
    for (const [name, item] of Object.entries(value)) {
      const reading = this.read(item, own(properties, name));
      const wasAdded = item === null && reading.misfits > 0 && !required.includes(name);
      if (wasAdded) continue;
      setOwn(kept, name, reading.value);
      misfits += Object.hasOwn(properties, name) ? countOf(reading) : 1;
    }
    return { value: kept, misfits };
  }
}

/** False for an object or array where `enum` or `const` lists only other values. */
function mayBeListed(value: unknown, node: Node): boolean {
  if (!isContainer(value)) return true;
  const listed = "const" in node ? [node["const"]] : node["enum"];
  return !Array.isArray(listed) || listed.some(isContainer);
}

function isContainer(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

const MAX_REFERENCES = 16;

function both(left: Reading, right: Reading): Reading {
  return { value: right.value, misfits: left.misfits + right.misfits };
}

/** A part of another type counts once, so that the other parts still distinguish the members of a union. */
function countOf({ misfits }: Reading): number {
  return Number.isFinite(misfits) ? misfits : 1;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function hasType(value: unknown, type: unknown): boolean {
  if (type === undefined) return true;
  return Array.isArray(type) ? type.some((one) => isOfType(value, one)) : isOfType(value, type);
}

function isOfType(value: unknown, type: unknown): boolean {
  if (type === "integer") return Number.isInteger(value);
  if (type === "null" || value === null) return type === "null" && value === null;
  if (type === "array" || Array.isArray(value)) return type === "array" && Array.isArray(value);
  return typeof value === type;
}
