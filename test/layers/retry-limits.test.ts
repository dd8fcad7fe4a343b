import { describe, expect, it } from "vitest";
import type { Call } from "../../src/core/call.ts";
import { Cancellation, sleep } from "../../src/core/cancellation.ts";
import { ModelError, type ModelErrorInit } from "../../src/core/error.ts";
import type { ModelErrorCode } from "../../src/core/error-codes.ts";
import type { Layer } from "../../src/core/layer.ts";
import { Secret } from "../../src/core/secret.ts";
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

function setUp(script: readonly ScriptedAttempt[], policy: Partial<Policy> = {}) {
  const clock = new FakeClock();
  const dialect = scripted(script);
  const states = new KeyStates();
  const run = through(
    [retry(new RetryBudgets()), credential(states), admissionLayer({ clock, keys: states }), meter],
    dialect,
  );
  const target = targetOf("main", {}, policy);
  const start = (fields: Partial<Call> = {}) => read(run(callOf({ clock, target, ...fields })));
  const ask = (fields: Partial<Call> = {}) => clock.settle(start(fields));
  return { clock, dialect, target, start, ask, starts: () => dialect.calls.map(({ startedMs }) => startedMs) };
}

const fails = (code: ModelErrorCode, init: Partial<ModelErrorInit> = {}): ScriptedAttempt => [
  { error: { code, message: code, ...init } },
];

describe("decorrelated jitter", () => {
  it("is between the minimum wait and three times the last one, up to the maximum", async () => {
    const policy = { numRetries: 5, retryMinWaitMs: 1_000, retryMaxWaitMs: 5_000, jitter: "decorrelated" } as const;
    const { ask, starts } = setUp([fails("server_error")], policy);
    await ask({ random: () => 0.5 });
    expect(starts()).toEqual([0, 1_000, 3_000, 6_500, 11_500, 16_500]);
  });
});

describe("failures of different codes", () => {
  it("share num_retries retries", async () => {
    const script = ["rate_limited", "server_error", "rate_limited", "server_error"] as const;
    const { ask, dialect } = setUp([...script.map((code) => fails(code)), "fine"], {
      numRetries: 3,
      retryOn: { rate_limited: 2, server_error: 2 },
    });
    expect((await ask()).error?.code).toBe("server_error");
    expect(dialect.calls).toHaveLength(4);
  });
});

describe("a fallback that waits", () => {
  it("replaces retries only of timed-out attempts, unless retry_on lists them", async () => {
    const failed = setUp([fails("server_error"), "fine"]);
    expect((await failed.ask({ fallbackRemains: true })).error).toBeUndefined();
    const listed = setUp([fails("timed_out"), "fine"], { retryOn: { timed_out: 1 } });
    expect((await listed.ask({ fallbackRemains: true })).error).toBeUndefined();
  });
});

describe("the error of a call whose last attempt was not sent", () => {
  it.each(["circuit_open", "bulkhead_full"] as const)("is the failure before %s", async (code) => {
    const { ask } = setUp([fails("server_error"), fails(code, { shouldRetry: false })]);
    expect((await ask()).error?.code).toBe("server_error");
    const alone = setUp([fails(code, { shouldRetry: false })]);
    expect((await alone.ask()).error?.code).toBe(code);
  });

  it("is the failure before a pause of another call", async () => {
    const { clock, start, target, dialect } = setUp(
      [fails("server_error"), fails("rate_limited", { retryAfterMs: 5_000 })],
      { numRetries: 1 },
    );
    const hasty = start({ target: { ...target, policy: { ...target.policy, maxRetryAfterMs: 1_000 } } });
    const told = start({ target: { ...target, policy: { ...target.policy, numRetries: 0 } } });
    expect((await clock.settle(told)).error?.code).toBe("rate_limited");
    expect((await clock.settle(hasty)).error?.code).toBe("server_error");
    expect(dialect.calls).toHaveLength(2);
  });
});

