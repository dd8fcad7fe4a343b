import { describe, expect, it } from "vitest";
import { type Call, CallRecord } from "../../src/core/call.ts";
import type { Dialect } from "../../src/core/dialect.ts";
import { ModelError } from "../../src/core/error.ts";
import { ERROR_CODES, type ModelErrorCode } from "../../src/core/error-codes.ts";
import type { FlowEvent } from "../../src/core/event.ts";
import type { Policy, Target } from "../../src/core/target.ts";
import { type ScriptedAttempt, type ScriptedDialect, scripted } from "../../src/dialects/scripted/dialect.ts";
import { fallback } from "../../src/layers/fallback.ts";
import { retry } from "../../src/layers/retry.ts";
import { RetryBudgets } from "../../src/layers/retry-budget.ts";
import type { FallbackList } from "../../src/layers/target-search.ts";
import { abort, callOf, INPUT, read, targetOf, textOf } from "../harness/call-of.ts";
import { FakeClock } from "../harness/fake-clock.ts";

type Lists = Partial<Record<FallbackList, readonly string[]>>;

/** Each entry has a script of its own; the first one is the primary. */
function setUp(
  scripts: Readonly<Record<string, readonly ScriptedAttempt[]>>,
  lists: Lists,
  options: {
    fields?: Partial<Call>;
    targets?: Record<string, Partial<Target>>;
    policy?: Partial<Policy>;
    leftOut?: readonly string[];
    isGroup?: boolean;
    dialect?: Partial<Dialect>;
  } = {},
) {
  const clock = new FakeClock();
  const dialects = new Map<string, ScriptedDialect>(
    Object.entries(scripts).map(([entry, script]) => [entry, scripted(script, options.dialect)]),
  );
  const dialectOf = (target: Target) => dialects.get(target.entry) as ScriptedDialect;
  const targets = new Map(
    [...dialects.keys()].map((entry) => [
      entry,
      targetOf(entry, options.targets?.[entry], { numRetries: 0, ...options.policy }),
    ]),
  );
  const chain = {
    primary: [...targets.values()][0] as Target,
    fallbacks: (kind: FallbackList) => lists[kind]?.map((entry) => targets.get(entry) as Target),
    leftOut: options.leftOut ?? [],
    isGroup: options.isGroup ?? false,
  };
  const layer = fallback(() => chain, dialectOf, new RetryBudgets());
  const again = retry(new RetryBudgets());
  const ask = (fields: Partial<Call> = {}) =>
    clock.settle(
      read(
        layer(callOf({ clock, target: chain.primary, ...options.fields, ...fields }), (call) =>
          again(call, (inner) => dialectOf(inner.target).open(inner)),
        ),
      ),
    );
  const asked = () => [...dialects].filter(([, dialect]) => dialect.calls.length > 0).map(([entry]) => entry);
  return { ask, asked, dialects };
}

const fails = (code: ModelErrorCode): ScriptedAttempt[] => [[{ error: { code, message: `it said ${code}` } }]];

