import { describe, expect, it } from "vitest";
import type { Call } from "../../src/core/call.ts";
import { Cancellation } from "../../src/core/cancellation.ts";
import type { ModelErrorInit } from "../../src/core/error.ts";
import { ERROR_CODES, type ModelErrorCode } from "../../src/core/error-codes.ts";
import { Secret } from "../../src/core/secret.ts";
import type { FailedAttempt, ShouldRetry } from "../../src/core/should-retry.ts";
import type { Policy } from "../../src/core/target.ts";
import { type ScriptedAttempt, scripted } from "../../src/dialects/scripted/dialect.ts";
import { credential } from "../../src/layers/credential.ts";
import { KeyStates } from "../../src/layers/key-states.ts";
import { meter } from "../../src/layers/meter.ts";
import { retry } from "../../src/layers/retry.ts";
import { RetryBudgets } from "../../src/layers/retry-budget.ts";
import { admissionLayer } from "../harness/admission-layer.ts";
import { abort, callOf, read, targetOf, textOf, through } from "../harness/call-of.ts";
import { FakeClock } from "../harness/fake-clock.ts";

function setUp(script: readonly ScriptedAttempt[], policy: Partial<Policy> = {}, fields: Partial<Call> = {}) {
  const clock = new FakeClock();
  const dialect = scripted(script);
  const run = through([retry(new RetryBudgets())], dialect);
  const target = targetOf("main", {}, policy);
  const ask = (more: Partial<Call> = {}) => clock.settle(read(run(callOf({ clock, target, ...fields, ...more }))));
  return { clock, dialect, ask, starts: () => dialect.calls.map(({ startedMs }) => startedMs) };
}

const fails = (code: ModelErrorCode, init: Partial<ModelErrorInit> = {}): ScriptedAttempt => [
  { error: { code, message: code, ...init } },
];
const gaps = (starts: readonly number[]) => starts.slice(1).map((at, index) => at - (starts[index] as number));

describe("the wait before a retry", () => {
  it("grows by the multiplier up to the maximum: 4, 8, 10 seconds", async () => {
    const { ask, starts } = setUp([fails("server_error")], {
      retryMinWaitMs: 4_000,
      retryMaxWaitMs: 10_000,
      retryMultiplier: 2,
      jitter: "none",
    });
    await ask();
    expect(gaps(starts())).toEqual([4_000, 8_000, 10_000]);
  });

  it.each([
    [0, [0, 0, 0]],
    [0.5, [2_000, 4_000, 5_000]],
    [0.999, [3_996, 7_992, 9_990]],
  ] as const)("with full jitter is random up to the wait (%d)", async (random, expected) => {
    const { ask, starts } = setUp(
      [fails("server_error")],
      { retryMinWaitMs: 4_000, retryMaxWaitMs: 10_000, jitter: "full" },
      { random: () => random },
    );
    await ask();
    expect(gaps(starts()).map(Math.round)).toEqual(expected);
  });

  it("with decorrelated jitter stays between minimum and maximum", async () => {
    const { ask, starts } = setUp(
      [fails("server_error")],
      { retryMinWaitMs: 1_000, retryMaxWaitMs: 5_000, jitter: "decorrelated" },
      { random: () => 0.99 },
    );
    await ask();
    for (const gap of gaps(starts())) {
      expect(gap).toBeGreaterThanOrEqual(1_000);
      expect(gap).toBeLessThanOrEqual(5_000);
    }
  });

  it.each(["rate_limited", "overloaded"] as const)("starts at twice the minimum after %s", async (code) => {
    const { ask, starts } = setUp([fails(code)], { retryMinWaitMs: 500 });
    await ask();
    expect(gaps(starts())).toEqual([1_000, 2_000, 4_000]);
  });

  it.each([
    [0, 2_000],
    [0.5, 2_100],
    [1, 2_200],
  ])("is the provider's, with at most a tenth on top (%d)", async (random, expected) => {
    const { ask, starts } = setUp(
      [fails("rate_limited", { retryAfterMs: 2_000 }), "fine"],
      {},
      { random: () => random },
    );
    const seen = await ask();
    expect(textOf(seen)).toBe("fine");
    expect(gaps(starts())[0]).toBeCloseTo(expected);
  });

  it("is the normal backoff when the provider sends zero", async () => {
    const { ask, starts } = setUp([fails("rate_limited", { retryAfterMs: 0 }), "fine"]);
    await ask();
    expect(gaps(starts())).toEqual([1_000]);
  });

  it("is skipped when the provider asks for more than max_retry_after", async () => {
    const { ask, clock, dialect } = setUp([fails("rate_limited", { retryAfterMs: 60_001 }), "fine"], {
      maxRetryAfterMs: 60_000,
    });
    const { error } = await ask();
    expect(error).toMatchObject({ code: "rate_limited", retryAfterMs: 60_001 });
    expect(clock.monotonic()).toBe(0);
    expect(dialect.calls).toHaveLength(1);
  });

  it("is skipped when the deadline comes first", async () => {
    const { ask, clock, dialect } = setUp(
      [fails("rate_limited", { retryAfterMs: 30_000 }), "fine"],
      {},
      { deadlineAtMs: 30_000 },
    );
    expect((await ask()).error?.code).toBe("rate_limited");
    expect(clock.monotonic()).toBe(0);
    expect(dialect.calls).toHaveLength(1);
  });
});

