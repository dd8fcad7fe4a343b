import { describe, expect, it } from "vitest";
import type { Call } from "../../src/core/call.ts";
import { ModelError, type ModelErrorInit } from "../../src/core/error.ts";
import type { Events, FlowEvent } from "../../src/core/event.ts";
import { Secret } from "../../src/core/secret.ts";
import type { Token } from "../../src/core/target.ts";
import { type ScriptedAttempt, scripted } from "../../src/dialects/scripted/dialect.ts";
import { credential } from "../../src/layers/credential.ts";
import { KeyStates } from "../../src/layers/key-states.ts";
import { callOf, read, targetOf, textOf, through } from "../harness/call-of.ts";
import { FakeClock, quiet } from "../harness/fake-clock.ts";

type Failure = Omit<ModelErrorInit, "message">;

/** Answers "by KEY", or fails as the table says; the table may be changed between calls. */
function setUp(failures: Record<string, Failure | undefined>, before: readonly FlowEvent[] = []) {
  const clock = new FakeClock();
  const used: string[] = [];
  async function* open({ credential: secret }: Call): Events {
    const key = secret?.reveal() ?? "none";
    used.push(key);
    const failure = failures[key];
    if (failure !== undefined && before.length > 0) yield before;
    if (failure !== undefined) throw new ModelError({ ...failure, message: failure.code });
    yield [
      { type: "text-delta", text: `by ${key}`, sample: 0 },
      { type: "finish", reason: "stop", sample: 0 },
    ];
  }
  const run = through([credential(new KeyStates())], { open });
  const keys = Object.keys(failures).map((key) => new Secret(key));
  const target = targetOf("main", { credentials: { keys } });
  return { clock, used, failures, ask: () => clock.settle(read(run(callOf({ clock, target })))) };
}

describe("unavailable keys", () => {
  it("come last for ten seconds without a delay", async () => {
    const { ask, clock, used, failures } = setUp({ one: { code: "rate_limited" }, two: undefined });
    await ask();
    failures["one"] = undefined;
    await clock.advance(9_999);
    expect(textOf(await ask())).toBe("by two");
    await clock.advance(1);
    expect(textOf(await ask())).toBe("by one");
    expect(used).toEqual(["one", "two", "two", "one"]);
  });

  it("come in the order of their availability", async () => {
    const { ask, clock, failures } = setUp({ one: { code: "rate_limited" }, two: { code: "rate_limited" } });
    failures["two"] = undefined;
    await ask();
    await clock.advance(1_000);
    failures["two"] = { code: "rate_limited" };
    failures["one"] = undefined;
    expect(textOf(await ask())).toBe("by one");
  });

  it.each([
    [9_000, 4_000],
    [4_000, 9_000],
  ])("for %i and %i ms fail the call with the shorter delay", async (one, two) => {
    const { ask, clock, used } = setUp({
      one: { code: "rate_limited", retryAfterMs: one },
      two: { code: "rate_limited", retryAfterMs: two },
    });
    expect((await ask()).error?.retryAfterMs).toBe(4_000);
    await clock.advance(1_000);
    const { error } = await ask();
    expect(error).toMatchObject({ code: "rate_limited", retryAfterMs: 3_000 });
    expect(error?.message).toContain("all API keys are unavailable (rate_limited), retry in 3 s");
    expect(used).toEqual(["one", "two"]);
  });

  it("wait for the longer of the model's and the account's delay", async () => {
    const { ask, clock, used, failures } = setUp({ one: { code: "quota_exhausted" }, two: undefined });
    await ask();
    await clock.advance(300_001);
    failures["one"] = { code: "rate_limited", retryAfterMs: 60_000 };
    await ask();
    await ask();
    expect(used).toEqual(["one", "two", "one", "two", "two"]);
  });

  it("without credit are not used for other models", async () => {
    const { ask, used, failures } = setUp({
      one: { code: "rate_limited", retryAfterMs: 1_000 },
      two: { code: "quota_exhausted" },
    });
    await ask();
    failures["one"] = { code: "quota_exhausted" };
    expect((await ask()).error?.retryAfterMs).toBe(1_000);
    expect(used).toEqual(["one", "two"]);
  });
});