describe("fallback", () => {
  it("tries the targets in order until one answers", async () => {
    const { ask, asked } = setUp(
      { a: fails("server_error"), b: fails("overloaded"), c: ["from c"], d: ["from d"] },
      { general: ["b", "c", "d"] },
    );
    const seen = await ask();
    expect(textOf(seen)).toBe("from c");
    expect(asked()).toEqual(["a", "b", "c"]);
  });

  it("emits start and adjustments first, only of the answering target", async () => {
    const facts = { known: true, capabilities: { temperature: false } };
    const { ask } = setUp(
      {
        a: [[{ usage: { input: 9 } }, { error: { code: "server_error", message: "x" } }]],
        b: [[{ events: [{ type: "response", id: "r7" }] }, { delta: "b" }, { finish: "stop" }]],
      },
      { general: ["b"] },
      { targets: { a: { facts }, b: { facts, settings: { temperature: 0.5 } } } },
    );
    const { events } = await ask();
    expect(events[0]).toEqual({ type: "start", model: "b", provider: "scripted", id: "r7" });
    expect(events[1]).toMatchObject({ type: "adjustment", adjustment: { setting: "temperature", from: 0.5 } });
    expect(events.filter(({ type }) => type === "start" || type === "usage")).toHaveLength(1);
  });

  it("emits one start for a single target", async () => {
    const { ask } = setUp({ a: ["hi"] }, {});
    const { events } = await ask();
    expect(events.map(({ type }) => type)).toEqual(["start", "text-delta", "finish"]);
  });

  it("passes on whether another target remains", async () => {
    const { ask, dialects } = setUp(
      { a: fails("server_error"), b: fails("server_error"), c: ["ok"] },
      { general: ["b", "c"] },
    );
    await ask();
    expect([...dialects.values()].map(({ calls }) => calls[0]?.call.fallbackRemains)).toEqual([true, true, false]);
  });

  const general = (Object.keys(ERROR_CODES) as ModelErrorCode[]).filter(
    (code) => ERROR_CODES[code].fallback === "general",
  );
  it.each(general)("serves %s from fallback_models", async (code) => {
    const { ask } = setUp({ a: fails(code), b: ["b"] }, { general: ["b"] });
    expect(textOf(await ask())).toBe("b");
  });

  const none = (Object.keys(ERROR_CODES) as ModelErrorCode[]).filter((code) => ERROR_CODES[code].fallback === "none");
  it.each(none)("does not fall back for %s", async (code) => {
    const { ask, asked } = setUp({ a: fails(code), b: ["b"] }, { general: ["b"], policy: ["b"], context: ["b"] });
    const { error } = await ask();
    expect(error?.code).toBe(code);
    expect(error?.errors).toEqual([]);
    expect(asked()).toEqual(["a"]);
  });

  it("uses the next group member for not_found, but not for an invalid request", async () => {
    const missing = setUp({ a: fails("not_found"), b: ["b"] }, { general: ["b"] }, { isGroup: true });
    expect(textOf(await missing.ask())).toBe("b");
    const wrong = setUp({ a: fails("invalid_request"), b: ["b"] }, { general: ["b"] }, { isGroup: true });
    expect((await wrong.ask()).error?.code).toBe("invalid_request");
    expect(wrong.asked()).toEqual(["a"]);
  });

  it("sends an overflow to context_window_fallbacks, and to fallback_models without such a list", async () => {
    const special = setUp(
      { a: fails("context_too_long"), b: ["b"], big: ["big"] },
      { general: ["b"], context: ["big"] },
    );
    expect(textOf(await special.ask())).toBe("big");
    expect(special.asked()).toEqual(["a", "big"]);
    const plain = setUp({ a: fails("context_too_long"), b: ["b"] }, { general: ["b"] });
    expect(textOf(await plain.ask())).toBe("b");
  });

  it("sends a rate limited call to rate_limit_fallbacks first", async () => {
    const { ask, asked } = setUp(
      { a: fails("rate_limited"), b: ["b"], quick: ["quick"] },
      { general: ["b"], "rate-limit": ["quick"] },
    );
    expect(textOf(await ask())).toBe("quick");
    expect(asked()).toEqual(["a", "quick"]);
  });

  it("does not use the general list after a policy error, even when the policy fallback fails", async () => {
    const { ask, asked } = setUp(
      { a: fails("content_filtered"), free: fails("server_error"), b: ["b"] },
      { general: ["b"], policy: ["free"] },
    );
    const { error } = await ask();
    expect(error?.code).toBe("all_models_failed");
    expect(asked()).toEqual(["a", "free"]);
  });

  it("sends a filtered answer only to content_policy_fallbacks", async () => {
    const special = setUp(
      { a: fails("content_filtered"), b: ["b"], free: ["free"] },
      { general: ["b"], policy: ["free"] },
    );
    expect(textOf(await special.ask())).toBe("free");
    const plain = setUp({ a: fails("content_filtered"), b: ["b"] }, { general: ["b"] });
    expect((await plain.ask()).error?.code).toBe("content_filtered");
    expect(plain.asked()).toEqual(["a"]);
  });

  it("does not use the rest of fallback_models after one of them filtered", async () => {
    const { ask, asked } = setUp(
      { a: fails("server_error"), b: fails("content_filtered"), c: ["c"] },
      { general: ["b", "c"] },
    );
    expect((await ask()).error?.code).toBe("all_models_failed");
    expect(asked()).toEqual(["a", "b"]);
  });

  it("uses each target once, even if it is in several lists", async () => {
    const { ask, dialects } = setUp(
      { a: fails("context_too_long"), b: fails("server_error"), c: fails("overloaded") },
      { general: ["b", "c"], context: ["b"] },
    );
    await ask();
    expect([...dialects.values()].map(({ calls }) => calls.length)).toEqual([1, 1, 1]);
  });

  it("never wraps the error of a single target", async () => {
    const { ask } = setUp({ a: fails("server_error") }, {});
    const { error } = await ask();
    expect(error).toMatchObject({ code: "server_error", message: "it said server_error", model: "a", errors: [] });
  });

  it("keeps the code when all fail with the same one, and has the error of each", async () => {
    const { ask } = setUp({ a: fails("rate_limited"), b: fails("rate_limited") }, { general: ["b"] });
    const { error } = await ask();
    expect(error?.code).toBe("rate_limited");
    expect(error?.errors.map(({ model }) => model)).toEqual(["a", "b"]);
  });

  it("is all_models_failed when the codes differ", async () => {
    const { ask } = setUp({ a: fails("rate_limited"), b: fails("server_error") }, { general: ["b"] });
    const { error } = await ask();
    expect(error?.code).toBe("all_models_failed");
    expect(error?.errors.map(({ code }) => code)).toEqual(["rate_limited", "server_error"]);
    expect(error?.message).toContain("it said rate_limited");
  });

  it("does not fall back after the first event of a stream", async () => {
    const { ask, asked } = setUp(
      { a: [[{ delta: "half" }, { error: { code: "stream_truncated", message: "cut" } }]], b: ["b"] },
      { general: ["b"] },
    );
    const seen = await ask();
    expect(seen.error?.code).toBe("stream_truncated");
    expect(textOf(seen)).toBe("half");
    expect(asked()).toEqual(["a"]);
  });

  it('restarts on another target with a reset before its start, with on_break = "restart"', async () => {
    const { ask } = setUp(
      { a: [[{ delta: "half" }, { error: { code: "stream_truncated", message: "cut" } }]], b: ["whole"] },
      { general: ["b"] },
      { fields: { onBreak: "restart" } },
    );
    const { events } = await ask();
    expect(events.map(({ type }) => type)).toEqual(["start", "text-delta", "reset", "start", "text-delta", "finish"]);
    expect(events[3]).toMatchObject({ type: "start", model: "b" });
  });

  it("does not fall back after an abort", async () => {
    const call = callOf();
    const { ask, asked } = setUp({ a: [[{ hang: true }]], b: ["b"] }, { general: ["b"] });
    const asking = ask({ cancellation: call.cancellation });
    setImmediate(() => call.cancellation.cancel(abort()));
    expect((await asking).error?.code).toBe("aborted");
    expect(asked()).toEqual(["a"]);
  });

  it("does not fall back for an aborted call, regardless of its error", async () => {
    const asked: string[] = [];
    const [a, b] = [targetOf("a"), targetOf("b")];
    const chain = { primary: a, fallbacks: () => [b], leftOut: [] };
    const layer = fallback(
      () => chain,
      () => scripted([]),
      new RetryBudgets(),
    );
    const events = layer(callOf({ target: a }), (call) => {
      asked.push(call.target.entry);
      call.cancellation.cancel(abort());
      throw new ModelError({ code: "server_error", message: "it said so" });
    });
    expect((await read(events)).error?.code).toBe("server_error");
    expect(asked).toEqual(["a"]);
  });

  it("names unusable fallbacks, but not for an invalid request", async () => {
    const leftOut = ["c has no key"];
    const failed = setUp({ a: fails("server_error") }, {}, { leftOut });
    expect((await failed.ask()).error?.message).toContain("skipped: c has no key");
    const wrong = setUp({ a: fails("aborted") }, {}, { leftOut });
    expect((await wrong.ask()).error?.message).not.toContain("c has no key");
  });

  it("skips a target that does not support the request and names it in the final error", async () => {
    const { ask, asked } = setUp(
      { a: fails("server_error"), b: ["b"] },
      { general: ["b"] },
      {
        targets: {
          b: {
            settings: { temperature: 1 },
            facts: { known: true, capabilities: { temperature: false } },
            adaptation: {
              dropParams: false,
              modifyParams: false,
              strict: false,
              drop: [],
              allow: [],
              clientFields: [],
            },
          },
        },
      },
    );
    const { error } = await ask();
    expect(asked()).toEqual(["a"]);
    expect(error?.errors.map(({ code }) => code)).toEqual(["server_error", "unsupported"]);
    expect(error?.code).toBe("server_error");
    expect(error?.message).toMatch(/^it said server_error\n {2}b: unsupported: /);
  });
});

