import { rateLimitOf, requestIdOf, retryAfterOf } from "./answer-headers.ts";
import type { ModelError } from "./error.ts";
import { type ErrorBody, readBody } from "./error-body.ts";
import type { ModelErrorCode } from "./error-codes.ts";
import { type ModelFailure, modelFailureIn } from "./model-failure.ts";
import { own } from "./own.ts";
import { ReportedError } from "./reported-error.ts";
import { redact } from "./secret.ts";
import type { Target } from "./target.ts";
import { targetError } from "./target-error.ts";

/** A failed answer as it came over the wire, whatever the provider. */
export interface Failure {
  /** `undefined` for an error inside a stream that began with 200. */
  readonly status: number | undefined;
  readonly headers?: Headers | undefined;
  /** Parsed body, or its text. */
  readonly body: unknown;
  readonly cause?: unknown;
  /** Length of the request's body, if it is known to have been too long. */
  readonly requestBytes?: number | undefined;
  /** Wall clock, milliseconds since 1970, for dates in headers without a Date header beside them. */
  readonly nowMs?: number;
}

/** Longest message that is kept of a provider's words. */
const MAX_MESSAGE = 2_000;
/** As much of them as is looked at for that: what is masked may be longer than its mask. */
const MAX_READ = 4 * MAX_MESSAGE;

/** The ModelError for a failed answer: total, never throws, whatever the body is. */
export function modelErrorOf(failure: Failure, target: Target): ModelError {
  const body = readBody(failure.body);
  const wrong = modelFailureOf(failure.status, body);
  const words = wrong?.words || body.message || `HTTP status ${failure.status ?? "unknown"} without a message`;
  const code = wrong?.code ?? (isWordless(failure) ? "context_too_long" : codeOf(failure.status, body));
  const retryAfterMs = waitOf(failure, body, code);
  const text = body.failedText ?? wrong?.text;
  const said = redact(words.slice(0, MAX_READ), target.credentials.keys).slice(0, MAX_MESSAGE);
  const hint = dailyQuota(code, body, target) ?? whatNow(code, retryAfterMs, failure, target);
  return targetError(target, code, said + hint, {
    status: failure.status ?? body.status,
    requestId: requestIdOf(failure.headers) ?? body.requestId,
    retryAfterMs,
    rateLimit: rateLimitOf(failure.headers, failure.nowMs, body.headers),
    // That the provider blames the request for it says nothing: the model may write it rightly the next time.
    shouldRetry: wrong === undefined ? shouldRetryOf(failure) : undefined,
    ...(text !== undefined && { partial: { text, reasoning: "", toolCalls: [] } }),
    // The SDK's error quotes the body, and what the model wrote stands in `partial` only.
    cause:
      text === undefined
        ? (failure.cause ?? new ReportedError(said, body.status, quoted(failure.body, target)))
        : new ReportedError(said, failure.status ?? body.status),
  });
}

/** Most of a body that a cause keeps. */
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
const PASSING: ReadonlySet<ModelErrorCode> = new Set<ModelErrorCode>([...LIMITED, "overloaded", "server_error"]);

/** Only failures that pass have words about it; others may quote a prompt that has such words. */
function waitOf({ headers, nowMs }: Failure, body: ErrorBody, code: ModelErrorCode): number | undefined {
  const texts = PASSING.has(code) ? body.texts : [];
  return retryAfterOf({ headers, nowMs, body: { ...body, texts } }, LIMITED.has(code));
}

function effectiveStatus(status: number | undefined, body: ErrorBody): number | undefined {
  return [status, body.status].find((one) => one !== undefined && one >= 400 && one < 600);
}

/** Gemini names the quota of a day only by its id, beside a delay of some seconds. https://ai.google.dev/gemini-api/docs/rate-limits */
function dailyQuota(code: ModelErrorCode, { words }: ErrorBody, { modelId }: Target): string | undefined {
  const id = code === "quota_exhausted" ? words.find((word) => /^\w+PerDay/.test(word)) : undefined;
  return (
    id && ` (the daily quota of ${modelId} is used up: ${id.slice(0, 100)}; it is set back at midnight Pacific time)`
  );
}

