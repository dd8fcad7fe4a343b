import type * as z from "zod";
import type { Adaptation, EntryOptions, Policy } from "../core/options.generated.ts";

/** The field of a target's policy or adaptation that an option sets. */
export interface Field<Of extends object> {
  /** Default: the name of the option, with the suffix `Ms` for a duration. */
  readonly name?: keyof Of;
  /** TypeScript type. Default: the type of the option, with `undefined` if the option has no default. */
  readonly type?: string;
  /** Computes the value. Default: the entry's value or the default of the option. */
  readonly of?: (entry: EntryOptions) => Of[keyof Of];
}

export interface OptionFacts {
  /** The option of which this is another spelling. */
  readonly aliasOf?: string;
  /** A request parameter: a field of `Settings` in core, which a call may set too. */
  readonly setting?: true;
  /** A call may set it, in camelCase. */
  readonly perCall?: true;
  /** TypeScript type in an entry. Default: derived from the schema, in camelCase, with units converted. */
  readonly type?: string;
  /** TypeScript type in call options. Default: `type`, or derived from the schema. */
  readonly callType?: string;
  /** A field of the target's policy. With `perCall`, a call may override it. */
  readonly policy?: Field<Policy>;
  /** A field of the target's adaptation. */
  readonly adaptation?: Field<Adaptation>;
  /** Affects how answers are fetched and delivered, not their content; not part of the cache key. */
  readonly delivery?: true;
  /** How to merge it with the inherited value. Default: it replaces that value. */
  readonly merge?: "tables" | "headers";
  /** Belongs to one provider and must never be sent to another. */
  readonly connection?: true;
  /** Says where requests go: ignored when the entry is simulated. */
  readonly elsewhere?: true;
  /** An array of entry names. */
  readonly entries?: true;
  /** A single value is accepted in place of an array. */
  readonly oneOrMany?: true;
  /** A program or a person waits this long, so a large number may be meant as milliseconds. */
  readonly wait?: true;
  /** The calls that it affects. Default: `answers` for a request parameter, otherwise all. */
  readonly affects?: "answers" | "embeddings" | "all";
  /** Has an effect only if another option has this value. Not checked for 0 and false. */
  readonly needs?: { readonly key: string; readonly value: string };
  /** Converts a written value; only for conversions that do not follow from the schema. */
  readonly convert?: (written: never) => unknown;
}

/**
 * The only definition of one option of a model entry. Its schema includes the description, default and examples. The
 * schemas of models.toml and calls, the JSON Schema, core/options.generated.ts and the reference page derive from it.
 */
export interface Option extends OptionFacts {
  readonly schema: z.ZodType;
}

export type Options = Readonly<Record<string, Option>>;

export function option(schema: z.ZodType, facts: OptionFacts = {}): Option {
  return { schema, ...facts };
}

export interface OptionMeta {
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
}

export function metaOf({ schema }: Option): OptionMeta {
  return (schema.meta() ?? {}) as OptionMeta;
}