describe("the fallback lists", () => {
  it.each(["server_error", "timed_out", "unauthorized"] as const)(
    "for rate limits are not used after %s",
    async (code) => {
      const { ask, asked } = setUp({ a: fails(code), b: ["b"], c: ["c"] }, { general: ["b"], "rate-limit": ["c"] });
      expect((await ask()).error).toBeUndefined();
      expect(asked()).toEqual(["a", "b"]);
    },
  );

  it.each(["rate_limited", "quota_exhausted"] as const)("for rate limits are used after %s", async (code) => {
    const { ask, asked } = setUp({ a: fails(code), b: ["b"], c: ["c"] }, { general: ["b"], "rate-limit": ["c"] });
    expect((await ask()).error).toBeUndefined();
    expect(asked()).toEqual(["a", "c"]);
  });

  it("keep remaining targets when another list is added", async () => {
    const { ask, asked } = setUp(
      { a: fails("server_error"), b: fails("rate_limited"), c: ["c"], d: ["d"] },
      { general: ["b", "c"], "rate-limit": ["d"] },
    );
    expect((await ask()).error).toBeUndefined();
    expect(asked()).toEqual(["a", "b", "c"]);
  });
});

describe("a prompt longer than some context windows", () => {
  const input = { ...INPUT, messages: [{ role: "user", content: "word ".repeat(1_000) }] } as const;
  const holds = (context: number): Partial<Target> => ({ facts: { known: true, capabilities: {}, context } });

  it("skips a primary that is too small, without a trace", async () => {
    const { ask, asked } = setUp({ a: ["a"], b: ["b"] }, { general: ["b"] }, { targets: { a: holds(900) } });
    const { events } = await ask({ input });
    expect(events[0]).toMatchObject({ type: "start", model: "b" });
    expect(asked()).toEqual(["b"]);
  });

  it("skips a fallback that is too small, which is not the error of the call", async () => {
    const failing = fails("server_error");
    const { ask, asked } = setUp(
      { a: failing, b: ["b"], c: failing },
      { general: ["b", "c"] },
      { targets: { b: holds(100) } },
    );
    const { error } = await ask({ input });
    expect(asked()).toEqual(["a", "c"]);
    expect(error?.code).toBe("server_error");
    expect(error?.errors.map(({ code }) => code)).toEqual(["server_error", "context_too_long", "server_error"]);
  });

  it("is sent to the primary, but to no fallback that is too small", async () => {
    const alone = setUp({ a: ["a"] }, {}, { targets: { a: holds(750) } });
    expect((await alone.ask({ input })).error).toBeUndefined();
    const last = setUp({ a: fails("server_error"), b: ["b"] }, { general: ["b"] }, { targets: { b: holds(750) } });
    expect((await last.ask({ input })).error?.code).toBe("server_error");
    expect(last.asked()).toEqual(["a"]);
  });

  it("is sent to no group member that is too small", async () => {
    const { ask, asked } = setUp({ a: ["a"] }, {}, { targets: { a: holds(750) }, isGroup: true });
    expect((await ask({ input })).error?.code).toBe("context_too_long");
    expect(asked()).toEqual([]);
  });

  it("is hedged on the primary when all fallbacks are too small", async () => {
    const slow: ScriptedAttempt = [{ delayMs: 900 }, { delta: "a" }, { finish: "stop" }];
    const { ask, dialects } = setUp(
      { a: [slow], b: ["b"] },
      { general: ["b"] },
      { targets: { b: holds(750) }, policy: { hedgeAfterMs: 200 } },
    );
    expect(textOf(await ask({ input }))).toBe("a");
    expect([...dialects.values()].map(({ calls }) => calls.length)).toEqual([2, 0]);
  });

  it("is sent to a small window after larger ones failed", async () => {
    const failing = fails("server_error");
    const { ask, asked } = setUp(
      { a: failing, b: failing, c: ["c"] },
      { general: ["b", "c"] },
      { targets: { c: holds(900) } },
    );
    expect(textOf(await ask({ input }))).toBe("c");
    expect(asked()).toEqual(["a", "b", "c"]);
  });
});

