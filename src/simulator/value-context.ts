import type { Json } from "../dialects/served/json.ts";
import type { PromptWords } from "./prompt-words.ts";
import type { SchemaHeights } from "./schema-height.ts";

export interface ValueContext {
  readonly root: Json | boolean;
  readonly words: PromptWords;
  readonly prefix: string;
  readonly random: () => number;
  readonly heights: SchemaHeights;
  /** 0 for the first attempt; higher values generate other values. */
  readonly variety: number;
  /** Whether the enclosing array has an equal item, so that free strings must differ; inherited by nested values. */
  readonly isAnother: boolean;
  /** Path of this value: `$.items[].name`. */
  readonly place: string;
  readonly spent: { values: number; failures: number };
}

/** Generates a nested value. */
export type MakeValue = (schema: unknown, name: string, depth: number, context: ValueContext) => unknown;

/** Beyond this depth or size, only required parts are generated, so that recursive schemas end. */
const OPTIONAL_DEPTH = 4;
const LARGE = 120;

export function isDeep(depth: number, { spent }: ValueContext): boolean {
  return depth > OPTIONAL_DEPTH || spent.values > LARGE;
}
