// Written by `npm run schema` from the options in src/config; do not edit.
import type { EntryRateLimit } from "./budget.ts";
import type { ModelErrorCode } from "./error-codes.ts";
import type { EntryMessage } from "./message.ts";
import type { MockAnswer } from "./mock-answer.ts";
import type { Effort, PromptCache, ResponseFormat, ResponseFormatInput, StripSpecialTokens, StripTokens, ToolsInput } from "./option-values.ts";
import type { Tool, ToolChoice } from "./tool.ts";

/**
 * The parameters of one request: the keys of models.toml in camelCase. A call overrides its entry. Parameters that are
 * not set are not sent.
 */
export interface Settings {
  /**
   * Randomness, 0 to 2; 0 is the most repeatable. Reasoning models do not support it: it is left out and reported.
   * Default: the provider's.
   */
  readonly temperature?: number | undefined;
  /** Nucleus sampling, 0 to 1: only the most likely tokens up to this total probability. Default: the provider's. */
  readonly topP?: number | undefined;
  /** Only the k most likely tokens. Not on OpenAI's own API. Default: the provider's. */
  readonly topK?: number | undefined;
  /** Maximum tokens of an answer, including reasoning. Default: the model's own limit. */
  readonly maxNewTokens?: number | undefined;
  /**
   * Prompts with more estimated tokens fail with `context_too_long` before any request. Default: the model's context
   * window.
   */
  readonly maxInputTokens?: number | undefined;
  /**
   * Strings that end the answer and are not part of it. If the model does not support them, the library ends the answer
   * there and reports it.
   */
  readonly stop?: readonly string[] | undefined;
  /** Makes answers more repeatable, if the provider supports it. */
  readonly seed?: number | undefined;
  /** -2 to 2: above 0, words become less likely the more often they were used. Default 0. */
  readonly frequencyPenalty?: number | undefined;
  /** -2 to 2: above 0, words become less likely once they were used. Default 0. */
  readonly presencePenalty?: number | undefined;
  /** Bias per token id, -100 (never) to 100 (always). */
  readonly logitBias?: Readonly<Record<string, number>> | undefined;
  /** Request the log probability of each token; see `reply.raw`. Default: `false`. */
  readonly logprobs?: boolean | undefined;
  /** Also the n most likely alternatives of each token, 0 to 20. Needs `logprobs = true`. */
  readonly topLogprobs?: number | undefined;
  /**
   * How much the model reasons: a level, or 0 to 1 (up to .33 low, up to .66 medium, else high). Default: the model's.
   */
  readonly reasoningEffort?: Effort | number | undefined;
  /** How long answers are, if the model supports it. Default: the model's. */
  readonly verbosity?: "low" | "medium" | "high" | undefined;
  /** Price and speed class of the request; the provider's value. Default: the account's. */
  readonly serviceTier?: string | undefined;
  /** Kinds of output to produce. */
  readonly modalities?: readonly string[] | undefined;
  /** Text the answer will probably repeat, which makes it faster (OpenAI's `prediction`). */
  readonly prediction?: unknown;
  /** Format of the answer: text, any JSON, or JSON of a schema. Default: text. */
  readonly responseFormat?: ResponseFormat | undefined;
  /** Opaque id of the end user, for the provider's abuse detection. */
  readonly user?: string | undefined;
  /** Labels stored with the request by the provider. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** Let the provider search the web. Default false. */
  readonly webSearch?: boolean | {
    readonly contextSize?: "low" | "medium" | "high";
    readonly maxUses?: number;
  } | undefined;
  /** Mark prompt prefixes for the provider's cache, if it needs markers. Default false. */
  readonly promptCache?: PromptCache | undefined;
  /** Functions the model may call, in OpenAI's format or flat. */
  readonly tools?: readonly Tool[] | undefined;
  /** Whether and which tool must be called. Default auto. */
  readonly toolChoice?: ToolChoice | undefined;
  /** false: at most one tool call per answer. Default: the provider's (true). */
  readonly parallelToolCalls?: boolean | undefined;
}

