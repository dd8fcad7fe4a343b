import * as z from "zod";
import { DURATION_PATTERN, durationMs } from "./duration.ts";
import { ENV_REFERENCE } from "./references.ts";
import { SIZE_PATTERN, sizeBytes } from "./size.ts";

/*
 * The schema only validates; values are converted to milliseconds and camelCase when an entry is used. That keeps
 * defaults and examples in the generated JSON Schema and makes 1,000 unused entries free. Custom messages start with
 * "must", which distinguishes them from zod's own when issues are translated.
 */

export type Shape = Readonly<Record<string, z.ZodType>>;

/** A unit of values in models.toml; the library uses milliseconds and bytes. */
interface Unit {
  readonly of: "duration" | "size";
  /** Words that are valid in place of a number. */
  readonly words: readonly string[];
}
const units = z.registry<Unit>();

export const text = () => z.string().min(1);
export const flag = () => z.boolean();
export const count = (min = 0) => z.int().min(min);
export const share = () => z.number().min(0).max(1);

/** A union; `expected` completes the sentence "key must be …". */
export function oneOf<const T extends readonly [z.ZodType, z.ZodType, ...z.ZodType[]]>(
  expected: string,
  options: T,
): z.ZodUnion<T> {
  return z.union(options, { error: `must be ${expected}` });
}

/** Sentences of a description; where values are counted, other ones take their place. */
export const WRITTEN_DURATION = 'In seconds, or as a string such as "500ms", "30s" or "2m".';
export const WRITTEN_SIZE = 'In bytes, or as a string such as "512KiB" or "64MiB".';

const DURATION_WORDS = 'seconds as a number, or a string such as "500ms", "30s", "2m" or "1h"';

interface Rest {
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
}

/** A key with a duration, or one of `words`. Adds the accepted formats to the description. */
export function duration(description: string, rest: Rest = {}, ...words: readonly string[]): z.ZodType {
  const expected = `${words.map((word) => `"${word}", `).join("")}${DURATION_WORDS}`;
  return oneOf(expected, [
    z.number().min(0),
    z.string().regex(DURATION_PATTERN, { error: `must be ${expected}` }),
    ...words.map((word) => z.literal(word)),
  ])
    .meta({ description: `${description} ${WRITTEN_DURATION}`, ...rest })
    .register(units, { of: "duration", words });
}

const SIZE_WORDS = 'a number of bytes, or a string such as "512KiB" or "64MiB"';

/** A key with a number of bytes. Adds the accepted formats to the description. */
export function size(description: string, rest: Rest = {}): z.ZodType {
  return oneOf(SIZE_WORDS, [count(1), z.string().regex(SIZE_PATTERN, { error: `must be ${SIZE_WORDS}` })])
    .meta({ description: `${description} ${WRITTEN_SIZE}`, ...rest })
    .register(units, { of: "size", words: [] });
}

export const texts = () => z.array(text());

/** A URL, or a reference to one. */
export const address = (schemes: string, example: string) =>
  z.string().regex(new RegExp(`^(?:(?:${schemes})://[^\\s]+|${ENV_REFERENCE.source.slice(1, -1)}|file:.+)$`), {
    error: `must be an address such as "${example}", or "env:NAME"`,
  });

/** A table that is sent to the provider unchanged. */
export const freeTable = () => z.record(z.string(), z.unknown());

/** The shape with optional keys. */
function optional(shape: Shape): Record<string, z.ZodType> {
  return Object.fromEntries(Object.entries(shape).map(([key, schema]) => [key, schema.optional()]));
}

/** A strict table with optional keys. */
export const table = (shape: Shape) => z.strictObject(optional(shape));

/** The words accepted by a duration schema; undefined for other schemas. */
export function durationIn(schema: z.ZodType): readonly string[] | undefined {
  const unit = units.get(schema);
  return unit?.of === "duration" ? unit.words : undefined;
}

/** Converts a written value to the unit of the library; undefined for a schema without a unit. */
export function unitIn(schema: z.ZodType): ((value: number | string) => number | string) | undefined {
  const unit = units.get(schema);
  if (unit === undefined) return undefined;
  const count = unit.of === "duration" ? durationMs : sizeBytes;
  return (value) => (unit.words.includes(String(value)) ? value : count(value));
}

/** The keys of a table schema; undefined if the value cannot be a table with fixed keys. */
export function fieldsIn(schema: z.ZodType): Shape | undefined {
  if (schema instanceof z.ZodUnion) {
    const fields = (schema.options as readonly z.ZodType[]).map(fieldsIn).filter((one) => one !== undefined);
    return fields.length === 1 ? fields[0] : undefined;
  }
  if (!(schema instanceof z.ZodObject)) return undefined;
  const keys = Object.entries<z.ZodType>(schema.shape);
  return Object.fromEntries(
    keys.map(([key, inner]) => [key, inner instanceof z.ZodOptional ? (inner.unwrap() as z.ZodType) : inner]),
  );
}

/** Whether a value may be a table, with fixed or user-defined keys. */
export function mayBeTable(schema: z.ZodType): boolean {
  if (schema instanceof z.ZodOptional) return mayBeTable(schema.unwrap() as z.ZodType);
  if (schema instanceof z.ZodUnion) return (schema.options as readonly z.ZodType[]).some(mayBeTable);
  return schema instanceof z.ZodObject || schema instanceof z.ZodRecord;
}
