import { describe, expect, it } from "vitest";
import { ERROR_CODES, type ModelErrorCode } from "../../src/core/error-codes.ts";
import { type ScriptedAttempt, scripted } from "../../src/dialects/scripted/dialect.ts";
import { Breakers, breakerGate, circuitBreaker } from "../../src/layers/circuit-breaker.ts";
import { retry } from "../../src/layers/retry.ts";
import { RetryBudgets } from "../../src/layers/retry-budget.ts";
import { abort, callOf, read, targetOf, through } from "../harness/call-of.ts";
import { FakeClock, quiet } from "../harness/fake-clock.ts";

const fails = (code: ModelErrorCode): ScriptedAttempt => [{ error: { code, message: code } }];

function setUp(
  script: readonly ScriptedAttempt[],
  { threshold = 2, windowMs, numRetries }: { threshold?: number; windowMs?: number; numRetries?: number } = {},
) {
  const clock = new FakeClock();
  const dialect = scripted(script);
  const breakers = new Breakers(clock);
  const layers = [circuitBreaker(breakers)];
  if (numRetries !== undefined) layers.push(retry(new RetryBudgets()), breakerGate(breakers));
  const run = through(layers, dialect);
  const target = targetOf(
    "main",
    {},
    { breaker: { threshold, windowMs, halfOpenAfterMs: 10_000 }, numRetries: numRetries ?? 0 },
  );
  const ask = (fields = {}) => clock.settle(read(run(callOf({ clock, target, ...fields }))));
  return { clock, dialect, breakers, run, target, ask, state: () => breakers.state(target) };
}

