import type { SETTING_CAPABILITIES } from "../core/setting-capabilities.ts";
import type { CallOptions } from "./options.ts";

type Table = typeof SETTING_CAPABILITIES;
type GuardedOption = keyof Table;

declare const WHY: unique symbol;

/** A type without values for an unsupported option; the compiler error contains `Why`. */
export interface Unsupported<Why extends string> {
  readonly [WHY]: Why;
}

/** One of the types of each guarded option, so that options without them are still CallOptions and the error is short. */
interface RefusedOption<Id extends string> {
  readonly stop: string & Unsupported<`${Id} does not support stop sequences`>;
  readonly tools: never[] & Unsupported<`${Id} does not support tools`>;
  readonly toolChoice: "auto" & Unsupported<`${Id} does not support tools`>;
  readonly parallelToolCalls: true & Unsupported<`${Id} does not support parallel tool calls`>;
  readonly temperature: number & Unsupported<`${Id} does not support temperature`>;
  readonly reasoningEffort: number & Unsupported<`${Id} does not support reasoning effort`>;
  readonly promptCache: false | (true & Unsupported<`${Id} does not support prompt cache`>);
  readonly webSearch: false | (true & Unsupported<`${Id} does not support web search`>);
}

/** `Name` if the model is known to lack it. */
type Lacked<Can, Name> = Name extends keyof Can ? ([Can[Name]] extends [false] ? Name : never) : never;

type Missing<Can> = {
  [Option in GuardedOption]: [Lacked<Can, Table[Option][number]>] extends [never] ? never : Option;
}[GuardedOption];

type IdOf<Can> = Can extends { readonly model: infer Id extends string } ? Id : "the model";

/** The options of a call without those that the model `Id` does not support; passing one does not compile. */
export type OptionsWithout<Option extends GuardedOption, Id extends string> = {
  readonly [Name in keyof CallOptions]: Name extends Option ? RefusedOption<Id>[Name] | undefined : CallOptions[Name];
};

/**
 * The options for a model with the capabilities `Can`, a declaration of `Registered`: CallOptions without options for missing
 * capabilities.
 */
export type OptionsFor<Can> = [Missing<Can>] extends [never]
  ? CallOptions
  : OptionsWithout<GuardedOption & `${Missing<Can>}`, IdOf<Can>>;
