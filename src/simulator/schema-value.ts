import { pick, randomOf } from "../dialects/served/hash.ts";
import { asList, asNumber, asObject, asObjects, asText, type Json } from "../dialects/served/json.ts";
import { withDescribedBounds } from "./described-bounds.ts";
import { promptWords } from "./prompt-words.ts";
import { numberOf } from "./schema-number.ts";
import { stringOf } from "./schema-string.ts";
import type { ValueContext } from "./value-context.ts";

/** How a value is made up: the same options give the same value. */
export interface ExampleOptions {
  /** Strings and numbers are taken from here where that makes sense. */
  readonly prompt?: string;
  readonly seed?: string;
  /** Put before strings whose content is free. */
  readonly prefix?: string;
}

/** Below this depth only what is required is made, so that recursive schemas end. */
const OPTIONAL_DEPTH = 4;
/** A schema that requires itself has no finite value; it gets null here. */
const LAST_DEPTH = 24;

/**
 * A value that satisfies a JSON Schema (types, enum, const, properties, items, bounds, formats, patterns, anyOf, oneOf,
 * allOf, local $ref). `not`, `if`, `dependent…` and `unevaluated…` are not looked at.
 */
export function exampleOf(schema: unknown, options: ExampleOptions = {}): unknown {
  const root = typeof schema === "boolean" ? schema : (asObject(schema) ?? true);
  const context: ValueContext = {
    root,
    words: promptWords(options.prompt ?? ""),
    prefix: options.prefix ?? "",
    random: randomOf(options.seed ?? options.prompt ?? ""),
  };
  return make(root, "", 0, context);
}

function make(schema: unknown, name: string, depth: number, context: ValueContext): unknown {
  const given = asObject(schema);
  if (given === undefined || depth > LAST_DEPTH) return given === undefined ? stringOf({}, name, context) : null;
  const rule = withDescribedBounds(resolved(given, depth, context));
  if ("const" in rule) return rule.const;
  const choices = asList(rule.enum);
  if (choices.length > 0) return pick(choices, context.random);
  return ofType(typeOf(rule, context, depth), rule, name, depth, context);
}

function ofType(type: string, rule: Json, name: string, depth: number, context: ValueContext): unknown {
  switch (type) {
    case "object":
      return objectOf(rule, depth, context);
    case "array":
      return arrayOf(rule, name, depth, context);
    case "number":
    case "integer":
      return numberOf(rule, type === "integer", context);
    case "boolean":
      return context.random() < 0.5;
    case "null":
      return null;
    default:
      return stringOf(rule, name, context);
  }
}

function typeOf(rule: Json, context: ValueContext, depth: number): string {
  const types = asText(rule.type) ?? pickType(asList(rule.type).map(String), context, depth);
  if (types !== undefined) return types.toLowerCase();
  if (rule.properties !== undefined || rule.required !== undefined) return "object";
  if (rule.items !== undefined || rule.prefixItems !== undefined) return "array";
  if (["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"].some((word) => word in rule))
    return "number";
  return "string";
}

/** Of several types the first that says something, except where an end is needed. */
function pickType(types: readonly string[], _context: ValueContext, depth: number): string | undefined {
  const telling = types.find((type) => type.toLowerCase() !== "null");
  return depth > OPTIONAL_DEPTH && types.includes("null") ? "null" : (telling ?? types[0]);
}

function objectOf(rule: Json, depth: number, context: ValueContext): Json {
  const properties = asObject(rule.properties) ?? {};
  const required = asList(rule.required).filter((name): name is string => typeof name === "string");
  const most = asNumber(rule.maxProperties) ?? Number.POSITIVE_INFINITY;
  const optional = Object.keys(properties).filter((name) => !required.includes(name) && properties[name] !== false);
  const extra = depth > OPTIONAL_DEPTH ? [] : optional.slice(0, Math.max(0, most - required.length));
  const wanted = new Set([...required, ...extra]);
  const declared = Object.keys(properties).filter((name) => wanted.has(name));
  const names = [...declared, ...required.filter((name) => !declared.includes(name))];
  const entries = names.map(
    (name) => [name, make(properties[name] ?? extraSchema(rule), name, depth + 1, context)] as const,
  );
  return Object.fromEntries([...entries, ...fillers(rule, names, depth, context)]);
}

