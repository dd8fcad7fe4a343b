import type { ModelErrorCode } from "../../src/index.ts";

/** The three families of error bodies; both OpenAI wires share one. */
export type Family = "openai" | "anthropic" | "google";

/** An error response in the format of each provider, and the error it must become with `num_retries = 1`. */
export interface ErrorCase {
  readonly name: string;
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** One body for all, or one for each family; families that are omitted do not fail this way. */
  readonly bodies: string | Readonly<Partial<Record<Family, string>>>;
  readonly code: ModelErrorCode;
  /** Requests that the server receives. */
  readonly requests: 1 | 2;
  readonly retryAfterMs?: number;
  /** Status of the error if it differs from that of the response. */
  readonly seenStatus?: number | null;
  /** The SDK did not throw: it took the response for a valid one. */
  readonly noSdkError?: boolean;
}

const openai = (message: string, type: string | null, code: string | null = null, param: string | null = null) =>
  JSON.stringify({ error: { message, type, param, code } });
const anthropic = (type: string, message: string) =>
  JSON.stringify({ type: "error", error: { type, message }, request_id: "req-of-the-failure" });
const google = (code: number, status: string, message: string, details: readonly unknown[] = []) =>
  JSON.stringify({ error: { code, status, message, details } });
const retryInfo = { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "0.02s" };
const quotaFailure = {
  "@type": "type.googleapis.com/google.rpc.QuotaFailure",
  violations: [
    {
      quotaMetric: "generativelanguage.googleapis.com/generate_requests",
      quotaId: "GenerateRequestsPerDayPerProjectPerModel-FreeTier",
    },
  ],
};
const HTML = "<html><head><title>502 Bad Gateway</title></head><body><center>nginx</center></body></html>";

