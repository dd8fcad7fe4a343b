import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isModelError } from "../../src/core/error.ts";
import type { ModelErrorCode } from "../../src/core/error-codes.ts";
import { ERROR_CODES } from "../../src/core/error-codes.ts";
import { type Failure, modelErrorOf } from "../../src/core/failure.ts";
import { Secret } from "../../src/core/secret.ts";
import { targetOf } from "../harness/call-of.ts";
import { threadMs } from "../harness/thread-time.ts";

const target = targetOf("main", { credentials: { keys: [new Secret("canary-key-1234")] } });
const errorOf = (status: number | undefined, body: unknown, headers: Record<string, string> = {}, nowMs?: number) =>
  modelErrorOf({ status, body, headers: new Headers(headers), ...(nowMs !== undefined && { nowMs }) }, target);
const saying = (message: string, status = 400) => errorOf(status, { error: { message } }).code;

describe("an error response with only a status", () => {
  it.each([
    [400, "context_too_long", false],
    [401, "unauthorized", false],
    [402, "quota_exhausted", false],
    [403, "forbidden", false],
    [404, "not_found", false],
    [405, "not_found", false],
    [407, "proxy_refused", false],
    [408, "server_error", true],
    [409, "server_error", true],
    [410, "not_found", false],
    [413, "context_too_long", false],
    [418, "invalid_request", false],
    [422, "invalid_request", false],
    [425, "server_error", true],
    [429, "rate_limited", true],
    [500, "server_error", true],
    [502, "server_error", true],
    [503, "overloaded", true],
    [504, "server_error", true],
    [522, "server_error", true],
    [529, "overloaded", true],
  ] as const)("%i is %s, retried: %s", (status, code, retryable) => {
    expect(errorOf(status, "")).toMatchObject({ code, retryable, status, provider: "scripted", model: "main" });
  });
});

describe("a daily quota", () => {
  it("is named in the error, without a delay", () => {
    const details = [
      { violations: [{ quotaId: "GenerateRequestsPerDayPerProjectPerModel-FreeTier" }] },
      { retryDelay: "37s" },
    ];
    const { code, message } = errorOf(429, { error: { message: "quota", status: "RESOURCE_EXHAUSTED", details } });
    expect(code).toBe("quota_exhausted");
    expect(message).toContain("daily quota");
    expect(message).toContain("GenerateRequestsPerDayPerProjectPerModel-FreeTier");
    expect(message).not.toContain("37 s");
  });
});