describe("what is retried", () => {
  const codes = Object.keys(ERROR_CODES) as ModelErrorCode[];
  const expected = { never: 1, once: 2, yes: 4 };
  it.each(codes.map((code) => [code, expected[ERROR_CODES[code].retry]] as const))(
    "%s makes %i attempts",
    async (code, attempts) => {
      const { ask, dialect } = setUp([fails(code)]);
      const { error } = await ask();
      expect(error?.code).toBe(code);
      expect(dialect.calls).toHaveLength(attempts);
    },
  );

  it("counts codes that are retried once separately", async () => {
    const { ask, dialect } = setUp([fails("protocol_error"), fails("server_error"), fails("protocol_error"), "fine"]);
    expect((await ask()).error?.code).toBe("protocol_error");
    expect(dialect.calls).toHaveLength(3);
  });

  it("obeys x-should-retry: false", async () => {
    const { ask, dialect } = setUp([fails("server_error", { shouldRetry: false }), "fine"]);
    await ask();
    expect(dialect.calls).toHaveLength(1);
  });

  it("obeys x-should-retry: true", async () => {
    const { ask, dialect } = setUp([fails("invalid_request", { shouldRetry: true }), "fine"]);
    expect(textOf(await ask())).toBe("fine");
    expect(dialect.calls).toHaveLength(2);
  });

  it("only codes in retry_on", async () => {
    const retryOn = { empty_response: 3 };
    const listed = setUp([fails("empty_response")], { retryOn });
    await listed.ask();
    expect(listed.dialect.calls).toHaveLength(4);
    const other = setUp([fails("server_error")], { retryOn });
    await other.ask();
    expect(other.dialect.calls).toHaveLength(1);
  });

  it("a code in retry_on that is never retried by default, unless the provider forbids it", async () => {
    const asked = setUp([fails("degenerate_output"), "fine"], { retryOn: { degenerate_output: 1 } });
    expect(textOf(await asked.ask())).toBe("fine");
    const told = setUp([fails("server_error", { shouldRetry: false }), "fine"], { retryOn: { server_error: 3 } });
    expect((await told.ask()).error?.code).toBe("server_error");
  });

  it("as often as the count in retry_on", async () => {
    const { ask, dialect } = setUp(
      [fails("rate_limited"), fails("server_error"), fails("rate_limited"), fails("server_error")],
      {
        retryOn: { rate_limited: 5, server_error: 1 },
      },
    );
    expect((await ask()).error?.code).toBe("server_error");
    expect(dialect.calls).toHaveLength(4);
  });

  it("does not retry a timed-out attempt while a fallback remains", async () => {
    const alone = setUp([fails("timed_out"), "fine"]);
    expect(textOf(await alone.ask())).toBe("fine");
    const backed = setUp([fails("timed_out"), "fine"], {}, { fallbackRemains: true });
    expect((await backed.ask()).error?.code).toBe("timed_out");
    expect(backed.dialect.calls).toHaveLength(1);
  });
});

