import type { ToolInput } from "../core/option-values.ts";
import type { SETTING_CAPABILITIES } from "../core/setting-capabilities.ts";
import type { CallOptions } from "./options.ts";

type Table = typeof SETTING_CAPABILITIES;
type GuardedOption = keyof Table;

declare const WHY: unique symbol;

/** No value has this type. It stands where an option would, and compilers say `Why` when one is given. */
export interface Unsupported<Why extends string> {
  readonly [WHY]: Why;
}

/** Of each guarded option, so that options without it are still CallOptions. */
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

/** `Name` where it is known for certain that the model lacks it. */
type Lacked<Can, Name> = Name extends keyof Can ? ([Can[Name]] extends [false] ? Name : never) : never;

type Missing<Can> = {
  [Option in GuardedOption]: [Lacked<Can, Table[Option][number]>] extends [never] ? never : Option;
}[GuardedOption];

type IdOf<Can> = Can extends { readonly model: infer Id extends string } ? Id : "the model";

/** The options of a call but for those that the model `Id` does not take: giving one does not compile. */
export type OptionsWithout<Option extends GuardedOption, Id extends string> = {
  readonly [Name in keyof CallOptions]: Name extends Option
    ? RefusedOption<`${Id} has no ${Wording[Name]}`>[Name] | undefined
    : CallOptions[Name];
};

/**
 * The options that a model takes which can do `Can`, a declaration of `Registered`: all of CallOptions but those that
 * need what it is known to lack.
 */
export type OptionsFor<Can> = [Missing<Can>] extends [never]
  ? CallOptions
  : OptionsWithout<GuardedOption & `${Missing<Can>}`, IdOf<Can>>;
