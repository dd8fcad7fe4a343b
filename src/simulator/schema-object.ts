import { asNumber, asObject, asStrings, type Json } from "../dialects/served/json.ts";
import { regexOf, textOfPattern } from "./pattern-text.ts";
import { propertySchemas } from "./schema-problem.ts";
import { mergedRule, ruleOf } from "./schema-rule.ts";
import { isDeep, type MakeValue, type ValueContext } from "./value-context.ts";

/** An object: required properties, declared properties, and other properties until there are enough. */
export function objectOf(given: Json, depth: number, context: ValueContext, make: MakeValue): Json {
  const rule = withDependent(given, context);
  const declared = declaredNames(rule, isDeep(depth, context), context);
  const names = [...declared, ...extraNames(rule, declared, depth, context, make)];
  return Object.fromEntries(
    names.map((name) => {
      const schemas = propertySchemas(rule, name);
      const schema = schemas.length === 1 ? schemas[0] : { allOf: schemas };
      const inner = { ...context, place: `${context.place}.${name}`, variety: 0 };
      return [name, make(schema, name, depth + 1, inner)];
    }),
  );
}

/** Adds the dependent schemas of required properties. */
function withDependent(rule: Json, { root }: ValueContext): Json {
  const schemas = Object.entries(asObject(rule.dependentSchemas) ?? {});
  const needed = schemas.filter(([name]) => asStrings(rule.required).includes(name));
  return needed.map(([, schema]) => ruleOf(schema, root, ([first]) => first)).reduce(mergedRule, rule);
}

/** In the order of the schema. Later attempts omit optional properties. */
function declaredNames(rule: Json, deep: boolean, { heights, variety }: ValueContext): readonly string[] {
  const properties = asObject(rule.properties) ?? {};
  const required = needing(asStrings(rule.required), rule);
  const most = asNumber(rule.maxProperties) ?? Number.POSITIVE_INFINITY;
  const optional = Object.keys(properties).filter(
    (name) => !required.includes(name) && heights.of(properties[name]) < Number.POSITIVE_INFINITY,
  );
  const least = Math.max(0, (asNumber(rule.minProperties) ?? 0) - required.length);
  const extra = optional.slice(0, deep || variety % 2 === 1 ? least : Math.max(0, most - required.length));
  const wanted = new Set(needing([...required, ...extra], rule));
  const declared = Object.keys(properties).filter((name) => wanted.has(name));
  return [...declared, ...[...wanted].filter((name) => !declared.includes(name))];
}

/** The names and the properties that they require. */
function needing(names: readonly string[], rule: Json): readonly string[] {
  const dependent = asObject(rule.dependentRequired) ?? {};
  const all = new Set(names);
  for (const name of all) for (const other of asStrings(dependent[name])) all.add(other);
  return [...all];
}

const NAME_TRIES = 40;

/** Names of undeclared properties: as many as the schema requires, and one for a plain map. */
function extraNames(
  rule: Json,
  declared: readonly string[],
  depth: number,
  context: ValueContext,
  make: MakeValue,
): readonly string[] {
  const isMap = asObject(rule.additionalProperties) !== undefined || "patternProperties" in rule;
  const isEmptyMap = isMap && declared.length === 0 && !isDeep(depth, context) && context.variety === 0;
  const roomy = (asNumber(rule.maxProperties) ?? 1) >= 1;
  const wanted = Math.max(asNumber(rule.minProperties) ?? 0, isEmptyMap && roomy && hasEnd(rule, context) ? 1 : 0);
  const names: string[] = [];
  for (let tries = 0; tries < NAME_TRIES + wanted && declared.length + names.length < wanted; tries += 1) {
    const name = newName(rule, declared.length + names.length + 1, tries, depth, context, make);
    if (!declared.includes(name) && !names.includes(name) && !propertySchemas(rule, name).includes(false))
      names.push(name);
  }
  return names;
}

function hasEnd(rule: Json, { heights }: ValueContext): boolean {
  return heights.of(rule.additionalProperties) < Number.POSITIVE_INFINITY || "patternProperties" in rule;
}

function newName(
  rule: Json,
  count: number,
  tries: number,
  depth: number,
  context: ValueContext,
  make: MakeValue,
): string {
  const place = `${context.place} (the name of a property)`;
  const patterns = Object.keys(asObject(rule.patternProperties) ?? {});
  if (rule.propertyNames !== undefined) {
    const inner = { ...context, place, variety: tries, prefix: "" };
    return String(make({ allOf: [{ type: "string" }, rule.propertyNames] }, "key", depth + 1, inner));
  }
  if (patterns.length > 0) return namedLike(patterns[tries % patterns.length] ?? "", count, context);
  return `key${count}`;
}

function namedLike(pattern: string, count: number, { random }: ValueContext): string {
  const text = textOfPattern(pattern, random) ?? `key${count}`;
  const numbered = `${text}${count}`;
  return regexOf(pattern)?.test(numbered) === true ? numbered : text;
}
