import { asNumber, type Json } from "../dialects/served/json.ts";
import { itemSchemas } from "./schema-problem.ts";
import { sameJson } from "./schema-rule.ts";
import { UnsatisfiedSchema } from "./unsatisfied-schema.ts";
import { isDeep, type MakeValue, type ValueContext } from "./value-context.ts";

/**
 * An array: the first items with their own schemas, then the items that it must contain, then others until it is long enough.
 * Items differ if the schema allows different values, even if they need not be unique.
 */
export function arrayOf(rule: Json, name: string, depth: number, context: ValueContext, make: MakeValue): unknown[] {
  const isUnique = rule.uniqueItems === true;
  const schemas = wantedItems(rule, isDeep(depth, context), context);
  const values: unknown[] = [];
  for (const schema of schemas) {
    const place = `${context.place}[]`;
    const inner = (variety: number) => {
      const isAnother = context.isAnother || variety > 0;
      return make(schema, singular(name), depth + 1, { ...context, place, variety, isAnother });
    };
    const mostTries = isUnique ? UNIQUE_TRIES : isDeep(depth, context) ? 1 : DISTINCT_TRIES;
    values.push(anotherThan(values, inner, mostTries));
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

const UNIQUE_TRIES = 60;
const DISTINCT_TRIES = 8;
/** The first attempts use other words of the prompt, which read better than generated variations. */
const PLAIN_TRIES = 4;

/** A value that differs from the others, or the first generated one if there is none; the array is validated later. */
function anotherThan(values: readonly unknown[], inner: (variety: number) => unknown, mostTries: number): unknown {
  const first = inner(0);
  let value = first;
  for (let tries = 1; values.some((other) => sameJson(other, value)); tries += 1) {
    if (tries >= mostTries) return first;
    try {
      value = inner(Math.max(0, tries - PLAIN_TRIES));
    } catch (error) {
      if (error instanceof UnsatisfiedSchema) return first;
      throw error;
    }
  }
  return value;
}

function singular(name: string): string {
  return name.length > 3 && name.endsWith("s") ? name.slice(0, -1) : name;
}
