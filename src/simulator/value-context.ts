import type { Json } from "../dialects/served/json.ts";
import type { PromptWords } from "./prompt-words.ts";
import type { SchemaHeights } from "./schema-height.ts";

export interface ValueContext {
  readonly root: Json | boolean;
  readonly words: PromptWords;
  readonly prefix: string;
  readonly random: () => number;
  readonly heights: SchemaHeights;
  /** 0 at first; higher when what was made before did not do, so that something else is made. */
  readonly variety: number;
  /** Whether the array around this has an equal item, so that free strings must differ; holds for all parts. */
  readonly isAnother: boolean;
  /** Where this value is in the whole: `$.items[].name`. */
  readonly place: string;
  readonly spent: { values: number; failures: number };
}

/** Makes the value of a part. */
export type MakeValue = (schema: unknown, name: string, depth: number, context: ValueContext) => unknown;

/** Below this depth, and in a value this large, only what is required is made, so that recursive schemas end. */
const OPTIONAL_DEPTH = 4;
const LARGE = 120;

export function isDeep(depth: number, { spent }: ValueContext): boolean {
  return depth > OPTIONAL_DEPTH || spent.values > LARGE;
}