function extraSchema(rule: Json): unknown {
  return asObject(rule.additionalProperties) ?? {};
}

/** Properties of any name, until there are as many as the schema wants (one for a plain map). */
function fillers(
  rule: Json,
  names: readonly string[],
  depth: number,
  context: ValueContext,
): readonly [string, unknown][] {
  const map = asObject(rule.additionalProperties) !== undefined && names.length === 0 && depth <= OPTIONAL_DEPTH;
  const roomy = (asNumber(rule.maxProperties) ?? 1) >= 1;
  const missing = Math.max((asNumber(rule.minProperties) ?? 0) - names.length, map && roomy ? 1 : 0);
  return Array.from({ length: missing }, (_, index) => {
    const name = `key${names.length + index + 1}`;
    return [name, make(extraSchema(rule), name, depth + 1, context)];
  });
}

function arrayOf(rule: Json, name: string, depth: number, context: ValueContext): unknown[] {
  const first = asList(rule.prefixItems);
  const least = asNumber(rule.minItems) ?? 0;
  const most = asNumber(rule.maxItems) ?? Number.POSITIVE_INFINITY;
  const wanted = depth > OPTIONAL_DEPTH ? least : Math.max(least, Math.min(most, Math.max(first.length, 2)));
  const open = rule.items !== false;
  const length = open ? wanted : Math.min(Math.max(wanted, least), first.length);
  const values: unknown[] = [];
  for (let tries = 0; values.length < length && tries < length * 8; tries += 1) {
    const value = make(first[values.length] ?? rule.items ?? {}, singular(name), depth + 1, context);
    if (rule.uniqueItems !== true || !contains(values, value)) values.push(value);
  }
  return values;
}

function contains(values: readonly unknown[], value: unknown): boolean {
  const text = JSON.stringify(value);
  return values.some((other) => JSON.stringify(other) === text);
}

function singular(name: string): string {
  return name.length > 3 && name.endsWith("s") ? name.slice(0, -1) : name;
}

/** The schema with references followed, one branch chosen and all parts of `allOf` laid together. */
function resolved(schema: Json, depth: number, context: ValueContext, hops = 0): Json {
  if (hops > 16) return {};
  const reference = asText(schema.$ref);
  if (reference !== undefined) {
    const { $ref: _followed, ...beside } = schema;
    return merged(resolved(asObject(pointed(context.root, reference)) ?? {}, depth, context, hops + 1), beside);
  }
  const { anyOf, oneOf, allOf, ...own } = schema;
  const parts = asObjects(allOf);
  const branch = branchOf([...asObjects(anyOf), ...asObjects(oneOf)], depth, context);
  return [...parts, ...(branch === undefined ? [] : [branch])]
    .map((part) => resolved(part, depth, context, hops + 1))
    .reduce(merged, own as Json);
}

/** The first branch; deep down the one that ends soonest. */
function branchOf(branches: readonly Json[], depth: number, context: ValueContext): Json | undefined {
  if (depth <= OPTIONAL_DEPTH) return branches.find((branch) => branch.type !== "null") ?? branches[0];
  return branches.find((branch) => !/"\$ref"/.test(JSON.stringify(branch))) ?? pick(branches, context.random);
}

function merged(left: Json, right: Json): Json {
  const both: Record<string, unknown> = { ...left, ...right };
  const properties = { ...asObject(left.properties), ...asObject(right.properties) };
  if (Object.keys(properties).length > 0) both.properties = properties;
  const required = [...new Set([...asList(left.required), ...asList(right.required)])];
  if (required.length > 0) both.required = required;
  return both;
}

function pointed(root: Json | boolean, reference: string): unknown {
  if (reference === "#") return root;
  if (!reference.startsWith("#/")) return undefined;
  const steps = reference
    .slice(2)
    .split("/")
    .map((step) => decodeURIComponent(step).replace(/~1/g, "/").replace(/~0/g, "~"));
  return steps.reduce<unknown>((at, step) => (Array.isArray(at) ? at[Number(step)] : asObject(at)?.[step]), root);
}