it.each<[string, readonly ScriptedAttempt[], readonly string[], number]>([
  ["failed is not asked again", fails("server_error"), ["a", "b", "c"], 1],
  ["was called off may serve", [[{ hang: true }], "b"], ["a", "b"], 2],
])("when the first request breaks off, the hedged request that %s", async (_, script, expected, times) => {
  const broken: ScriptedAttempt = [
    { delayMs: 500 },
    { delta: "half" },
    { error: { code: "server_error", message: "" } },
  ];
  const { ask, asked, dialects } = setUp(
    { a: [broken], b: script, c: ["c"] },
    { general: ["b", "c"] },
    { policy: { hedgeAfterMs: 200 }, fields: { onBreak: "restart" } },
  );
  expect((await ask()).error).toBeUndefined();
  expect(asked()).toEqual(expected);
  expect(dialects.get("b")?.calls).toHaveLength(times);
});

it.each([
  ["of the first", "a", ["a", "b"]],
  ["of its own", "b", ["a", "b", "c"]],
])("a cancelled hedged request may serve the call after other failures: an attempt %s", async (_, model, expected) => {
  const broken: ScriptedAttempt = [
    { delayMs: 500 },
    { delta: "half" },
    { error: { code: "server_error", message: "" } },
  ];
  const { ask, asked } = setUp(
    { a: [broken], b: [[{ hang: true }], "b"], c: ["c"] },
    { general: ["b", "c"] },
    { policy: { hedgeAfterMs: 200 }, fields: { onBreak: "restart" } },
  );
  const tried = {
    model,
    provider: "scripted",
    startedMs: 0,
    durationMs: 1,
    outcome: "error",
    possiblyBilled: false,
  } as const;
  expect((await ask({ record: new CallRecord("call", 0, [tried]) })).error).toBeUndefined();
  expect(asked()).toEqual(expected);
});

