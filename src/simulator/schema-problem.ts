import { asArray, asNumber, asObject, asString, asStrings, type Json } from "../dialects/served/json.ts";
import { withDescribedBounds } from "./described-bounds.ts";
import { regexOf } from "./pattern-text.ts";
import { hasFormat } from "./schema-format.ts";
import { brokenNumberKeyword } from "./schema-number.ts";
import { pointed } from "./schema-pointer.ts";
import { sameJson } from "./schema-rule.ts";

/** The keyword that a value violates: `minimum 3`, or `the schema false`. */
export function problemOf(schema: unknown, value: unknown, root: Json | boolean): string | undefined {
  if (schema === false) return "the schema false";
  const given = asObject(schema);
  if (given === undefined) return undefined;
  const rule = withDescribedBounds(given);
  for (const check of CHECKS) {
    const problem = check(rule, value, root);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

type Check = (rule: Json, value: unknown, root: Json | boolean) => string | undefined;

function fits(schema: unknown, value: unknown, root: Json | boolean): boolean {
  return problemOf(schema, value, root) === undefined;
}

function firstProblem(
  pairs: readonly (readonly [schema: unknown, value: unknown])[],
  root: Json | boolean,
): string | undefined {
  for (const [schema, value] of pairs) {
    const problem = problemOf(schema, value, root);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function broken(rule: Json, keyword: string): string {
  const text = JSON.stringify(rule[keyword]) ?? "";
  return `${keyword} ${text.length > 120 ? `${text.slice(0, 119)}…` : text}`;
}

const reference: Check = ({ $ref }, value, root) => {
  if (typeof $ref !== "string") return undefined;
  const target = pointed(root, $ref);
  return target === undefined ? `$ref "${$ref}", which leads nowhere` : problemOf(target, value, root);
};

const dynamic: Check = (rule) => (asString(rule.$dynamicRef) === undefined ? undefined : broken(rule, "$dynamicRef"));

const type: Check = (rule, value) => {
  const types = asStrings(rule.type).map((name) => name.toLowerCase());
  if (types.length === 0 || types.some((name) => isOfType(name, value))) return undefined;
  return rule.nullable === true && value === null ? undefined : broken(rule, "type");
};

function isOfType(name: string, value: unknown): boolean {
  if (name === "integer") return Number.isInteger(value);
  if (name === "object") return asObject(value) !== undefined;
  if (name === "array") return Array.isArray(value);
  return name === "null" ? value === null : typeof value === name;
}

const listed: Check = (rule, value) => {
  if ("const" in rule && !sameJson(rule.const, value)) return broken(rule, "const");
  const isListed = !Array.isArray(rule.enum) || rule.enum.some((one) => sameJson(one, value));
  return isListed ? undefined : broken(rule, "enum");
};

const parts: Check = (rule, value, root) => {
  const problem = firstProblem(
    asArray(rule.allOf).map((part) => [part, value]),
    root,
  );
  if (problem !== undefined) return problem;
  const fitting = (keyword: string) => asArray(rule[keyword]).filter((part) => fits(part, value, root)).length;
  if (asArray(rule.anyOf).length > 0 && fitting("anyOf") === 0) return broken(rule, "anyOf");
  if (asArray(rule.oneOf).length > 0 && fitting("oneOf") !== 1) return broken(rule, "oneOf");
  if ("not" in rule && fits(rule.not, value, root)) return broken(rule, "not");
  return undefined;
};

const condition: Check = (rule, value, root) => {
  if (!("if" in rule)) return undefined;
  return problemOf(fits(rule.if, value, root) ? rule.then : rule.else, value, root);
};

const text: Check = (rule, value) => {
  const keyword = typeof value === "string" ? brokenStringKeyword(value, rule) : undefined;
  return keyword === undefined ? undefined : broken(rule, keyword);
};

export function brokenStringKeyword(value: string, rule: Json): string | undefined {
  const length = Array.from(value).length;
  if (length < (asNumber(rule.minLength) ?? 0)) return "minLength";
  if (length > (asNumber(rule.maxLength) ?? Number.POSITIVE_INFINITY)) return "maxLength";
  if (asStrings(rule.pattern).some((pattern) => regexOf(pattern)?.test(value) !== true)) return "pattern";
  return asStrings(rule.format).every((format) => hasFormat(value, format)) ? undefined : "format";
}

const number: Check = (rule, value) => {
  const keyword = typeof value === "number" ? brokenNumberKeyword(value, rule) : undefined;
  return keyword === undefined ? undefined : broken(rule, keyword);
};

const list: Check = (rule, value, root) => {
  if (!Array.isArray(value)) return undefined;
  const values: readonly unknown[] = value;
  if (values.length < (asNumber(rule.minItems) ?? 0)) return broken(rule, "minItems");
  if (values.length > (asNumber(rule.maxItems) ?? Number.POSITIVE_INFINITY)) return broken(rule, "maxItems");
  if (rule.uniqueItems === true && hasTwice(values)) return broken(rule, "uniqueItems");
  const [first, others] = itemSchemas(rule);
  return (
    firstProblem(
      values.map((item, index) => [index < first.length ? first[index] : others, item]),
      root,
    ) ?? contained(rule, values, root)
  );
};

/** Draft 7 has the first items in `items` and the others in `additionalItems`. */
export function itemSchemas(rule: Json): readonly [first: readonly unknown[], others: unknown] {
  if (Array.isArray(rule.items)) return [rule.items, rule.additionalItems];
  return [asArray(rule.prefixItems), rule.items];
}

function hasTwice(values: readonly unknown[]): boolean {
  return values.some((value, index) => values.slice(0, index).some((other) => sameJson(other, value)));
}

function contained(rule: Json, values: readonly unknown[], root: Json | boolean): string | undefined {
  if (!("contains" in rule)) return undefined;
  const count = values.filter((value) => fits(rule.contains, value, root)).length;
  if (count < (asNumber(rule.minContains) ?? 1)) return broken(rule, "contains");
  return count > (asNumber(rule.maxContains) ?? Number.POSITIVE_INFINITY) ? broken(rule, "maxContains") : undefined;
}

const table: Check = (rule, value, root) => {
  const object = asObject(value);
  if (object === undefined) return undefined;
  const names = Object.keys(object);
  if (names.length < (asNumber(rule.minProperties) ?? 0)) return broken(rule, "minProperties");
  if (names.length > (asNumber(rule.maxProperties) ?? Number.POSITIVE_INFINITY)) return broken(rule, "maxProperties");
  const missing = asStrings(rule.required).find((name) => !Object.hasOwn(object, name));
  if (missing !== undefined) return `required "${missing}"`;
  return (
    firstProblem(
      names.flatMap((name) => propertySchemas(rule, name).map((schema) => [schema, object[name]] as const)),
      root,
    ) ??
    firstProblem(
      names.map((name) => [rule.propertyNames, name]),
      root,
    ) ??
    dependent(rule, object, root)
  );
};

/** All schemas that apply to a property. */
export function propertySchemas(rule: Json, name: string): readonly unknown[] {
  const properties = asObject(rule.properties) ?? {};
  const patterns = Object.entries(asObject(rule.patternProperties) ?? {});
  const found = [
    ...(Object.hasOwn(properties, name) ? [properties[name]] : []),
    ...patterns.filter(([pattern]) => regexOf(pattern)?.test(name) === true).map(([, schema]) => schema),
  ];
  return found.length > 0 ? found : [rule.additionalProperties ?? true];
}

function dependent(rule: Json, object: Json, root: Json | boolean): string | undefined {
  const names = Object.entries(asObject(rule.dependentRequired) ?? {});
  const lacking = names.find(
    ([name, needed]) => Object.hasOwn(object, name) && asStrings(needed).some((other) => !Object.hasOwn(object, other)),
  );
  if (lacking !== undefined) return broken(rule, "dependentRequired");
  const schemas = Object.entries(asObject(rule.dependentSchemas) ?? {});
  return firstProblem(
    schemas.filter(([name]) => Object.hasOwn(object, name)).map(([, schema]) => [schema, object]),
    root,
  );
}

const CHECKS: readonly Check[] = [
  ...[reference, dynamic, type, listed, parts, condition],
  ...[text, number, list, table],
];
