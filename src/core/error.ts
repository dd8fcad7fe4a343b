import type { Attempt } from "./attempt.ts";
import type { ToolCall } from "./tool.ts";
import type { Usage } from "./usage.ts";

/** Which list of fallbacks may serve a call that ended with a code. */
export type FallbackKind = "general" | "context" | "policy" | "none";

export interface ErrorRow {
  /** HTTP status an OpenAI-style body for this error carries. */
  readonly status: number;
  /** never: the same request would fail again; once: worth one more try; yes: as often as the entry allows. */
  readonly retry: "never" | "once" | "yes";
  readonly fallback: FallbackKind;
  /** Whether the target itself is to blame, so that its circuit breaker counts it. */
  readonly countsForBreaker: boolean;
  /** Whether the credential is to blame, so that the next key is tried. */
  readonly rotatesKey: boolean;
  readonly meaning: string;
}

/** Every way a call can end other than with an answer. docs/reference/errors.md is generated from these rows. */
export const ERROR_CODES = {
  rate_limited: {
    status: 429,
    retry: "yes",
    fallback: "general",
    countsForBreaker: false,
    rotatesKey: true,
    meaning: "The provider asks for fewer requests or tokens per minute.",
  },
  quota_exhausted: {
    status: 429,
    retry: "never",
    fallback: "general",
    countsForBreaker: false,
    rotatesKey: true,
    meaning: "The account has no credit or its daily or monthly quota is used up; waiting a minute does not help.",
  },
  overloaded: {
    status: 529,
    retry: "yes",
    fallback: "general",
    countsForBreaker: true,
    rotatesKey: false,
    meaning: "The provider has no capacity at the moment.",
  },
  server_error: {
    status: 500,
    retry: "yes",
    fallback: "general",
    countsForBreaker: true,
    rotatesKey: false,
    meaning: "The provider failed.",
  },
  connection_failed: {
    status: 502,
    retry: "yes",
    fallback: "general",
    countsForBreaker: true,
    rotatesKey: false,
    meaning: "No connection, or it broke before an answer began.",
  },
  timed_out: {
    status: 504,
    retry: "yes",
    fallback: "general",
    countsForBreaker: true,
    rotatesKey: false,
    meaning: "A clock ran out; `phase` says which.",
  },
  stream_truncated: {
    status: 502,
    retry: "yes",
    fallback: "general",
    countsForBreaker: true,
    rotatesKey: false,
    meaning: "The answer stopped before its end; what arrived is in `partial`.",
  },
  protocol_error: {
    status: 502,
    retry: "once",
    fallback: "general",
    countsForBreaker: true,
    rotatesKey: false,
    meaning: "The answer is not in the wire format of this provider.",
  },
  degenerate_output: {
    status: 502,
    retry: "never",
    fallback: "general",
    countsForBreaker: false,
    rotatesKey: false,
    meaning: "The model repeats itself without end.",
  },
  unauthorized: {
    status: 401,
    retry: "never",
    fallback: "general",
    countsForBreaker: false,
    rotatesKey: true,
    meaning: "The key is missing, wrong or revoked.",
  },
  forbidden: {
    status: 403,
    retry: "never",
    fallback: "general",
    countsForBreaker: false,
    rotatesKey: true,
    meaning: "The key may not use this model or feature.",
  },
  not_found: {
    status: 404,
    retry: "never",
    fallback: "none",
    countsForBreaker: false,
    rotatesKey: false,
    meaning: "The provider knows no such model or address.",
  },
  invalid_request: {
    status: 400,
    retry: "never",
    fallback: "none",
    countsForBreaker: false,
    rotatesKey: false,
    meaning: "The request is wrong; `message` says where.",
  },
  unsupported: {
    status: 400,
    retry: "never",
    fallback: "none",
    countsForBreaker: false,
    rotatesKey: false,
    meaning: "The model lacks what the request asks for, and nothing may be dropped or changed.",
  },
  context_too_long: {
    status: 400,
    retry: "never",
    fallback: "context",
    countsForBreaker: false,
    rotatesKey: false,
    meaning: "The prompt does not fit the model's window.",
  },
  request_too_large: {
    status: 413,
    retry: "never",
    fallback: "context",
    countsForBreaker: false,
    rotatesKey: false,
    meaning: "The request has more bytes than the provider accepts.",
  },
  content_filtered: {
    status: 400,
    retry: "never",
    fallback: "policy",
    countsForBreaker: false,
    rotatesKey: false,
    meaning: "A safety filter stopped the prompt or the answer.",
  },
  refused: {
    status: 400,
    retry: "never",
    fallback: "policy",
    countsForBreaker: false,
    rotatesKey: false,
    meaning: "The model declined where an object was required.",
  },
  invalid_output: {
    status: 502,
    retry: "never",
    fallback: "none",
    countsForBreaker: false,
    rotatesKey: false,
    meaning: "The answer does not satisfy the schema, also after the allowed re-asks.",
  },
  invalid_tool_call: {
    status: 502,
    retry: "once",
    fallback: "general",
    countsForBreaker: false,
    rotatesKey: false,
    meaning: "A tool call has arguments that are not JSON.",
  },
  empty_response: {
    status: 502,
    retry: "once",
    fallback: "general",
    countsForBreaker: false,
    rotatesKey: false,
    meaning: "The answer has neither text nor tool call.",
  },
  budget_exceeded: {
    status: 429,
    retry: "never",
    fallback: "none",
    countsForBreaker: false,
    rotatesKey: false,
    meaning: "The call would exceed a budget.",
  },
  circuit_open: {
    status: 503,
    retry: "never",
    fallback: "general",
    countsForBreaker: false,
    rotatesKey: false,
    meaning: "The target failed repeatedly and is not asked for now.",
  },
  bulkhead_full: {
    status: 503,
    retry: "never",
    fallback: "general",
    countsForBreaker: false,
    rotatesKey: false,
    meaning: "`max_parallel` calls are in flight and `queue` is full.",
  },
  redirect_blocked: {
    status: 502,
    retry: "never",
    fallback: "none",
    countsForBreaker: false,
    rotatesKey: false,
    meaning: "The server redirects to another origin; key and prompt were not sent there.",
  },
  proxy_refused: {
    status: 502,
    retry: "never",
    fallback: "general",
    countsForBreaker: false,
    rotatesKey: false,
    meaning: "The proxy refused the connection.",
  },
  aborted: {
    status: 499,
    retry: "never",
    fallback: "none",
    countsForBreaker: false,
    rotatesKey: false,
    meaning: "The caller aborted.",
  },
  all_models_failed: {
    status: 502,
    retry: "never",
    fallback: "none",
    countsForBreaker: false,
    rotatesKey: false,
    meaning: "Every model of the chain failed, for different reasons; `errors` has one for each.",
  },
} as const satisfies Record<string, ErrorRow>;

