import type { CacheMode } from "../core/call.ts";
import type { Message } from "../core/message.ts";
import type { Effort, PromptCache, ResponseFormat, Settings } from "../core/request.ts";
import type { StandardSchema } from "../core/standard-schema.ts";
import type { StripSpecialTokens } from "../core/target.ts";
import type { JsonSchema, Tool } from "../core/tool.ts";

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

/** Parameters of one call; they win over the entry's. Names are those of models.toml in camelCase. */
export interface CallOptions
  extends Omit<Settings, "tools" | "stop" | "responseFormat" | "toolChoice" | "promptCache" | "reasoningEffort"> {
  readonly maxTokens?: number | undefined;
  readonly stop?: string | readonly string[] | undefined;
  readonly reasoningEffort?: Effort | number | undefined;
  readonly tools?: readonly ToolInput[] | undefined;
  readonly toolChoice?:
    | "auto"
    | "none"
    | "required"
    | { readonly name: string }
    | { readonly type: "function"; readonly function: { readonly name: string } }
    | undefined;
  readonly responseFormat?:
    | ResponseFormat
    | {
        readonly type: "json_schema";
        readonly json_schema: { readonly name: string; readonly schema: ToolParameters; readonly strict?: boolean };
      }
    | undefined;
  readonly promptCache?: PromptCache | undefined;
  /** Instructions of this call; they replace the entry's. */
  readonly system?: string | undefined;
  /** Messages put before the input; they replace the entry's. */
  readonly messages?: readonly Message[] | undefined;
  /** Largest prompt that is sent: bytes, or a string such as "8MiB". Default: the entry's. */
  readonly maxInputBytes?: number | string | undefined;
  readonly batchSize?: number | undefined;
  readonly stream?: boolean | undefined;
  readonly dropParams?: boolean | undefined;
  readonly modifyParams?: boolean | undefined;
  readonly drop?: readonly string[] | undefined;
  readonly allow?: readonly string[] | undefined;
  readonly stripSpecialTokens?: StripSpecialTokens | undefined;
  /** How often the model is asked to go on when the answer ran into its token limit. Default: the entry's. */
  readonly continueOnLength?: number | undefined;
  /** No automatic change of the request: what would be dropped or changed is `unsupported`. */
  readonly strict?: boolean | undefined;
  /** Number of answers to ask for. Default 1. */
  readonly samples?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** `false` is "bypass", `true` is "use". */
  readonly cache?: CacheMode | boolean | undefined;
  /** Labels for `factory.usage("tag")`. */
  readonly tags?: readonly string[] | undefined;
  /** Re-asks when an object does not satisfy its schema. Default: the entry's `repair`. */
  readonly repair?: number | undefined;
  /** Also yield the provider's own events as `{ type: "raw" }`. */
  readonly raw?: boolean | undefined;
  readonly extraBody?: Readonly<Record<string, unknown>> | undefined;
  readonly extraHeaders?: Readonly<Record<string, string>> | undefined;
}
