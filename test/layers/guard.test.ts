import { describe, expect, it } from "vitest";
import type { Call } from "../../src/core/call.ts";
import type { Policy } from "../../src/core/target.ts";
import { type ScriptedAttempt, scripted } from "../../src/dialects/scripted/dialect.ts";
import { Breakers, breakerGate, circuitBreaker } from "../../src/layers/circuit-breaker.ts";
import { retry } from "../../src/layers/retry.ts";
import { RetryBudgets } from "../../src/layers/retry-budget.ts";
import { timeout } from "../../src/layers/timeout.ts";
import { admissionLayer } from "../harness/admission-layer.ts";
import { abort, callOf, read, targetOf, textOf, through } from "../harness/call-of.ts";
import { FakeClock, quiet } from "../harness/fake-clock.ts";
import { Stopwatch } from "../harness/stopwatch.ts";

/** All layers of a target that use cockatiel, around a script. */
function setUp(script: readonly ScriptedAttempt[], policy: Partial<Policy> = {}) {
  const clock = new FakeClock();
  const dialect = scripted(script);
  const breakers = new Breakers(clock);
  const run = through(
    [circuitBreaker(breakers), retry(new RetryBudgets()), breakerGate(breakers), admissionLayer({ clock }), timeout],
    dialect,
  );
  const target = targetOf("main", {}, policy);
  const call = (fields: Partial<Call> = {}) => callOf({ clock, target, ...fields });
  return { clock, dialect, breakers, run, call, target };
}

const serverError = { error: { code: "server_error", message: "broken", status: 500 } } as const;

describe("cockatiel around a stream", () => {
  it("keeps a stream open after its first event", async () => {
    const { clock, run, call } = setUp(
      [[{ delta: "a" }, { delayMs: 30_000 }, { delta: "b" }, { delayMs: 30_000 }, { delta: "c" }, { finish: "stop" }]],
      {
        attemptTimeoutMs: 100_000,
        firstTokenTimeoutMs: 1_000,
      },
    );
    const seen = await clock.settle(read(run(call())));
    expect(seen.error).toBeUndefined();
    expect(textOf(seen)).toBe("abc");
    expect(clock.monotonic()).toBe(60_000);
  });

  it("ends an attempt that times out after its first event", async () => {
    const { clock, run, call, dialect } = setUp([[{ delta: "a" }, { hang: true }]], { attemptTimeoutMs: 5_000 });
    const seen = await clock.settle(read(run(call())));
    expect(seen.error).toMatchObject({ code: "timed_out", phase: "attempt" });
    expect(clock.monotonic()).toBe(5_000);
    expect(dialect.calls[0]?.end).toBe("failed");
  });

  it("forwards the caller's abort after the first event", async () => {
    const { run, call, dialect } = setUp([[{ delta: "a" }, { hang: true }]]);
    const running = call();
    const iterator = run(running)[Symbol.asyncIterator]();
    await iterator.next();
    const next = iterator.next();
    await quiet();
    const reason = abort();
    running.cancellation.cancel(reason);
    await expect(next).rejects.toBe(reason);
    await quiet();
    expect(dialect.calls).toHaveLength(1);
    expect(dialect.calls[0]).toMatchObject({ end: "failed" });
    expect(dialect.calls[0]?.call.cancellation.reason).toBe(reason);
  });

  it("settles at once when aborted during a backoff, without another attempt", async () => {
    const { clock, run, call, dialect } = setUp([[serverError]], { retryMinWaitMs: 10_000 });
    const running = call();
    const reading = read(run(running));
    await clock.advance(5_000);
    expect(dialect.calls).toHaveLength(1);
    const reason = abort();
    using watch = new Stopwatch();
    running.cancellation.cancel(reason);
    expect((await reading).error).toBe(reason);
    expect(watch.elapsedMs).toBeLessThan(20);
    await clock.advance(60_000);
    expect(dialect.calls).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });

  it("retries num_retries times: three retries are four attempts", async () => {
    const { clock, run, call, dialect } = setUp([[serverError]], { numRetries: 3 });
    const seen = await clock.settle(read(run(call())));
    expect(seen.error?.code).toBe("server_error");
    expect(dialect.calls).toHaveLength(4);
    expect(dialect.calls.map(({ call }) => call.tryIndex)).toEqual([0, 1, 2, 3]);
  });

  it("never retries with num_retries 0", async () => {
    const { clock, run, call, dialect } = setUp([[serverError]], { numRetries: 0 });
    await clock.settle(read(run(call())));
    expect(dialect.calls).toHaveLength(1);
  });

  it("holds a slot until the stream settles, not only until it opens", async () => {
    const { clock, run, call, dialect } = setUp([[{ delta: "a" }, { delayMs: 1_000 }, { finish: "stop" }]], {
      maxParallel: 1,
      queue: 5,
    });
    await clock.settle(Promise.all([1, 2, 3].map(() => read(run(call())))));
    expect(dialect.peak).toBe(1);
    expect(dialect.calls.map(({ startedMs }) => startedMs)).toEqual([0, 1_000, 2_000]);
  });

  it("counts a stream that breaks after its first event as a failure of the target", async () => {
    const { clock, run, call, breakers, target } = setUp(
      [[{ delta: "a" }, { error: { code: "stream_truncated", message: "cut" } }]],
      {
        breaker: { threshold: 2, windowMs: undefined, halfOpenAfterMs: 10_000 },
      },
    );
    await clock.settle(read(run(call())));
    expect(breakers.state(target)).toBe("closed");
    await clock.settle(read(run(call())));
    expect(breakers.state(target)).toBe("open");
  });
});