it("a target of another list knows whether targets remain in that list", async () => {
  const failing = fails("rate_limited");
  const { ask, dialects } = setUp({ a: failing, c: failing, d: failing }, { "rate-limit": ["c", "d"] });
  await ask();
  const remains = ["a", "c", "d"].map((entry) => dialects.get(entry)?.calls[0]?.call.fallbackRemains);
  expect(remains).toEqual([false, true, false]);
});

describe("the request to a target", () => {
  const streamingOf = async (fields: Partial<Call>, target: Partial<Target> = {}, policy: Partial<Policy> = {}) => {
    const { ask, dialects } = setUp({ a: ["a"] }, {}, { targets: { a: target }, policy });
    await ask(fields);
    return dialects.get("a")?.calls[0]?.call.streaming;
  };
  const without: Partial<Target> = { facts: { known: true, capabilities: { streaming: false } } };

  it("streams with first_token_timeout, unless stream is false or unsupported", async () => {
    const clocked = { firstTokenTimeoutMs: 1_000 };
    const body = { streaming: false };
    expect(await streamingOf(body, {}, clocked)).toBe(true);
    expect(await streamingOf(body, {}, { ...clocked, stream: false })).toBe(false);
    expect(await streamingOf({ ...body, input: { ...INPUT, stream: false } }, {}, clocked)).toBe(false);
    expect(await streamingOf(body, without, clocked)).toBe(false);
  });

  it("streams when the answer may be too long for a body", async () => {
    const upTo = async (maxNewTokens: number) => {
      const { ask, dialects } = setUp({ a: ["a"] }, {}, { dialect: { longAnswerTokens: 100 } });
      await ask({ streaming: false, input: { ...INPUT, settings: { maxNewTokens } } });
      return dialects.get("a")?.calls[0]?.call.streaming;
    };
    expect([await upTo(100), await upTo(101)]).toEqual([false, true]);
  });

  it("streams for stream() and stream = true, if supported", async () => {
    expect(await streamingOf({ streaming: true })).toBe(true);
    expect(await streamingOf({ streaming: false })).toBe(false);
    expect(await streamingOf({ streaming: false, input: { ...INPUT, stream: true } })).toBe(true);
    expect(await streamingOf({ streaming: true, input: { ...INPUT, stream: false } })).toBe(true);
    expect(await streamingOf({ streaming: true }, without)).toBe(false);
    expect(await streamingOf({ streaming: false, input: { ...INPUT, stream: true } }, without)).toBe(false);
  });
});