describe("an error response with a message", () => {
  it.each([
    [
      "openai",
      429,
      {
        error: {
          message: "You exceeded your current quota, please check your plan and billing details.",
          type: "insufficient_quota",
          code: "insufficient_quota",
        },
      },
      "quota_exhausted",
    ],
    [
      "openai",
      429,
      {
        error: {
          message: "Rate limit reached for gpt on requests per min (RPM): Limit 3",
          type: "requests",
          code: "rate_limit_exceeded",
        },
      },
      "rate_limited",
    ],
    [
      "openai",
      429,
      {
        error: {
          message: "Rate limit reached on requests per day (RPD): Limit 200",
          type: "requests",
          code: "rate_limit_exceeded",
        },
      },
      "quota_exhausted",
    ],
    [
      "openai",
      404,
      {
        error: { message: "The model `gpt-9` does not exist", type: "invalid_request_error", code: "model_not_found" },
      },
      "not_found",
    ],
    ["openai", 400, { error: { message: "too long", code: "context_length_exceeded" } }, "context_too_long"],
    [
      "openai",
      400,
      { error: { message: "rejected as a result of our safety system", code: "content_policy_violation" } },
      "content_filtered",
    ],
    [
      "azure",
      400,
      { error: { message: "filtered", code: "content_filter", innererror: { code: "ResponsibleAIPolicyViolation" } } },
      "content_filtered",
    ],
    ["azure", 404, { error: { code: "DeploymentNotFound", message: "no deployment" } }, "not_found"],
    ["anthropic", 529, { type: "error", error: { type: "overloaded_error", message: "Overloaded" } }, "overloaded"],
    [
      "anthropic",
      400,
      {
        type: "error",
        error: { type: "invalid_request_error", message: "prompt is too long: 213462 tokens > 200000 maximum" },
      },
      "context_too_long",
    ],
    [
      "anthropic",
      400,
      {
        type: "error",
        error: { type: "invalid_request_error", message: "Your credit balance is too low to access the API" },
      },
      "quota_exhausted",
    ],
    [
      "anthropic",
      413,
      { type: "error", error: { type: "request_too_large", message: "Request exceeds the maximum size" } },
      "request_too_large",
    ],
    [
      "anthropic",
      500,
      { type: "error", error: { type: "api_error", message: "Internal server error" } },
      "server_error",
    ],
    [
      "anthropic",
      401,
      { type: "error", error: { type: "authentication_error", message: "invalid x-api-key" } },
      "unauthorized",
    ],
    [
      "google",
      400,
      {
        error: {
          code: 400,
          message: "API key not valid. Please pass a valid API key.",
          status: "INVALID_ARGUMENT",
          details: [{ reason: "API_KEY_INVALID" }],
        },
      },
      "unauthorized",
    ],
    ["google", 503, { error: { code: 503, message: "The model is overloaded.", status: "UNAVAILABLE" } }, "overloaded"],
    ["google", 403, { error: { code: 403, message: "no", status: "PERMISSION_DENIED" } }, "forbidden"],
    ["deepseek", 402, { error: { message: "Insufficient Balance", type: "unknown_error" } }, "quota_exhausted"],
    ["openrouter", 402, { error: { code: 402, message: "This request requires more credits" } }, "quota_exhausted"],
  ] as const)("%s %i", (_, status, body, code) => {
    expect(errorOf(status, body).code).toBe(code);
  });

  const gemini = (message: string, quotaId: string, retryDelay = "37s") => ({
    error: {
      code: 429,
      message,
      status: "RESOURCE_EXHAUSTED",
      details: [
        { "@type": "type.googleapis.com/google.rpc.QuotaFailure", violations: [{ quotaId }] },
        { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay },
      ],
    },
  });

  it.each([
    [
      "a day's quota",
      "You exceeded your current quota.",
      "GenerateRequestsPerDayPerProjectPerModel-FreeTier",
      "quota_exhausted",
    ],
    [
      "a free tier that is off",
      "You exceeded your current quota ... limit: 0",
      "GenerateContentFreeTierRequests",
      "quota_exhausted",
    ],
    [
      "a minute's quota",
      "You exceeded your current quota. Please retry in 0.8s.",
      "GenerateContentPaidTierInputTokensPerModelPerMinute",
      "rate_limited",
    ],
    [
      "a minute's quota in the words of a day's",
      "You exceeded your current quota, please check your plan and billing details.",
      "GenerateRequestsPerMinutePerProjectPerModel",
      "rate_limited",
    ],
    [
      "a minute's quota with a limit that begins with 0",
      "Quota exceeded, limit: 0.5",
      "GenerateRequestsPerMinutePerProjectPerModel",
      "rate_limited",
    ],
  ] as const)("distinguishes Google's %s", (_, message, quotaId, code) => {
    expect(errorOf(429, gemini(message, quotaId)).code).toBe(code);
    expect(errorOf(429, gemini(message, quotaId, "53.5s")).retryAfterMs).toBe(53_500);
  });

  it.each([
    ["overloaded_error", "overloaded"],
    ["rate_limit_error", "rate_limited"],
    ["invalid_request_error", "invalid_request"],
    ["api_error", "server_error"],
    ["authentication_error", "unauthorized"],
  ] as const)("inside a stream without a status: %s", (type, code) => {
    expect(errorOf(undefined, { type: "error", error: { type, message: "x" } }).code).toBe(code);
  });

  it("uses the status in the body of a 200 response", () => {
    expect(errorOf(200, { error: { code: 429, message: "slow down" } })).toMatchObject({ code: "rate_limited" });
    expect(errorOf(200, { error: { code: 502, message: "upstream" } })).toMatchObject({ code: "server_error" });
  });
});

