import type { StandardSchema } from "./standard-schema.ts";
import type { JsonSchema, Tool } from "./tool.ts";

export const EFFORTS = ["none", "minimal", "low", "medium", "high", "xhigh", "max"] as const;
export type Effort = (typeof EFFORTS)[number];

export type ResponseFormat =
  | { readonly type: "text" }
  | { readonly type: "json_object" }
  | {
      readonly type: "json_schema";
      readonly name: string;
      readonly schema: JsonSchema;
      readonly strict?: boolean;
      readonly description?: string;
    };

/** What a call may give for it: OpenAI's nested form too. */
export type ResponseFormatInput =
  | ResponseFormat
  | {
      readonly type: "json_schema";
      readonly json_schema: { readonly name: string; readonly schema: ToolParameters; readonly strict?: boolean };
    };

/** `true`, or how long the prefix is kept and which messages end a prefix. */
export type PromptCache = boolean | { readonly ttl?: "5m" | "1h"; readonly points?: readonly CachePoint[] };
export type CachePoint = "system" | "tools" | "first-user" | "last-user";

/** Special tokens removed from text; no tokens: nothing is removed. */
export interface StripTokens {
  readonly tokens: readonly string[];
  /** Only at the end of the text, at both its ends, or wherever they stand. */
  readonly where: "end" | "edges" | "anywhere";
}

/** What is written for them: yes or no, a list of one's own, or also where. */
export type StripSpecialTokens = boolean | readonly string[] | Partial<StripTokens>;

/** JSON Schema, or a zod schema (any Standard Schema that can write JSON Schema) it is taken from. */
export type ToolParameters = JsonSchema | StandardSchema;

/** A tool as OpenAI writes it, or flat; omit `parameters` for a function that takes none. */
export type ToolInput =
  | (Omit<Tool, "parameters"> & { readonly parameters?: ToolParameters })
  | {
      readonly type: "function";
      readonly function: {
        readonly name: string;
        readonly description?: string;
        readonly parameters?: ToolParameters;
        readonly strict?: boolean;
      };
    };