describe("the commit rule", () => {
  const broken: ScriptedAttempt = [{ delta: "half an " }, { error: { code: "stream_truncated", message: "cut" } }];

  it("does not retry after delivered content", async () => {
    const { ask, dialect } = setUp([broken, "whole"]);
    const seen = await ask();
    expect(textOf(seen)).toBe("half an ");
    expect(seen.error?.code).toBe("stream_truncated");
    expect(dialect.calls).toHaveLength(1);
  });

  it("starts again after a reset with on_break restart", async () => {
    const { ask, dialect } = setUp([broken, "whole"], {}, { onBreak: "restart" });
    const { events, error } = await ask();
    expect(error).toBeUndefined();
    expect(dialect.calls).toHaveLength(2);
    expect(events.map(({ type }) => type)).toEqual(["text-delta", "reset", "text-delta", "finish"]);
    expect(events.filter(({ type }) => type === "reset")).toHaveLength(1);
  });

  it("restarts at most num_retries times", async () => {
    const { ask, dialect } = setUp([broken], { numRetries: 2 }, { onBreak: "restart" });
    expect((await ask()).error?.code).toBe("stream_truncated");
    expect(dialect.calls).toHaveLength(3);
  });

  it("does not restart for an error that is never retried", async () => {
    const { ask, dialect } = setUp(
      [[{ delta: "a" }, { error: { code: "content_filtered", message: "no" } }], "whole"],
      {},
      { onBreak: "restart" },
    );
    expect((await ask()).error?.code).toBe("content_filtered");
    expect(dialect.calls).toHaveLength(1);
  });

  it.each([
    ["usage", { usage: { input: 3 } }],
    ["a response id", { events: [{ type: "response", id: "r" }] }],
  ] as const)("does not count %s: the failed attempt is invisible", async (_, step) => {
    const { ask } = setUp([[step, { error: { code: "server_error", message: "broken" } }], "fine"]);
    const { events, error } = await ask();
    expect(error).toBeUndefined();
    expect(events.map(({ type }) => type)).toEqual(["text-delta", "finish"]);
  });

  it.each([
    ["reasoning", { reasoning: "hm" }],
    ["a tool call", { toolCall: { name: "f" } }],
  ] as const)("counts %s as content", async (_, step) => {
    const { ask, dialect } = setUp([[step, { error: { code: "server_error", message: "broken" } }], "fine"]);
    expect((await ask()).error?.code).toBe("server_error");
    expect(dialect.calls).toHaveLength(1);
  });
});

describe("the retry budget", () => {
  const setUpMany = () => {
    const clock = new FakeClock();
    const dialect = scripted([fails("server_error")]);
    const run = through([retry(new RetryBudgets())], dialect);
    const target = targetOf("main", {}, { numRetries: 1 });
    const ask = async (calls: number, at = target) => {
      const before = dialect.calls.length;
      for (let index = 0; index < calls; index++) await clock.settle(read(run(callOf({ clock, target: at }))));
      return dialect.calls.length - before - calls;
    };
    return { ask, target };
  };

  it("allows ten retries at once, then a fifth of the calls", async () => {
    const { ask } = setUpMany();
    const burst = await ask(10);
    expect(burst).toBe(10);
    const later = await ask(100);
    expect(later).toBeGreaterThanOrEqual(20);
    expect(later).toBeLessThanOrEqual(22);
  });

  it("is counted per origin", async () => {
    const { ask, target } = setUpMany();
    await ask(30);
    expect(await ask(5, { ...target, origin: "http://127.0.0.1:10" })).toBe(5);
  });
});

