import type { StandardSchema } from "./standard-schema.ts";
import type { JsonSchema } from "./tool.ts";
import type { ToolContext } from "./tool-context.ts";

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

/** `responseFormat` of a call; OpenAI's nested format is accepted too. */
export type ResponseFormatInput =
  | ResponseFormat
  | {
      readonly type: "json_schema";
      readonly json_schema: { readonly name: string; readonly schema: ToolParameters; readonly strict?: boolean };
    };

/** `true`, or the time to live and the points where a cached prefix ends. */
export type PromptCache = boolean | { readonly ttl?: "5m" | "1h"; readonly points?: readonly CachePoint[] };
export type CachePoint = "system" | "tools" | "first-user" | "last-user";

/** Special tokens to remove from text; empty: none. */
export interface StripTokens {
  readonly tokens: readonly string[];
  /** At the end of the text, at both ends, or anywhere. */
  readonly where: "end" | "edges" | "anywhere";
}

/** `strip_special_tokens`: a boolean, an array of tokens, or a table. */
export type StripSpecialTokens = boolean | readonly string[] | Partial<StripTokens>;

/** JSON Schema, or a zod schema (any Standard Schema with JSON Schema output). */
export type ToolParameters = JsonSchema | StandardSchema;

/** The fields of a tool. `name`, `description`, `parameters` and `strict` are sent to the provider; the others are for `run`. */
interface ToolFields {
  readonly description?: string | undefined;
  /** Of the arguments. Default: a function without parameters. */
  readonly parameters?: ToolParameters | undefined;
  /** The same as `parameters`. */
  readonly inputSchema?: ToolParameters | undefined;
  /** Ask the provider to enforce the schema, if it can. */
  readonly strict?: boolean | undefined;
  /** Called by `run` with the validated arguments; any other call ignores it. */
  readonly execute?: ((args: never, context: ToolContext) => unknown) | undefined;
  readonly timeoutMs?: number | undefined;
  readonly needsApproval?: boolean | ((args: never) => boolean | Promise<boolean>) | undefined;
}

/** A tool: of `tool()`, flat, or in OpenAI's format. */
export type ToolInput =
  | (ToolFields & { readonly name: string })
  | {
      readonly type: "function";
      readonly function: {
        readonly name: string;
        readonly description?: string;
        readonly parameters?: ToolParameters;
        readonly strict?: boolean;
      };
    };

/** An array of tools, or an object whose keys are their names. */
export type ToolsInput = readonly ToolInput[] | Readonly<Record<string, ToolFields & { readonly name?: string }>>;
