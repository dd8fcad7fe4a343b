import type * as z from "zod";
import type { Adaptation, EntryOptions, Policy } from "../core/options.generated.ts";

/** What an option becomes where models are called: a field of the target's policy, or of its adaptation. */
export interface Field<Of extends object> {
  /** Default: the name of the option, with `Ms` for a duration. */
  readonly name?: keyof Of;
  /** TypeScript type. Default: that of the option; `undefined` is added where the option has no default. */
  readonly type?: string;
  /** Default: what the entry says, or the default of the option. */
  readonly of?: (entry: EntryOptions) => Of[keyof Of];
}

export interface OptionFacts {
  /** Another spelling of that option. */
  readonly aliasOf?: string;
  /** A parameter of requests: a field of core's `Settings`, which a call may give too. */
  readonly setting?: true;
  /** A call may give it, in camelCase. */
  readonly perCall?: true;
  /** TypeScript type in an entry. Default: what the schema says, in camelCase, with units converted. */
  readonly type?: string;
  /** TypeScript type in the options of a call. Default: `type`, or what the schema says. */
  readonly callType?: string;
  /** A field of the policy of a target; with `perCall`, of the input of a call too, where it wins. */
  readonly policy?: Field<Policy>;
  /** A field of the adaptation of a target. */
  readonly adaptation?: Field<Adaptation>;
  /** Says how answers are fetched and delivered, not what they are: equal requests are equal with any value. */
  readonly delivery?: true;
  /** How it is laid over the value below it. Default: it replaces it. */
  readonly merge?: "tables" | "headers";
  /** Belongs to one provider and must never reach another. */
  readonly connection?: true;
  /** Leads somewhere else: without effect where an entry is simulated. */
  readonly elsewhere?: true;
  /** A list of names of entries. */
  readonly entries?: true;
  /** One value stands for a list of one. */
  readonly oneOrMany?: true;
  /** A wait that a program or a person sits through: a long number may be meant in milliseconds. */
  readonly wait?: true;
  /** Has an effect only where another option has this value; a value of 0 or false needs nothing. */
  readonly needs?: { readonly key: string; readonly value: string };
  /** What a written value becomes, where its schema does not say it. */
  readonly convert?: (written: never) => unknown;
}

/**
 * One option of a model entry, described once. Its schema also carries its description, default and examples. The schema
 * of models.toml and of calls, the JSON Schema, the types in core/options.generated.ts and the reference page follow.
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
