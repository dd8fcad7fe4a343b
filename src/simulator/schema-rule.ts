import { asArray, asNumber, asObject, asString, asStrings, type Json } from "../dialects/served/json.ts";
import { withDescribedBounds } from "./described-bounds.ts";
import { commonMultiple } from "./schema-number.ts";
import { pointed } from "./schema-pointer.ts";

/** Chooses one of the branches of `anyOf`, `oneOf` or a condition. */
export type ChooseBranch = (branches: readonly unknown[]) => unknown;

const MAX_HOPS = 32;

/** A schema with resolved references, one chosen branch, and all applicable parts merged. */
export function ruleOf(schema: unknown, root: Json | boolean, choose: ChooseBranch, hops = 0): Json {
  const given = asObject(schema);
  if (given === undefined || hops > MAX_HOPS) return schema === false ? NOTHING : {};
  const {
    $ref,
    anyOf,
    oneOf,
    allOf,
    if: when,
    then = true,
    else: otherwise = true,
    ...own
  } = withDescribedBounds(given);
  const reference = asString($ref);
  const parts = [
    ...(reference === undefined ? [] : [pointed(root, reference)]),
    ...asArray(allOf),
    ...[anyOf, oneOf].map(asArray).flatMap((branches) => (branches.length === 0 ? [] : [choose(branches)])),
    ...(when === undefined ? [] : [choose([{ allOf: [when, then] }, otherwise])]),
  ];
  return parts.map((part) => ruleOf(part, root, choose, hops + 1)).reduce(mergedRule, own as Json);
}

const NOTHING: Json = { enum: [] };

type Combine = (left: unknown, right: unknown) => unknown;

const COMBINED: Readonly<Record<string, Combine>> = {
  ...each("minimum exclusiveMinimum minLength minItems minProperties minContains", numbers(Math.max)),
  ...each("maximum exclusiveMaximum maxLength maxItems maxProperties maxContains", numbers(Math.min)),
  ...each("pattern format", (left, right) => [...new Set([...asStrings(left), ...asStrings(right)])]),
  ...each("properties patternProperties dependentSchemas", maps),
  ...each("items additionalProperties propertyNames contains", both),
  required: (left, right) => [...new Set([...asArray(left), ...asArray(right)])],
  dependentRequired: (left, right) => ({ ...asObject(left), ...asObject(right) }),
  prefixItems: lists,
  enum: (left, right) => asArray(left).filter((one) => asArray(right).some((other) => sameJson(one, other))),
  type: types,
  multipleOf: steps,
  uniqueItems: (left, right) => left === true || right === true,
};

function each(names: string, combine: Combine): Record<string, Combine> {
  return Object.fromEntries(names.split(" ").map((name) => [name, combine]));
}

/** The intersection of two schemas. */
export function mergedRule(left: Json, right: Json): Json {
  const merged: Record<string, unknown> = { ...left, ...right };
  for (const [keyword, combine] of Object.entries(COMBINED))
    if (keyword in left && keyword in right) merged[keyword] = combine(left[keyword], right[keyword]);
  return merged;
}

function numbers(choose: (left: number, right: number) => number): Combine {
  return (left, right) => choose(asNumber(left) ?? Number(right), asNumber(right) ?? Number(left));
}

function both(left: unknown, right: unknown): unknown {
  if (left === false || right === false) return false;
  return sameJson(left, right) ? left : { allOf: [left, right] };
}

function maps(left: unknown, right: unknown): unknown {
  const merged: Record<string, unknown> = { ...asObject(left) };
  for (const [name, schema] of Object.entries(asObject(right) ?? {}))
    merged[name] = Object.hasOwn(merged, name) ? both(merged[name], schema) : schema;
  return merged;
}

function lists(left: unknown, right: unknown): unknown {
  const [ours, theirs] = [asArray(left), asArray(right)];
  return Array.from({ length: Math.max(ours.length, theirs.length) }, (_, index) =>
    both(ours[index] ?? true, theirs[index] ?? true),
  );
}

function types(left: unknown, right: unknown): unknown {
  const [ours, theirs] = [asStrings(left), asStrings(right)];
  const has = (list: readonly string[], type: string) =>
    list.includes(type) || (type === "integer" && list.includes("number"));
  return [...new Set([...ours.filter((type) => has(theirs, type)), ...theirs.filter((type) => has(ours, type))])];
}

function steps(left: unknown, right: unknown): unknown {
  const [ours, theirs] = [asNumber(left) ?? 1, asNumber(right) ?? 1];
  return Number.isInteger(ours) && Number.isInteger(theirs) ? commonMultiple(ours, theirs) : Math.max(ours, theirs);
}

/** Whether two JSON values are equal, regardless of the order of keys. */
export function sameJson(left: unknown, right: unknown): boolean {
  return canonical(left) === canonical(right);
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    const object = asObject(inner);
    return object === undefined ? inner : Object.fromEntries(Object.entries(object).sort(byName));
  });
}

function byName([left]: readonly [string, unknown], [right]: readonly [string, unknown]): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
