import type { Price } from "./cost.ts";
import type { Message } from "./message.ts";
import type { Adaptation, Policy } from "./options.generated.ts";
import type { Effort, SettingName, Settings } from "./request.ts";
import type { Secret } from "./secret.ts";
import type { TlsOptions } from "./transport.ts";

/** What a model can do, named as under `capabilities` in models.toml; `undefined` means unknown, and nothing is withheld. */
export interface Capabilities {
  readonly reasoning?: boolean;
  readonly stop?: boolean;
  readonly tools?: boolean;
  readonly parallelTools?: boolean;
  readonly vision?: boolean;
  readonly files?: boolean;
  readonly audio?: boolean;
  readonly promptCache?: boolean;
  readonly jsonSchema?: boolean;
  readonly temperature?: boolean;
  readonly streaming?: boolean;
  readonly webSearch?: boolean;
}
export type Capability = keyof Capabilities;

/** Facts about one model, from the catalog, with the entry's `capabilities` laid over. */
export interface ModelFacts {
  /** False when the catalog has no row for the model id. */
  readonly known: boolean;
  readonly capabilities: Capabilities;
  /** Tokens of prompt and answer together. */
  readonly context?: number | undefined;
  /** Most tokens of an answer. */
  readonly maxOutput?: number | undefined;
  /** The effort words the model takes; absent: all. */
  readonly efforts?: readonly Effort[] | undefined;
  /** How an effort is spelled on the wire: a word, an adaptive thinking switch with a word, or a budget of tokens. */
  readonly reasoningWire?: "effort" | "adaptive" | "budget" | "level" | undefined;
  /** Settings this model refuses although its wire has them. */
  readonly lacks?: readonly SettingName[] | undefined;
  /** Role that carries instructions. */
  readonly systemRole?: "system" | "developer" | "user" | undefined;
  /** The `anthropic-version` under which an older Claude still takes a temperature. */
  readonly anthropicVersion?: string | undefined;
  /** The wire format that serves this model, where its provider has several and only one does. */
  readonly dialect?: string | undefined;
  /** The wire format for requests with tools, where the provider has several and the usual one restricts them. */
  readonly toolsDialect?: string | undefined;
  /** Chat completions with tools: refused with any effort but `none`, or also without one. */
  readonly chatTools?: "without-effort" | "effort-none" | undefined;
  /** Takes images inside the result of a tool, where its wire has a place for them. */
  readonly toolResultMedia?: boolean | undefined;
  /** Last day of service, ISO date, where announced. */
  readonly retiresOn?: string | undefined;
}

/** Where a provider differs from the plain wire format. Each field is read in exactly one encode or decode. */
export interface Quirks {
  readonly maxTokensKey?: "max_tokens" | "max_completion_tokens" | undefined;
  readonly systemRole?: "system" | "developer" | undefined;
  /** Accepts `stream_options.include_usage`; default true. */
  readonly streamUsage?: boolean | undefined;
  /** Field of an assistant message in which reasoning text is sent back. */
  readonly reasoningField?: string | undefined;
  /** What the host wants of the reasoning in earlier turns. */
  readonly reasoningDemand?: ReasoningDemand | undefined;
  /** Settings this host refuses. */
  readonly lacks?: readonly SettingName[] | undefined;
  /** Sent when the entry says nothing (Hugging Face: top_p 0.9). */
  readonly defaults?: Settings | undefined;
  /** How structured output is asked for: by schema, by "any JSON", or only in words. */
  readonly jsonMode?: "json_schema" | "json_object" | "prompt" | undefined;
  /** Tool-call ids the host accepts (Mistral: exactly nine letters or digits). */
  readonly toolIds?: "nine-alphanumeric" | undefined;
  /** Thoughts may begin the text in `<think>` tags, or, "opened", without the opening one, which stands in the prompt. */
  readonly thinkTags?: "tagged" | "opened" | undefined;
  /** Takes `prompt_cache_key`. */
  readonly promptCacheKey?: boolean | undefined;
  /** Whether the host's list of models leaves out some that it serves, or why there is none to ask for; default: it is whole. */
  readonly modelList?: "partial" | { readonly none: string } | undefined;
  /** Largest temperature; default 2. */
  readonly maxTemperature?: number | undefined;
  /** Most stop sequences; default unlimited. */
  readonly maxStops?: number | undefined;
}

/** A host that refuses a history whose turns lack their reasoning. */
export interface ReasoningDemand {
  /** The assistant turns that must have it. */
  readonly turns: "all" | "tool-calls";
  /** What the host takes in its place; absent: unknown. */
  readonly standIn?: string | undefined;
  /** Fields of the body that switch thinking off, so that nothing is demanded. */
  readonly off: Readonly<Record<string, unknown>>;
}

export type AuthHeader = "bearer" | "x-api-key" | "api-key" | "x-goog-api-key" | "none";

/** Where credentials come from. Keys rotate; a hook is asked before each attempt unless its token is still fresh. */
export interface Credentials {
  readonly keys: readonly Secret[];
  readonly token?: (() => Promise<Token>) | undefined;
}
export interface Token {
  readonly token: string;
  /** When it stops being valid, milliseconds since 1970; it is renewed a minute earlier. */
  readonly expiresAt?: number;
}

export interface Address {
  readonly baseUrl: string;
  readonly apiVersion?: string | undefined;
  readonly organization?: string | undefined;
  readonly project?: string | undefined;
  readonly vertexProject?: string | undefined;
  readonly vertexLocation?: string | undefined;
  /** Azure's dated API: the model id is a deployment name in the path. */
  readonly azure?: boolean | undefined;
}

/** A fully resolved destination. */
export interface Target {
  /** The entry's name in models.toml. */
  readonly entry: string;
  readonly provider: string;
  readonly modelId: string;
  /** Answered by the embedded simulator. */
  readonly simulated?: boolean | undefined;
  /** Wire format. */
  readonly dialect: string;
  readonly address: Address;
  /** `origin model-id`: what a circuit breaker and a retry budget belong to. */
  readonly key: string;
  readonly origin: string;
  readonly auth: AuthHeader;
  readonly credentials: Credentials;
  readonly headers: Readonly<Record<string, string>>;
  readonly extraBody: Readonly<Record<string, unknown>>;
  readonly proxy: string | undefined;
  readonly tls: TlsOptions | undefined;
  readonly settings: Settings;
  /** Instructions of the entry, put before every prompt. */
  readonly system: string | undefined;
  /** `messages` of the entry, put after `system` before every prompt. */
  readonly prelude: readonly Message[];
  readonly adaptation: Adaptation;
  /** Keys of the entry that mean nothing to this wire. */
  readonly unused: readonly { readonly key: string; readonly value: unknown; readonly reason: string }[];
  readonly quirks: Quirks;
  readonly facts: ModelFacts;
  /** Looked up when first asked: price data is not needed to send a request. */
  readonly price: () => Price | undefined;
  readonly policy: Policy;
  /** The same model over the wire on which it takes tools without restrictions, where that is another one. */
  readonly withTools?: Target | undefined;
}

export type { Adaptation, Policy };
export type OnBreak = Policy["onBreak"];

/** Where a circuit breaker stands: `isolated` is open by hand. */
export type BreakerState = "closed" | "open" | "half-open" | "isolated";
