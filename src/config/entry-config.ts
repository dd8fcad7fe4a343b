import { deepFreeze } from "../core/deep-freeze.ts";
import type { EntryOptions } from "../core/options.generated.ts";
import { own } from "../core/own.ts";
import type { Option } from "./option.ts";
import { OPTIONS, type OptionKey } from "./options.ts";
import { fieldsIn, type Shape, unitIn } from "./schema-values.ts";
import { isTable, type Table } from "./table.ts";

/** Prices as written in the file; token classes it omits are absent. */
export type PriceConfig = NonNullable<EntryOptions["pricing"]>;

/**
 * One model entry with its inherited values: the keys of models.toml in camelCase, without aliases. Durations are in
 * milliseconds under the same name. Keys that are not set are absent; defaults are not filled in.
 */
export interface EntryConfig extends EntryOptions {
  /** The name of the table, which programs use. */
  readonly entry: string;
  /** The model's id at the provider. */
  readonly name: string;
  readonly provider: string;
  /** With provider "simulator": the provider that is simulated, including its wire. */
  readonly simulatedProvider?: string;
}

type Convert = (value: never) => unknown;

const CONVERSIONS: Readonly<Record<string, Convert>> = Object.fromEntries(
  (Object.keys(OPTIONS) as OptionKey[]).flatMap((key) => {
    const convert = conversionOf(OPTIONS[key]);
    return convert === undefined ? [] : [[key, convert]];
  }),
);

/** How to convert a written value of an option: units and the keys of tables. */
function conversionOf({ schema, convert, oneOrMany }: Option): Convert | undefined {
  if (convert !== undefined) return convert;
  if (oneOrMany === true) return (value: unknown) => (Array.isArray(value) ? value : [value]);
  const unit = unitIn(schema);
  if (unit !== undefined) return unit;
  const fields = fieldsIn(schema);
  if (fields === undefined) return undefined;
  const convertTable = tableConversion(fields);
  return (value: unknown) => (isTable(value) ? convertTable(value) : value);
}

/** Converts tables with these keys: keys become camelCase, units are converted. */
export function tableConversion(fields: Shape): (table: Table) => Table {
  const units = Object.fromEntries(Object.entries(fields).map(([key, field]) => [key, unitIn(field)]));
  return (table) =>
    Object.fromEntries(
      Object.entries(table).map(([key, value]) => {
        const unit = own(units, key);
        return [camelOf(key), unit === undefined ? value : unit(value as number | string)];
      }),
    );
}

/** Converts the validated keys of one entry to a frozen EntryConfig. */
export function entryConfigOf(entry: string, raw: Table, simulatedProvider: string | undefined): EntryConfig {
  const config: Record<string, unknown> = { entry };
  if (simulatedProvider !== undefined) config.simulatedProvider = simulatedProvider;
  for (const [key, value] of Object.entries(raw)) config[camelOf(key)] = convert(key, value);
  return deepFreeze(config) as unknown as EntryConfig;
}

function convert(key: string, value: unknown): unknown {
  const conversion = own(CONVERSIONS, key);
  return conversion === undefined ? copy(value) : conversion(copy(value) as never);
}

/** `max_new_tokens` -> `maxNewTokens`; the inverse of `keyOf` in core. */
export function camelOf(key: string): string {
  return key.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** A deep copy, so that callers never share objects with the parsed file. */
function copy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copy);
  if (!isTable(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, copy(inner)]));
}
