import { describe, expect, it } from "vitest";
import type { Call } from "../../src/core/call.ts";
import type { Policy } from "../../src/core/target.ts";
import { type ScriptedAttempt, scripted } from "../../src/dialects/scripted/dialect.ts";
import { deadline } from "../../src/layers/deadline.ts";
import { retry } from "../../src/layers/retry.ts";
import { RetryBudgets } from "../../src/layers/retry-budget.ts";
import { timeout } from "../../src/layers/timeout.ts";
import { callOf, read, targetOf, textOf, through } from "../harness/call-of.ts";
import { FakeClock, quiet } from "../harness/fake-clock.ts";

function setUp(script: readonly ScriptedAttempt[], policy: Partial<Policy>, layers = [timeout]) {
  const clock = new FakeClock();
  const dialect = scripted(script);
  const run = through(layers, dialect);
  const call = (fields: Partial<Call> = {}) =>
    callOf({ clock, target: targetOf("main", {}, { numRetries: 0, ...policy }), ...fields });
  return { clock, dialect, run, call, ask: (fields: Partial<Call> = {}) => clock.settle(read(run(call(fields)))) };
}

describe("the timeouts of an attempt", () => {
  it.each([
    ["attempt", [{ hang: true }], { attemptTimeoutMs: 3_000 }, 3_000],
    ["first-token", [{ hang: true }], { firstTokenTimeoutMs: 2_000 }, 2_000],
    ["first-token", [{ usage: { input: 1 } }, { hang: true }], { firstTokenTimeoutMs: 2_000 }, 2_000],
    ["idle", [{ delayMs: 500 }, { delta: "a" }, { hang: true }], { idleTimeoutMs: 1_000 }, 1_500],
  ] as const)("end it with timed_out and the phase %s", async (phase, script, policy, atMs) => {
    const { ask, clock, dialect } = setUp([script], policy);
    const { error } = await ask();
    expect(error).toMatchObject({ code: "timed_out", phase, model: "main", provider: "scripted" });
    expect(clock.monotonic()).toBe(atMs);
    await quiet();
    expect(dialect.calls[0]?.end).toBe("failed");
    expect(clock.pending).toBe(0);
  });

  it("name the key of models.toml and the limit in seconds", async () => {
    const { ask } = setUp([[{ hang: true }]], { firstTokenTimeoutMs: 2_500 });
    expect((await ask()).error?.message).toContain("2.5 s (first_token_timeout)");
  });

  it("end the attempt only, never the call", async () => {
    const { run, call, clock } = setUp([[{ hang: true }]], { attemptTimeoutMs: 1_000 });
    const running = call();
    await clock.settle(read(run(running)));
    expect(running.cancellation.cancelled).toBe(false);
  });

  it("start again for each attempt", async () => {
    const { ask, dialect } = setUp(
      [[{ hang: true }], [{ delayMs: 900 }, { text: "ok" }, { finish: "stop" }]],
      { attemptTimeoutMs: 1_000, numRetries: 1 },
      [retry(new RetryBudgets()), timeout],
    );
    expect(textOf(await ask())).toBe("ok");
    expect(dialect.calls).toHaveLength(2);
  });

  it("do not apply idle_timeout before the first data or without streaming", async () => {
    const early = setUp([[{ delayMs: 5_000 }, { delta: "a" }, { finish: "stop" }]], { idleTimeoutMs: 1_000 });
    expect((await early.ask()).error).toBeUndefined();
    const whole = setUp([[{ usage: { input: 1 } }, { delayMs: 5_000 }, { delta: "a" }, { finish: "stop" }]], {
      idleTimeoutMs: 1_000,
    });
    expect((await whole.ask({ streaming: false })).error).toBeUndefined();
  });

  it("measure idle_timeout from the last data", async () => {
    const { ask, clock } = setUp(
      [[{ delta: "a" }, { delayMs: 900 }, { delta: "b" }, { delayMs: 900 }, { delta: "c" }, { hang: true }]],
      { idleTimeoutMs: 1_000 },
    );
    expect((await ask()).error?.phase).toBe("idle");
    expect(clock.monotonic()).toBe(2_800);
  });

  it("do not blame the model for a slow reader", async () => {
    const { run, call, clock } = setUp([[{ delta: "a" }, { delta: "b" }, { finish: "stop" }]], {
      idleTimeoutMs: 1_000,
    });
    const iterator = run(call())[Symbol.asyncIterator]();
    const taken: string[] = [];
    for (let step = await iterator.next(); !step.done; step = await iterator.next()) {
      taken.push(...step.value.map(({ type }) => type));
      await clock.advance(60_000);
    }
    expect(taken).toEqual(["text-delta", "text-delta", "finish"]);
  });

  it("restart idle_timeout when a slow reader continues", async () => {
    const { run, call, clock } = setUp([[{ delta: "a" }, { hang: true }]], { idleTimeoutMs: 1_000 });
    const iterator = run(call())[Symbol.asyncIterator]();
    await clock.settle(iterator.next());
    await clock.advance(60_500);
    await expect(clock.settle(iterator.next())).rejects.toMatchObject({ code: "timed_out", phase: "idle" });
    expect(clock.monotonic()).toBe(61_500);
  });

  it("accept a first token in time, and record its time", async () => {
    const { run, call, clock } = setUp(
      [[{ usage: { input: 1 } }, { delayMs: 1_500 }, { delta: "a" }, { delayMs: 9_000 }, { finish: "stop" }]],
      { firstTokenTimeoutMs: 2_000 },
    );
    const running = call();
    expect((await clock.settle(read(run(running)))).error).toBeUndefined();
    expect(running.record.firstTokenMs).toBe(1_500);
  });

  it("end the call even if a dialect ignores the abort", async () => {
    const clock = new FakeClock();
    const deaf = {
      open: async function* () {
        await new Promise(() => {});
        yield [];
      },
    };
    const run = through([timeout], deaf);
    const { error } = await clock.settle(
      read(run(callOf({ clock, target: targetOf("main", {}, { attemptTimeoutMs: 1_000 }) }))),
    );
    expect(error?.phase).toBe("attempt");
  });
});

describe("the deadline", () => {
  const layers = () => [deadline, retry(new RetryBudgets()), timeout];

  it("covers all attempts and waits", async () => {
    const { ask, clock, dialect } = setUp(
      [[{ delayMs: 2_000 }, { error: { code: "server_error", message: "x" } }]],
      { deadlineMs: 5_000, numRetries: 10, retryMinWaitMs: 1_000, retryMultiplier: 1 },
      layers(),
    );
    const { error } = await ask();
    expect(error).toMatchObject({ code: "timed_out", phase: "deadline" });
    expect(clock.monotonic()).toBe(5_000);
    expect(dialect.calls).toHaveLength(2);
  });

  it("ends a stream", async () => {
    const { ask, clock } = setUp([[{ delta: "a" }, { hang: true }]], { deadlineMs: 5_000 }, layers());
    const seen = await ask();
    expect(textOf(seen)).toBe("a");
    expect(seen.error?.phase).toBe("deadline");
    expect(clock.monotonic()).toBe(5_000);
  });

  it("does not affect a call that ends earlier, and leaves no timer", async () => {
    const { run, call, clock } = setUp(["fine"], { deadlineMs: 5_000 }, layers());
    const running = call();
    expect((await read(run(running))).error).toBeUndefined();
    running.record.settle({ ok: true });
    expect(clock.pending).toBe(0);
  });
});
