import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseDuration, untilDate } from "../../src/core/duration.ts";
import { isModelError } from "../../src/core/error.ts";
import { ERROR_CODES } from "../../src/core/error-codes.ts";
import { modelErrorOf } from "../../src/core/failure.ts";
import { targetOf } from "../harness/call-of.ts";

const RUNS = { numRuns: 1_000 };

const status = fc.option(fc.integer({ min: 100, max: 999 }), { nil: undefined });
const words = fc.constantFrom(
  "insufficient_quota",
  "rate_limit_error",
  "context_length_exceeded",
  "maximum context length",
  "prompt is too long",
  "overloaded_error",
  "content policy",
  "Error code: 429",
);
const body = fc.oneof(
  fc.jsonValue(),
  fc.json(),
  fc.string({ unit: "binary" }),
  fc.constantFrom("<html><title>502 Bad Gateway</title>", "", "data: {}", "[DONE]"),
  fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true, withMap: true }),
  fc.record({
    error: fc.record({ message: words, type: words, code: fc.oneof(words, fc.nat(999)), more: fc.jsonValue() }),
  }),
);
const headers = fc.dictionary(
  fc.constantFrom(
    "retry-after",
    "retry-after-ms",
    "date",
    "x-should-retry",
    "x-ratelimit-reset-requests",
    "x-request-id",
  ),
  fc.oneof(
    fc.stringMatching(/^[ -~]{0,20}$/),
    fc.constantFrom("5", "1e9", "-1", "Wed, 21 Oct 2026 07:28:00 GMT", "true", "false"),
  ),
);

describe("property 18: the classifier of failed responses", () => {
  test("returns one code for any status, headers and body, and the same code again", () => {
    fc.assert(
      fc.property(status, headers, body, (given, record, what) => {
        const failure = { status: given, headers: new Headers(record), body: what, nowMs: 0 };
        const error = modelErrorOf(failure, targetOf());
        expect(isModelError(error)).toBe(true);
        expect(ERROR_CODES).toHaveProperty(error.code);
        expect(error.retryAfterMs ?? 0).toBeGreaterThanOrEqual(0);
        expect(modelErrorOf(failure, targetOf())).toEqual(error);
      }),
      RUNS,
    );
  });

  test("reads a parsed body like its JSON string", () => {
    fc.assert(
      fc.property(
        status,
        fc.dictionary(fc.constantFrom("error", "message", "code", "type"), fc.jsonValue()),
        (given, tree) => {
          const codeOf = (what: unknown) => modelErrorOf({ status: given, body: what }, targetOf()).code;
          expect(codeOf(JSON.stringify(tree))).toBe(codeOf(JSON.parse(JSON.stringify(tree))));
        },
      ),
      RUNS,
    );
  });

  test("never classifies throttling as a context overflow", () => {
    fc.assert(
      fc.property(body, words, (what, said) => {
        const { code } = modelErrorOf({ status: 429, body: { error: { message: said, more: what } } }, targetOf());
        expect(["rate_limited", "quota_exhausted"]).toContain(code);
      }),
      RUNS,
    );
  });
});

describe("property 19: durations in responses", () => {
  const amount = fc.nat(999);

  test("are parsed to the value that was written", () => {
    fc.assert(
      fc.property(amount, amount, amount, amount, amount, (d, h, m, s, ms) => {
        const total = (((d * 24 + h) * 60 + m) * 60 + s) * 1_000 + ms;
        expect(parseDuration(`${d}d${h}h${m}m${s}s${ms}ms`)).toBe(total);
        expect(parseDuration(`${total}ms`)).toBe(total);
        expect(parseDuration(String(s))).toBe(s * 1_000);
      }),
      RUNS,
    );
  });

  test("are undefined for garbage, and never NaN, negative or infinite", () => {
    const text = fc.oneof(
      fc.string(),
      fc.stringMatching(/^[-+\d.emshd ]{0,20}$/),
      fc.double().map(String),
      fc.date({ noInvalidDate: false }).map(String),
    );
    fc.assert(
      fc.property(text, fc.integer(), (given, nowMs) => {
        for (const parsed of [parseDuration(given), untilDate(given, nowMs)]) {
          if (parsed === undefined) continue;
          expect(Number.isFinite(parsed)).toBe(true);
          expect(parsed).toBeGreaterThanOrEqual(0);
        }
      }),
      RUNS,
    );
  });
});
