import type { Price } from "../core/cost.ts";
import type { ModelErrorCode } from "../core/error-codes.ts";
import { own } from "../core/own.ts";
import type { ResponseFormat, Settings } from "../core/request.ts";
import type { Capabilities, StripSpecialTokens } from "../core/target.ts";
import type { Tool, ToolChoice } from "../core/tool.ts";
import { durationMs } from "./duration.ts";
import { KEY_ALIASES } from "./layering.ts";
import { sizeBytes } from "./size.ts";
import { isTable, type Table } from "./table.ts";

type Loose<T> = { readonly [K in keyof T]?: T[K] | undefined };

/** Prices as written: a class that is not given is not known here. */
export type PriceConfig = Loose<Omit<Price, "tiers">>;

/** A message of `messages`, as written. */
export interface EntryMessage {
  readonly role: "system" | "developer" | "user" | "assistant" | "tool";
  readonly content: string | readonly Readonly<Record<string, unknown>>[];
  readonly tool_calls?: readonly Readonly<Record<string, unknown>>[];
  readonly tool_call_id?: string;
}

/**
 * One model entry with everything it inherits: the keys of models.toml in camelCase, aliases resolved. Every duration
 * is in milliseconds, under the name it has in the file. What is not written is absent: defaults are not filled in.
 */
export interface EntryConfig extends Settings {
  /** The name programs use: the table's. */
  readonly entry: string;
  /** The model's id at its provider. */
  readonly name: string;
  readonly provider: string;
  /** With provider "simulator": the provider it stands in for, whose wire it speaks. */
  readonly simulatedProvider?: string;
  readonly apiKey?: readonly string[];
  readonly baseUrl?: string;
  readonly apiVersion?: string;
  readonly organizationId?: string;
  readonly projectId?: string;
  readonly customLlmProvider?: string;
  readonly vertexProject?: string;
  readonly vertexLocation?: string;
  readonly authHeader?: "bearer" | "x-api-key" | "none";
  readonly extraHeaders?: Readonly<Record<string, string>>;
  readonly extraBody?: Readonly<Record<string, unknown>>;
  readonly proxy?: string;
  readonly tls?: { readonly caFile?: string; readonly rejectUnauthorized?: boolean };
  readonly batchSize?: number;
  readonly system?: string;
  readonly messages?: readonly EntryMessage[];
  readonly stream?: boolean;
  readonly dropParams?: boolean;
  readonly modifyParams?: boolean;
  readonly drop?: readonly string[];
  readonly allow?: readonly string[];
  readonly strict?: boolean;
  readonly repair?: number;
  readonly stripSpecialTokens?: StripSpecialTokens;
  readonly numRetries?: number;
  readonly retryMinWait?: number;
  readonly retryMaxWait?: number;
  readonly retryMultiplier?: number;
  readonly jitter?: "full" | "none" | "decorrelated";
  readonly retryOn?: readonly ModelErrorCode[] | Readonly<Partial<Record<ModelErrorCode, number>>>;
  readonly maxRetryAfter?: number;
  readonly timeout?: number;
  readonly deadline?: number;
  readonly connectTimeout?: number;
  readonly firstTokenTimeout?: number;
  readonly silenceTimeout?: number;
  readonly idleTimeout?: number;
  readonly circuitBreaker?:
    | false
    | { readonly threshold?: number; readonly window?: number; readonly halfOpenAfter?: number };
  readonly maxParallel?: number;
  readonly queue?: number;
  readonly fallbackModels?: readonly string[];
  readonly contextWindowFallbacks?: readonly string[];
  readonly contentPolicyFallbacks?: readonly string[];
  readonly rateLimitFallbacks?: readonly string[];
  readonly onBreak?: "error" | "restart" | "continue";
  readonly hedgeAfter?: number;
  readonly sdkRequests?: boolean;
  readonly continueOnLength?: number;
  readonly repeatedChunkLimit?: number;
  readonly maxInputBytes?: number;
  readonly pricing?: PriceConfig;
  readonly priceAs?: string;
  readonly strictPricing?: boolean;
  readonly capabilities?: Capabilities & { readonly context?: number; readonly maxOutput?: number };
}