describe("a provider that asks to wait", () => {
  const setUpTwo = (policy: Partial<Policy> = {}, retryAfterMs = 5_000) => {
    const clock = new FakeClock();
    const dialect = scripted([fails("rate_limited", { retryAfterMs }), "fine"]);
    const states = new KeyStates();
    const run = through(
      [retry(new RetryBudgets()), credential(states), admissionLayer({ clock, keys: states }), meter],
      dialect,
    );
    const target = targetOf("main", {}, policy);
    const ask = (fields: Partial<Call> = {}) => read(run(callOf({ clock, target, ...fields })));
    return { clock, dialect, ask, target, starts: () => dialect.calls.map(({ startedMs }) => startedMs) };
  };

  it("pauses every call, not only the one that got the response", async () => {
    const { clock, ask, starts } = setUpTwo();
    const first = ask();
    await clock.advance(1_000);
    const second = ask();
    await clock.settle(Promise.all([first, second]));
    expect(starts()).toEqual([0, 5_000, 5_000]);
  });

  it("gets spread retries, because each waiting call adds its own jitter", async () => {
    const { clock, ask, starts } = setUpTwo();
    const first = ask();
    await clock.advance(1_000);
    await clock.settle(Promise.all([first, ask({ random: () => 0.5 }), ask({ random: () => 1 })]));
    expect(starts()).toEqual([0, 5_000, 5_200, 5_400]);
  });

  it("fails a call that cannot wait that long, without a request", async () => {
    const { clock, ask, dialect } = setUpTwo({ numRetries: 0 });
    await clock.settle(ask());
    const { error } = await clock.settle(ask({ deadlineAtMs: 5_000 }));
    expect(error).toMatchObject({ code: "rate_limited", retryAfterMs: 5_000 });
    expect(error?.message).toMatch(/skipped: .* retry in 5 s/);
    expect(dialect.calls).toHaveLength(1);
  });

  it("fails calls with a shorter max_retry_after until the delay ends", async () => {
    const { clock, ask, dialect, target } = setUpTwo({ numRetries: 0 });
    await clock.settle(ask());
    const hasty = { ...target, policy: { ...target.policy, maxRetryAfterMs: 1_000 } };
    expect((await clock.settle(ask({ target: hasty }))).error?.code).toBe("rate_limited");
    expect(dialect.calls).toHaveLength(1);
    await clock.advance(5_000);
    expect((await clock.settle(ask({ target: hasty }))).error).toBeUndefined();
  });

  it("for longer than max_retry_after does not pause the next call", async () => {
    const { clock, ask } = setUpTwo({}, 9_999_999_000);
    expect((await clock.settle(ask())).error?.retryAfterMs).toBe(9_999_999_000);
    expect((await clock.settle(ask())).error).toBeUndefined();
  });

  it("does not pause calls with another key or model", async () => {
    const { clock, ask, target, starts } = setUpTwo({ numRetries: 0 });
    await clock.settle(ask());
    await clock.settle(ask({ target: { ...target, credentials: { keys: [new Secret("other")] } } }));
    await clock.settle(ask({ target: { ...target, key: "other model" } }));
    expect(starts()).toEqual([0, 0, 0]);
  });

  it("does not block the abort of a waiting call", async () => {
    const { clock, ask } = setUpTwo({ numRetries: 0 });
    await clock.settle(ask());
    const cancellation = new Cancellation();
    clock.schedule(() => cancellation.cancel(abort()), 300);
    expect((await clock.settle(ask({ cancellation }))).error?.code).toBe("aborted");
    expect([clock.monotonic(), clock.pending]).toEqual([300, 0]);
  });
});

