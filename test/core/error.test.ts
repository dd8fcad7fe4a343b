import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ConfigError } from "../../src/core/config-error.ts";
import { isModelError, ModelError } from "../../src/core/error.ts";
import { ERROR_CODES, type ModelErrorCode } from "../../src/core/error-codes.ts";
import { redact, Secret } from "../../src/core/secret.ts";
import { threadMs } from "../harness/thread-time.ts";

const codes = Object.keys(ERROR_CODES) as ModelErrorCode[];

describe("the table of errors", () => {
  it("has exactly the codes of the contract", () => {
    expect(codes).toEqual(
      "rate_limited quota_exhausted overloaded server_error connection_failed timed_out stream_truncated protocol_error degenerate_output unauthorized forbidden not_found invalid_request unsupported context_too_long request_too_large content_filtered refused invalid_output invalid_tool_call empty_response budget_exceeded limit_exceeded state_unavailable rejected circuit_open bulkhead_full redirect_blocked proxy_refused aborted all_models_failed".split(
        " ",
      ),
    );
  });

  it.each(codes)("has a consistent row for %s", (code) => {
    const { status, meaning, countsForBreaker, retry } = ERROR_CODES[code];
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(600);
    expect(meaning).toMatch(/^[A-Z`].*\.$/);
    if (countsForBreaker) expect(status).toBeGreaterThanOrEqual(500);
    if (status < 500 && code !== "rate_limited") expect(retry).toBe("never");
  });
});

describe("a ModelError", () => {
  it.each([undefined, "ERR_MODULE_NOT_FOUND", "toString"])("cannot be built with the code %s", (code) => {
    expect(() => new ModelError({ code: code as ModelErrorCode, message: "failed" })).toThrow(
      `unknown ModelError code: ${code}`,
    );
  });

  it.each([
    ["rate_limited", "rate_limit_error", "rate_limit_exceeded"],
    ["quota_exhausted", "insufficient_quota", "insufficient_quota"],
    ["unauthorized", "authentication_error", "invalid_api_key"],
    ["forbidden", "permission_error", "forbidden"],
    ["not_found", "not_found_error", "model_not_found"],
    ["context_too_long", "invalid_request_error", "context_length_exceeded"],
    ["content_filtered", "invalid_request_error", "content_filter"],
    ["invalid_request", "invalid_request_error", "invalid_request"],
    ["server_error", "server_error", "server_error"],
    ["timed_out", "server_error", "timed_out"],
  ] as const)("serializes as an OpenAI-style body: %s", (code, type, openaiCode) => {
    expect(JSON.parse(JSON.stringify(new ModelError({ code, message: "words" })))).toEqual({
      error: { message: "words", type, code: openaiCode },
    });
  });

  it("has exactly the fields of its init", () => {
    const cause = new Error("socket");
    const error = new ModelError({
      code: "timed_out",
      message: "m",
      provider: "p",
      model: "e",
      status: 504,
      requestId: "r",
      retryAfterMs: 5,
      phase: "idle",
      cause,
    });
    expect(error).toMatchObject({
      name: "ModelError",
      code: "timed_out",
      provider: "p",
      model: "e",
      status: 504,
      requestId: "r",
      retryAfterMs: 5,
      phase: "idle",
      cause,
      errors: [],
      attempts: [],
    });
    expect("cause" in new ModelError({ code: "aborted", message: "" })).toBe(false);
  });

  it("has details as plain data, without content", () => {
    const first = new ModelError({ code: "server_error", message: "one", model: "a", provider: "p", status: 500 });
    const error = new ModelError({
      code: "rate_limited",
      message: "words",
      model: "coder",
      provider: "openai",
      status: 429,
      requestId: "req-1",
      retryAfterMs: 1_500,
      phase: "idle",
      rateLimit: { requests: { limit: 1, remaining: 0, resetMs: 5 } },
      partial: { text: "half an answer", reasoning: "", toolCalls: [] },
      errors: [first],
      cause: new Error("socket"),
    });
    error.callId = "call-1";
    error.attempts = [
      { model: "coder", provider: "openai", startedMs: 0, durationMs: 3, outcome: "error", possiblyBilled: false },
    ];
    const { code, message, model, provider, status, requestId, callId, phase, retryAfterMs, rateLimit, attempts } =
      error;
    expect(JSON.parse(JSON.stringify(error.details()))).toEqual({
      ...{ code, message, model, provider, status, requestId, callId, phase, retryAfterMs, rateLimit, attempts },
      errors: [{ code: "server_error", message: "one", model: "a", provider: "p", status: 500 }],
    });
    expect(new ModelError({ code: "aborted", message: "m" }).details()).toStrictEqual({
      code: "aborted",
      message: "m",
    });
  });

  it("is recognized across copies of the package", () => {
    const foreign = Object.assign(new Error("x"), {
      code: "rate_limited",
      [Symbol.for("modelwright.ModelError")]: true,
    });
    expect(isModelError(foreign)).toBe(true);
    expect(isModelError(foreign, "rate_limited")).toBe(true);
    expect(isModelError(foreign, "aborted")).toBe(false);
  });

  it.each([[null], [undefined], ["rate_limited"], [{ code: "rate_limited" }], [new Error("x")], [new ConfigError([])]])(
    "is not %j",
    (value) => {
      expect(isModelError(value)).toBe(false);
    },
  );

  it("is retryable for transient failures only", () => {
    const retryable = (code: ModelErrorCode) => new ModelError({ code, message: "x" }).retryable;
    const again: readonly ModelErrorCode[] = [
      "rate_limited",
      "overloaded",
      "server_error",
      "connection_failed",
      "timed_out",
      "stream_truncated",
    ];
    const never: readonly ModelErrorCode[] = [
      "invalid_request",
      "unauthorized",
      "forbidden",
      "not_found",
      "unsupported",
      "context_too_long",
      "content_filtered",
      "budget_exceeded",
      "quota_exhausted",
      "aborted",
    ];
    expect(again.every(retryable)).toBe(true);
    expect(never.some(retryable)).toBe(false);
  });

  it.each([
    [true, "invalid_request", true],
    [false, "server_error", false],
    [undefined, "server_error", true],
    [undefined, "invalid_request", false],
  ] as const)("prefers the provider's x-should-retry %s over the row of %s", (shouldRetry, code, retryable) => {
    expect(new ModelError({ code, message: "", shouldRetry }).retryable).toBe(retryable);
  });
});

describe("a ConfigError", () => {
  it("lists every problem with position and suggestion", () => {
    const error = new ConfigError([
      {
        file: "models.toml",
        line: 3,
        column: 1,
        path: "models.a.temprature",
        message: 'unknown key "temprature"',
        suggestion: "temperature",
      },
      { file: undefined, line: 0, column: 0, path: "", message: "empty" },
    ]);
    expect(error.message).toBe('models.toml:3:1: unknown key "temprature" (did you mean "temperature"?)\nempty');
    expect(error.problems).toHaveLength(2);
  });
});

describe("a secret", () => {
  it("is readable only with reveal()", () => {
    const secret = new Secret("sk-canary-1234567890");
    const holder = { secret, deep: { list: [secret] } };
    expect(secret.reveal()).toBe("sk-canary-1234567890");
    for (const shown of [
      String(secret),
      JSON.stringify(holder),
      inspect(holder, { depth: 9, showHidden: true, customInspect: false }),
      `${secret}`,
    ])
      expect(shown).not.toContain("canary");
  });

  it("is removed from untrusted text", () => {
    fc.assert(
      fc.property(fc.string(), fc.string({ minLength: 8 }), fc.string(), (before, key, after) => {
        fc.pre(!"[secret]".includes(key));
        const clean = redact(`${before}${key}${after}`, [new Secret(key)]);
        expect(clean.includes("[secret]")).toBe(true);
        expect(clean.split("[secret]").join("\0")).not.toContain(key);
      }),
    );
  });

  it.each([
    ["sk-proj-abcdefghijklmnop"],
    ["AIzaSyA1234567890abcdefghijk"],
    ["gsk_abcdefghijklmnopqrstuv"],
    ["xai-abcdefghijklmnopqrstuv"],
  ])("is recognized by its format: %s", (key) => {
    expect(redact(`Incorrect API key provided: ${key}.`, [])).not.toContain(key.slice(4));
  });

  it("does not change ordinary text, in linear time", () => {
    expect(redact("risk-free ask-me-anything", [])).toBe("risk-free ask-me-anything");
    const before = threadMs();
    redact("sk-".repeat(400_000), [new Secret("sk-x")]);
    expect(threadMs() - before).toBeLessThan(200);
  });
});
