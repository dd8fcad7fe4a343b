import type { Message } from "./message.ts";
import type { JsonSchema, Tool, ToolChoice } from "./tool.ts";

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

/** `true`, or how long the prefix is kept and which messages end a prefix. */
export type PromptCache = boolean | { readonly ttl?: "5m" | "1h"; readonly points?: readonly CachePoint[] };
export type CachePoint = "system" | "tools" | "first-user" | "last-user";

/**
 * The parameters of one request, named as in models.toml but in camelCase. An entry gives them, a call overrides them;
 * nothing is sent that was not asked for.
 */
export interface Settings {
  readonly temperature?: number | undefined;
  readonly topP?: number | undefined;
  readonly topK?: number | undefined;
  /** Most tokens of the answer, reasoning included. */
  readonly maxNewTokens?: number | undefined;
  /** Refuse prompts estimated above this many tokens, before any request. */
  readonly maxInputTokens?: number | undefined;
  readonly stop?: readonly string[] | undefined;
  readonly seed?: number | undefined;
  readonly frequencyPenalty?: number | undefined;
  readonly presencePenalty?: number | undefined;
  readonly logitBias?: Readonly<Record<string, number>> | undefined;
  readonly logprobs?: boolean | undefined;
  readonly topLogprobs?: number | undefined;
  /** A word, or 0..1: up to .33 low, up to .66 medium, else high. */
  readonly reasoningEffort?: Effort | number | undefined;
  readonly verbosity?: "low" | "medium" | "high" | undefined;
  readonly serviceTier?: string | undefined;
  readonly modalities?: readonly string[] | undefined;
  readonly prediction?: unknown;
  readonly responseFormat?: ResponseFormat | undefined;
  readonly user?: string | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  readonly webSearch?:
    | boolean
    | { readonly contextSize?: "low" | "medium" | "high"; readonly maxUses?: number }
    | undefined;
  readonly promptCache?: PromptCache | undefined;
  readonly tools?: readonly Tool[] | undefined;
  readonly toolChoice?: ToolChoice | undefined;
  readonly parallelToolCalls?: boolean | undefined;
}

export type SettingName = keyof Settings;

/** Every setting, in the order of the documentation. */
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
] as const satisfies readonly SettingName[];

/** The settings among the keys of something larger. */
export function pickSettings(source: Readonly<Record<string, unknown>>): Settings {
  const settings: Record<string, unknown> = {};
  for (const name of SETTING_NAMES) if (source[name] !== undefined) settings[name] = source[name];
  return settings as Settings;
}

/** The canonical request for one target: everything adapted, nothing left to decide but the wire's spelling. */
export interface ModelRequest {
  readonly messages: readonly Message[];
  readonly settings: Omit<Settings, "reasoningEffort"> & { readonly reasoningEffort?: Effort | undefined };
  /** Stop sequences that the target does not take: the answer is cut at them on this side. */
  readonly cutAt?: readonly string[] | undefined;
  /** Completions asked of this one API call. */
  readonly samples: number;
  /** Added to the body as they are, after everything else: `extra_body` and settings let through by `allow`. */
  readonly extraBody: Readonly<Record<string, unknown>>;
  readonly extraHeaders: Readonly<Record<string, string>>;
}

/** Asks for nothing: above the fallback layer, which makes a request for each target, there is no other yet. */
export const EMPTY_REQUEST: ModelRequest = { messages: [], settings: {}, samples: 1, extraBody: {}, extraHeaders: {} };

/** TOML spelling of a setting: `maxNewTokens` -> `max_new_tokens`. */
export function keyOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
