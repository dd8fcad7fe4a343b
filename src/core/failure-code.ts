import type { ErrorBody } from "./error-body.ts";
import type { ModelErrorCode } from "./error-codes.ts";
import { own } from "./own.ts";

/** Machine-readable codes of the providers. The first one found in this table decides, regardless of the status. */
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

/** Phrases for errors without a useful code. Literal and lower case, so that matching is linear. */
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
/** OpenAI uses this for an account without credit, Gemini for any quota, even one per minute. */
const CHECK_YOUR_PLAN = "exceeded your current quota, please check your plan";
/** Quotas that more credit lifts. */
const CREDIT_PHRASES: readonly string[] = [
  "credit balance is too low",
  CHECK_YOUR_PLAN,
  "insufficient balance",
  "insufficient credits",
  "insufficient_quota",
  "requires more credits",
];
const QUOTA_PHRASES: readonly string[] = [...CREDIT_PHRASES, "perday", "per day", "per-day", "daily limit"];
/** Gemini's message for a disabled free tier. */
const NO_QUOTA = /limit: 0(?![.\d])/;
/** Claude, on Anthropic's API and on other platforms: https://platform.claude.com/docs/en/api/errors */
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

/** The code of an error response, by the most reliable sign: a limit, a phrase, the provider's code, then the status. */
export function codeOf(status: number | undefined, body: ErrorBody): ModelErrorCode {
  const words = body.words.map((word) => word.toLowerCase());
  const text = `${body.message} ${body.words.join(" ")}`.toLowerCase();
  const signs: Signs = { status: effectiveStatus(status, body), words, text };
  return codeOfLimit(signs) ?? codeOfPhrase(signs) ?? codeOfWord(signs) ?? codeOfStatus(signs);
}

/** The contents of an error response, in lower case. */
interface Signs {
  readonly status: number | undefined;
  /** Machine-readable codes. */
  readonly words: readonly string[];
  /** Codes and messages. */
  readonly text: string;
}

/** An exhausted quota has the same status as any other limit. */
function codeOfLimit({ status, words, text }: Signs): ModelErrorCode | undefined {
  const limited = status === 429 || words.includes("resource_exhausted");
  const mayBeQuota = limited || status === 402 || status === 403;
  if (mayBeQuota && (mentionsQuota(text) || words.some((word) => own(CODE_BY_WORD, word) === "quota_exhausted")))
    return "quota_exhausted";
  return limited ? "rate_limited" : undefined;
}

function codeOfPhrase({ status, text }: Signs): ModelErrorCode | undefined {
  if (hasAny(text, KEY_PHRASES)) return "unauthorized";
  const isClients = isClientError(status);
  if (isClients && hasAny(text, CREDIT_PHRASES)) return "quota_exhausted";
  if (isClients && status !== 401 && status !== 403 && hasAny(text, CONTEXT_PHRASES)) return "context_too_long";
  return isFiltered(status, text) ? "content_filtered" : undefined;
}

function codeOfWord({ status, words }: Signs): ModelErrorCode | undefined {
  for (const word of words) {
    const code = own(CODE_BY_WORD, word);
    if (code !== undefined && plausible(code, status)) return code;
  }
  return undefined;
}

function hasAny(text: string, phrases: readonly string[]): boolean {
  return phrases.some((phrase) => text.includes(phrase));
}

/** The status in the body counts if the HTTP status does not report an error. */
export function effectiveStatus(status: number | undefined, body: ErrorBody): number | undefined {
  return [status, body.status].find((one) => one !== undefined && one >= 400 && one < 600);
}

/** An event has no status, and its type is that of an invalid request. */
function isFiltered(status: number | undefined, text: string): boolean {
  if (text.includes(ANSWER_BLOCKED)) return true;
  if (status === 403) return text.includes(PROMPT_FLAGGED);
  return (status === undefined || status === 400 || status === 422) && hasAny(text, FILTER_PHRASES);
}

function mentionsQuota(text: string): boolean {
  const telling = text.includes("perminute") ? text.replaceAll(CHECK_YOUR_PLAN, "") : text;
  return NO_QUOTA.test(telling) || hasAny(telling, QUOTA_PHRASES);
}

/** A generic code does not override a specific status. */
function plausible(code: ModelErrorCode, status: number | undefined): boolean {
  if (code === "invalid_request") return status === undefined;
  const specific = status !== undefined && (isClientError(status) || CODE_BY_STATUS[status] === "overloaded");
  return !(code === "server_error" && specific);
}

function isClientError(status: number | undefined): boolean {
  return status === undefined || (status >= 400 && status < 500);
}

function codeOfStatus({ status, text }: Signs): ModelErrorCode {
  const code = status === undefined ? undefined : CODE_BY_STATUS[status];
  if (code !== undefined) return code;
  if (status !== undefined && isClientError(status)) return "invalid_request";
  return hasAny(text, OVERLOAD_PHRASES) ? "overloaded" : "server_error";
}
