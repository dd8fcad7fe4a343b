import type { Price } from "./cost.ts";
import type { Message } from "./message.ts";
import type { MockAnswer } from "./mock-answer.ts";
import type { Adaptation, Policy } from "./options.generated.ts";
import type { Effort, SettingName, Settings } from "./request.ts";
import type { Secret } from "./secret.ts";
import type { TlsOptions } from "./transport.ts";

/** Capabilities of a model, named like `capabilities` in models.toml; `undefined` means unknown and counts as supported. */
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
  readonly embeddings?: boolean;
}
export type Capability = keyof Capabilities;

/** Facts about one model, from the catalog and the entry's `capabilities`, which take precedence. */
export interface ModelFacts {
  /** False if the catalog has no row for the model id. */
  readonly known: boolean;
  readonly capabilities: Capabilities;
  /** Context window: maximum tokens of prompt and answer. */
  readonly context?: number | undefined;
  /** Maximum tokens of an answer. */
  readonly maxOutput?: number | undefined;
  /** The effort levels that the model supports; absent: all. */
  readonly efforts?: readonly Effort[] | undefined;
  /** How an effort is encoded: as a level, as adaptive thinking with a level, or as a token budget. */
  readonly reasoningWire?: "effort" | "adaptive" | "budget" | "level" | undefined;
  /** Settings of the wire format that this model does not support. */
  readonly lacks?: readonly SettingName[] | undefined;
  /** Settings that this model supports only without reasoning: without an effort, or with `none`. */
  readonly lacksWithEffort?: readonly SettingName[] | undefined;
  /** Whether the model rejects `temperature` together with `top_p`. */
  readonly oneSampler?: boolean | undefined;
  /** The role of instructions. */
  readonly systemRole?: "system" | "developer" | "user" | undefined;
  /** The `anthropic-version` with which an older Claude supports a temperature. */
  readonly anthropicVersion?: string | undefined;
  /** The wire format for this model, if its provider has several and only one serves it. */
  readonly dialect?: string | undefined;
  /** The wire format for requests with tools, if the default one restricts them. */
  readonly toolsDialect?: string | undefined;
  /** Chat completions with tools: rejected with an effort, or also without `none` as the effort. */
  readonly chatTools?: "without-effort" | "effort-none" | undefined;
  /** Whether the model supports images in tool results, if its wire format does. */
  readonly toolResultMedia?: boolean | undefined;
  /** Present for a model that computes embeddings and generates nothing. */
  readonly embedding?: EmbeddingFacts | undefined;
  /** The encoding of its tokens, if it is published. */
  readonly encoding?: Encoding | undefined;
  /** Last day of service, ISO format, if announced. */
  readonly retiresOn?: string | undefined;
}

/** Facts about an embedding model. Its `context` limits each text. */
export interface EmbeddingFacts {
  /** Most texts of a request, and most tokens of all of them, if the provider limits this model more than others. */
  readonly texts?: number | undefined;
  readonly tokens?: number | undefined;
  /** The length of its vectors, unless a request asks for another one. */
  readonly dimensions?: number | undefined;
  /** The lengths that a request may ask for: each of a list, or from the first to the last; absent: unknown. */
  readonly sizes?: { readonly each: readonly number[] } | { readonly from: number; readonly to: number } | undefined;
}

/** Encodings that OpenAI publishes, by their names in tiktoken. */
export type Encoding = "cl100k_base" | "o200k_base" | "o200k_harmony";

/** A provider's differences from the standard wire format. Each field is read in exactly one encoder or decoder. */
export interface Quirks {
  readonly maxTokensKey?: "max_tokens" | "max_completion_tokens" | undefined;
  readonly systemRole?: "system" | "developer" | undefined;
  /** Whether the provider supports `stream_options.include_usage`; default true. */
  readonly streamUsage?: boolean | undefined;
  /** The field of an assistant message for its reasoning text. */
  readonly reasoningField?: string | undefined;
  /** Whether the provider requires the reasoning of earlier messages. */
  readonly reasoningDemand?: ReasoningDemand | undefined;
  /** Settings that this provider does not support. */
  readonly lacks?: readonly SettingName[] | undefined;
  /** Sent if the entry does not set them (Hugging Face: top_p 0.9). */
  readonly defaults?: Settings | undefined;
  /** How structured output is requested: with a schema, as any JSON, or only in the prompt. */
  readonly jsonMode?: "json_schema" | "json_object" | "prompt" | undefined;
  /** Format of tool call ids (Mistral: exactly nine letters or digits). */
  readonly toolIds?: "nine-alphanumeric" | undefined;
  /** The text may start with reasoning in `<think>` tags; "opened": the opening tag is in the prompt. */
  readonly thinkTags?: "tagged" | "opened" | undefined;
  /** Whether the provider supports `prompt_cache_key`. */
  readonly promptCacheKey?: boolean | undefined;
  /** Whether the provider's model list is incomplete, or why it has none; default: complete. */
  readonly modelList?: "partial" | { readonly none: string } | undefined;
  /** Largest temperature; default 2. */
  readonly maxTemperature?: number | undefined;
  /** Maximum number of stop sequences; default unlimited. */
  readonly maxStops?: number | undefined;
  /** The most tokens that any model of this provider counts for an image of any size; default unknown. */
  readonly maxImageTokens?: number | undefined;
  /** How it takes texts for embeddings. */
  readonly embeddings?: EmbeddingQuirks | undefined;
  /** Headers that depend on the request. */
  readonly headersByRequest?: HeadersByRequest | undefined;
}