type Convert = (value: never) => unknown;

const CONVERSIONS: Readonly<Record<string, Convert>> = {
  api_key: (keys: string | string[]) => (Array.isArray(keys) ? [...keys] : [keys]),
  drop: withoutAliases,
  allow: withoutAliases,
  stop: (stop: string | string[]) => (Array.isArray(stop) ? [...stop] : [stop]),
  tools: (tools: Table[]) => tools.map(toolOf),
  tool_choice: toolChoiceOf,
  response_format: responseFormatOf,
  jitter: (jitter: boolean | string) => (typeof jitter === "string" ? jitter : jitter ? "full" : "none"),
  max_input_bytes: sizeBytes,
  web_search: camelTable,
  pricing: camelTable,
  capabilities: camelTable,
  tls: camelTable,
  circuit_breaker: (breaker: false | Table) =>
    breaker === false ? false : withDurations(breaker, ["window", "half_open_after"]),
};

const DURATION_KEYS: readonly string[] = [
  ...["retry_min_wait", "retry_max_wait", "max_retry_after", "timeout", "deadline"],
  ...["connect_timeout", "first_token_timeout", "silence_timeout", "idle_timeout", "hedge_after"],
];

/** Valid raw keys of one entry as the frozen EntryConfig. */
export function entryConfigOf(entry: string, raw: Table, simulatedProvider: string | undefined): EntryConfig {
  const config: Record<string, unknown> = { entry };
  if (simulatedProvider !== undefined) config.simulatedProvider = simulatedProvider;
  for (const [key, value] of Object.entries(raw)) config[camelOf(key)] = convert(key, value);
  return deepFreeze(config) as unknown as EntryConfig;
}

function convert(key: string, value: unknown): unknown {
  if (DURATION_KEYS.includes(key)) return durationMs(value as number | string);
  const conversion = own(CONVERSIONS, key);
  return conversion === undefined ? copy(value) : conversion(copy(value) as never);
}

/** `max_new_tokens` -> `maxNewTokens`: the inverse of core's keyOf. */
export function camelOf(key: string): string {
  return key.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

function withoutAliases(names: readonly string[]): readonly string[] {
  return names.map((name) => own(KEY_ALIASES, name) ?? name);
}

function camelTable(value: unknown): unknown {
  if (!isTable(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [camelOf(key), inner]));
}

/** A table with camelCase keys and the named durations in milliseconds. */
export function withDurations(table: Table, keys: readonly string[]): Record<string, unknown> {
  const entries = Object.entries(table).map(([key, value]) => [
    camelOf(key),
    keys.includes(key) ? durationMs(value as number | string) : value,
  ]);
  return Object.fromEntries(entries) as Record<string, unknown>;
}

function toolOf(tool: Table): Tool {
  const { type: _type, ...flat } = isTable(tool.function) ? tool.function : tool;
  return { parameters: { type: "object", properties: {} }, ...flat } as unknown as Tool;
}

function toolChoiceOf(choice: string | Table): ToolChoice {
  if (!isTable(choice)) return choice as ToolChoice;
  const named = isTable(choice.function) ? choice.function : choice;
  return { name: String(named.name) };
}

function responseFormatOf(format: Table): ResponseFormat {
  const { json_schema: nested, ...flat } = format;
  return { ...flat, ...(isTable(nested) ? nested : {}) } as unknown as ResponseFormat;
}

/** Ordinary objects and arrays of its own, so that nothing reaches back into the file. */
function copy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copy);
  if (!isTable(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, copy(inner)]));
}

export function deepFreeze<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  for (const inner of Object.values(value)) deepFreeze(inner);
  return Object.freeze(value);
}
