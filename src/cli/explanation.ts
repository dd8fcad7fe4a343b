import type { Config, EntryConfig } from "../config/load.ts";
import { maskedValue } from "../config/masked-config.ts";
import { optionOf } from "../config/options.ts";
import { policyOf } from "../config/policy.ts";
import { fieldsIn } from "../config/schema-values.ts";
import { type Budget, canMatch } from "../core/budget.ts";
import { keyOf } from "../core/request.ts";
import { type Capture, captureRequest, type Sample } from "./capture.ts";
import { PROVIDERS } from "./catalog.ts";
import type { CliContext } from "./context.ts";
import { type EntryRow, entryRow } from "./entry-row.ts";
import type { Project } from "./project.ts";

/** A value of an entry and where it is set. */
export interface ExplainedValue {
  /** The key as in models.toml. */
  readonly key: string;
  readonly value: unknown;
  /** The table that sets it, for example `defaults` or `models.coder`. */
  readonly from: string | null;
  readonly file: string | null;
  readonly line: number;
  readonly column: number;
}

export interface ExplainedKey {
  /** `api_key` of the entry, the provider's usual variable, or none. */
  readonly source: "api_key" | "environment" | "none needed" | "missing";
  /** The variables that may hold it. */
  readonly variables: readonly { readonly name: string; readonly set: boolean }[];
}

/** Everything known about an entry without calling it; durations are in milliseconds. */
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
  /** What limits the calls of the entry, by the names in models.toml. Tags and users may rule some out. */
  readonly budgets: readonly string[];
  readonly rateLimits: readonly string[];
  /** Whether `[cache]` keeps answers. */
  readonly cached: boolean;
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
    ...policyIn(entry),
    ...limitsOf(project.config, entry),
  };
}

function limitsOf({ budgets, rateLimits, cache }: Config, { entry, provider, rateLimit }: EntryConfig) {
  const applying = (rules: readonly Rule[]) => rules.filter((rule) => canMatch(rule, { entry, provider }));
  const names = applying(rateLimits).map(({ name }) => name);
  return {
    budgets: applying(budgets).map(({ name }) => name),
    rateLimits: rateLimit === undefined ? names : [...names, `models.${entry}`],
    cached: cache !== undefined,
  };
}

type Rule = Pick<Budget, "name" | "match">;

function valuesOf({ config, file }: Project, entry: EntryConfig): ExplainedValue[] {
  return Object.entries(entry)
    .filter(([name]) => name !== "entry" && name !== "simulatedProvider")
    .map(([name, value]) => {
      const key = keyOf(name);
      const origin = config.origin(entry.entry, key);
      const place =
        origin === undefined
          ? { from: null, file: null, line: 0, column: 0 }
          : { from: origin.from, file: origin.file ?? file, line: origin.line, column: origin.column };
      return { key, value: maskedValue(spelled(key, unwrapped(key, value)), name), ...place };
    });
}

/** Converts nested keys to models.toml spelling where the schema defines them; other keys are user-defined. */
function spelled(key: string, value: unknown): unknown {
  const option = optionOf(key);
  if (option === undefined || typeof value !== "object" || value === null || Array.isArray(value)) return value;
  if (fieldsIn(option.schema) === undefined) return value;
  return Object.fromEntries(Object.entries(value).map(([inner, one]) => [keyOf(inner), one]));
}

/** A single API key or stop sequence is an array in the entry but usually a string in the file. */
function unwrapped(key: string, value: unknown): unknown {
  const isOne = Array.isArray(value) && value.length === 1;
  return isOne && optionOf(key)?.oneOrMany === true ? value[0] : value;
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

type Shown = Pick<Explanation, "retries" | "clocks" | "breaker" | "maxParallel">;

function policyIn(entry: EntryConfig): Shown {
  const policy = policyOf(entry);
  const { breaker } = policy;
  return {
    retries: {
      numRetries: policy.numRetries,
      minWait: policy.retryMinWaitMs,
      maxWait: policy.retryMaxWaitMs,
      multiplier: policy.retryMultiplier,
      jitter: policy.jitter,
      maxRetryAfter: policy.maxRetryAfterMs,
      on: entry.retryOn ?? null,
    },
    clocks: {
      connect: policy.connectTimeoutMs,
      firstToken: policy.firstTokenTimeoutMs ?? null,
      silence: policy.silenceTimeoutMs,
      idle: policy.idleTimeoutMs,
      attempt: policy.attemptTimeoutMs,
      deadline: policy.deadlineMs ?? null,
    },
    breaker: breaker
      ? { threshold: breaker.threshold, window: breaker.windowMs ?? null, halfOpenAfter: breaker.halfOpenAfterMs }
      : null,
    maxParallel: policy.maxParallel ?? null,
  };
}
