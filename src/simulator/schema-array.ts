import { asNumber, type Json } from "../dialects/served/json.ts";
import { itemSchemas } from "./schema-problem.ts";
import { sameJson } from "./schema-rule.ts";
import { isDeep, type MakeValue, type ValueContext } from "./value-context.ts";

/** An array: the first items by their own schemas, then what it must contain, then others until it is long enough. */
export function arrayOf(rule: Json, name: string, depth: number, context: ValueContext, make: MakeValue): unknown[] {
  const schemas = wantedItems(rule, isDeep(depth, context), context);
  const values: unknown[] = [];
  for (const schema of schemas) {
    const place = `${context.place}[]`;
    const inner = (variety: number) => make(schema, singular(name), depth + 1, { ...context, place, variety });
    values.push(rule.uniqueItems === true ? anotherThan(values, inner) : inner(0));
  }
  return values;
}

function wantedItems(rule: Json, deep: boolean, { heights, variety }: ValueContext): unknown[] {
  const [first, others = true] = itemSchemas(rule);
  const least = asNumber(rule.minItems) ?? 0;
  const most = asNumber(rule.maxItems) ?? Number.POSITIVE_INFINITY;
  const contained = "contains" in rule ? (asNumber(rule.minContains) ?? 1) : 0;
  const needed = Math.max(least, contained === 0 ? 0 : first.length + contained);
  const usual = deep || variety % 2 === 1 ? Math.max(needed, first.length) : Math.max(needed, first.length, 2);
  const length = Math.min(most, usual);
  return Array.from({ length }, (_, index) => {
    if (index < first.length) return first[index];
    return index - first.length < contained ? { allOf: [others, rule.contains] } : others;
  }).filter((schema, index) => index < needed || heights.of(schema) < Number.POSITIVE_INFINITY);
}

const DISTINCT_TRIES = 60;

/** Another value than those before; the last one made when there is none, which the check of the array then tells. */
function anotherThan(values: readonly unknown[], inner: (variety: number) => unknown): unknown {
  let value = inner(0);
  for (let tries = 1; tries < DISTINCT_TRIES && values.some((other) => sameJson(other, value)); tries += 1)
    value = inner(tries);
  return value;
}

function singular(name: string): string {
  return name.length > 3 && name.endsWith("s") ? name.slice(0, -1) : name;
}
