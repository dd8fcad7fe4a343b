import { rateLimitOf, requestIdOf, retryAfterOf } from "./answer-headers.ts";
import type { ModelError } from "./error.ts";
import { type ErrorBody, readBody } from "./error-body.ts";
import type { ModelErrorCode } from "./error-codes.ts";
import { codeOf, effectiveStatus } from "./failure-code.ts";
import { type ModelFailure, modelFailureIn } from "./model-failure.ts";
import { ReportedError } from "./reported-error.ts";
import { redact } from "./secret.ts";
import type { Target } from "./target.ts";
import { targetError } from "./target-error.ts";

/** An error response from any provider, as received. */
export interface Failure {
  /** `undefined` for an error inside a stream that began with 200. */
  readonly status: number | undefined;
  readonly headers?: Headers | undefined;
  /** The parsed body, or its text. */
  readonly body: unknown;
  readonly cause?: unknown;
  /** Length of the request body, if it is known to be too long. */
  readonly requestBytes?: number | undefined;
  /** Wall clock, milliseconds since 1970; used for dates if there is no Date header. */
  readonly nowMs?: number;
}

/** Maximum length of a provider's message. */
const MAX_MESSAGE = 2_000;
/** More is read before masking, because a masked part may be longer than its mask. */
const MAX_READ = 4 * MAX_MESSAGE;

/** The ModelError for an error response. Never throws, for any body. */
export function modelErrorOf(failure: Failure, target: Target): ModelError {
  const body = readBody(failure.body);
  const wrong = modelFailureOf(failure.status, body);
  const words = wrong?.words || body.message || `HTTP status ${failure.status ?? "unknown"} without a message`;
  const code = wrong?.code ?? (hasNoMessage(failure) ? "context_too_long" : codeOf(failure.status, body));
  const retryAfterMs = waitOf(failure, body, code);
  const text = body.failedText ?? wrong?.text;
  const said = redact(words.slice(0, MAX_READ), target.credentials.keys).slice(0, MAX_MESSAGE);
  const hint = dailyQuota(code, body, target) ?? advice(code, retryAfterMs, failure, target);
  return targetError(target, code, said + hint, {
    status: failure.status ?? body.status,
    requestId: requestIdOf(failure.headers) ?? body.requestId,
    retryAfterMs,
    rateLimit: rateLimitOf(failure.headers, failure.nowMs, body.headers),
    // The provider reports an invalid request, but a retry may succeed: the model may write valid output the next time.
    shouldRetry: wrong === undefined ? shouldRetryOf(failure) : undefined,
    ...(text !== undefined && { partial: { text, reasoning: "", toolCalls: [] } }),
    // The SDK's error quotes the body, but model output belongs only in `partial`.
    cause:
      text === undefined
        ? (failure.cause ?? new ReportedError(said, body.status, quoted(failure.body, target)))
        : new ReportedError(said, failure.status ?? body.status),
  });
}

/** Maximum length of the body in a cause. */
const MAX_QUOTED = 64 * 1024;

function quoted(body: unknown, { credentials }: Target): string | undefined {
  const text = typeof body === "string" ? body : jsonOf(body);
  return text === undefined ? undefined : redact(text.slice(0, MAX_QUOTED), credentials.keys);
}

function jsonOf(body: unknown): string | undefined {
  try {
    return JSON.stringify(body);
  } catch {
    return undefined;
  }
}

/** Invalid output of the model is not an error in the request, whatever the status. */
function modelFailureOf(status: number | undefined, body: ErrorBody): ModelFailure | undefined {
  if (effectiveStatus(status, body) === 429) return undefined;
  const failure = modelFailureIn(body.words, body.message);
  if (failure !== undefined || body.failedText === undefined) return failure;
  return { code: "invalid_output", words: body.message, text: undefined };
}

const LIMITED: ReadonlySet<ModelErrorCode> = new Set<ModelErrorCode>(["rate_limited", "quota_exhausted"]);
const TRANSIENT: ReadonlySet<ModelErrorCode> = new Set<ModelErrorCode>([...LIMITED, "overloaded", "server_error"]);

/** Only transient failures mention a delay; other messages may quote a prompt that mentions one. */
function waitOf({ headers, nowMs }: Failure, body: ErrorBody, code: ModelErrorCode): number | undefined {
  const texts = TRANSIENT.has(code) ? body.texts : [];
  return retryAfterOf({ headers, nowMs, body: { ...body, texts } }, LIMITED.has(code));
}

/** Gemini reports a daily quota only by its id, next to a delay of some seconds. https://ai.google.dev/gemini-api/docs/rate-limits */
function dailyQuota(code: ModelErrorCode, { words }: ErrorBody, { modelId }: Target): string | undefined {
  const id = code === "quota_exhausted" ? words.find((word) => /^\w+PerDay/.test(word)) : undefined;
  return id && ` (the daily quota of ${modelId} is used up: ${id.slice(0, 100)}; it resets at midnight Pacific time)`;
}

/** What the provider's message omits: the retry delay, and the models.toml key to fix. */
function advice(
  code: ModelErrorCode,
  retryAfterMs: number | undefined,
  { requestBytes }: Failure,
  { entry, credentials }: Target,
): string {
  if (code === "unauthorized" && credentials.remedy !== undefined) return ` (${credentials.remedy})`;
  if (code === "not_found") return ` (see models.${entry}: name, base_url)`;
  if (code === "request_too_large" && requestBytes !== undefined) return ` (the request had ${requestBytes} bytes)`;
  if (code === "quota_exhausted" || retryAfterMs === undefined || retryAfterMs < 1_000) return "";
  return ` (the provider asks to wait ${Math.round(retryAfterMs / 1_000)} s)`;
}

/** Cerebras and similar servers answer a prompt that is too long with 400 or 413 and no message. */
function hasNoMessage({ status, body }: Failure): boolean {
  return (status === 400 || status === 413) && (body === undefined || body === "");
}

/** `false` always applies; `true` only if a retry can help. */
function shouldRetryOf(failure: Failure): boolean | undefined {
  const header = failure.headers?.get("x-should-retry");
  if (header === "false") return false;
  const status = failure.status ?? 0;
  if (header === "true" && (status === 408 || status === 409 || status === 429 || status >= 500)) return true;
  return undefined;
}