describe("the exact limits", () => {
  it("allow a wait of exactly max_retry_after, even for a shared pause", async () => {
    const { clock, start, starts } = setUp([fails("rate_limited", { retryAfterMs: 5_000 }), "fine"], {
      maxRetryAfterMs: 5_000,
    });
    const first = start();
    await clock.advance(0);
    const second = start();
    const seen = await clock.settle(Promise.all([first, second]));
    expect(seen.map(({ error }) => error)).toEqual([undefined, undefined]);
    expect(starts()).toEqual([0, 5_000, 5_000]);
  });

  it("of the deadline allow a wait that ends before it", async () => {
    const { clock, ask, starts } = setUp([fails("server_error"), "fine"], { retryMinWaitMs: 1_000 });
    await clock.advance(10_000);
    expect((await ask({ deadlineAtMs: 11_001 })).error).toBeUndefined();
    expect(starts()).toEqual([10_000, 11_000]);
    const late = setUp([fails("server_error"), "fine"], { retryMinWaitMs: 1_000 });
    await late.clock.advance(10_000);
    expect((await late.ask({ deadlineAtMs: 11_000 })).error?.message).toContain("deadline, which is in 1 s");
  });

  it("of the budget allow exactly ten retries at the start", () => {
    const budgets = new RetryBudgets();
    const taken = Array.from({ length: 12 }, () => budgets.take("origin"));
    expect(taken.filter(Boolean)).toHaveLength(10);
  });
});

describe("retry ignores", () => {
  it("an open circuit breaker, even in retry_on", async () => {
    const { ask, dialect } = setUp([fails("circuit_open")], { retryOn: { circuit_open: 3 } });
    await ask();
    expect(dialect.calls).toHaveLength(1);
  });

  it("an error that is not a ModelError", async () => {
    let asked = 0;
    const bug = new TypeError("bug");
    const run = through([retry(new RetryBudgets())], {
      // biome-ignore lint/correctness/useYield: it fails before its first event
      open: async function* () {
        asked++;
        throw bug;
      },
    });
    await expect(read(run(callOf()))).rejects.toBe(bug);
    expect(asked).toBe(1);
  });

  it("a call that was aborted before it started", async () => {
    let asked = 0;
    const run = through([retry(new RetryBudgets())], {
      open: async function* () {
        asked++;
        yield [];
      },
    });
    const cancellation = new Cancellation();
    cancellation.cancel(abort());
    expect((await read(run(callOf({ cancellation })))).error?.code).toBe("aborted");
    expect(asked).toBe(0);
  });

  it("a stream without events, which other layers handle", async () => {
    const open = async function* () {
      yield [];
    };
    const run = through([retry(new RetryBudgets())], { open });
    expect(await read(run(callOf()))).toEqual({ events: [], error: undefined });
  });

  it("an answer without any content", async () => {
    const { ask, dialect } = setUp([[{ finish: "stop" }]]);
    expect((await ask()).events.map(({ type }) => type)).toContain("finish");
    expect(dialect.calls).toHaveLength(1);
  });

  it("a break after a batch that had content among other events", async () => {
    const { ask, dialect } = setUp([
      [
        {
          events: [
            { type: "response", id: "r" },
            { type: "text-delta", text: "half", sample: 0 },
          ],
        },
        { error: { code: "server_error", message: "broke" } },
      ],
      "fine",
    ]);
    const seen = await ask();
    expect([textOf(seen), seen.error?.code, dialect.calls.length]).toEqual(["half", "server_error", 1]);
  });
});

