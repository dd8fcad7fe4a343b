import { describe, expect, test } from "vitest";
import { ModelError } from "../../src/core/error.ts";
import type { ModelErrorCode } from "../../src/core/error-codes.ts";
import { MemberState } from "../../src/layers/member-state.ts";

const RULE = { allowedFails: 2, cooldownMs: 5_000 };
const error = (code: ModelErrorCode, retryAfterMs?: number) =>
  new ModelError({ code, message: code, ...(retryAfterMs !== undefined && { retryAfterMs }) });

/** A member that failed at these times with server errors. */
function failedAt(...times: readonly number[]): MemberState {
  const state = new MemberState();
  for (const time of times) state.failed(error("server_error"), RULE, time);
  return state;
}

describe("a member cools down", () => {
  test("after allowed_fails failures within a minute, for the cooldown", () => {
    expect(failedAt(0).restMs(0)).toBe(0);
    const state = failedAt(0, 60_000);
    expect([state.restMs(60_000), state.restMs(64_999), state.restMs(65_000), state.restMs(70_000)]).toEqual([
      5_000, 1, 0, 0,
    ]);
  });

  test("not for failures older than a minute", () => {
    expect(failedAt(0, 60_001).restMs(60_001)).toBe(0);
    expect(failedAt(0, 60_001, 60_002).restMs(60_002)).toBe(5_000);
  });

  test("again only after as many new failures", () => {
    const state = failedAt(0, 1);
    state.failed(error("server_error"), RULE, 5_001);
    expect(state.restMs(5_001)).toBe(0);
    state.failed(error("server_error"), RULE, 5_002);
    expect(state.restMs(5_002)).toBe(5_000);
  });

  test.each(["rate_limited", "quota_exhausted", "unauthorized", "forbidden", "not_found"] as const)(
    "at once after %s",
    (code) => {
      const state = new MemberState();
      state.failed(error(code), RULE, 100);
      expect(state.restMs(100)).toBe(5_000);
    },
  );

  test("for the provider's longer delay, which a later one does not shorten", () => {
    const state = new MemberState();
    state.failed(error("rate_limited", 20_000), RULE, 0);
    expect(state.restMs(0)).toBe(20_000);
    state.failed(error("rate_limited", 1_000), RULE, 1_000);
    expect(state.restMs(1_000)).toBe(19_000);
  });

  test.each(["invalid_request", "context_too_long", "content_filtered", "aborted", "refused"] as const)(
    "never for %s",
    (code) => {
      const state = new MemberState();
      for (let time = 0; time < 10; time++) state.failed(error(code), RULE, time);
      expect(state.restMs(9)).toBe(0);
    },
  );
});

test("latency is a moving average, unknown after a minute without an answer", () => {
  const state = new MemberState();
  expect(state.latencyMs(0)).toBeUndefined();
  state.spoke(100, 0);
  expect(state.latencyMs(0)).toBe(100);
  state.spoke(200, 60_000);
  expect(state.latencyMs(60_000)).toBe(130);
  expect(state.latencyMs(120_000)).toBe(130);
  expect(state.latencyMs(120_001)).toBeUndefined();
  state.spoke(500, 120_001);
  expect(state.latencyMs(120_001)).toBe(500);
});

test("tokens are those of the last minute", () => {
  const state = new MemberState();
  state.used(10, 0);
  state.used(0, 1);
  state.used(5, 30_000);
  expect([state.tokens(60_000), state.tokens(60_001), state.tokens(90_000), state.tokens(90_001)]).toEqual([
    15, 5, 5, 0,
  ]);
});
