import type { Adaptation, CallPolicy, EntryOptions, Policy } from "../core/options.generated.ts";
import { camelOf } from "./entry-config.ts";
import { type Field, metaOf, type Option } from "./option.ts";
import { OPTIONS } from "./options.ts";
import { durationIn, unitIn } from "./schema-values.ts";

/** A field and how to read its value from an entry. */
interface Reader {
  readonly name: string;
  /** Name of the option in an entry. */
  readonly option: string;
  readonly of: (entry: EntryOptions) => unknown;
}

const ROWS = Object.entries<Option>(OPTIONS);

const POLICY = ROWS.flatMap(([key, option]) => readersOf(key, option, option.policy));
const ADAPTATION = ROWS.flatMap(([key, option]) => readersOf(key, option, option.adaptation));
const PER_CALL = ROWS.filter(([, { perCall }]) => perCall === true).flatMap(([key, option]) =>
  readersOf(key, option, option.policy),
);

/** The policy of an entry for the layers, with defaults. */
export function policyOf(entry: EntryOptions): Policy {
  return read(POLICY, entry) as unknown as Policy;
}

/** How requests of an entry may be adapted. */
export function adaptationOf(entry: EntryOptions): Adaptation {
  return read(ADAPTATION, entry) as unknown as Adaptation;
}

/** The part of the policy that call options set. */
export function callPolicyOf(options: EntryOptions): CallPolicy {
  return readGiven(PER_CALL, options);
}

/** The part of the adaptation that call options set. */
export function callAdaptationOf(options: EntryOptions): Partial<Adaptation> {
  return readGiven(ADAPTATION, options);
}

/** The name of a field, or its default. */
export function fieldName<Of extends object>(key: string, { schema }: Option, { name }: Field<Of>): string {
  return name === undefined ? `${camelOf(key)}${durationIn(schema) === undefined ? "" : "Ms"}` : String(name);
}

function readersOf<Of extends object>(key: string, option: Option, field: Field<Of> | undefined): readonly Reader[] {
  if (field === undefined) return [];
  const name = camelOf(key);
  const fallback = defaultIn(option);
  const of = field.of ?? ((entry: EntryOptions) => (entry as Readonly<Record<string, unknown>>)[name] ?? fallback);
  return [{ name: fieldName(key, option, field), option: name, of }];
}

/** The default of an option, converted as in an entry. */
function defaultIn(option: Option): unknown {
  const { default: written } = metaOf(option);
  const unit = unitIn(option.schema);
  return written === undefined || unit === undefined ? written : unit(written as number | string);
}

function read(readers: readonly Reader[], entry: EntryOptions): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const { name, of } of readers) fields[name] = of(entry);
  return fields;
}

/** Reads only the fields whose option is set; the entry's value applies to the others. */
function readGiven(readers: readonly Reader[], options: EntryOptions): Record<string, unknown> {
  const given = options as Readonly<Record<string, unknown>>;
  const fields: Record<string, unknown> = {};
  for (const { name, option, of } of readers) if (given[option] !== undefined) fields[name] = of(options);
  return fields;
}