/** What the provider's words leave out: the wait it asks for, and the key of models.toml that is to blame. */
function whatNow(
  code: ModelErrorCode,
  retryAfterMs: number | undefined,
  { requestBytes }: Failure,
  { entry }: Target,
): string {
  if (code === "not_found") return ` (see models.${entry}: name, base_url)`;
  if (code === "request_too_large" && requestBytes !== undefined) return ` (the request had ${requestBytes} bytes)`;
  if (code === "quota_exhausted" || retryAfterMs === undefined || retryAfterMs < 1_000) return "";
  return ` (the provider asks to wait ${Math.round(retryAfterMs / 1_000)} s)`;
}

/** Machine-readable words of the providers. The first one found in this table decides, whatever the status. */
const CODE_BY_WORD: Readonly<Record<string, ModelErrorCode>> = {
  insufficient_quota: "quota_exhausted",
  billing_hard_limit_reached: "quota_exhausted",
  billing_not_active: "quota_exhausted",
  billing_error: "quota_exhausted",
  insufficient_balance: "quota_exhausted",
  exceeded_current_quota_error: "quota_exhausted",
  context_length_exceeded: "context_too_long",
  content_filter: "content_filtered",
  content_policy_violation: "content_filtered",
  responsibleaipolicyviolation: "content_filtered",
  data_inspection_failed: "content_filtered",
  model_not_found: "not_found",
  deploymentnotfound: "not_found",
  invalid_api_key: "unauthorized",
  account_deactivated: "unauthorized",
  authentication_error: "unauthorized",
  unauthenticated: "unauthorized",
  api_key_invalid: "unauthorized",
  permission_error: "forbidden",
  permission_denied: "forbidden",
  unsupported_country_region_territory: "forbidden",
  not_found_error: "not_found",
  request_too_large: "request_too_large",
  overloaded_error: "overloaded",
  provider_unavailable: "overloaded",
  unavailable: "overloaded",
  engine_overloaded_error: "overloaded",
  slow_down: "overloaded",
  rate_limit_error: "rate_limited",
  rate_limit_exceeded: "rate_limited",
  rate_limit_reached_error: "rate_limited",
  resource_exhausted: "rate_limited",
  too_many_requests: "rate_limited",
  invalid_request_error: "invalid_request",
  invalid_argument: "invalid_request",
  api_error: "server_error",
  server_error: "server_error",
  internal_server_error: "server_error",
  internal: "server_error",
  timeout_error: "server_error",
  deadline_exceeded: "server_error",
};

/** Phrases of errors whose words say nothing. Literal and lower-case: matching is linear. */
const CONTEXT_PHRASES: readonly string[] = [
  "maximum context length",
  "context length exceeded",
  "context window",
  "context_length_exceeded",
  "prompt is too long",
  "prompt too long",
  "input is too long",
  "input too long",
  "input length and `max_tokens` exceed context limit",
  "exceed context limit",
  "exceeds the available context size",
  "exceeds the context",
  "longer than the model's context length",
  "maximum prompt length",
  "maximum input length",
  "input token count",
  "input tokens exceed",
  "exceeds the maximum number of tokens allowed",
  "maximum allowed input length",
  "too many tokens in the prompt",
  "greater than the context length",
  "prompt token count of",
  "model_max_prompt_tokens_exceeded",
  "exceeded model token limit",
  "token limit exceeded",
  "reduce the length of the messages",
  "reduce your prompt",
];
/** OpenAI says this of an account without credit, Gemini of any quota, also of a minute's. */
const CHECK_YOUR_PLAN = "exceeded your current quota, please check your plan";
const QUOTA_PHRASES: readonly string[] = [
  "credit balance is too low",
  CHECK_YOUR_PLAN,
  "insufficient balance",
  "insufficient credits",
  "insufficient_quota",
  "requires more credits",
  "perday",
  "per day",
  "per-day",
  "daily limit",
];
/** Gemini's words for a free tier that is switched off. */
const NO_QUOTA = /limit: 0(?![.\d])/;
/** Claude, on its own API and where others serve it: https://platform.claude.com/docs/en/api/errors */
const ANSWER_BLOCKED = "blocked by content filtering policy";
/** OpenRouter: https://openrouter.ai/docs/api/reference/errors-and-debugging#moderation-errors */
const PROMPT_FLAGGED = "your input was flagged";
const FILTER_PHRASES: readonly string[] = [
  "content filtering policy",
  "content management policy",
  "safety system",
  "content_filter",
  "violates our usage policies",
  "content policy",
];
const KEY_PHRASES: readonly string[] = ["api key not valid", "invalid api key", "incorrect api key", "api_key_invalid"];
const OVERLOAD_PHRASES: readonly string[] = ["overloaded", "no capacity", "at capacity"];