export const ERROR_CASES: readonly ErrorCase[] = [
  {
    name: "400 invalid value",
    status: 400,
    bodies: {
      openai: openai(
        "Invalid value for 'temperature': must be at most 2.",
        "invalid_request_error",
        "invalid_value",
        "temperature",
      ),
      anthropic: anthropic("invalid_request_error", "messages.0.content: Field required"),
      google: google(400, "INVALID_ARGUMENT", "Invalid value at 'contents[0].role'."),
    },
    code: "invalid_request",
    requests: 1,
  },
  {
    name: "400 prompt longer than the window",
    status: 400,
    bodies: {
      openai: openai(
        "This model's maximum context length is 128000 tokens. However, your messages resulted in 130021 tokens.",
        "invalid_request_error",
        "context_length_exceeded",
        "messages",
      ),
      anthropic: anthropic("invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum"),
      google: google(
        400,
        "INVALID_ARGUMENT",
        "The input token count (1250000) exceeds the maximum number of tokens allowed (1048575).",
      ),
    },
    code: "context_too_long",
    requests: 1,
  },
  {
    name: "400 max_tokens too large, which is not an overflow",
    status: 400,
    bodies: {
      openai: openai(
        "max_tokens is too large: 900000. This model supports at most 16384 completion tokens.",
        "invalid_request_error",
        "invalid_value",
        "max_tokens",
      ),
      anthropic: anthropic(
        "invalid_request_error",
        "max_tokens: 900000 > 64000, which is the maximum allowed number of output tokens for claude",
      ),
      google: google(
        400,
        "INVALID_ARGUMENT",
        "Unable to submit request because it has a maxOutputTokens value of 900000 but the supported range is from 1 to 65536.",
      ),
    },
    code: "invalid_request",
    requests: 1,
  },
  {
    name: "400 content filter",
    status: 400,
    bodies: {
      openai: openai(
        "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
        "invalid_request_error",
        "content_filter",
        "prompt",
      ),
    },
    code: "content_filtered",
    requests: 1,
  },
  {
    name: "400 invalid key",
    status: 400,
    bodies: {
      google: google(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", [
        { "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: "API_KEY_INVALID", domain: "googleapis.com" },
      ]),
    },
    code: "unauthorized",
    requests: 1,
  },
  {
    name: "400 no credit",
    status: 400,
    bodies: {
      anthropic: anthropic(
        "invalid_request_error",
        "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing.",
      ),
    },
    code: "quota_exhausted",
    requests: 1,
  },
  {
    name: "401",
    status: 401,
    bodies: {
      openai: openai("You didn't provide a valid API key.", "invalid_request_error", "invalid_api_key"),
      anthropic: anthropic("authentication_error", "invalid bearer token"),
      google: google(401, "UNAUTHENTICATED", "Request had invalid authentication credentials."),
    },
    code: "unauthorized",
    requests: 1,
  },
  {
    name: "402",
    status: 402,
    bodies: {
      openai: openai("Insufficient Balance", "unknown_error", "invalid_request_error"),
      anthropic: anthropic("billing_error", "Your account has no credit."),
      google: google(402, "FAILED_PRECONDITION", "Billing is not enabled."),
    },
    code: "quota_exhausted",
    requests: 1,
  },
  {
    name: "403",
    status: 403,
    bodies: {
      openai: openai(
        "Country, region, or territory not supported",
        "request_forbidden",
        "unsupported_country_region_territory",
      ),
      anthropic: anthropic("permission_error", "Your API key does not have permission to use this model."),
      google: google(403, "PERMISSION_DENIED", "The caller does not have permission."),
    },
    code: "forbidden",
    requests: 1,
  },
  {
    name: "404",
    status: 404,
    bodies: {
      openai: openai(
        "The model `gpt-9` does not exist or you do not have access to it.",
        "invalid_request_error",
        "model_not_found",
      ),
      anthropic: anthropic("not_found_error", "model: claude-9"),
      google: google(404, "NOT_FOUND", "models/gemini-9 is not found for API version v1beta."),
    },
    code: "not_found",
    requests: 1,
  },
  { name: "408", status: 408, bodies: "", code: "server_error", requests: 2 },
  {
    name: "409",
    status: 409,
    bodies: {
      openai: openai("The resource is locked by another request.", "invalid_request_error", "conflict"),
      anthropic: anthropic("conflict_error", "conflict"),
      google: google(409, "ABORTED", "The operation was aborted."),
    },
    code: "server_error",
    requests: 2,
  },
  {
    name: "413",
    status: 413,
    bodies: {
      openai: openai("Request body too large.", "invalid_request_error"),
      anthropic: anthropic("request_too_large", "Request exceeds the maximum allowed number of bytes."),
      google: google(413, "INVALID_ARGUMENT", "Request payload size exceeds the limit: 20971520 bytes."),
    },
    code: "request_too_large",
    requests: 1,
  },
  {
    name: "422",
    status: 422,
    bodies: {
      openai: JSON.stringify({
        detail: [{ type: "extra_forbidden", loc: ["body", "seed"], msg: "Extra inputs are not permitted" }],
      }),
      anthropic: anthropic("invalid_request_error", "unprocessable"),
      google: google(422, "INVALID_ARGUMENT", "unprocessable"),
    },
    code: "invalid_request",
    requests: 1,
  },
  {
    name: "425",
    status: 425,
    bodies: "too early",
    code: "server_error",
    requests: 2,
  },
  {
    name: "429 too many requests",
    status: 429,
    headers: { "retry-after-ms": "20" },
    bodies: {
      openai: openai(
        "Rate limit reached for requests per min (RPM): Limit 3, Used 3.",
        "requests",
        "rate_limit_exceeded",
      ),
      anthropic: anthropic("rate_limit_error", "This request would exceed your organization's rate limit."),
      google: google(429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota).", [retryInfo]),
    },
    code: "rate_limited",
    requests: 2,
    retryAfterMs: 20,
  },
  {
    name: "429 with the wait only in the body",
    status: 429,
    bodies: { google: google(429, "RESOURCE_EXHAUSTED", "Quota exceeded for requests per minute.", [retryInfo]) },
    code: "rate_limited",
    requests: 2,
    retryAfterMs: 20,
  },
  {
    name: "429 used-up quota",
    status: 429,
    bodies: {
      openai: openai(
        "You exceeded your current quota, please check your plan and billing details.",
        "insufficient_quota",
        "insufficient_quota",
      ),
      google: google(429, "RESOURCE_EXHAUSTED", "You exceeded your current quota.", [quotaFailure]),
    },
    code: "quota_exhausted",
    requests: 1,
  },
  {
    name: "429 with a wait of two hours",
    status: 429,
    headers: { "retry-after": "7200" },
    bodies: {
      openai: openai("Rate limit reached.", "tokens", "rate_limit_exceeded"),
      anthropic: anthropic("rate_limit_error", "slow down"),
      google: google(429, "RESOURCE_EXHAUSTED", "Resource has been exhausted."),
    },
    code: "rate_limited",
    requests: 1,
    retryAfterMs: 7_200_000,
  },
  {
    name: "500",
    status: 500,
    bodies: {
      openai: openai("The server had an error while processing your request.", "server_error"),
      anthropic: anthropic("api_error", "Internal server error"),
      google: google(500, "INTERNAL", "An internal error has occurred."),
    },
    code: "server_error",
    requests: 2,
  },
  {
    name: "500 that must not be retried",
    status: 500,
    headers: { "x-should-retry": "false" },
    bodies: "no",
    code: "server_error",
    requests: 1,
  },
  {
    name: "502 with an HTML page",
    status: 502,
    headers: { "content-type": "text/html" },
    bodies: HTML,
    code: "server_error",
    requests: 2,
  },
  {
    name: "503",
    status: 503,
    bodies: {
      openai: openai("That model is currently overloaded with other requests.", null),
      anthropic: anthropic("overloaded_error", "Service unavailable"),
      google: google(503, "UNAVAILABLE", "The model is overloaded. Please try again later."),
    },
    code: "overloaded",
    requests: 2,
  },
  {
    name: "504 with an HTML page",
    status: 504,
    headers: { "content-type": "text/html" },
    bodies: HTML,
    code: "server_error",
    requests: 2,
  },
  {
    name: "529",
    status: 529,
    bodies: {
      openai: openai("Overloaded", null),
      anthropic: anthropic("overloaded_error", "Overloaded"),
      google: google(529, "UNAVAILABLE", "Overloaded"),
    },
    code: "overloaded",
    requests: 2,
  },
  {
    name: "200 with an error body",
    status: 200,
    bodies: {
      openai: openai("The server had an error while processing your request.", "server_error"),
      anthropic: anthropic("api_error", "Internal server error"),
      google: google(500, "INTERNAL", "An internal error has occurred."),
    },
    code: "server_error",
    requests: 2,
    seenStatus: null,
    noSdkError: true,
  },
  {
    name: "200 with an empty body",
    status: 200,
    bodies: "",
    code: "protocol_error",
    requests: 2,
    seenStatus: null,
    noSdkError: true,
  },
  {
    name: "200 with an HTML page",
    status: 200,
    headers: { "content-type": "text/html" },
    bodies: "<html><head><title>Log in</title></head></html>",
    code: "protocol_error",
    requests: 1,
    seenStatus: null,
    noSdkError: true,
  },
];
