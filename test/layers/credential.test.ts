import { describe, expect, it } from "vitest";
import type { Call } from "../../src/core/call.ts";
import { ModelError, type ModelErrorInit } from "../../src/core/error.ts";
import type { ModelErrorCode } from "../../src/core/error-codes.ts";
import type { Events } from "../../src/core/event.ts";
import { Secret } from "../../src/core/secret.ts";
import type { Token } from "../../src/core/target.ts";
import { scripted } from "../../src/dialects/scripted/dialect.ts";
import { credential } from "../../src/layers/credential.ts";
import { KeyStates } from "../../src/layers/key-states.ts";
import { retry } from "../../src/layers/retry.ts";
import { RetryBudgets } from "../../src/layers/retry-budget.ts";
import { abort, callOf, read, targetOf, textOf, through } from "../harness/call-of.ts";
import { FakeClock, quiet } from "../harness/fake-clock.ts";

/** A provider that answers each key in its own way; `behaviour` may be changed between calls. */
function setUp(
  behaviour: Record<string, Partial<ModelErrorInit> & { code?: ModelErrorCode; after?: string }>,
  numRetries?: number,
) {
  const clock = new FakeClock();
  const used: string[] = [];
  async function* open(call: Call): Events {
    const key = call.credential?.reveal() ?? "none";
    used.push(key);
    const { code, after, ...init } = behaviour[key] ?? {};
    if (after !== undefined) yield [{ type: "text-delta", text: after, sample: 0 }];
    if (code !== undefined) throw new ModelError({ message: code, ...init, code });
    yield [
      { type: "text-delta", text: `by ${key}`, sample: 0 },
      { type: "finish", reason: "stop", sample: 0 },
    ];
  }
  const layers = [credential(new KeyStates())];
  if (numRetries !== undefined) layers.unshift(retry(new RetryBudgets()));
  const run = through(layers, { open });
  const keys = Object.keys(behaviour).map((key) => new Secret(key));
  const target = targetOf("main", { credentials: { keys } }, { numRetries: numRetries ?? 0 });
  const ask = () => clock.settle(read(run(callOf({ clock, target }))));
  return { clock, used, ask, behaviour };
}

describe("one key", () => {
  it("is passed to every attempt, and none if none is needed", async () => {
    const { ask, used } = setUp({ only: {} });
    expect(textOf(await ask())).toBe("by only");
    const dialect = scripted(["hi"]);
    await read(through([credential(new KeyStates())], dialect)(callOf()));
    expect(dialect.calls[0]?.call.credential).toBeUndefined();
    expect(used).toEqual(["only"]);
  });
});

describe("several keys", () => {
  it.each(["unauthorized", "quota_exhausted", "forbidden", "rate_limited"] as const)(
    "rotate after %s within one attempt",
    async (code) => {
      const { ask, used } = setUp({ one: { code }, two: { code }, three: {} });
      expect(textOf(await ask())).toBe("by three");
      expect(used).toEqual(["one", "two", "three"]);
    },
  );

  it("rotate without using retries", async () => {
    const { ask, used } = setUp({ one: { code: "unauthorized" }, two: { code: "rate_limited" }, three: {} }, 0);
    expect(textOf(await ask())).toBe("by three");
    expect(used).toEqual(["one", "two", "three"]);
  });

  it("are tried once per attempt, with num_retries retries", async () => {
    const { ask, used } = setUp({ one: { code: "rate_limited" }, two: { code: "rate_limited" } }, 1);
    expect((await ask()).error?.code).toBe("rate_limited");
    expect(used).toHaveLength(4);
  });

  it.each(["server_error", "invalid_request", "timed_out"] as const)("are not rotated for %s", async (code) => {
    const { ask, used } = setUp({ one: { code }, two: {} });
    expect((await ask()).error?.code).toBe(code);
    expect(used).toEqual(["one"]);
  });

  it("are not rotated after delivered content", async () => {
    const { ask, used } = setUp({ one: { after: "half", code: "rate_limited" }, two: {} });
    expect((await ask()).error?.code).toBe("rate_limited");
    expect(used).toEqual(["one"]);
  });

  it.each(["unauthorized", "quota_exhausted"] as const)("are not tried again after %s", async (code) => {
    const { ask, used } = setUp({ one: { code }, two: {} });
    await ask();
    await ask();
    expect(used).toEqual(["one", "two", "two"]);
  });

  it("are used again after forbidden, which concerns one model", async () => {
    const { ask, used } = setUp({ one: { code: "forbidden" }, two: {} });
    await ask();
    await ask();
    expect(used).toEqual(["one", "two", "one", "two"]);
  });

  it("are not used during the provider's retry delay", async () => {
    const { ask, used, clock, behaviour } = setUp({ one: { code: "rate_limited", retryAfterMs: 30_000 }, two: {} });
    await ask();
    behaviour["one"] = {};
    await clock.advance(29_000);
    await ask();
    await clock.advance(2_000);
    await ask();
    expect(used).toEqual(["one", "two", "two", "one"]);
  });

  it("are all unavailable until the first delay ends, for which the call waits", async () => {
    const { ask, used, clock, behaviour } = setUp(
      { one: { code: "rate_limited", retryAfterMs: 9_000 }, two: { code: "rate_limited", retryAfterMs: 4_000 } },
      1,
    );
    clock.schedule(() => Object.assign(behaviour, { two: {} }), 3_000);
    expect(textOf(await ask())).toBe("by two");
    expect(used).toEqual(["one", "two", "two"]);
    expect(clock.monotonic()).toBe(4_000);
  });

  it("are retried after five minutes without credit, never after a rejection", async () => {
    const { ask, used, clock, behaviour } = setUp({ one: { code: "quota_exhausted" }, two: { code: "unauthorized" } });
    await ask();
    expect((await ask()).error).toMatchObject({ code: "quota_exhausted", retryAfterMs: 300_000 });
    behaviour["one"] = {};
    behaviour["two"] = {};
    await clock.advance(300_001);
    await ask();
    expect(used).toEqual(["one", "two", "one"]);
  });

  it("are rejected for every entry of the origin, and throttled for those of the model", async () => {
    const states = new KeyStates();
    const [one, two] = [new Secret("one"), new Secret("two")];
    const at = (entry: string) =>
      callOf({ target: targetOf(entry, { credentials: { keys: [new Secret("one"), new Secret("two")] } }) });
    states.note(one, new ModelError({ code: "unauthorized", message: "" }), at("a"));
    states.note(two, new ModelError({ code: "rate_limited", message: "", retryAfterMs: 1_000 }), at("a"));
    const names = (entry: string) => states.usable(at(entry)).map((key) => key.reveal());
    expect([names("a"), names("b")]).toEqual([[], ["two"]]);
  });

  it.each(["unauthorized", "quota_exhausted"] as const)(
    "fail the call with their error when all are rejected: %s",
    async (code) => {
      const { ask, used } = setUp({ one: { code }, two: { code } });
      expect((await ask()).error?.code).toBe(code);
      expect((await ask()).error?.code).toBe(code);
      expect(used).toEqual(["one", "two"]);
    },
  );
});

