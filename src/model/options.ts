import type { CacheMode } from "../core/call.ts";
import type { Clock } from "../core/clock.ts";
import type { Dialect } from "../core/dialect.ts";
import type { Logger } from "../core/logger.ts";
import type { Message } from "../core/message.ts";
import type { Effort, PromptCache, ResponseFormat, Settings } from "../core/request.ts";
import type { Scope } from "../core/scope.ts";
import type { StripSpecialTokens, Token } from "../core/target.ts";
import type { JsonSchema, Tool } from "../core/tool.ts";
import type { TransportInput } from "../transport/any-fetch.ts";

/** A tool as OpenAI writes it, or flat; `parameters` may be left out for a function without any. */
export type ToolInput =
  | (Omit<Tool, "parameters"> & { readonly parameters?: JsonSchema })
  | {
      readonly type: "function";
      readonly function: {
        readonly name: string;
        readonly description?: string;
        readonly parameters?: JsonSchema;
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
        readonly json_schema: { readonly name: string; readonly schema: JsonSchema; readonly strict?: boolean };
      }
    | undefined;
  readonly promptCache?: PromptCache | undefined;
  /** Instructions of this call; they replace the entry's. */
  readonly system?: string | undefined;
  /** Messages put before the input; they replace the entry's. */
  readonly messages?: readonly Message[] | undefined;
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

/** How `factory.create` and `factory.get` give a model. */
export interface CreateOptions {
  /** Whom it works for: the same name and scope give the same object, and its usage is counted for the scope. */
  readonly scope?: Scope | undefined;
  /** A new object that no other `create` gives. Default false. */
  readonly fresh?: boolean | undefined;
}

/** What a credential hook is told. */
export interface TokenRequest {
  readonly provider: string;
  /** The entry's name in models.toml. */
  readonly model: string;
}

export interface FactoryOptions {
  /** Where `env:NAME` and the providers' usual variables are read. Default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** A `[profiles.x]` table to lay over the file. Default `MODELWRIGHT_PROFILE`. */
  readonly profile?: string;
  /**
   * A catalog file that `modelwright catalog update` wrote, or `false` for the shipped facts alone. Default: for `load` the
   * one of the user's cache folder, if there is one; for `parse` none.
   */
  readonly catalog?: string | false;
  /** Folder that relative paths of the text start from. */
  readonly baseDir?: string;
  /** Dialects for providers of your own, by provider name. */
  readonly providers?: Readonly<Record<string, Dialect>>;
  /**
   * Credential hooks by provider name, in place of keys. A token with `expiresAt` serves all calls until a minute before
   * that; one without is asked for before each attempt, by one call for all that need it at once. A token that the provider
   * refuses is exchanged once in the same attempt. A hook that throws is asked once more, then the call is `unauthorized`;
   * one that throws a ModelError says by its code whether another try makes sense.
   */
  readonly tokens?: Readonly<Record<string, (request: TokenRequest) => Promise<Token | string>>>;
  /** Default: what `[logging]` says, else silence. */
  readonly logger?: Logger;
  /** Sends the requests: a function like `fetch`, or an object with one. Default: the built-in pooled transport. */
  readonly transport?: TransportInput;
  /** Default: the system's. */
  readonly clock?: Partial<Clock>;
  /** Randomness of jitter, 0 to 1. Default `Math.random`. */
  readonly random?: () => number;
}
