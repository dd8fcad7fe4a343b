import { DEFAULTS } from "../config/defaults.ts";
import type { EntryConfig } from "../config/load.ts";
import { maskedValue } from "../config/masked-config.ts";
import { type Capture, captureRequest, type Sample } from "./capture.ts";
import { PROVIDERS } from "./catalog.ts";
import type { CliContext } from "./context.ts";
import { type EntryRow, entryRow } from "./entry-row.ts";
import type { Project } from "./project.ts";

/** A value of an entry and the place it was written at. */
export interface ExplainedValue {
  /** As models.toml spells it. */
  readonly key: string;
  readonly value: unknown;
  /** The table it is in, for example `defaults` or `models.coder`. */
  readonly from: string | null;
  readonly file: string | null;
  readonly line: number;
  readonly column: number;
}

export interface ExplainedKey {
  /** `api_key` of the entry, the provider's usual variable, or nothing. */
  readonly source: "api_key" | "environment" | "none needed" | "missing";
  /** Variables it is read from. */
  readonly variables: readonly { readonly name: string; readonly set: boolean }[];
}

/** Everything that is known about an entry before it is used; durations in milliseconds. */
export interface Explanation extends Omit<EntryRow, "fallbacks">, Omit<Capture, "problems"> {
  readonly key: ExplainedKey;
  readonly values: readonly ExplainedValue[];
  readonly prompt: string;
  readonly fallbacks: Readonly<Record<"general" | "context" | "policy" | "rateLimit", readonly string[]>>;
  readonly retries: {
    readonly numRetries: number;
    readonly minWait: number;
    readonly maxWait: number;
    readonly multiplier: number;
    readonly jitter: string;
    readonly maxRetryAfter: number;
    readonly on: unknown;
  };
  readonly clocks: Readonly<
    Record<"connect" | "firstToken" | "silence" | "idle" | "attempt" | "deadline", number | null>
  >;
  readonly breaker: {
    readonly threshold: number;
    readonly window: number | null;
    readonly halfOpenAfter: number;
  } | null;
  readonly maxParallel: number | null;
}

export async function explain(project: Project, sample: Sample, context: CliContext): Promise<Explanation> {
  const { name, prompt } = sample;
  const row = await entryRow(project, name);
  const entry = project.config.entry(name);
  const { problems, ...captured } = await captureRequest(project, sample, context);
  return {
    ...row,
    problems: row.problems.length > 0 ? row.problems : problems,
    key: keyOfEntry(entry, row, context),
    values: valuesOf(project, entry),
    prompt,
    ...captured,
    fallbacks: {
      general: entry.fallbackModels ?? [],
      context: entry.contextWindowFallbacks ?? [],
      policy: entry.contentPolicyFallbacks ?? [],
      rateLimit: entry.rateLimitFallbacks ?? [],
    },
    ...policyOf(entry),
  };
}

function valuesOf({ config, file }: Project, entry: EntryConfig): ExplainedValue[] {
  return Object.entries(entry)
    .filter(([name]) => name !== "entry" && name !== "simulatedProvider")
    .map(([name, value]) => {
      const key = snake(name);
      const origin = config.origin(entry.entry, key);
      const place =
        origin === undefined
          ? { from: null, file: null, line: 0, column: 0 }
          : { from: origin.from, file: origin.file ?? file, line: origin.line, column: origin.column };
      return { key, value: maskedValue(spelled(name, unwrapped(name, value)), name), ...place };
    });
}

/** Tables whose keys are those of models.toml; the keys of other tables are the user's own. */
const OUR_TABLES = ["capabilities", "pricing", "tls", "circuitBreaker", "webSearch"];

function spelled(name: string, value: unknown): unknown {
  if (!OUR_TABLES.includes(name) || typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [snake(key), inner]));
}

function snake(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** One key or stop word is a list of one in the entry, and mostly a text in the file. */
function unwrapped(name: string, value: unknown): unknown {
  const isOne = Array.isArray(value) && value.length === 1;
  return isOne && (name === "apiKey" || name === "stop") ? value[0] : value;
}

const REFERENCE = /^env:([A-Z_][A-Z0-9_]*)/;

function keyOfEntry(entry: EntryConfig, { provider }: EntryRow, { env }: CliContext): ExplainedKey {
  const isSet = (name: string) => (env[name] ?? "").trim() !== "";
  if (provider === "simulator" || entry.authHeader === "none") return { source: "none needed", variables: [] };
  if (entry.apiKey !== undefined) {
    const names = entry.apiKey.flatMap((key) => REFERENCE.exec(key)?.[1] ?? []);
    return { source: "api_key", variables: names.map((name) => ({ name, set: isSet(name) })) };
  }
  const row = PROVIDERS.find(({ id }) => id === provider);
  const variables = (row?.keyEnv ?? []).map((name) => ({ name, set: isSet(name) }));
  if (variables.some(({ set }) => set))
    return { source: "environment", variables: variables.filter(({ set }) => set).slice(0, 1) };
  return {
    source: row === undefined || row.keyless === true || row.auth === "none" ? "none needed" : "missing",
    variables,
  };
}

type Policy = Pick<Explanation, "retries" | "clocks" | "breaker" | "maxParallel">;

function policyOf(entry: EntryConfig): Policy {
  const given = (value: number | undefined, seconds: number) => value ?? seconds * 1_000;
  return {
    retries: {
      numRetries: entry.numRetries ?? DEFAULTS.num_retries,
      minWait: given(entry.retryMinWait, DEFAULTS.retry_min_wait),
      maxWait: given(entry.retryMaxWait, DEFAULTS.retry_max_wait),
      multiplier: entry.retryMultiplier ?? DEFAULTS.retry_multiplier,
      jitter: entry.jitter ?? DEFAULTS.jitter,
      maxRetryAfter: given(entry.maxRetryAfter, DEFAULTS.max_retry_after),
      on: entry.retryOn ?? null,
    },
    clocks: {
      connect: given(entry.connectTimeout, DEFAULTS.connect_timeout),
      firstToken: entry.firstTokenTimeout ?? null,
      silence: given(entry.silenceTimeout, DEFAULTS.silence_timeout),
      idle: given(entry.idleTimeout, DEFAULTS.idle_timeout),
      attempt: given(entry.timeout, DEFAULTS.timeout),
      deadline: entry.deadline ?? null,
    },
    breaker: breakerOf(entry),
    maxParallel: entry.maxParallel ?? null,
  };
}

function breakerOf({ circuitBreaker }: EntryConfig): Policy["breaker"] {
  if (circuitBreaker === false) return null;
  return {
    threshold: circuitBreaker?.threshold ?? DEFAULTS.circuit_breaker.threshold,
    window: circuitBreaker?.window ?? null,
    halfOpenAfter: circuitBreaker?.halfOpenAfter ?? DEFAULTS.circuit_breaker.half_open_after * 1_000,
  };
}