describe("a pause", () => {
  it("is not lifted by a failure without a delay", async () => {
    const { clock, start, starts } = setUp(
      [
        fails("rate_limited", { retryAfterMs: 5_000 }),
        [{ delayMs: 100 }, { error: { code: "server_error", message: "" } }],
        "fine",
      ],
      { numRetries: 0 },
    );
    const both = [start(), start()];
    await clock.advance(200);
    expect((await Promise.all(both)).map(({ error }) => error?.code)).toEqual(["rate_limited", "server_error"]);
    expect((await clock.settle(start())).error).toBeUndefined();
    expect(starts()).toEqual([0, 0, 5_000]);
  });

  it("is not cut short by a shorter one", () => {
    const states = new KeyStates();
    const clock = new FakeClock();
    const call = callOf({ clock });
    const named = (retryAfterMs: number) => new ModelError({ code: "rate_limited", message: "", retryAfterMs });
    states.heed(named(5_000), call);
    states.heed(named(1_000), call);
    expect(states.restMs(call)).toBe(5_000);
  });

  describe("that starts while a call is queued", () => {
    const queueing = (names: readonly string[], resting: readonly string[]) => {
      const clock = new FakeClock();
      const dialect = scripted(["fine"]);
      const states = new KeyStates();
      const target = targetOf("main", { credentials: { keys: names.map((name) => new Secret(name)) } });
      const queue: Layer = async function* (call, next) {
        await sleep(clock, 1_000, call.cancellation);
        yield* next(call);
      };
      const run = through(
        [retry(new RetryBudgets()), credential(states), queue, admissionLayer({ clock, keys: states })],
        dialect,
      );
      const ask = async () => {
        const answer = read(run(callOf({ clock, target })));
        await clock.advance(500);
        const wait = new ModelError({ code: "rate_limited", message: "", retryAfterMs: 5_000 });
        for (const name of resting) states.heed(wait, callOf({ clock, target, credential: new Secret(name) }));
        return clock.settle(answer);
      };
      const asked = () => dialect.calls.map(({ call, startedMs }) => [call.credential?.reveal(), startedMs]);
      return { ask, asked };
    };

    it.each([
      [["one"], ["one"], ["one", 5_500]],
      [["one", "two"], ["one"], ["two", 2_000]],
      [
        ["one", "two"],
        ["one", "two"],
        ["one", 6_500],
      ],
    ])("is waited for only when no key is available: of %j unavailable %j", async (keys, resting, expected) => {
      const { ask, asked } = queueing(keys, resting);
      expect((await ask()).error).toBeUndefined();
      expect(asked()).toEqual([expected]);
    });
  });

  it("that is extended repeatedly is limited to max_retry_after in total", async () => {
    const clock = new FakeClock();
    const states = new KeyStates();
    const dialect = scripted(["fine"]);
    const run = through([retry(new RetryBudgets()), admissionLayer({ clock, keys: states })], dialect);
    const call = callOf({ clock });
    const again = () => {
      states.heed(new ModelError({ code: "rate_limited", message: "", retryAfterMs: 20_000 }), call);
      if (clock.monotonic() < 120_000) clock.schedule(again, 19_000);
    };
    again();
    const { error } = await clock.settle(read(run(call)));
    expect(error?.message).toContain("skipped");
    expect(clock.monotonic()).toBeLessThanOrEqual(60_000);
    expect(dialect.calls).toEqual([]);
  });

  it("that outlasts the deadline is not waited for", async () => {
    const clock = new FakeClock();
    const states = new KeyStates();
    const dialect = scripted(["fine"]);
    const run = through([retry(new RetryBudgets()), admissionLayer({ clock, keys: states })], dialect);
    const call = callOf({ clock, deadlineAtMs: 10_000 });
    states.heed(new ModelError({ code: "rate_limited", message: "", retryAfterMs: 20_000 }), call);
    const { error } = await clock.settle(read(run(call)));
    expect(error?.message).toContain("skipped: the provider asked an earlier call to wait, retry in 20 s");
    expect(clock.monotonic()).toBe(0);
    expect(dialect.calls).toEqual([]);
  });

  it("applies to one key only", () => {
    const states = new KeyStates();
    const withKey = (key: string) => callOf({ credential: new Secret(key) });
    states.heed(new ModelError({ code: "rate_limited", message: "", retryAfterMs: 5_000 }), withKey("one"));
    expect([states.restMs(withKey("one")), states.restMs(withKey("two"))]).toEqual([5_000, 0]);
  });
});