export type ModelErrorCode = keyof typeof ERROR_CODES;

/** Which clock ran out. */
export type TimeoutPhase = "connect" | "first-token" | "silence" | "idle" | "attempt" | "deadline";

/** What had arrived before a call failed. */
export interface PartialAnswer {
  readonly text: string;
  readonly reasoning: string;
  readonly toolCalls: readonly ToolCall[];
  readonly usage?: Usage;
  /** With several samples: what arrived of each. */
  readonly samples?: readonly {
    readonly text: string;
    readonly reasoning: string;
    readonly toolCalls: readonly ToolCall[];
  }[];
}

export interface ModelErrorInit {
  readonly code: ModelErrorCode;
  readonly message: string;
  readonly provider?: string | undefined;
  readonly model?: string | undefined;
  readonly status?: number | undefined;
  readonly requestId?: string | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly phase?: TimeoutPhase | undefined;
  readonly partial?: PartialAnswer | undefined;
  readonly errors?: readonly ModelError[] | undefined;
  readonly cause?: unknown;
  /** `x-should-retry` of the provider, or what is known of this failure; overrules the table for this one error. */
  readonly shouldRetry?: boolean | "once" | undefined;
  /** The connection had been idle, and its server closed it as the request was written. */
  readonly reusedSocket?: boolean | undefined;
}

const BRAND = Symbol.for("modelwright.ModelError");

/**
 * The one error class of calls. `code` is a closed union: switch on it, or test with {@link isModelError}.
 * No secret is ever in any field; `JSON.stringify` gives an OpenAI-style body `{ error: { message, type, code } }`.
 */
