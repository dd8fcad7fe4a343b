import { pick, randomOf } from "../dialects/served/hash.ts";
import { asArray, asObject, asStrings, type Json } from "../dialects/served/json.ts";
import { promptWords } from "./prompt-words.ts";
import { arrayOf } from "./schema-array.ts";
import { SchemaHeights } from "./schema-height.ts";
import { numberOf } from "./schema-number.ts";
import { objectOf } from "./schema-object.ts";
import { problemOf } from "./schema-problem.ts";
import { ruleOf } from "./schema-rule.ts";
import { stringOf } from "./schema-string.ts";
import { UnsatisfiedSchema } from "./unsatisfied-schema.ts";
import { isDeep, type ValueContext } from "./value-context.ts";

/** Options for a generated value; equal options give equal values. */
export interface ExampleOptions {
  /** Source of strings and numbers, if they fit. */
  readonly prompt?: string;
  readonly seed?: string;
  /** Prefix of strings without constraints. */
  readonly prefix?: string;
}

/** Maximum number of discarded values, so that a schema without a value is detected in time. */
const MAX_FAILURES = 600;
const TRIES = 12;
const LAST_DEPTH = 200;

/** A value that satisfies a JSON Schema, validated against it. */
export function exampleOf(schema: unknown, options: ExampleOptions = {}): unknown {
  const root = typeof schema === "boolean" ? schema : (asObject(schema) ?? true);
  const heights = new SchemaHeights(root);
  if (root !== false && heights.of(root) === Number.POSITIVE_INFINITY)
    throw new UnsatisfiedSchema("$", "a schema that requires itself, so that no value has an end");
  const context: ValueContext = {
    root,
    words: promptWords(options.prompt ?? ""),
    prefix: options.prefix ?? "",
    random: randomOf(options.seed ?? options.prompt ?? ""),
    heights,
    variety: 0,
    isAnother: false,
    place: "$",
    spent: { values: 0, failures: 0 },
  };
  return make(root, "", 0, context);
}

/** The first value that satisfies the schema; each attempt chooses other branches, types and texts. */
function make(schema: unknown, name: string, depth: number, context: ValueContext): unknown {
  let failure = new UnsatisfiedSchema(context.place, "the schema");
  for (let tries = 0; tries < TRIES; tries += 1) {
    const outcome = attempt(schema, name, depth, { ...context, variety: context.variety + tries });
    if (!(outcome instanceof UnsatisfiedSchema)) return outcome;
    failure = outcome;
    context.spent.failures += 1;
    if (context.spent.failures > MAX_FAILURES || schema === false) break;
  }
  throw failure;
}

function attempt(schema: unknown, name: string, depth: number, context: ValueContext): unknown {
  context.spent.values += 1;
  if (depth > LAST_DEPTH) return new UnsatisfiedSchema(context.place, "a schema this deep");
  try {
    const value = tryValue(schema, name, depth, context);
    const problem = problemOf(schema, value, context.root);
    return problem === undefined ? value : new UnsatisfiedSchema(context.place, problem);
  } catch (error) {
    if (error instanceof UnsatisfiedSchema) return error;
    throw error;
  }
}

function tryValue(schema: unknown, name: string, depth: number, context: ValueContext): unknown {
  const rule = ruleOf(schema, context.root, (branches) => branchOf(branches, depth, context));
  if ("const" in rule) return rule.const;
  if (Array.isArray(rule.enum)) return listedOf(schema, rule.enum, context);
  switch (typeOf(rule, depth, context)) {
    case "object":
      return objectOf(rule, depth, context, make);
    case "array":
      return arrayOf(rule, name, depth, context, make);
    case "number":
      return numberOf(rule, false, context);
    case "integer":
      return numberOf(rule, true, context);
    case "boolean":
      return context.random() < 0.5;
    case "null":
      return null;
    default:
      return stringOf(rule, name, context);
  }
}

function listedOf(schema: unknown, listed: readonly unknown[], context: ValueContext): unknown {
  const fitting = listed.filter((value) => problemOf(schema, value, context.root) === undefined);
  return pick(fitting.length > 0 ? fitting : listed, context.random);
}

const KEYWORDS: readonly (readonly [type: string, keywords: readonly string[]])[] = [
  ["object", ["properties", "required", "patternProperties", "propertyNames", "minProperties", "dependentRequired"]],
  ["array", ["items", "prefixItems", "contains", "minItems", "uniqueItems"]],
  ["number", ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"]],
];

function typeOf(rule: Json, depth: number, context: ValueContext): string {
  const types = asStrings(rule.type).map((type) => type.toLowerCase());
  if (types.length > 0) return typeAmong(types, depth, context);
  return KEYWORDS.find(([, keywords]) => keywords.some((keyword) => keyword in rule))?.[0] ?? "string";
}

/** The first type with content, unless the value has to end. */
function typeAmong(types: readonly string[], depth: number, context: ValueContext): string {
  if (isDeep(depth, context) && types.includes("null")) return "null";
  const telling = [...types.filter((type) => type !== "null"), ...types.filter((type) => type === "null")];
  return telling[context.variety % telling.length] ?? "string";
}

/** The first branch with a finite value; at depth, the shallowest one. */
function branchOf(branches: readonly unknown[], depth: number, context: ValueContext): unknown {
  const { heights, variety, random } = context;
  const finite = branches.filter((branch) => heights.of(branch) < Number.POSITIVE_INFINITY);
  const telling = [...finite.filter((branch) => !isNull(branch)), ...finite.filter(isNull)];
  if (isDeep(depth, context) && variety === 0)
    return telling.sort((left, right) => heights.of(left) - heights.of(right))[0];
  return variety < telling.length ? telling[variety] : pick(telling, random);
}

function isNull(branch: unknown): boolean {
  return asArray(asStrings(asObject(branch)?.type)).join() === "null";
}