const CODE_BY_STATUS: Readonly<Record<number, ModelErrorCode>> = {
  401: "unauthorized",
  402: "quota_exhausted",
  403: "forbidden",
  404: "not_found",
  405: "not_found",
  407: "proxy_refused",
  408: "server_error",
  409: "server_error",
  410: "not_found",
  413: "request_too_large",
  425: "server_error",
  429: "rate_limited",
  503: "overloaded",
  529: "overloaded",
};

/** Cerebras and servers like it answer a prompt that is too long with 400 or 413 and nothing else. */
function isWordless({ status, body }: Failure): boolean {
  return (status === 400 || status === 413) && (body === undefined || body === "");
}

function codeOf(status: number | undefined, body: ErrorBody): ModelErrorCode {
  const effective = effectiveStatus(status, body);
  const words = body.words.map((word) => word.toLowerCase());
  const text = `${body.message} ${body.words.join(" ")}`.toLowerCase();
  const says = (phrases: readonly string[]) => phrases.some((phrase) => text.includes(phrase));
  const limited = effective === 429 || words.includes("resource_exhausted");
  if (limited || effective === 402 || effective === 403) {
    if (saysQuota(text) || words.some((word) => own(CODE_BY_WORD, word) === "quota_exhausted"))
      return "quota_exhausted";
  }
  if (limited) return "rate_limited";
  if (says(KEY_PHRASES)) return "unauthorized";
  if (isClientError(effective) && says(QUOTA_PHRASES.slice(0, 6))) return "quota_exhausted";
  if (isClientError(effective) && effective !== 401 && effective !== 403 && says(CONTEXT_PHRASES))
    return "context_too_long";
  if (isFiltered(effective, text)) return "content_filtered";
  for (const word of words) {
    const code = own(CODE_BY_WORD, word);
    if (code !== undefined && plausible(code, effective)) return code;
  }
  return codeOfStatus(effective, says(OVERLOAD_PHRASES));
}

/** In an event there is no status, and the type beside the words is that of a request that is wrong. */
function isFiltered(status: number | undefined, text: string): boolean {
  if (text.includes(ANSWER_BLOCKED)) return true;
  if (status === 403) return text.includes(PROMPT_FLAGGED);
  return (
    (status === undefined || status === 400 || status === 422) && FILTER_PHRASES.some((phrase) => text.includes(phrase))
  );
}

function saysQuota(text: string): boolean {
  const telling = text.includes("perminute") ? text.replaceAll(CHECK_YOUR_PLAN, "") : text;
  return NO_QUOTA.test(telling) || QUOTA_PHRASES.some((phrase) => telling.includes(phrase));
}

/** A generic word does not overrule a specific status. */
function plausible(code: ModelErrorCode, status: number | undefined): boolean {
  if (code === "invalid_request") return status === undefined;
  const specific = status !== undefined && (isClientError(status) || CODE_BY_STATUS[status] === "overloaded");
  return !(code === "server_error" && specific);
}

function isClientError(status: number | undefined): boolean {
  return status === undefined || (status >= 400 && status < 500);
}

function codeOfStatus(status: number | undefined, overloaded: boolean): ModelErrorCode {
  if (status !== undefined) {
    const code = CODE_BY_STATUS[status];
    if (code !== undefined) return code;
    if (status >= 400 && status < 500) return "invalid_request";
  }
  return overloaded ? "overloaded" : "server_error";
}

/** `false` is obeyed always; `true` only where a retry can make sense. */
function shouldRetryOf(failure: Failure): boolean | undefined {
  const header = failure.headers?.get("x-should-retry");
  if (header === "false") return false;
  const status = failure.status ?? 0;
  if (header === "true" && (status === 408 || status === 409 || status === 429 || status >= 500)) return true;
  return undefined;
}