/** Headers of a provider that depend on the request; names in lower case. Headers of an entry or a call take precedence. */
export interface HeadersByRequest {
  /** Sent if a message has an image. */
  readonly withImages: Readonly<Record<string, string>>;
  /** Sent if the last message is the user's. */
  readonly fromUser: Readonly<Record<string, string>>;
  /** Sent if the last message is an answer or a tool's result, so that the program goes on by itself. */
  readonly fromProgram: Readonly<Record<string, string>>;
}

/** How a provider takes texts for embeddings. */
export interface EmbeddingQuirks {
  /** Most texts of a request. Default: 32, the smallest limit of the usual local servers. */
  readonly texts?: number | undefined;
  /** Most tokens of all texts of a request; default unlimited. */
  readonly tokens?: number | undefined;
  /** Whether vectors are requested as base64; default: as arrays of numbers, which every server sends. */
  readonly base64?: boolean | undefined;
  /** The field for the length of the vectors; default `dimensions`. */
  readonly dimensionsKey?: "output_dimension" | undefined;
}

/** A provider that rejects messages without their reasoning. */
export interface ReasoningDemand {
  /** The assistant messages that need it. */
  readonly turns: "all" | "tool-calls";
  /** The text that the provider accepts instead; absent: unknown. */
  readonly standIn?: string | undefined;
  /** Body fields that switch thinking off, so that no reasoning is required. */
  readonly off: Readonly<Record<string, unknown>>;
}

export type AuthHeader = "bearer" | "x-api-key" | "api-key" | "x-goog-api-key" | "none";

/** The source of credentials. Keys rotate; a token hook is called before an attempt if the last token has expired. */
export interface Credentials {
  readonly keys: readonly Secret[];
  readonly token?: (() => Promise<Token>) | undefined;
  /** What to do if the provider rejects them: names the variable or the place in the file, never a value. */
  readonly remedy?: string | undefined;
}
export interface Token {
  readonly token: string;
  /** Expiry in milliseconds since 1970; the token is renewed a minute earlier. */
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
  /** The answers of the simulator, in order; the last one repeats. Default: it generates them. */
  readonly mock?: readonly MockAnswer[] | undefined;
  /** Wire format. */
  readonly dialect: string;
  readonly address: Address;
  /** `origin model-id`: identifies the circuit breaker and the retry budget. */
  readonly key: string;
  readonly origin: string;
  readonly auth: AuthHeader;
  readonly credentials: Credentials;
  readonly headers: Readonly<Record<string, string>>;
  readonly extraBody: Readonly<Record<string, unknown>>;
  readonly proxy: string | undefined;
  readonly tls: TlsOptions | undefined;
  readonly settings: Settings;
  /** Instructions of the entry, before every prompt. */
  readonly system: string | undefined;
  /** `messages` of the entry, before every prompt and after `system`. */
  readonly prelude: readonly Message[];
  readonly adaptation: Adaptation;
  /** Keys of the entry that have no effect for this wire format. */
  readonly unused: readonly { readonly key: string; readonly value: unknown; readonly reason: string }[];
  readonly quirks: Quirks;
  readonly facts: ModelFacts;
  /** Looked up on first use: sending a request does not need price data. */
  readonly price: () => Price | undefined;
  /** Where the price comes from; looked up with it. */
  readonly priceOrigin?: () => PriceOrigin | undefined;
  readonly policy: Policy;
  /** The same model over the wire format that supports tools without restrictions, if it is another one. */
  readonly withTools?: Target | undefined;
}

/** Where a price comes from: `models.toml`, `catalog`, or `models.toml, catalog` if the file overrides single rates. */
export interface PriceOrigin {
  readonly source: string;
  /** Day of the catalog's data, ISO format. */
  readonly date?: string | undefined;
}

export type { Adaptation, Policy };
export type OnBreak = Policy["onBreak"];

/** State of a circuit breaker; `isolated`: opened manually. */
export type BreakerState = "closed" | "open" | "half-open" | "isolated";