it("`start` has the response id if it arrives with the first events", async () => {
  const response = { events: [{ type: "response", id: "r1" }] } as const;
  const known = setUp({ a: [[{ usage: { input: 1 } }, response, { delta: "a" }, { finish: "stop" }]] }, {});
  expect((await known.ask()).events[0]).toEqual({ type: "start", model: "a", provider: "scripted", id: "r1" });
  const unknown = setUp({ a: ["a"] }, {});
  expect((await unknown.ask()).events[0]).toStrictEqual({ type: "start", model: "a", provider: "scripted" });
});

describe("a refusal", () => {
  const refuses: ScriptedAttempt[] = [
    [{ events: [{ type: "refusal-delta", text: "I will not.", sample: 0 }] }, { finish: "refusal" }],
  ];

  it("is an answer without content_policy_fallbacks", async () => {
    const { ask, asked } = setUp({ a: refuses, b: ["b"] }, { general: ["b"] });
    const { events, error } = await ask();
    expect(error).toBeUndefined();
    expect(events.at(-1)).toMatchObject({ type: "finish", reason: "refusal" });
    expect(asked()).toEqual(["a"]);
  });

  it("uses content_policy_fallbacks, without a trace", async () => {
    const { ask } = setUp({ a: refuses, free: ["certainly"] }, { policy: ["free"] });
    const { events } = await ask();
    expect(events.map(({ type }) => type)).toEqual(["start", "text-delta", "finish"]);
    expect(events[0]).toMatchObject({ model: "free" });
  });

  it("of the last target is the answer", async () => {
    const { ask, asked } = setUp({ a: refuses, free: refuses }, { policy: ["free"] });
    const { events, error } = await ask();
    expect(error).toBeUndefined();
    expect(events[0]).toMatchObject({ type: "start", model: "free" });
    expect(events.at(-1)).toMatchObject({ type: "finish", reason: "refusal" });
    expect(asked()).toEqual(["a", "free"]);
  });

  it('after delivered text is the answer of a stream, and restarts with on_break = "restart"', async () => {
    const late: ScriptedAttempt[] = [[{ delta: "Well, " }, { finish: "refusal" }]];
    const stream = setUp({ a: late, free: ["yes"] }, { policy: ["free"] });
    expect((await stream.ask()).events.map(({ type }) => type)).toEqual(["start", "text-delta", "finish"]);
    const whole = setUp({ a: late, free: ["yes"] }, { policy: ["free"] }, { fields: { onBreak: "restart" } });
    expect((await whole.ask()).events.map(({ type }) => type)).toEqual([
      "start",
      "text-delta",
      "reset",
      "start",
      "text-delta",
      "finish",
    ]);
  });

  it("is detected in the batch with its text, which is delivered when no other target answers", async () => {
    const batch: FlowEvent[] = [
      { type: "refusal-delta", text: "I will not.", sample: 0 },
      { type: "finish", reason: "refusal", sample: 0 },
    ];
    const { ask } = setUp({ a: [[{ events: batch }]], free: fails("server_error") }, { policy: ["free"] });
    const { error, events } = await ask();
    expect(events).toEqual([]);
    expect(error?.errors[0]).toMatchObject({ code: "refused", model: "a" });
    expect(error?.errors[0]?.message).toBe("scripted (a-model): the model declined: I will not.");
    const silent = setUp({ a: [[{ finish: "refusal" }]], free: fails("server_error") }, { policy: ["free"] });
    expect((await silent.ask()).error?.errors[0]?.message).toBe("scripted (a-model): the model declined");
  });

  it("is not an answer without text", async () => {
    const { ask, asked } = setUp({ a: [[{ finish: "stop" }]], free: ["yes"] }, { policy: ["free"] });
    expect((await ask()).events.map(({ type }) => type)).toEqual(["start", "finish"]);
    expect(asked()).toEqual(["a"]);
  });

  it("delays an answer only until its first text", async () => {
    const first: FlowEvent[] = [
      { type: "response", id: "r" },
      { type: "text-delta", text: "Yes", sample: 0 },
    ];
    const { ask, dialects } = setUp({ a: [[{ events: first }, { hang: true }]], free: ["no"] }, { policy: ["free"] });
    const call = callOf();
    const asking = ask({ cancellation: call.cancellation });
    setImmediate(() => setImmediate(() => call.cancellation.cancel(abort())));
    expect(textOf(await asking)).toBe("Yes");
    expect(dialects.get("free")?.calls).toEqual([]);
  });
});
