import { describe, expect, it } from "vitest";
import type { Call } from "../../src/core/call.ts";
import type { Policy } from "../../src/core/target.ts";
import { type ScriptedAttempt, scripted } from "../../src/dialects/scripted/dialect.ts";
import { deadline } from "../../src/layers/deadline.ts";
import { loading } from "../../src/layers/loading.ts";
import { retry } from "../../src/layers/retry.ts";
import { RetryBudgets } from "../../src/layers/retry-budget.ts";
import { timeout } from "../../src/layers/timeout.ts";
import { callOf, read, targetOf, through } from "../harness/call-of.ts";
import { CountedCancellation } from "../harness/counted-cancellation.ts";
import { FakeClock } from "../harness/fake-clock.ts";

function setUp(script: readonly ScriptedAttempt[], policy: Partial<Policy>, layers = [timeout]) {
  const clock = new FakeClock();
  const run = through(layers, scripted(script));
  const call = (fields: Partial<Call> = {}) => callOf({ clock, target: targetOf("main", {}, policy), ...fields });
  return { clock, run, call };
}

describe("the time of an attempt", () => {
  it("excludes the reader's time, to the millisecond", async () => {
    const script = [{ delayMs: 100 }, { delta: "a" }, { delta: "b" }, { hang: true }] as const;
    const { clock, run, call } = setUp([script], { attemptTimeoutMs: 1_000 });
    const iterator = run(call())[Symbol.asyncIterator]();
    await clock.settle(iterator.next());
    await clock.advance(5_000);
    await iterator.next();
    await clock.advance(300);
    await expect(clock.settle(iterator.next())).rejects.toMatchObject({ code: "timed_out", phase: "attempt" });
    expect(clock.monotonic()).toBe(6_300);
  });

  it("is named when it is shorter than first_token_timeout", async () => {
    const { clock, run, call } = setUp([[{ hang: true }]], { attemptTimeoutMs: 1_000, firstTokenTimeoutMs: 2_000 });
    const { error } = await clock.settle(read(run(call())));
    expect([error?.phase, clock.monotonic()]).toEqual(["attempt", 1_000]);
  });
});

describe("loading an SDK", () => {
  function slowly(policy: Partial<Policy>, load: (clock: FakeClock) => Promise<unknown>) {
    const clock = new FakeClock();
    const dialect = scripted([[{ delayMs: 900 }, { delta: "a" }, { finish: "stop" }]]);
    const loader = { ...dialect, load: () => load(clock) };
    const run = through([deadline, loading(() => loader), timeout], dialect);
    return { clock, dialect, answer: clock.settle(read(run(callOf({ clock, target: targetOf("main", {}, policy) })))) };
  }
  const fiveSeconds = (clock: FakeClock) => new Promise<void>((resolve) => void clock.schedule(resolve, 5_000));

  it("does not count against timeout", async () => {
    const { clock, answer } = slowly({ attemptTimeoutMs: 1_000 }, fiveSeconds);
    expect((await answer).error).toBeUndefined();
    expect(clock.monotonic()).toBe(5_900);
  });

  it("counts against the deadline, after which nothing is sent", async () => {
    const { clock, dialect, answer } = slowly({ deadlineMs: 3_000 }, fiveSeconds);
    expect((await answer).error).toMatchObject({ code: "timed_out", phase: "deadline" });
    await clock.advance(10_000);
    expect(dialect.calls).toHaveLength(0);
  });

  it("reports a failure as that of the request", async () => {
    const { dialect, answer } = slowly({}, () => Promise.reject(new Error("no such package")));
    expect((await answer).error).toBeUndefined();
    expect(dialect.calls).toHaveLength(1);
  });
});

describe("a connection that breaks", () => {
  const breaksAt = async (delayMs: number, code: "stream_truncated" | "server_error" = "stream_truncated") => {
    const script = [{ delta: "a" }, { delayMs }, { error: { code, message: "closed" } }] as const;
    const { clock, run, call } = setUp([script], { attemptTimeoutMs: 1_000 });
    const iterator = run(call())[Symbol.asyncIterator]();
    await clock.settle(iterator.next());
    // After a pause the timer of the attempt is set again, so the connection breaks before it fires.
    await clock.advance(300);
    return clock.settle(iterator.next()).catch((error: unknown) => error);
  };

  it("at the moment of the timeout is timed_out", async () => {
    expect(await breaksAt(1_000)).toMatchObject({ code: "timed_out", phase: "attempt" });
    expect(await breaksAt(995)).toMatchObject({ code: "timed_out", phase: "attempt" });
  });

  it("before the timeout keeps its own code", async () => {
    expect(await breaksAt(994)).toMatchObject({ code: "stream_truncated" });
    expect(await breaksAt(1_000, "server_error")).toMatchObject({ code: "server_error" });
  });
});

describe("the first token", () => {
  it("is timed from the start of the call, even among other events", async () => {
    const batch = [
      { type: "response", id: "r" },
      { type: "text-delta", text: "a", sample: 0 },
    ] as const;
    const { clock, run, call } = setUp(
      [[{ delayMs: 1_500 }, { events: batch }, { delayMs: 9_000 }, { finish: "stop" }]],
      {
        firstTokenTimeoutMs: 2_000,
      },
    );
    await clock.advance(700);
    const running = call();
    expect((await clock.settle(read(run(running)))).error).toBeUndefined();
    expect(running.record.firstTokenMs).toBe(1_500);
  });

  it("has no timeout without streaming", async () => {
    const { clock, run, call } = setUp([[{ delayMs: 9_000 }, { text: "a" }, { finish: "stop" }]], {
      firstTokenTimeoutMs: 2_000,
    });
    expect((await clock.settle(read(run(call({ streaming: false }))))).error).toBeUndefined();
  });
});

it("an ended attempt leaves no listener on its call", async () => {
  const { clock, run, call } = setUp(["fine"], {});
  const cancellation = new CountedCancellation();
  await read(run(call({ cancellation })));
  expect([cancellation.listening.size, clock.pending]).toEqual([0, 0]);
});

it("does not start a wait that would exceed the deadline", async () => {
  const layers = [deadline, retry(new RetryBudgets()), timeout];
  const refusal = { code: "rate_limited", message: "", retryAfterMs: 50_000 } as const;
  const { clock, run, call } = setUp([[{ error: refusal }]], { deadlineMs: 30_000 }, layers);
  const { error } = await clock.settle(read(run(call())));
  expect([error?.code, clock.monotonic()]).toEqual(["rate_limited", 0]);
});

it("sets no timer without a deadline", async () => {
  const { clock, run, call } = setUp(["fine"], {}, [deadline]);
  await read(run(call()));
  expect(clock.pending).toBe(0);
});