describe("an idle connection that its server had closed", () => {
  it("is replaced at once outside the retry budget, but only once", async () => {
    const stale = fails("connection_failed", { reusedSocket: true });
    const { ask, starts } = setUp([stale, stale, "fine"]);
    expect((await ask()).error).toBeUndefined();
    expect(starts()).toEqual([0, 0, 1_000]);
  });

  it("is not replaced with num_retries = 0", async () => {
    const { ask, dialect } = setUp([fails("connection_failed", { reusedSocket: true })], { numRetries: 0 });
    expect((await ask()).error?.code).toBe("connection_failed");
    expect(dialect.calls).toHaveLength(1);
  });
});

describe('a failure with shouldRetry "once"', () => {
  it("is retried once, regardless of its code", async () => {
    const { ask, dialect } = setUp([fails("connection_failed", { shouldRetry: "once" })]);
    expect((await ask()).error?.code).toBe("connection_failed");
    expect(dialect.calls).toHaveLength(2);
  });
});

it("says that the deadline prevented the next attempt", async () => {
  const { ask } = setUp([fails("rate_limited", { retryAfterMs: 50_000 })], {}, { deadlineAtMs: 30_000 });
  expect((await ask()).error?.message).toContain("deadline, which is in 30 s");
});

describe("shouldRetry", () => {
  const deciding = (shouldRetry: ShouldRetry) => ({ input: { ...callOf().input, shouldRetry } });

  it("sees the failure, and stops a retry", async () => {
    const seen: FailedAttempt[] = [];
    const stop = deciding((failure) => {
      seen.push(failure);
      return failure.attempt < 2 ? undefined : false;
    });
    const { ask, dialect } = setUp([fails("server_error")], { numRetries: 3 }, stop);
    expect((await ask()).error?.code).toBe("server_error");
    expect(dialect.calls).toHaveLength(2);
    expect(seen).toMatchObject([
      { error: { code: "server_error" }, attempt: 1, retriesLeft: 3, willRetry: true, model: "main", callId: "call-1" },
      { attempt: 2, retriesLeft: 2, willRetry: true },
    ]);
  });

  it("repeats what the library would not, at most num_retries times", async () => {
    const willRetry: boolean[] = [];
    const force = deciding((failure) => {
      willRetry.push(failure.willRetry);
      return true;
    });
    const { ask, dialect } = setUp([fails("invalid_request")], { numRetries: 2 }, force);
    expect((await ask()).error?.code).toBe("invalid_request");
    expect([dialect.calls.length, willRetry]).toEqual([3, [false, false]]);
  });

  it.each([
    ["the provider's wait", { numRetries: 3, maxRetryAfterMs: 1_000 }, { retryAfterMs: 1_001 }, {}],
    ["the deadline", { numRetries: 3, retryMinWaitMs: 500, jitter: "none" }, {}, { deadlineAtMs: 400 }],
    ["num_retries = 0", { numRetries: 0 }, {}, {}],
  ] as const)("does not exceed %s", async (_, policy, error, fields) => {
    const { ask, dialect } = setUp([fails("server_error", error)], policy, { ...deciding(() => true), ...fields });
    await ask();
    expect(dialect.calls).toHaveLength(1);
  });

  it.each([
    [
      "throws",
      () => {
        throw new TypeError("x is undefined");
      },
      "shouldRetry threw an error, see cause, after server_error",
    ],
    ["returns a promise", async () => true, "shouldRetry must return true, false or undefined"],
  ])("that %s fails the call", async (_, broken, words) => {
    const { ask, dialect } = setUp([fails("server_error")], { numRetries: 3 }, deciding(broken as never));
    const { error } = await ask();
    expect(error?.code).toBe("rejected");
    expect(error?.message).toContain(words);
    expect(dialect.calls).toHaveLength(1);
  });
});