describe("the failure of several keys", () => {
  const throttled = { code: "rate_limited", retryAfterMs: 1_000 } as const;
  const refused = { code: "unauthorized" } as const;
  it.each([
    [throttled, refused],
    [refused, throttled],
  ])("is the retryable one: %j, %j", async (one, two) => {
    expect((await setUp({ one, two }).ask()).error?.code).toBe("rate_limited");
  });

  it("lists each error when all were rejected", async () => {
    const { ask } = setUp({ one: { code: "unauthorized" }, two: { code: "unauthorized" } });
    await ask();
    expect((await ask()).error?.message).toContain("all API keys were rejected (unauthorized, unauthorized)");
  });
});

it("a single key is used again after it was rejected", async () => {
  const { ask, used } = setUp({ only: { code: "unauthorized" } });
  expect((await ask()).error?.message).toBe("unauthorized");
  expect((await ask()).error?.message).toBe("unauthorized");
  expect(used).toEqual(["only", "only"]);
});

it("keys are not rotated after a batch with content", async () => {
  const batch: FlowEvent[] = [
    { type: "response", id: "r" },
    { type: "text-delta", text: "half", sample: 0 },
  ];
  const { ask, used } = setUp({ one: { code: "rate_limited" }, two: undefined }, batch);
  expect((await ask()).error?.code).toBe("rate_limited");
  expect(used).toEqual(["one"]);
});

describe("a token", () => {
  function withHook(hook: () => Promise<Token>, script: readonly ScriptedAttempt[] = ["hi"]) {
    const clock = new FakeClock();
    const run = through([credential(new KeyStates())], scripted(script));
    const target = targetOf("main", { credentials: { keys: [], token: hook } }, { attemptTimeoutMs: 3_000 });
    const call = () => callOf({ clock, target });
    return { clock, run, call };
  }

  it("that never arrives fails the attempt, not the call", async () => {
    const { clock, run, call } = withHook(() => new Promise(() => {}));
    const waiting = call();
    const { error } = await clock.settle(read(run(waiting)));
    expect(error).toMatchObject({ code: "timed_out", phase: "attempt" });
    expect(error?.message).toContain("no credential");
    expect([clock.monotonic(), clock.pending, waiting.cancellation.cancelled]).toEqual([3_000, 0, false]);
  });

  it("leaves no timer after it arrived", async () => {
    const { clock, run, call } = withHook(async () => ({ token: "t" }));
    expect((await read(run(call()))).error).toBeUndefined();
    expect(clock.pending).toBe(0);
  });

  it("is kept after unrelated failures", async () => {
    let asked = 0;
    const hook = async () => ({ token: `t${++asked}`, expiresAt: Number.MAX_SAFE_INTEGER });
    const { run, call } = withHook(hook, [[{ error: { code: "server_error", message: "" } }], "hi"]);
    await read(run(call()));
    await read(run(call()));
    expect(asked).toBe(1);
  });

  it("is kept when it already replaced the rejected one", async () => {
    let asked = 0;
    const hook = async () => ({ token: `t${++asked}`, expiresAt: Number.MAX_SAFE_INTEGER });
    const refused = { error: { code: "unauthorized", message: "" } } as const;
    const { clock, run, call } = withHook(hook, [[{ delayMs: 200 }, refused], [{ delayMs: 100 }, refused], "hi", "hi"]);
    const both = [read(run(call())), read(run(call()))];
    await clock.advance(100);
    await clock.settle(read(run(call())));
    await clock.settle(Promise.all(both));
    await quiet();
    await clock.settle(read(run(call())));
    expect(asked).toBe(2);
  });
});