describe("the message of an error response", () => {
  it.each([
    ["an array", [{ error: { code: 429, message: "the real words", status: "RESOURCE_EXHAUSTED" } }]],
    ["plain text", "the real words"],
    ["a text in error", { error: "the real words" }],
    ["a list of details", { detail: [{ loc: ["body"], msg: "the real words", type: "missing" }] }],
    ["a detail", { detail: "the real words" }],
    ["a flat message", { message: "the real words", code: "x" }],
    ["a list of errors", { errors: [{ message: "the real words" }] }],
    ["a list of texts", { errors: ["the real words"] }],
    ["a code and msg", { code: 1301, msg: "the real words" }],
    ["JSON inside a text", { error: { message: JSON.stringify({ error: { message: "the real words" } }) } }],
    ["JSON as text", JSON.stringify({ error: { message: "the real words" } })],
    ["OAuth", { error: "invalid_grant", error_description: "the real words" }],
    [
      "a proxy's own words around the provider's",
      {
        error: {
          message: "Provider returned error",
          metadata: { raw: JSON.stringify({ error: { message: "the real words" } }) },
        },
      },
    ],
    ["a page", "<!doctype html><html><head><title>the real words</title></head></html>"],
  ])("is found in %s", (name, body) => {
    const { message, code } = errorOf(429, body);
    expect(code).toBe("rate_limited");
    if (!name.startsWith("a proxy")) expect(message).toContain("the real words");
    else expect(message).toMatch(/Provider returned error|the real words/);
  });

  it("is replaced when missing, and is limited", () => {
    expect(errorOf(500, "").message).toContain("HTTP status 500 without a message");
    expect(errorOf(500, "x".repeat(1_000_000)).message.length).toBeLessThan(2_200);
  });

  it("never contains the key", () => {
    const error = errorOf(401, { error: { message: "wrong key canary-key-1234 or sk-abcdefghijklmnopqrst" } });
    expect(inspect(error, { depth: 9, showHidden: true }) + JSON.stringify(error)).not.toMatch(/canary|abcdefghij/);
  });

  it("contains no part of the key where the text is truncated", () => {
    const error = errorOf(401, { error: { message: `${"x".repeat(1_993)}canary-key-1234` } });
    expect(error.message).not.toContain("canary");
  });
});

describe("an exceeded context window", () => {
  it.each([
    "This model's maximum context length is 4097 tokens. However, your messages resulted in 4294 tokens.",
    "Your input exceeds the context window of this model. Please adjust your input and try again.",
    "prompt is too long: 213462 tokens > 200000 maximum",
    "input length and `max_tokens` exceed context limit: 188240 + 21333 > 204798",
    "The input token count (1196265) exceeds the maximum number of tokens allowed (1048575).",
    "This model's maximum prompt length is 131072 but the request contains 537812 tokens.",
    "Please reduce the length of the messages or completion.",
    "This endpoint's maximum context length is 8192 tokens. However, you requested about 9000 tokens",
    "the request exceeds the available context size, try increasing it",
    "tokens to keep from the initial prompt is greater than the context length",
    "prompt token count of 125516 exceeds the limit of 64000",
    "Input length (265330) exceeds model's maximum context length (262144).",
    "Requested token count exceeds the model's maximum context length of 202752 tokens.",
    "The input (9000 tokens) is longer than the model's context length (8192 tokens).",
    "Prompt contains 40000 tokens ... too large for model with 32768 maximum context length",
    "Your request exceeded model token limit: 262144 (requested: 300000)",
    "invalid params, context window exceeds limit",
    "Input is too long for requested model.",
    "Prompt too long: 5152 tokens exceeds max_seq_len 2048",
  ])("is known by: %s", (message) => {
    expect(saying(message)).toBe("context_too_long");
  });

  it.each([
    ["Rate limit reached on tokens per min", 429, "rate_limited"],
    ["ThrottlingException: Too many tokens, please wait before trying again.", 429, "rate_limited"],
    ["This model's maximum context length is 4097 tokens", 429, "rate_limited"],
    ["Your request exceeded model token limit", 429, "rate_limited"],
    ["invalid max_tokens parameter", 400, "invalid_request"],
    ["Unsupported parameter: 'max_tokens'", 400, "invalid_request"],
    ["max_tokens: 300000 > 64000, which is the maximum allowed number of output tokens", 400, "invalid_request"],
    ["context window exceeded", 500, "server_error"],
    ["you lack permission to the long context window", 403, "forbidden"],
  ] as const)("is not: %s (%i)", (message, status, code) => {
    expect(saying(message, status)).toBe(code);
  });
});