/** All settings, in the order of the documentation. */
export const SETTING_NAMES = [
  "temperature",
  "topP",
  "topK",
  "maxNewTokens",
  "maxInputTokens",
  "stop",
  "seed",
  "frequencyPenalty",
  "presencePenalty",
  "logitBias",
  "logprobs",
  "topLogprobs",
  "reasoningEffort",
  "verbosity",
  "serviceTier",
  "modalities",
  "prediction",
  "responseFormat",
  "user",
  "metadata",
  "webSearch",
  "promptCache",
  "tools",
  "toolChoice",
  "parallelToolCalls",
] as const;

/** The options of a model entry: durations in milliseconds, sizes in bytes. Options that are not set are absent. */
export interface EntryOptions extends Settings {
  /** The provider's model id, sent as `model`. Your program uses the name of the table; the two may differ. */
  readonly name?: string;
  /**
   * Who serves the model: openai, azure, anthropic, google, vertex, one of the compatible hosts (deepseek, groq,
   * mistral, ollama, …), simulator, or any name of your own together with `base_url` and `custom_llm_provider`.
   */
  readonly provider?: string;
  /**
   * The provider's key, best as "env:NAME"; "env:NAME:-default" has a default. An array is rotated: the next key is
   * tried when one is refused or used up. Default: the provider's usual environment variable.
   */
  readonly apiKey?: readonly string[];
  /**
   * Base URL of the API, as in the provider's SDK: with /v1 for OpenAI wires, without a version for Anthropic and
   * Gemini. Default: the provider's own.
   */
  readonly baseUrl?: string;
  /**
   * Version of the API: Azure's dated `api-version`, the `anthropic-version` header, or Gemini's path segment. Default:
   * the newest one the library is tested with.
   */
  readonly apiVersion?: string;
  /** OpenAI organization that is billed (header OpenAI-Organization). */
  readonly organizationId?: string;
  /** OpenAI project that is billed (header OpenAI-Project). */
  readonly projectId?: string;
  /**
   * The wire format to speak, whatever the provider is called: openai, openai-responses, anthropic, google, or a
   * dialect registered from code. Default: the provider's own.
   */
  readonly customLlmProvider?: string;
  /** Google Cloud project, for provider vertex. */
  readonly vertexProject?: string;
  /** Google Cloud region, for provider vertex. */
  readonly vertexLocation?: string;
  /** How the key is sent: `Authorization: Bearer`, `x-api-key`, or not at all. Default: the provider's way. */
  readonly authHeader?: "bearer" | "x-api-key" | "none";
  /** Headers added to every request; those of a call take precedence. Values may be "env:NAME". */
  readonly extraHeaders?: Readonly<Record<string, string>>;
  /** Fields added to the body of every request, unchanged, after everything else. */
  readonly extraBody?: Readonly<Record<string, unknown>>;
  /** Proxy for this model's requests. Default: HTTPS_PROXY and NO_PROXY of the environment. */
  readonly proxy?: string;
  /** Certificate checks. */
  readonly tls?: { readonly caFile?: string; readonly rejectUnauthorized?: boolean };
  /**
   * The simulator answers calls with this text, or with one answer after another; the last one repeats. No request
   * leaves the machine, and no key is needed. An answer may be a table with `text`, `reasoning` and `tool_calls`, or
   * with `error` or `status`, and with `retry_after`, `delay` and `break_after`. false: no inherited answers.
   */
  readonly mockResponse?: readonly MockAnswer[];
  /**
   * Larger prompts, including attachments, fail with `request_too_large` before any request. In bytes. Default:
   * `"64MiB"`.
   */
  readonly maxInputBytes?: number;
  /** Maximum completions of one API call; more samples need several calls. Default: `1`. */
  readonly batchSize?: number;
  /** Instructions before every prompt; "file:PATH" reads them from a file. */
  readonly system?: string;
  /** Messages before every prompt, after `system`, such as examples. */
  readonly messages?: readonly EntryMessage[];
  /**
   * Use the streaming wire for codegen() too. Automatic with `first_token_timeout`, and on Anthropic's wire with a
   * `max_new_tokens` above 21333. Default: `false`.
   */
  readonly stream?: boolean;
  /**
   * Leave out unsupported parameters and report them in `reply.adjustments`; false: such a request fails with
   * `unsupported`. Default: `true`.
   */
  readonly dropParams?: boolean;
  /** Also change unsupported values (clamp, merge, lower) and report them in `reply.adjustments`. Default: `true`. */
  readonly modifyParams?: boolean;
  /** Parameters never sent to this model, by their name here. */
  readonly drop?: readonly string[];
  /** Parameters always sent, even if the catalog says that the model does not support them. */
  readonly allow?: readonly string[];
  /**
   * Fields that clients of the gateway may send to this provider even though the vendor's API does not define them.
   * Others are left out and reported; the vendor itself gets all of them.
   */
  readonly clientFields?: readonly string[];
  /** No automatic change of a request: it fails with `unsupported` instead. Default: `false`. */
  readonly strict?: boolean;
  /** How often object() asks again if an answer does not match its schema. Default: `0`. */
  readonly repair?: number;
  /**
   * How often the model is asked to continue an answer truncated by the token limit; the parts are joined. Not for JSON
   * answers and tool calls. Default: `0`.
   */
  readonly continueOnLength?: number;
  /** Length of the vectors of embed(). Default: the model's own. */
  readonly dimensions?: number;
  /**
   * Maximum texts of one request of embed(); more texts need several. Default: the provider's limit, or 32 if it is
   * unknown.
   */
  readonly embedBatchSize?: number;
  /**
   * Remove leaked control tokens (such as <|im_end|>) from the end of answers: true for the usual ones, or your own
   * array. A table also sets where; inside the text they may be content. Default: `false`.
   */
  readonly stripSpecialTokens?: StripSpecialTokens;
  /** Retries after the first request: 3 means up to 4 requests. Default: `3`. */
  readonly numRetries?: number;
  /** Wait before the first retry. In milliseconds. Default: 0.5 s. */
  readonly retryMinWait?: number;
  /** Longest wait between two attempts. In milliseconds. Default: 20 s. */
  readonly retryMaxWait?: number;
  /** Factor from one wait to the next. Default: `2`. */
  readonly retryMultiplier?: number;
  /**
   * Randomness of waits, so that clients do not retry together: full = from 0 to the wait, none = exactly the wait.
   * true is full, false is none. Default: `"full"`.
   */
  readonly jitter?: "full" | "none" | "decorrelated";
  /**
   * The only errors that are retried: an array (each up to `num_retries`), or a table with a count for each. Default:
   * see the table of error codes.
   */
  readonly retryOn?: readonly ModelErrorCode[] | Readonly<Partial<Record<ModelErrorCode, number>>>;
  /** If the provider asks for a longer wait, the call fails or falls back at once. In milliseconds. Default: 60 s. */
  readonly maxRetryAfter?: number;
  /** Longest time of one attempt, from sending to its end. In milliseconds. Default: 600 s. */
  readonly timeout?: number;
  /** Longest time of the whole call, including waits, retries and fallbacks. Default: none. In milliseconds. */
  readonly deadline?: number;
  /** Longest time to open a connection. In milliseconds. Default: 10 s. */
  readonly connectTimeout?: number;
  /**
   * Longest time until the first text, reasoning or tool call. codegen() then streams on the wire, unless `stream` is
   * false or the model cannot stream. Default: none. In milliseconds.
   */
  readonly firstTokenTimeout?: number;
  /**
   * An attempt without text, reasoning or tool call for this time is reported once: as a warning in the log, and to the
   * hook `slow`. It goes on. Default: never. In milliseconds.
   */
  readonly slowAfter?: number;
  /**
   * Longest time without a single byte, after the first byte of the answer, streamed or not. In milliseconds. Default:
   * 60 s.
   */
  readonly silenceTimeout?: number;
  /** Longest time without model output on a stream; pings do not count. In milliseconds. Default: 300 s. */
  readonly idleTimeout?: number;
  /**
   * Stops requests to a model that keeps failing: calls then fail at once as `circuit_open`, or fall back. false turns
   * it off.
   */
  readonly circuitBreaker?: false | {
    readonly threshold?: number;
    readonly window?: number;
    readonly halfOpenAfter?: number;
  };
  /** Maximum requests of this model in flight. Default: no limit. */
  readonly maxParallel?: number;
  /** Calls that may wait while `max_parallel` are in flight; others fail with `bulkhead_full`. Default: no limit. */
  readonly queue?: number;
  /**
   * Entries tried in order when this model fails and another may succeed. A fallback's own list is not followed.
   * Inherited; [] clears it.
   */
  readonly fallbackModels?: readonly string[];
  /**
   * Entries tried in order when the prompt is too long for this model. A fallback's own list is not followed.
   * Inherited; [] clears it.
   */
  readonly contextWindowFallbacks?: readonly string[];
  /**
   * What happens to a prompt whose estimate does not fit into the context window. error: it goes to a fallback with a
   * larger window, or is sent, because only the provider counts exactly. fallback: it goes to a fallback, and is never
   * sent to this model. trim: the oldest messages are left out and reported as an adjustment; the window must also hold
   * the answer. summarize: one more request to this model replaces the oldest messages by a summary; its cost is part
   * of the call. Default: `"error"`.
   */
  readonly overflow?: "error" | "trim" | "summarize" | "fallback";
  /**
   * Entries tried in order when this model refuses or its filter stops an answer. A fallback's own list is not
   * followed. Inherited; [] clears it.
   */
  readonly contentPolicyFallbacks?: readonly string[];
  /**
   * Entries tried in order when this model is rate limited or out of quota. A fallback's own list is not followed.
   * Inherited; [] clears it.
   */
  readonly rateLimitFallbacks?: readonly string[];
  /**
   * What stream() does if an answer breaks off after text was delivered. error: throw with the partial text. restart:
   * emit `reset` and start again. continue: the next attempt or fallback writes the rest (JSON and tool calls start
   * again). codegen() always starts again. Default: `"error"`.
   */
  readonly onBreak?: "error" | "restart" | "continue";
  /**
   * With `on_break = "restart"`: stream() yields nothing for this time from the first content on, or with "all" until
   * the answer is complete. An answer that breaks in that time starts again without a `reset`. A call may give it too.
   * Default: nothing is held; 0 says so. In milliseconds.
   */
  readonly hold?: number | "all";
  /**
   * Held text beyond this ends `hold`: it is delivered, and so is what follows. A call may give it too. In bytes.
   * Default: `"8MiB"`.
   */
  readonly holdBytes?: number;
  /**
   * If nothing has arrived after this time, a second request is sent to the first of `fallback_models`, or to the same
   * model. The first answer wins; both may be billed. Default: never. In milliseconds.
   */
  readonly hedgeAfter?: number;
  /**
   * The provider's SDK builds every request. By default it builds the first requests, and later ones are the same bytes
   * without the SDK, with a third less CPU.
   */
  readonly sdkRequests?: boolean;
  /**
   * The same chunk this many times in a row (2.56 times as often in reasoning) ends the attempt as `degenerate_output`,
   * and so does endless whitespace; 0 turns both off. Default: `100`.
   */
  readonly repeatedChunkLimit?: number;
  /**
   * Prices in USD per million tokens; they take precedence over `[pricing]` and the catalog. Without a price, the cost
   * is null, never 0.
   */
  readonly pricing?: {
    readonly input?: number;
    readonly output?: number;
    readonly cacheRead?: number;
    readonly cacheWrite?: number;
    readonly cacheWrite5m?: number;
    readonly cacheWrite1h?: number;
  };
  /** Use the prices of another model id, for deployments and aliases with their own names. */
  readonly priceAs?: string;
  /** Reject calls with an unknown price. Default: `false`. */
  readonly strictPricing?: boolean;
  /**
   * Limits of this entry's requests and tokens: the short form of a table in `[rate_limits]`, with the same keys except
   * `per` and `match`. Each entry that inherits it has counters of its own.
   */
  readonly rateLimit?: {
    readonly requestsPerSecond?: number;
    readonly requestsPerMinute?: number;
    readonly requestsPerHour?: number;
    readonly requestsPerDay?: number;
    readonly tokensPerSecond?: number;
    readonly tokensPerMinute?: number;
    readonly tokensPerHour?: number;
    readonly tokensPerDay?: number;
    readonly rpm?: number;
    readonly tpm?: number;
    readonly maxParallel?: number;
    readonly onExceeded?: "wait" | "refuse";
    readonly maxWait?: number;
    readonly queue?: number;
  };
  /**
   * What the model supports, if the catalog does not have it or is wrong. Unsupported parameters are left out of
   * requests, or are errors (see `drop_params`).
   */
  readonly capabilities?: {
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
    readonly context?: number;
    readonly maxOutput?: number;
  };
}

