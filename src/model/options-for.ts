import type { ToolInput } from "../core/option-values.ts";
import type { SETTING_CAPABILITIES } from "../core/setting-capabilities.ts";
import type { CallOptions } from "./options.ts";

type Table = typeof SETTING_CAPABILITIES;
type GuardedOption = keyof Table;

declare const WHY: unique symbol;

/** A type without values for an unsupported option; the compiler error contains `Why`. */
export interface Unsupported<Why extends string> {
  readonly [WHY]: Why;
}

/** The types of the guarded options, so that options without them are still CallOptions. */
interface RefusedOption<Why extends string> {
  readonly stop: string & Unsupported<Why>;
  readonly tools: readonly ToolInput[] & Unsupported<Why>;
  readonly toolChoice: "auto" & Unsupported<Why>;
  readonly parallelToolCalls: true & Unsupported<Why>;
  readonly temperature: number & Unsupported<Why>;
  readonly reasoningEffort: number & Unsupported<Why>;
  readonly promptCache: false | (true & Unsupported<Why>);
  readonly webSearch: false | (true & Unsupported<Why>);
}

interface Wording {
  readonly stop: "stop sequences";
  readonly tools: "tools";
  readonly toolChoice: "tools";
  readonly parallelToolCalls: "parallel tool calls";
  readonly temperature: "temperature";
  readonly reasoningEffort: "reasoning effort";
  readonly promptCache: "prompt cache";
  readonly webSearch: "web search";
}

/** `Name` if the model is known to lack it. */
type Lacked<Can, Name> = Name extends keyof Can ? ([Can[Name]] extends [false] ? Name : never) : never;

type Missing<Can> = {
  [Option in GuardedOption]: [Lacked<Can, Table[Option][number]>] extends [never] ? never : Option;
}[GuardedOption];

type IdOf<Can> = Can extends { readonly model: infer Id extends string } ? Id : "the model";

/** The options of a call without those that the model `Id` does not support; passing one does not compile. */
export type OptionsWithout<Option extends GuardedOption, Id extends string> = {
  readonly [Name in keyof CallOptions]: Name extends Option
    ? RefusedOption<`${Id} does not support ${Wording[Name]}`>[Name] | undefined
    : CallOptions[Name];
};

/**
 * The options for a model with the capabilities `Can`, a declaration of `Registered`: CallOptions without options for missing
 * capabilities.
 */
export type OptionsFor<Can> = [Missing<Can>] extends [never]
  ? CallOptions
  : OptionsWithout<GuardedOption & `${Missing<Can>}`, IdOf<Can>>;