describe("the retry delay", () => {
  const noon = Date.UTC(2026, 10, 6, 12, 0, 0);
  const date = (ms: number) => new Date(ms).toUTCString();
  it.each([
    ["whole seconds", { "retry-after": "2" }, 2_000],
    ["parts of seconds", { "retry-after": "2.5" }, 2_500],
    ["milliseconds, which win over seconds", { "retry-after-ms": "350", "retry-after": "1" }, 350],
    ["zero milliseconds", { "retry-after-ms": "0", "retry-after": "1" }, 0],
    ["a date by our clock", { "retry-after": date(noon + 5_000) }, 5_000],
    ["a date by the server's clock", { "retry-after": date(noon + 5_000), date: date(noon + 3_000) }, 2_000],
    ["a date in the past", { "retry-after": date(noon - 5_000) }, 0],
    ["115 days", { "retry-after": "9999999" }, 9_999_999_000],
    ["a negative number", { "retry-after": "-5" }, undefined],
    ["garbage", { "retry-after": "soon" }, undefined],
    ["nothing", {}, undefined],
    [
      "the bucket that is empty",
      {
        "x-ratelimit-remaining-tokens": "0",
        "x-ratelimit-reset-tokens": "1.5s",
        "x-ratelimit-remaining-requests": "99",
        "x-ratelimit-reset-requests": "17ms",
      },
      1_500,
    ],
    ["minutes and seconds", { "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "6m0s" }, 360_000],
    [
      "the longest of word and bucket",
      { "retry-after": "2", "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "20s" },
      20_000,
    ],
    [
      "a date of a bucket",
      {
        "anthropic-ratelimit-tokens-remaining": "0",
        "anthropic-ratelimit-tokens-reset": new Date(noon + 7_000).toISOString(),
      },
      7_000,
    ],
  ] as const)("as %s", (_, headers, expected) => {
    expect(errorOf(429, "", headers, noon).retryAfterMs).toBe(expected);
  });

  const noonS = noon / 1_000;
  it.each([
    ["seconds since 1970", { "x-ratelimit-reset": String(noonS + 20) }, 20_000],
    ["milliseconds since 1970", { "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(noon + 900) }, 900],
    ["seconds", { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "12.5" }, 12_500],
    ["a Go duration", { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1m30s" }, 90_000],
    ["an ISO date", { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "2026-11-06T12:00:03Z" }, 3_000],
    ["a reset of a bucket that has some left", { "x-ratelimit-remaining": "5", "x-ratelimit-reset": "60" }, undefined],
    ["seconds of the IETF draft", { "ratelimit-remaining": "0", "ratelimit-reset": "30" }, 30_000],
    ["one IETF dictionary", { ratelimit: "limit=100, remaining=0, reset=50" }, 50_000],
    ["one IETF policy", { ratelimit: '"default";r=0;t=30' }, 30_000],
    ["the IETF policy that is used up", { ratelimit: '"burst";r=4;t=1, "daily";r=0;t=3600' }, 3_600_000],
    [
      "the minute of Cerebras",
      {
        "x-ratelimit-remaining-tokens-minute": "0",
        "x-ratelimit-reset-tokens-minute": "11.382",
        "x-ratelimit-remaining-requests-day": "14",
        "x-ratelimit-reset-requests-day": "33011.38",
      },
      11_382,
    ],
    [
      "seconds since 1970 in the bucket of requests",
      { "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": String(noonS + 7) },
      7_000,
    ],
    ["a point of time in Retry-After", { "retry-after": String(noonS + 9) }, 9_000],
    ["milliseconds of Azure", { "x-ms-retry-after-ms": "420", "retry-after": "1" }, 420],
  ] as const)("in headers as %s", (_, headers, expected) => {
    expect(errorOf(429, "", headers, noon).retryAfterMs).toBe(expected);
  });

  it.each([
    ["Rate limit reached. Please try again in 0.7s.", 700],
    ["Please try again in 120ms. Visit the docs.", 120],
    ["Please retry in 41.2s.", 41_200],
    ["Please try again in 1m2.5s.", 62_500],
    ["Rate limit reached, limit resets in 7m12s", 432_000],
    ["Please retry after 20 seconds.", 20_000],
    ["Requests are throttled. Expected available in 1 minute and 5 seconds.", 65_000],
    ["Please wait for at least 3 minutes before the next request", 180_000],
    ["Retry-After: 30", 30_000],
    ["Try again in 2 hours.", 7_200_000],
    ["Try again after 2026-11-06T12:00:04Z", 4_000],
    ["Slow down: 20 requests in 60 seconds are too many", undefined],
    ["retry 3 times", undefined],
  ])("in the message %j", (message, expected) => {
    expect(errorOf(429, { error: { message } }, {}, noon).retryAfterMs).toBe(expected);
    expect(errorOf(undefined, { error: { message, code: "rate_limit_exceeded" } }, {}, noon).retryAfterMs).toBe(
      expected,
    );
  });

  it("uses messages only without a field, and only for transient errors", () => {
    const message = "Please try again in 50s.";
    expect(errorOf(429, { error: { message } }, { "retry-after": "2" }).retryAfterMs).toBe(2_000);
    expect(errorOf(400, { error: { message } }).retryAfterMs).toBeUndefined();
  });

  it.each([
    ["a delay of Google", { error: { code: 429, details: [{ retryDelay: "41.5s" }] } }, 41_500],
    [
      "a delay of Google in parts",
      { error: { code: 429, details: [{ retryDelay: { seconds: "3", nanos: 5e8 } }] } },
      3_500,
    ],
    ["seconds", { error: { message: "slow", retry_after: 1.5 } }, 1_500],
    ["milliseconds", { error: { message: "slow", retry_after_ms: 250 } }, 250],
    ["a point of time", { error: { message: "slow", resets_at: noonS + 40 } }, 40_000],
    [
      "headers in seconds since 1970",
      {
        error: {
          message: "slow",
          metadata: { headers: { "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": noonS + 3 } },
        },
      },
      3_000,
    ],
    [
      "words of the host behind",
      { error: { message: "Provider returned error", metadata: { raw: '{"error":{"message":"try again in 4s"}}' } } },
      4_000,
    ],
  ])("in a body as %s", (_, body, expected) => {
    expect(errorOf(429, body, {}, noon).retryAfterMs).toBe(expected);
    expect(errorOf(undefined, { ...body, code: 429 }, {}, noon).retryAfterMs).toBe(expected);
  });

  it("ignores rate limit headers of other errors", () => {
    expect(
      errorOf(500, "", { "x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "1h" }).retryAfterMs,
    ).toBeUndefined();
  });
});

describe("the limits in an error", () => {
  it.each([
    [
      "requests and tokens",
      { "x-ratelimit-limit-requests": "60", "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-tokens": "2s" },
      { requests: { limit: 60, remaining: 0 }, tokens: { resetMs: 2_000 } },
    ],
    [
      "the input tokens of Anthropic alone",
      {
        "anthropic-ratelimit-input-tokens-limit": "50000",
        "anthropic-ratelimit-input-tokens-remaining": "0",
        "anthropic-ratelimit-input-tokens-reset": "1970-01-01T00:00:05Z",
      },
      { tokens: { limit: 50_000, remaining: 0, resetMs: 5_000 } },
    ],
    [
      "the tightest of several windows",
      { "x-ratelimit-remaining-requests-minute": "3", "x-ratelimit-remaining-requests-day": "1" },
      { requests: { remaining: 1 } },
    ],
    ["an IETF policy", { ratelimit: '"default";r=3;t=30' }, { requests: { remaining: 3, resetMs: 30_000 } }],
    ["nothing", { "x-ratelimit-used": "3", "x-request-id": "r" }, undefined],
  ] as const)("are read as %s", (_, headers, expected) => {
    expect(errorOf(429, "", headers, 0).rateLimit).toEqual(expected);
  });
});

describe("malformed model output", () => {
  const groq = { type: "invalid_request_error", failed_generation: "<function=read>sample.txt</function>" };
  it.each([
    ["tool_use_failed", 400, { error: { ...groq, message: "Failed to call a function.", code: "tool_use_failed" } }],
    ["an event", undefined, { error: { ...groq, code: "tool_use_failed", message: "x", status_code: 400 } }],
    ["the name of Gemini", 502, { error: { code: 502, message: "failed", status: "MALFORMED_FUNCTION_CALL" } }],
    ["a name in front of it", 500, { error: { code: "function_call_filter: MALFORMED_FUNCTION_CALL", message: "x" } }],
    ["another spelling", undefined, { error: { type: "malformedFunctionCall", message: "x" } }],
    [
      "words of llama.cpp",
      500,
      { error: { code: 500, type: "server_error", message: "Failed to parse input at pos 7: <tool>{" } },
    ],
    [
      "words of its grammar",
      500,
      { error: { message: "Unexpected empty grammar stack after accepting piece: <tool>{" } },
    ],
    ["words of Ollama", 500, { error: "error parsing tool call: raw='<tool>{', err=unexpected end of JSON input" }],
  ] as const)("as a tool call is invalid_tool_call: %s", (_, status, body) => {
    const error = errorOf(status, body);
    expect(error).toMatchObject({ code: "invalid_tool_call", retryable: true });
    expect(error.row).toMatchObject({ retry: "once", fallback: "general", countsForBreaker: false });
    const rest = inspect({ message: error.message, cause: error.cause }, { depth: 9, showHidden: true });
    expect(rest).not.toMatch(/sample\.txt|<tool>/);
  });

  it.each([
    [
      "a field",
      { error: { ...groq, code: "json_validate_failed", message: "Failed to generate JSON." } },
      groq.failed_generation,
    ],
    ["its words", { error: { code: "json_validate_failed", message: "Generated JSON does not match: {x" } }, "{x"],
    ["a field that is not a text", { error: { failed_generation: { a: 1 }, message: "no" } }, '{"a":1}'],
  ])("as JSON is invalid_output, only in partial: %s", (_, body, text) => {
    const error = errorOf(400, body, { "x-should-retry": "false" });
    expect(error).toMatchObject({ code: "invalid_output", retryable: true, partial: { text } });
    expect(inspect([error.message, error.cause], { depth: 9 })).not.toContain(text);
  });

  it.each([
    [
      "a grammar the request asked for",
      400,
      "Failed to initialize samplers: failed to parse grammar",
      "invalid_request",
    ],
    ["a throttle", 429, "Failed to call a function: slow down", "rate_limited"],
    ["an id of a call", 400, "Invalid tool_call_id", "invalid_request"],
  ] as const)("is not: %s", (_, status, message, code) => {
    expect(saying(message, status)).toBe(code);
  });
});

describe("an answer that a filter blocked", () => {
  const blocked = {
    type: "error",
    error: { type: "invalid_request_error", message: "Output blocked by content filtering policy" },
  };
  it.each([400, 500, undefined])("is content_filtered with status %s", (status) => {
    expect(errorOf(status, blocked).code).toBe("content_filtered");
  });

  it("is distinguished from a forbidden key", () => {
    expect(saying("This key is blocked by our content policy", 403)).toBe("forbidden");
  });
});

describe("the cause of a failure inside an answer", () => {
  it("is the provider's message, without keys", () => {
    const { cause } = errorOf(undefined, { error: { message: "sent canary-key-1234", type: "api_error", code: 500 } });
    expect(cause).toMatchObject({ message: "sent [secret]", status: 500 });
    expect((cause as { body: string }).body).toContain('"api_error"');
    expect(inspect(cause)).not.toContain("canary");
  });
});

describe("x-should-retry", () => {
  it.each([
    [500, "false", false],
    [429, "true", true],
    [503, "true", true],
    [400, "true", false],
    [401, "true", false],
    [400, "false", false],
  ] as const)("%i with %s is retried: %s", (status, header, retryable) => {
    expect(errorOf(status, "", { "x-should-retry": header }).retryable).toBe(retryable);
  });
});

describe("the request id", () => {
  it.each([
    [{ "x-request-id": "a" }, {}, "a"],
    [{ "request-id": "b" }, {}, "b"],
    [{ "apim-request-id": "c" }, {}, "c"],
    [{}, { type: "error", request_id: "d", error: { message: "x" } }, "d"],
    [{}, {}, undefined],
  ])("is read from %j or %j", (headers, body, expected) => {
    expect(errorOf(500, body, headers as Record<string, string>).requestId).toBe(expected);
  });
});

describe("any response", () => {
  const anyBody = fc.oneof(
    fc.jsonValue(),
    fc.json(),
    fc.string({ unit: "binary" }),
    fc.webUrl(),
    fc.constant("<html>"),
    fc.anything({ withNullPrototype: true }),
  );

  it("gives a ModelError with a known code, deterministically, without throwing", () => {
    fc.assert(
      fc.property(
        fc.option(fc.integer({ min: 100, max: 999 }), { nil: undefined }),
        anyBody,
        fc.string(),
        (status, body, header) => {
          const failure: Failure = {
            status,
            body,
            headers: new Headers({ "retry-after": header.replace(/[^\x20-\x7e]/g, "") }),
            nowMs: 0,
          };
          const error = modelErrorOf(failure, target);
          expect(isModelError(error)).toBe(true);
          expect(ERROR_CODES).toHaveProperty(error.code);
          expect(error.retryAfterMs ?? 0).toBeGreaterThanOrEqual(0);
          expect(modelErrorOf(failure, target).code).toBe(error.code);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it("with 429 is a rate limit or a quota, never context_too_long or invalid_request", () => {
    fc.assert(
      fc.property(
        anyBody,
        fc.constantFrom("maximum context length", "prompt is too long", "content policy"),
        (body, words) => {
          const allowed: ModelErrorCode[] = ["rate_limited", "quota_exhausted"];
          expect(allowed).toContain(errorOf(429, { error: { message: words, more: body } }).code);
        },
      ),
    );
  });

  it("is read in linear time", () => {
    const deep = `${"[".repeat(50_000)}${"]".repeat(50_000)}`;
    const before = threadMs();
    for (const body of [
      "<title>".repeat(150_000),
      "{".repeat(1_000_000),
      deep,
      `{"error":${JSON.stringify("a".repeat(1_000_000))}}`,
    ])
      errorOf(500, body);
    expect(threadMs() - before).toBeLessThan(400);
  });
});