describe("a token hook", () => {
  function withHook(hook: () => Promise<Token>, clock = new FakeClock()) {
    const dialect = scripted(["hi"]);
    const run = through([credential(new KeyStates())], dialect);
    const target = targetOf("main", { credentials: { keys: [], token: hook } });
    const call = () => callOf({ clock, target });
    return { clock, dialect, run, call, tokens: () => dialect.calls.map(({ call }) => call.credential?.reveal()) };
  }

  it("is called once for concurrent calls", async () => {
    let asked = 0;
    const { run, call, tokens } = withHook(async () => {
      asked++;
      await quiet();
      return { token: `t${asked}` };
    });
    await Promise.all([1, 2, 3, 4, 5].map(() => read(run(call()))));
    expect(asked).toBe(1);
    expect(tokens()).toEqual(["t1", "t1", "t1", "t1", "t1"]);
  });

  it("is called for each attempt when its tokens have no expiry", async () => {
    let asked = 0;
    const { run, call } = withHook(async () => ({ token: `t${++asked}` }));
    await read(run(call()));
    await read(run(call()));
    expect(asked).toBe(2);
  });

  it("is called again a minute before its token expires", async () => {
    const clock = new FakeClock();
    let asked = 0;
    const { run, call } = withHook(async () => ({ token: `t${++asked}`, expiresAt: clock.now() + 3_600_000 }), clock);
    await read(run(call()));
    await clock.advance(3_539_000);
    await read(run(call()));
    expect(asked).toBe(1);
    await clock.advance(2_000);
    await read(run(call()));
    expect(asked).toBe(2);
  });

  it("is called once more in the same attempt after the provider rejected its token", async () => {
    const clock = new FakeClock();
    let asked = 0;
    const dialect = scripted([[{ error: { code: "unauthorized", message: "revoked" } }], "hi"]);
    const run = through([credential(new KeyStates())], dialect);
    const target = targetOf("main", {
      credentials: { keys: [], token: async () => ({ token: `t${++asked}`, expiresAt: clock.now() + 3_600_000 }) },
    });
    expect((await read(run(callOf({ clock, target })))).error).toBeUndefined();
    expect(asked).toBe(2);
    expect(dialect.calls.map(({ call }) => call.credential?.reveal())).toEqual(["t1", "t2"]);
  });

  it("is called by the next call when the second token was rejected too", async () => {
    const refused = [{ error: { code: "unauthorized", message: "revoked" } }] as const;
    const clock = new FakeClock();
    let asked = 0;
    const dialect = scripted([refused, refused, "hi"]);
    const run = through([credential(new KeyStates())], dialect);
    const token = async () => ({ token: `t${++asked}`, expiresAt: clock.now() + 3_600_000 });
    const target = targetOf("main", { credentials: { keys: [], token } });
    expect((await read(run(callOf({ clock, target })))).error?.code).toBe("unauthorized");
    expect((await read(run(callOf({ clock, target })))).error).toBeUndefined();
    expect(asked).toBe(3);
  });

  it("returns one secret for all requests, so that their SDK client is reused", async () => {
    const { dialect, run, call, clock } = withHook(async () => ({ token: "t", expiresAt: clock.now() + 3_600_000 }));
    await read(run(call()));
    await read(run(call()));
    expect(dialect.calls[1]?.call.credential).toBe(dialect.calls[0]?.call.credential);
  });

  it.each([
    [
      "throws",
      () => {
        throw new Error("login needed");
      },
    ],
    ["rejects", () => Promise.reject(new Error("login needed"))],
  ] as const)("that %s fails the call with unauthorized, and is called again by the next", async (_, fail) => {
    let asked = 0;
    const { run, call } = withHook(() => {
      if (++asked === 1) return fail();
      return Promise.resolve({ token: "t" });
    });
    const { error } = await read(run(call()));
    expect(error).toMatchObject({ code: "unauthorized", model: "main" });
    expect(error?.message).toContain("login needed");
    expect((await read(run(call()))).error).toBeUndefined();
  });

  it("that hangs does not block an abort", async () => {
    const { run, call } = withHook(() => new Promise(() => {}));
    const waiting = call();
    const reading = read(run(waiting));
    await quiet();
    waiting.cancellation.cancel(abort());
    expect((await reading).error?.code).toBe("aborted");
  });
});