describe("the circuit breaker", () => {
  it("opens after the threshold of failed calls and sends no more requests", async () => {
    const { ask, dialect, state } = setUp([fails("server_error")], { threshold: 3 });
    for (let index = 0; index < 3; index++) expect((await ask()).error?.code).toBe("server_error");
    expect(state()).toBe("open");
    const refused = await ask();
    expect(refused.error).toMatchObject({ code: "circuit_open", provider: "scripted", model: "main" });
    expect(refused.error?.message).toContain("failed repeatedly");
    expect(dialect.calls).toHaveLength(3);
  });

  it("resets its count after a success", async () => {
    const { ask, state } = setUp([fails("server_error"), "fine", fails("server_error"), "fine"]);
    for (let index = 0; index < 4; index++) await ask();
    expect(state()).toBe("closed");
  });

  const neutral = (Object.keys(ERROR_CODES) as ModelErrorCode[]).filter((code) => !ERROR_CODES[code].countsForBreaker);
  it.each(neutral)("never opens for %s", async (code) => {
    const { ask, state } = setUp([fails(code)]);
    for (let index = 0; index < 5; index++) expect((await ask()).error?.code).toBe(code);
    expect(state()).toBe("closed");
  });

  it.each([
    ["server_error", 408],
    ["server_error", 409],
    ["overloaded", 429],
  ] as const)("never opens for %s with status %i", async (code, status) => {
    const { ask, state } = setUp([[{ error: { code, message: code, status } }]]);
    for (let index = 0; index < 5; index++) expect((await ask()).error?.code).toBe(code);
    expect(state()).toBe("closed");
  });

  it("counts a call once, regardless of its attempts", async () => {
    const { ask, dialect, state } = setUp([fails("server_error")], { threshold: 2, numRetries: 3 });
    expect((await ask()).error?.code).toBe("server_error");
    expect(dialect.calls).toHaveLength(4);
    expect(state()).toBe("closed");
    await ask();
    expect(state()).toBe("open");
  });

  it("keeps the target's error when it opens between attempts of a call", async () => {
    const { ask, dialect, target } = setUp([fails("server_error")], { threshold: 1, numRetries: 3 });
    const impatient = { ...target, policy: { ...target.policy, numRetries: 0 } };
    const [patient] = await Promise.all([ask(), ask({ target: impatient })]);
    expect(patient.error?.code).toBe("server_error");
    expect(dialect.calls).toHaveLength(2);
    expect((await ask()).error?.code).toBe("circuit_open");
  });

  it("counts failures within the window, ignoring successes in between", async () => {
    const { ask, state } = setUp([fails("server_error"), "fine", fails("overloaded"), "fine"], { windowMs: 1_000 });
    await ask();
    await ask();
    expect(state()).toBe("closed");
    await ask();
    expect(state()).toBe("open");
  });

  it("forgets failures that are older than the window", async () => {
    const { ask, clock, state } = setUp([fails("server_error")], { windowMs: 1_000 });
    await ask();
    await clock.advance(1_500);
    await ask();
    expect(state()).toBe("closed");
  });

  it("allows one probe when half open and rejects others at once", async () => {
    const { clock, ask, run, target, dialect, state } = setUp([
      fails("server_error"),
      fails("server_error"),
      [{ delta: "a" }, { delayMs: 5_000 }, { finish: "stop" }],
    ]);
    await ask();
    await ask();
    await clock.advance(10_000);
    const probe = read(run(callOf({ clock, target })));
    await quiet();
    expect(state()).toBe("half-open");
    const others = await Promise.all([1, 2, 3].map(() => read(run(callOf({ clock, target })))));
    expect(others.map(({ error }) => error?.code)).toEqual(["circuit_open", "circuit_open", "circuit_open"]);
    expect(dialect.calls).toHaveLength(3);
    expect(state()).toBe("half-open");
    expect((await clock.settle(probe)).error).toBeUndefined();
    expect(state()).toBe("closed");
  });

  it("allows no probe early, regardless of the wall clock", async () => {
    const { clock, ask, dialect } = setUp([fails("server_error"), fails("server_error"), "fine"]);
    await ask();
    await ask();
    const { now } = Date;
    try {
      Date.now = () => now() + 3_600_000;
      await clock.advance(9_999);
      expect((await ask()).error?.message).toContain("probe in 0.1 s");
      Date.now = () => now() - 3_600_000;
      await clock.advance(1);
      expect((await ask()).error).toBeUndefined();
    } finally {
      Date.now = now;
    }
    expect(dialect.calls).toHaveLength(3);
  });

  it.each([
    ["invalid_request", 400],
    ["not_found", 404],
    ["unauthorized", 401],
    ["rate_limited", 429],
    ["request_too_large", 413],
    ["content_filtered", 400],
  ] as const)("closes when the probe is answered with %s", async (code, status) => {
    const refusal: ScriptedAttempt = [{ error: { code, message: code, status } }];
    const { clock, ask, state } = setUp([fails("server_error"), fails("server_error"), refusal, "fine"]);
    await ask();
    await ask();
    await clock.advance(10_000);
    expect((await ask()).error?.code).toBe(code);
    expect(state()).toBe("closed");
    expect((await ask()).error).toBeUndefined();
  });

  it.each(["unsupported", "budget_exceeded", "bulkhead_full", "proxy_refused"] as const)(
    "makes the next call a probe when the probe ends with %s before a response",
    async (code) => {
      const { clock, ask, state } = setUp([fails("server_error"), fails("server_error"), fails(code), "fine"]);
      await ask();
      await ask();
      await clock.advance(10_000);
      expect((await ask()).error?.code).toBe(code);
      expect(state()).toBe("open");
      expect((await ask()).error).toBeUndefined();
      expect(state()).toBe("closed");
    },
  );

  it("makes the next call a probe when the proxy rejected the probe with its own status", async () => {
    const refusal: ScriptedAttempt = [{ error: { code: "proxy_refused", message: "the proxy said 407", status: 407 } }];
    const { clock, ask, state } = setUp([fails("server_error"), fails("server_error"), refusal, "fine"]);
    await ask();
    await ask();
    await clock.advance(10_000);
    expect((await ask()).error?.code).toBe("proxy_refused");
    expect(state()).toBe("open");
    expect((await ask()).error).toBeUndefined();
  });

  it("opens again for the full time when the probe fails", async () => {
    const { clock, ask, state } = setUp([fails("server_error")]);
    await ask();
    await ask();
    await clock.advance(10_000);
    expect((await ask()).error?.code).toBe("server_error");
    await clock.advance(9_999);
    expect((await ask()).error?.code).toBe("circuit_open");
    expect(state()).toBe("open");
    await clock.advance(1);
    expect((await ask()).error?.code).toBe("server_error");
  });

  it("makes the next call a probe when the probe is aborted before an answer", async () => {
    const { clock, ask, run, target, state } = setUp([
      fails("server_error"),
      fails("server_error"),
      [{ hang: true }],
      "fine",
    ]);
    await ask();
    await ask();
    await clock.advance(10_000);
    const call = callOf({ clock, target });
    const probe = read(run(call));
    await quiet();
    call.cancellation.cancel(abort());
    expect((await probe).error?.code).toBe("aborted");
    expect(state()).toBe("open");
    expect((await ask()).error).toBeUndefined();
    expect(state()).toBe("closed");
  });

  it.each(["leaves", "aborts"] as const)("closes when the reader of its probe %s after healthy tokens", async (how) => {
    const { clock, ask, run, target, state } = setUp([
      fails("server_error"),
      fails("server_error"),
      [{ delta: "a" }, { hang: true }],
    ]);
    await ask();
    await ask();
    await clock.advance(10_000);
    const call = callOf({ clock, target });
    const iterator = run(call)[Symbol.asyncIterator]();
    await iterator.next();
    expect(state()).toBe("half-open");
    if (how === "leaves") {
      await iterator.return?.();
    } else {
      const pending = iterator.next();
      await quiet();
      call.cancellation.cancel(abort());
      await expect(pending).rejects.toMatchObject({ code: "aborted" });
    }
    expect(state()).toBe("closed");
  });

  it("is not closed by a failure after tokens, and does not count abandoned streams", async () => {
    const { clock, ask, run, target, state } = setUp([
      fails("server_error"),
      [{ delta: "a" }, { hang: true }],
      [{ delta: "a" }, { error: { code: "stream_truncated", message: "cut" } }],
    ]);
    await ask();
    const iterator = run(callOf({ clock, target }))[Symbol.asyncIterator]();
    await iterator.next();
    await iterator.return?.();
    expect(state()).toBe("closed");
    await ask();
    expect(state()).toBe("open");
    await clock.advance(10_000);
    await ask();
    expect(state()).toBe("open");
  });

  it("does not count a closed idle connection", async () => {
    const { ask, state } = setUp([[{ error: { code: "connection_failed", message: "closed", reusedSocket: true } }]]);
    for (let call = 0; call < 5; call++) await ask();
    expect(state()).toBe("closed");
  });

  it("counts the calls of entries with other settings, with its own thresholds", async () => {
    const { clock, ask, run, target, breakers } = setUp([fails("server_error")], { threshold: 3 });
    const shy = targetOf(
      "shy",
      { key: target.key },
      { breaker: { threshold: 1, windowMs: undefined, halfOpenAfterMs: 10_000 } },
    );
    expect(breakers.state(shy)).toBe("closed");
    await ask();
    expect([breakers.state(shy), breakers.state(target)]).toEqual(["open", "closed"]);
    expect((await read(run(callOf({ clock, target: shy })))).error?.code).toBe("circuit_open");
    await ask();
    await ask();
    expect(breakers.state(target)).toBe("open");
  });

  it("is isolated and reset for every entry of the target, including later ones", async () => {
    const { ask, target, breakers } = setUp(["fine"]);
    const other = targetOf(
      "other",
      { key: target.key },
      { breaker: { threshold: 9, windowMs: undefined, halfOpenAfterMs: 10_000 } },
    );
    breakers.isolate(target);
    expect([breakers.state(target), breakers.state(other)]).toEqual(["isolated", "isolated"]);
    expect((await ask()).error?.code).toBe("circuit_open");
    breakers.reset(other);
    expect([breakers.state(target), (await ask()).error]).toEqual(["closed", undefined]);
  });

  it("is shared by entries with the same origin and model only", async () => {
    const { clock, ask, run, target } = setUp([fails("server_error"), fails("server_error"), "fine"]);
    await ask();
    await ask();
    const same = { ...target, entry: "alias" };
    const other = { ...target, key: "elsewhere" };
    expect((await read(run(callOf({ clock, target: same })))).error?.code).toBe("circuit_open");
    expect((await read(run(callOf({ clock, target: other })))).error).toBeUndefined();
  });

  it("can be isolated while counting, and clears its count with reset", async () => {
    const { clock, ask, run, target, breakers } = setUp(["fine"]);
    await ask();
    breakers.isolate(target);
    expect(breakers.state(target)).toBe("isolated");
    expect((await ask()).error?.message).toContain("isolated manually");
    breakers.reset(target);
    const later = targetOf(
      "later",
      { key: target.key },
      { breaker: { threshold: 7, windowMs: 1, halfOpenAfterMs: 1 } },
    );
    expect(breakers.state(later)).toBe("closed");
    expect((await read(run(callOf({ clock, target: later })))).error).toBeUndefined();
  });

  it("starts counting from zero after a probe closed it, even within its window", async () => {
    const script = [fails("server_error"), fails("server_error"), "fine", fails("server_error")];
    const { clock, ask, state } = setUp(script, { windowMs: 60_000 });
    await ask();
    await ask();
    await clock.advance(10_000);
    await ask();
    await ask();
    expect(state()).toBe("closed");
  });

  it("ignores client errors of another entry's probe", async () => {
    const { clock, run, target, breakers } = setUp([fails("server_error"), fails("invalid_request")], { threshold: 1 });
    const calm = targetOf(
      "calm",
      { key: target.key },
      { breaker: { threshold: 2, windowMs: undefined, halfOpenAfterMs: 1 } },
    );
    const ask = () => read(run(callOf({ clock, target })));
    expect(breakers.state(calm)).toBe("closed");
    await ask();
    for (let probe = 0; probe < 3; probe++) {
      await clock.advance(10_000);
      expect((await ask()).error?.code).toBe("invalid_request");
    }
    await quiet();
    expect(breakers.state(calm)).toBe("closed");
  });

  it("lets its probe pass the gate below retry", async () => {
    const { clock, ask, state } = setUp([fails("server_error"), fails("server_error"), "fine"], { numRetries: 0 });
    await ask();
    await ask();
    await clock.advance(10_000);
    expect((await ask()).error).toBeUndefined();
    expect(state()).toBe("closed");
  });

  it("forgets a failure at the end of the window, not after it", async () => {
    const { ask, clock, state } = setUp([fails("server_error")], { windowMs: 1_000 });
    await ask();
    await clock.advance(1_000);
    await ask();
    expect(state()).toBe("closed");
    await clock.advance(999);
    await ask();
    expect(state()).toBe("open");
  });
});
