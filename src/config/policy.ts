import type { Adaptation, CallPolicy, EntryOptions, Policy } from "../core/options.generated.ts";
import { camelOf } from "./entry-config.ts";
import { type Field, metaOf, type Option } from "./option.ts";
import { OPTIONS } from "./options.ts";
import { durationIn, unitIn } from "./schema-values.ts";

/** A field and how its value follows from an entry. */
interface Reader {
  readonly name: string;
  /** Of the option in an entry. */
  readonly option: string;
  readonly of: (entry: EntryOptions) => unknown;
}

const ROWS = Object.entries<Option>(OPTIONS);

const POLICY = ROWS.flatMap(([key, option]) => readersOf(key, option, option.policy));
const ADAPTATION = ROWS.flatMap(([key, option]) => readersOf(key, option, option.adaptation));
const PER_CALL = ROWS.filter(([, { perCall }]) => perCall === true).flatMap(([key, option]) =>
  readersOf(key, option, option.policy),
);

/** The numbers of the layers for an entry, defaults filled in. */
export function policyOf(entry: EntryOptions): Policy {
  return read(POLICY, entry) as unknown as Policy;
}

/** What may be done to a request for an entry. */
export function adaptationOf(entry: EntryOptions): Adaptation {
  return read(ADAPTATION, entry) as unknown as Adaptation;
}

/** The part of the policy that the options of a call say. */
export function callPolicyOf(options: EntryOptions): CallPolicy {
  return readGiven(PER_CALL, options);
}

/** The part of the adaptation that the options of a call say. */
export function callAdaptationOf(options: EntryOptions): Partial<Adaptation> {
  return readGiven(ADAPTATION, options);
}

/** What a field is called that gives no name. */
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

/** The default of an option as an entry would have it. */
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

/** Only the fields whose option is given: what is absent leaves the entry's. */
function readGiven(readers: readonly Reader[], options: EntryOptions): Record<string, unknown> {
  const given = options as Readonly<Record<string, unknown>>;
  const fields: Record<string, unknown> = {};
  for (const { name, option, of } of readers) if (given[option] !== undefined) fields[name] = of(options);
  return fields;
}