/** The options of a model entry that calls may set too, in the form that calls use. */
export interface EntryOptionsPerCall {
  /**
   * Headers added to every request; those of a call take precedence. Values may be "env:NAME". Default: the entry's.
   */
  readonly extraHeaders?: Readonly<Record<string, string>> | undefined;
  /** Fields added to the body of every request, unchanged, after everything else. Default: the entry's. */
  readonly extraBody?: Readonly<Record<string, unknown>> | undefined;
  /**
   * Randomness, 0 to 2; 0 is the most repeatable. Reasoning models do not support it: it is left out and reported.
   * Default: the provider's.
   */
  readonly temperature?: number | undefined;
  /** Nucleus sampling, 0 to 1: only the most likely tokens up to this total probability. Default: the provider's. */
  readonly topP?: number | undefined;
  /** Only the k most likely tokens. Not on OpenAI's own API. Default: the provider's. */
  readonly topK?: number | undefined;
  /** Maximum tokens of an answer, including reasoning. Default: the model's own limit. */
  readonly maxNewTokens?: number | undefined;
  /** Alias of `max_new_tokens`. Default: the entry's. */
  readonly maxTokens?: number | undefined;
  /**
   * Prompts with more estimated tokens fail with `context_too_long` before any request. Default: the model's context
   * window.
   */
  readonly maxInputTokens?: number | undefined;
  /**
   * Larger prompts, including attachments, fail with `request_too_large` before any request. In bytes, or as a string
   * such as "512KiB" or "64MiB". Default: the entry's.
   */
  readonly maxInputBytes?: number | string | undefined;
  /** Maximum completions of one API call; more samples need several calls. Default: the entry's. */
  readonly batchSize?: number | undefined;
  /**
   * Strings that end the answer and are not part of it. If the model does not support them, the library ends the answer
   * there and reports it. Default: the entry's.
   */
  readonly stop?: string | readonly string[] | undefined;
  /** Makes answers more repeatable, if the provider supports it. Default: the entry's. */
  readonly seed?: number | undefined;
  /** -2 to 2: above 0, words become less likely the more often they were used. Default 0. */
  readonly frequencyPenalty?: number | undefined;
  /** -2 to 2: above 0, words become less likely once they were used. Default 0. */
  readonly presencePenalty?: number | undefined;
  /** Bias per token id, -100 (never) to 100 (always). Default: the entry's. */
  readonly logitBias?: Readonly<Record<string, number>> | undefined;
  /** Request the log probability of each token; see `reply.raw`. Default: the entry's. */
  readonly logprobs?: boolean | undefined;
  /** Also the n most likely alternatives of each token, 0 to 20. Needs `logprobs = true`. Default: the entry's. */
  readonly topLogprobs?: number | undefined;
  /**
   * How much the model reasons: a level, or 0 to 1 (up to .33 low, up to .66 medium, else high). Default: the model's.
   */
  readonly reasoningEffort?: Effort | number | undefined;
  /** How long answers are, if the model supports it. Default: the model's. */
  readonly verbosity?: "low" | "medium" | "high" | undefined;
  /** Price and speed class of the request; the provider's value. Default: the account's. */
  readonly serviceTier?: string | undefined;
  /** Kinds of output to produce. Default: the entry's. */
  readonly modalities?: readonly string[] | undefined;
  /** Text the answer will probably repeat, which makes it faster (OpenAI's `prediction`). Default: the entry's. */
  readonly prediction?: unknown;
  /** Instructions before every prompt; "file:PATH" reads them from a file. Default: the entry's. */
  readonly system?: string | undefined;
  /** Format of the answer: text, any JSON, or JSON of a schema. Default: text. */
  readonly responseFormat?: ResponseFormatInput | undefined;
  /** Opaque id of the end user, for the provider's abuse detection. Default: the entry's. */
  readonly user?: string | undefined;
  /** Labels stored with the request by the provider. Default: the entry's. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** Let the provider search the web. Default false. */
  readonly webSearch?: boolean | {
    readonly contextSize?: "low" | "medium" | "high";
    readonly maxUses?: number;
  } | undefined;
  /** Mark prompt prefixes for the provider's cache, if it needs markers. Default false. */
  readonly promptCache?: PromptCache | undefined;
  /**
   * Use the streaming wire for codegen() too. Automatic with `first_token_timeout`, and on Anthropic's wire with a
   * `max_new_tokens` above 21333. Default: the entry's.
   */
  readonly stream?: boolean | undefined;
  /** Functions the model may call, in OpenAI's format or flat. Default: the entry's. */
  readonly tools?: ToolsInput | undefined;
  /** Whether and which tool must be called. Default auto. */
  readonly toolChoice?: ToolChoice | { readonly type: "function"; readonly function: { readonly name: string } } | undefined;
  /** false: at most one tool call per answer. Default: the provider's (true). */
  readonly parallelToolCalls?: boolean | undefined;
  /**
   * Leave out unsupported parameters and report them in `reply.adjustments`; false: such a request fails with
   * `unsupported`. Default: the entry's.
   */
  readonly dropParams?: boolean | undefined;
  /**
   * Also change unsupported values (clamp, merge, lower) and report them in `reply.adjustments`. Default: the entry's.
   */
  readonly modifyParams?: boolean | undefined;
  /** Parameters never sent to this model, by their name here. Default: the entry's. */
  readonly drop?: readonly string[] | undefined;
  /** Parameters always sent, even if the catalog says that the model does not support them. Default: the entry's. */
  readonly allow?: readonly string[] | undefined;
  /** No automatic change of a request: it fails with `unsupported` instead. Default: the entry's. */
  readonly strict?: boolean | undefined;
  /** How often object() asks again if an answer does not match its schema. Default: the entry's. */
  readonly repair?: number | undefined;
  /**
   * How often the model is asked to continue an answer truncated by the token limit; the parts are joined. Not for JSON
   * answers and tool calls. Default: the entry's.
   */
  readonly continueOnLength?: number | undefined;
  /**
   * Remove leaked control tokens (such as <|im_end|>) from the end of answers: true for the usual ones, or your own
   * array. A table also sets where; inside the text they may be content. Default: the entry's.
   */
  readonly stripSpecialTokens?: StripSpecialTokens | undefined;
  /**
   * With `on_break = "restart"`: stream() yields nothing for this time from the first content on, or with "all" until
   * the answer is complete. An answer that breaks in that time starts again without a `reset`. A call may give it too.
   * Default: nothing is held; 0 says so. In seconds, or as a string such as "500ms", "30s" or "2m".
   */
  readonly hold?: number | string | "all" | undefined;
  /**
   * Held text beyond this ends `hold`: it is delivered, and so is what follows. A call may give it too. In bytes, or as
   * a string such as "512KiB" or "64MiB". Default: the entry's.
   */
  readonly holdBytes?: number | string | undefined;
}