export class ModelError extends Error {
  override readonly name = "ModelError";
  readonly code: ModelErrorCode;
  readonly provider: string | undefined;
  /** The entry's name in models.toml. */
  readonly model: string | undefined;
  /** HTTP status of the provider's answer, if there was one. */
  readonly status: number | undefined;
  readonly requestId: string | undefined;
  /** How long the provider asks to wait, milliseconds. */
  readonly retryAfterMs: number | undefined;
  readonly phase: TimeoutPhase | undefined;
  /** Overrules the code's row: the provider said so (`x-should-retry`), or this failure is known to repeat. */
  readonly shouldRetry: boolean | "once" | undefined;
  /** For `connection_failed`: an idle connection was closed as the request was written, which says nothing of the server. */
  readonly reusedSocket: boolean;
  /** What had arrived before the failure. */
  partial: PartialAnswer | undefined;
  /** One row per request that left, over all targets of the call. */
  attempts: readonly Attempt[] = [];
  /** The error of each target, when there were several. */
  readonly errors: readonly ModelError[];

  constructor(init: ModelErrorInit) {
    super(init.message, init.cause === undefined ? undefined : { cause: init.cause });
    this.code = init.code;
    this.provider = init.provider;
    this.model = init.model;
    this.status = init.status;
    this.requestId = init.requestId;
    this.retryAfterMs = init.retryAfterMs;
    this.phase = init.phase;
    this.partial = init.partial;
    this.reusedSocket = init.reusedSocket ?? false;
    this.errors = init.errors ?? [];
    Object.defineProperty(this, BRAND, { value: true });
    this.shouldRetry = init.shouldRetry;
  }

  /** The code's row: what retry, fallback, breaker and key rotation do with this error. */
  get row(): ErrorRow {
    return ERROR_CODES[this.code];
  }

  /** Whether the same request may succeed when sent again. */
  get retryable(): boolean {
    return this.shouldRetry === undefined ? this.row.retry !== "never" : this.shouldRetry !== false;
  }

  toJSON(): { error: { message: string; type: string; code: string } } {
    return { error: { message: this.message, type: openaiType(this.code), code: openaiCode(this.code) } };
  }
}

/** True for errors of this library, also across duplicated installations; with a code, only for that code. */
export function isModelError(error: unknown, code?: ModelErrorCode): error is ModelError {
  return (
    typeof error === "object" &&
    error !== null &&
    (error as Record<symbol, unknown>)[BRAND] === true &&
    (code === undefined || (error as ModelError).code === code)
  );
}

const OPENAI_TYPES: { readonly [code in ModelErrorCode]?: string } = {
  rate_limited: "rate_limit_error",
  quota_exhausted: "insufficient_quota",
  budget_exceeded: "rate_limit_error",
  unauthorized: "authentication_error",
  forbidden: "permission_error",
  not_found: "not_found_error",
};
const OPENAI_CODES: { readonly [code in ModelErrorCode]?: string } = {
  rate_limited: "rate_limit_exceeded",
  quota_exhausted: "insufficient_quota",
  context_too_long: "context_length_exceeded",
  unauthorized: "invalid_api_key",
  not_found: "model_not_found",
  content_filtered: "content_filter",
};

function openaiType(code: ModelErrorCode): string {
  const { status } = ERROR_CODES[code];
  return OPENAI_TYPES[code] ?? (status < 500 ? "invalid_request_error" : "server_error");
}

function openaiCode(code: ModelErrorCode): string {
  return OPENAI_CODES[code] ?? code;
}

/** One mistake of a configuration, with its place. */
export interface ConfigProblem {
  /** File the value was written in; `undefined` for a text that came from no file. */
  readonly file: string | undefined;
  /** 1-based; 0 when the problem has no place in the text. */
  readonly line: number;
  readonly column: number;
  /** Dotted path of the key, for example `models.coder.temperature`. */
  readonly path: string;
  readonly message: string;
  readonly suggestion?: string;
}

/** A configuration that cannot be used: every mistake at once, each with its place. Never contains a value of a secret. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[], options?: { cause?: unknown }) {
    super(problems.map(renderProblem).join("\n"), options);
    this.problems = problems;
  }
}

function renderProblem(problem: ConfigProblem): string {
  const file = problem.file ?? "models.toml";
  const place = problem.line > 0 ? `${file}:${problem.line}:${problem.column}: ` : "";
  const hint = problem.suggestion === undefined ? "" : ` (did you mean "${problem.suggestion}"?)`;
  return `${place}${problem.message}${hint}`;
}
