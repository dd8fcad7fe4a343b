import type { Attempt } from "./attempt.ts";
import { ERROR_CODES, type ErrorRow, type ModelErrorCode } from "./error-codes.ts";
import { errorText, INSPECT } from "./error-text.ts";
import type { PartialAnswer } from "./partial-answer.ts";
import type { RateLimit } from "./rate-limit.ts";
import type { PartialRun } from "./run-step.ts";
/** Which timeout expired. */
export type TimeoutPhase = "connect" | "first-token" | "silence" | "idle" | "attempt" | "deadline";

export interface ModelErrorInit {
  readonly code: ModelErrorCode;
  readonly message: string;
  readonly provider?: string | undefined;
  readonly model?: string | undefined;
  readonly status?: number | undefined;
  readonly requestId?: string | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly rateLimit?: RateLimit | undefined;
  readonly phase?: TimeoutPhase | undefined;
  readonly partial?: PartialAnswer | undefined;
  readonly errors?: readonly ModelError[] | undefined;
  readonly cause?: unknown;
  /** The provider's `x-should-retry`, or a known property of this failure; takes precedence over the table. */
  readonly shouldRetry?: boolean | "once" | undefined;
  /** The server closed an idle connection while the request was written to it. */
  readonly reusedSocket?: boolean | undefined;
}

/** A failure as plain data. Absent: unknown, or nothing of this kind. */
export interface ErrorDetails
  extends Partial<
    Pick<
      ModelError,
      "model" | "provider" | "status" | "requestId" | "callId" | "phase" | "retryAfterMs" | "rateLimit" | "attempts"
    >
  > {
  readonly code: ModelErrorCode;
  readonly message: string;
  /** Of each target, when there were several. */
  readonly errors?: readonly ErrorDetails[];
}

const BRAND = Symbol.for("modelwright.ModelError");

/**
 * The one error class of calls. `code` is a closed union: switch on it, or test with {@link isModelError}.
 * No field ever contains a secret. `JSON.stringify` gives an OpenAI-style body `{ error: { message, type, code } }` for your
 * own clients; for a log, use {@link ModelError.details}.
 */
export class ModelError extends Error {
  override readonly name = "ModelError";
  readonly code: ModelErrorCode;
  readonly provider: string | undefined;
  /** The entry's name in models.toml. */
  readonly model: string | undefined;
  /** HTTP status of the provider's response, if there was one. */
  readonly status: number | undefined;
  readonly requestId: string | undefined;
  /** How long the provider asks to wait, milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** The provider's rate limits, from the headers of the error response. */
  readonly rateLimit: RateLimit | undefined;
  readonly phase: TimeoutPhase | undefined;
  /** Takes precedence over the code's row: the provider's `x-should-retry`, or a failure that is known to repeat. */
  readonly shouldRetry: boolean | "once" | undefined;
  /** For `connection_failed`: the server closed an idle connection while the request was written to it, which is normal. */
  readonly reusedSocket: boolean;
  /** The part of the answer that arrived before the failure. */
  partial: PartialAnswer | undefined;
  /** One row per request that was sent, for all targets of the call. */
  attempts: readonly Attempt[] = [];
  /** The part of a `run` before it failed. */
  run?: PartialRun;
  /** The id of the failed call; `call` in log lines. Absent if no call had started. */
  callId: string | undefined;
  /** The error of each target, if there were several. */
  readonly errors: readonly ModelError[];

  constructor(init: ModelErrorInit) {
    if (!Object.hasOwn(ERROR_CODES, init.code)) throw new TypeError(`unknown ModelError code: ${String(init.code)}`);
    super(init.message, init.cause === undefined ? undefined : { cause: init.cause });
    this.code = init.code;
    this.provider = init.provider;
    this.model = init.model;
    this.status = init.status;
    this.requestId = init.requestId;
    this.retryAfterMs = init.retryAfterMs;
    this.rateLimit = init.rateLimit;
    this.phase = init.phase;
    this.partial = init.partial;
    this.reusedSocket = init.reusedSocket ?? false;
    this.errors = init.errors ?? [];
    Object.defineProperty(this, BRAND, { value: true });
    this.shouldRetry = init.shouldRetry;
  }

  /** The code's row: how retry, fallback, circuit breaker and key rotation treat this error. */
  get row(): ErrorRow {
    return ERROR_CODES[this.code];
  }

  /** Whether the same request may succeed if it is sent again. */
  get retryable(): boolean {
    return this.shouldRetry === undefined ? this.row.retry !== "never" : this.shouldRetry !== false;
  }

  /** All that is known of the failure, for a log. Without `partial`, which is content, and without `cause` and stack. */
  details(): ErrorDetails {
    const { code, message, model, provider, status, requestId, callId, phase, retryAfterMs, rateLimit } = this;
    const { attempts, errors } = this;
    const fields = { model, provider, status, requestId, callId, phase, retryAfterMs, rateLimit };
    const lists = {
      attempts: attempts.length === 0 ? undefined : attempts,
      errors: errors.length === 0 ? undefined : errors.map((error) => error.details()),
    };
    const known = Object.entries({ ...fields, ...lists }).filter(([, value]) => value !== undefined);
    return { code, message, ...Object.fromEntries(known) };
  }

  /** What `console.error` prints: a few lines, without `partial`, `attempts` and the stacks inside. */
  [INSPECT](depth: number): string {
    return depth < 0 ? `[ModelError: ${this.code}]` : errorText(this);
  }

  toJSON(): { error: { message: string; type: string; code: string } } {
    return { error: { message: this.message, type: openaiType(this.code), code: openaiCode(this.code) } };
  }
}

/** True for errors of this library, also from another installed copy; with a code, only for that code. */
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