/** How a request that exceeds the capabilities of the target may be adapted. */
export interface Adaptation {
  /**
   * Leave out unsupported parameters and report them in `reply.adjustments`; false: such a request fails with
   * `unsupported`. Default: `true`.
   */
  readonly dropParams: boolean;
  /** Also change unsupported values (clamp, merge, lower) and report them in `reply.adjustments`. Default: `true`. */
  readonly modifyParams: boolean;
  /** Parameters never sent to this model, by their name here. */
  readonly drop: readonly string[];
  /** Parameters always sent, even if the catalog says that the model does not support them. */
  readonly allow: readonly string[];
  /**
   * Fields that clients of the gateway may send to this provider even though the vendor's API does not define them.
   * Others are left out and reported; the vendor itself gets all of them.
   */
  readonly clientFields: readonly string[];
  /** No automatic change of a request: it fails with `unsupported` instead. Default: `false`. */
  readonly strict: boolean;
}

/** Configuration of the layers; durations in milliseconds. */
export interface Policy {
  /**
   * Larger prompts, including attachments, fail with `request_too_large` before any request. In bytes. Default:
   * `"64MiB"`.
   */
  readonly maxInputBytes: number | undefined;
  /** Maximum completions of one API call; more samples need several calls. Default: `1`. */
  readonly batchSize: number;
  /**
   * Use the streaming wire for codegen() too. Automatic with `first_token_timeout`, and on Anthropic's wire with a
   * `max_new_tokens` above 21333. Default: `false`.
   */
  readonly stream: boolean | undefined;
  /** How often object() asks again if an answer does not match its schema. Default: `0`. */
  readonly repair: number;
  /**
   * How often the model is asked to continue an answer truncated by the token limit; the parts are joined. Not for JSON
   * answers and tool calls. Default: `0`.
   */
  readonly continueOnLength: number;
  /** Length of the vectors of embed(). Default: the model's own. */
  readonly dimensions: number | undefined;
  /**
   * Maximum texts of one request of embed(); more texts need several. Default: the provider's limit, or 32 if it is
   * unknown.
   */
  readonly embedBatchSize: number | undefined;
  /**
   * Remove leaked control tokens (such as <|im_end|>) from the end of answers: true for the usual ones, or your own
   * array. A table also sets where; inside the text they may be content. Default: `false`.
   */
  readonly stripTokens: StripTokens;
  /** Retries after the first request: 3 means up to 4 requests. Default: `3`. */
  readonly numRetries: number;
  /** Wait before the first retry. In milliseconds. Default: 0.5 s. */
  readonly retryMinWaitMs: number;
  /** Longest wait between two attempts. In milliseconds. Default: 20 s. */
  readonly retryMaxWaitMs: number;
  /** Factor from one wait to the next. Default: `2`. */
  readonly retryMultiplier: number;
  /**
   * Randomness of waits, so that clients do not retry together: full = from 0 to the wait, none = exactly the wait.
   * true is full, false is none. Default: `"full"`.
   */
  readonly jitter: "full" | "none" | "decorrelated";
  /**
   * The only errors that are retried: an array (each up to `num_retries`), or a table with a count for each. Default:
   * see the table of error codes.
   */
  readonly retryOn: Readonly<Partial<Record<ModelErrorCode, number>>> | undefined;
  /** If the provider asks for a longer wait, the call fails or falls back at once. In milliseconds. Default: 60 s. */
  readonly maxRetryAfterMs: number;
  /** Longest time of one attempt, from sending to its end. In milliseconds. Default: 600 s. */
  readonly attemptTimeoutMs: number;
  /** Longest time of the whole call, including waits, retries and fallbacks. Default: none. In milliseconds. */
  readonly deadlineMs: number | undefined;
  /** Longest time to open a connection. In milliseconds. Default: 10 s. */
  readonly connectTimeoutMs: number;
  /**
   * Longest time until the first text, reasoning or tool call. codegen() then streams on the wire, unless `stream` is
   * false or the model cannot stream. Default: none. In milliseconds.
   */
  readonly firstTokenTimeoutMs: number | undefined;
  /**
   * An attempt without text, reasoning or tool call for this time is reported once: as a warning in the log, and to the
   * hook `slow`. It goes on. Default: never. In milliseconds.
   */
  readonly slowAfterMs: number | undefined;
  /**
   * Longest time without a single byte, after the first byte of the answer, streamed or not. In milliseconds. Default:
   * 60 s.
   */
  readonly silenceTimeoutMs: number;
  /** Longest time without model output on a stream; pings do not count. In milliseconds. Default: 300 s. */
  readonly idleTimeoutMs: number;
  /**
   * Stops requests to a model that keeps failing: calls then fail at once as `circuit_open`, or fall back. false turns
   * it off.
   */
  readonly breaker: {
    readonly threshold: number;
    readonly windowMs: number | undefined;
    readonly halfOpenAfterMs: number;
  } | undefined;
  /** Maximum requests of this model in flight. Default: no limit. */
  readonly maxParallel: number | undefined;
  /** Calls that may wait while `max_parallel` are in flight; others fail with `bulkhead_full`. Default: no limit. */
  readonly queue: number;
  /**
   * What happens to a prompt whose estimate does not fit into the context window. error: it goes to a fallback with a
   * larger window, or is sent, because only the provider counts exactly. fallback: it goes to a fallback, and is never
   * sent to this model. trim: the oldest messages are left out and reported as an adjustment; the window must also hold
   * the answer. summarize: one more request to this model replaces the oldest messages by a summary; its cost is part
   * of the call. Default: `"error"`.
   */
  readonly overflow: "error" | "trim" | "summarize" | "fallback";
  /**
   * What stream() does if an answer breaks off after text was delivered. error: throw with the partial text. restart:
   * emit `reset` and start again. continue: the next attempt or fallback writes the rest (JSON and tool calls start
   * again). codegen() always starts again. Default: `"error"`.
   */
  readonly onBreak: "error" | "restart" | "continue";
  /**
   * With `on_break = "restart"`: stream() yields nothing for this time from the first content on, or with "all" until
   * the answer is complete. An answer that breaks in that time starts again without a `reset`. A call may give it too.
   * Default: nothing is held; 0 says so. In milliseconds.
   */
  readonly hold: number | "all" | undefined;
  /**
   * Held text beyond this ends `hold`: it is delivered, and so is what follows. A call may give it too. In bytes.
   * Default: `"8MiB"`.
   */
  readonly holdBytes: number;
  /**
   * If nothing has arrived after this time, a second request is sent to the first of `fallback_models`, or to the same
   * model. The first answer wins; both may be billed. Default: never. In milliseconds.
   */
  readonly hedgeAfterMs: number | undefined;
  /**
   * The provider's SDK builds every request. By default it builds the first requests, and later ones are the same bytes
   * without the SDK, with a third less CPU.
   */
  readonly sdkRequests: boolean;
  /**
   * The same chunk this many times in a row (2.56 times as often in reasoning) ends the attempt as `degenerate_output`,
   * and so does endless whitespace; 0 turns both off. Default: `100`.
   */
  readonly repeatedChunkLimit: number;
  /** Reject calls with an unknown price. Default: `false`. */
  readonly strictPricing: boolean;
  /**
   * Limits of this entry's requests and tokens: the short form of a table in `[rate_limits]`, with the same keys except
   * `per` and `match`. Each entry that inherits it has counters of its own.
   */
  readonly rateLimit: EntryRateLimit | undefined;
}

/** Overrides of the target's policy by a call. */
export interface CallPolicy {
  /**
   * Larger prompts, including attachments, fail with `request_too_large` before any request. In bytes. Default:
   * `"64MiB"`.
   */
  readonly maxInputBytes?: number | undefined;
  /** Maximum completions of one API call; more samples need several calls. Default: `1`. */
  readonly batchSize?: number | undefined;
  /**
   * Use the streaming wire for codegen() too. Automatic with `first_token_timeout`, and on Anthropic's wire with a
   * `max_new_tokens` above 21333. Default: `false`.
   */
  readonly stream?: boolean | undefined;
  /** How often object() asks again if an answer does not match its schema. Default: `0`. */
  readonly repair?: number | undefined;
  /**
   * How often the model is asked to continue an answer truncated by the token limit; the parts are joined. Not for JSON
   * answers and tool calls. Default: `0`.
   */
  readonly continueOnLength?: number | undefined;
  /**
   * Remove leaked control tokens (such as <|im_end|>) from the end of answers: true for the usual ones, or your own
   * array. A table also sets where; inside the text they may be content. Default: `false`.
   */
  readonly stripTokens?: StripTokens | undefined;
  /**
   * With `on_break = "restart"`: stream() yields nothing for this time from the first content on, or with "all" until
   * the answer is complete. An answer that breaks in that time starts again without a `reset`. A call may give it too.
   * Default: nothing is held; 0 says so. In milliseconds.
   */
  readonly hold?: number | "all" | undefined;
  /**
   * Held text beyond this ends `hold`: it is delivered, and so is what follows. A call may give it too. In bytes.
   * Default: `"8MiB"`.
   */
  readonly holdBytes?: number | undefined;
}

/** Fields of CallPolicy that affect how answers are fetched and delivered, not their content. */
export const DELIVERY_NAMES = [
  "batchSize",
  "repair",
  "hold",
  "holdBytes",
] as const;
