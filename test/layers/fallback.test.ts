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
  it("tries the targets in their order until one answers", async () => {
    const { ask, asked } = setUp(
      { a: fails("server_error"), b: fails("overloaded"), c: ["from c"], d: ["from d"] },
      { general: ["b", "c", "d"] },
    );
    const seen = await ask();
    expect(textOf(seen)).toBe("from c");
    expect(asked()).toEqual(["a", "b", "c"]);
  });

  it("puts start and adjustments first, of the target that answers only", async () => {
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

  it("has one start of a target that answers by itself", async () => {
    const { ask } = setUp({ a: ["hi"] }, {});
    const { events } = await ask();
    expect(events.map(({ type }) => type)).toEqual(["start", "text-delta", "finish"]);
  });

  it("tells each target whether another remains", async () => {
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
  it.each(none)("keeps %s, which another model would not change", async (code) => {
    const { ask, asked } = setUp({ a: fails(code), b: ["b"] }, { general: ["b"], policy: ["b"], context: ["b"] });
    const { error } = await ask();
    expect(error?.code).toBe(code);
    expect(error?.errors).toEqual([]);
    expect(asked()).toEqual(["a"]);
  });

  it("asks the next of equals where one does not have the model, but not where the request is wrong", async () => {
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

  it("sends a throttled call to rate_limit_fallbacks first", async () => {
    const { ask, asked } = setUp(
      { a: fails("rate_limited"), b: ["b"], quick: ["quick"] },
      { general: ["b"], "rate-limit": ["quick"] },
    );
    expect(textOf(await ask())).toBe("quick");
    expect(asked()).toEqual(["a", "quick"]);
  });

  it("keeps what a policy has stopped from the general list, also when the one that may serve fails", async () => {
    const { ask, asked } = setUp(
      { a: fails("content_filtered"), free: fails("server_error"), b: ["b"] },
      { general: ["b"], policy: ["free"] },
    );
    const { error } = await ask();
    expect(error?.code).toBe("all_models_failed");
    expect(asked()).toEqual(["a", "free"]);
  });

  it("sends a filtered answer to content_policy_fallbacks and nowhere else", async () => {
    const special = setUp(
      { a: fails("content_filtered"), b: ["b"], free: ["free"] },
      { general: ["b"], policy: ["free"] },
    );
    expect(textOf(await special.ask())).toBe("free");
    const plain = setUp({ a: fails("content_filtered"), b: ["b"] }, { general: ["b"] });
    expect((await plain.ask()).error?.code).toBe("content_filtered");
    expect(plain.asked()).toEqual(["a"]);
  });

  it("does not ask the rest of fallback_models after one of them filtered", async () => {
    const { ask, asked } = setUp(
      { a: fails("server_error"), b: fails("content_filtered"), c: ["c"] },
      { general: ["b", "c"] },
    );
    expect((await ask()).error?.code).toBe("all_models_failed");
    expect(asked()).toEqual(["a", "b"]);
  });

  it("asks each target once, also when it is in several lists", async () => {
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

  it("is all_models_failed when they fail for different reasons", async () => {
    const { ask } = setUp({ a: fails("rate_limited"), b: fails("server_error") }, { general: ["b"] });
    const { error } = await ask();
    expect(error?.code).toBe("all_models_failed");
    expect(error?.errors.map(({ code }) => code)).toEqual(["rate_limited", "server_error"]);
    expect(error?.message).toContain("it said rate_limited");
  });

  it("leaves a stream alone that broke after its first event", async () => {
    const { ask, asked } = setUp(
      { a: [[{ delta: "half" }, { error: { code: "stream_truncated", message: "cut" } }]], b: ["b"] },
      { general: ["b"] },
    );
    const seen = await ask();
    expect(seen.error?.code).toBe("stream_truncated");
    expect(textOf(seen)).toBe("half");
    expect(asked()).toEqual(["a"]);
  });

  it("restarts on another target with a reset before its start, where restart is on", async () => {
    const { ask } = setUp(
      { a: [[{ delta: "half" }, { error: { code: "stream_truncated", message: "cut" } }]], b: ["whole"] },
      { general: ["b"] },
      { fields: { onBreak: "restart" } },
    );
    const { events } = await ask();
    expect(events.map(({ type }) => type)).toEqual(["start", "text-delta", "reset", "start", "text-delta", "finish"]);
    expect(events[3]).toMatchObject({ type: "start", model: "b" });
  });

  it("asks nobody else once the caller has aborted", async () => {
    const call = callOf();
    const { ask, asked } = setUp({ a: [[{ hang: true }]], b: ["b"] }, { general: ["b"] });
    const asking = ask({ cancellation: call.cancellation });
    setImmediate(() => call.cancellation.cancel(abort()));
    expect((await asking).error?.code).toBe("aborted");
    expect(asked()).toEqual(["a"]);
  });

  it("asks nobody else for an aborted call, whatever its failure says", async () => {
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

  it("tells which fallbacks could not be asked, but not of a request that is wrong everywhere", async () => {
    const leftOut = ["c has no key"];
    const failed = setUp({ a: fails("server_error") }, {}, { leftOut });
    expect((await failed.ask()).error?.message).toContain("not asked: c has no key");
    const wrong = setUp({ a: fails("aborted") }, {}, { leftOut });
    expect((await wrong.ask()).error?.message).not.toContain("c has no key");
  });

  it("skips a target that cannot take the request and says so when all is over", async () => {
    const { ask, asked } = setUp(
      { a: fails("server_error"), b: ["b"] },
      { general: ["b"] },
      {
        targets: {
          b: {
            settings: { temperature: 1 },
            facts: { known: true, capabilities: { temperature: false } },
            adaptation: { dropParams: false, modifyParams: false, strict: false, drop: [], allow: [] },
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

describe("the lists of fallbacks", () => {
  it.each(["server_error", "timed_out", "unauthorized"] as const)(
    "for a throttled call are not asked after %s",
    async (code) => {
      const { ask, asked } = setUp({ a: fails(code), b: ["b"], c: ["c"] }, { general: ["b"], "rate-limit": ["c"] });
      expect((await ask()).error).toBeUndefined();
      expect(asked()).toEqual(["a", "b"]);
    },
  );

  it.each(["rate_limited", "quota_exhausted"] as const)("for a throttled call are asked after %s", async (code) => {
    const { ask, asked } = setUp({ a: fails(code), b: ["b"], c: ["c"] }, { general: ["b"], "rate-limit": ["c"] });
    expect((await ask()).error).toBeUndefined();
    expect(asked()).toEqual(["a", "c"]);
  });

  it("keep those that wait when another list is joined to them", async () => {
    const { ask, asked } = setUp(
      { a: fails("server_error"), b: fails("rate_limited"), c: ["c"], d: ["d"] },
      { general: ["b", "c"], "rate-limit": ["d"] },
    );
    expect((await ask()).error).toBeUndefined();
    expect(asked()).toEqual(["a", "b", "c"]);
  });
});

describe("a prompt that some windows cannot hold", () => {
  const input = { ...INPUT, messages: [{ role: "user", content: "word ".repeat(1_000) }] } as const;
  const holds = (context: number): Partial<Target> => ({ facts: { known: true, capabilities: {}, context } });

  it("goes past a primary that is too small, of which nothing shows", async () => {
    const { ask, asked } = setUp({ a: ["a"], b: ["b"] }, { general: ["b"] }, { targets: { a: holds(900) } });
    const { events } = await ask({ input });
    expect(events[0]).toMatchObject({ type: "start", model: "b" });
    expect(asked()).toEqual(["b"]);
  });

  it("goes past a fallback that is too small, once, and that is not what the call failed for", async () => {
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

  it("is sent to the primary alone, but to no fallback that cannot hold it", async () => {
    const alone = setUp({ a: ["a"] }, {}, { targets: { a: holds(750) } });
    expect((await alone.ask({ input })).error).toBeUndefined();
    const last = setUp({ a: fails("server_error"), b: ["b"] }, { general: ["b"] }, { targets: { b: holds(750) } });
    expect((await last.ask({ input })).error?.code).toBe("server_error");
    expect(last.asked()).toEqual(["a"]);
  });

  it("is sent to none of equals that cannot hold it", async () => {
    const { ask, asked } = setUp({ a: ["a"] }, {}, { targets: { a: holds(750) }, isGroup: true });
    expect((await ask({ input })).error?.code).toBe("context_too_long");
    expect(asked()).toEqual([]);
  });

  it("goes to the primary once more, where it is slow and no fallback can hold it", async () => {
    const slow: ScriptedAttempt = [{ delayMs: 900 }, { delta: "a" }, { finish: "stop" }];
    const { ask, dialects } = setUp(
      { a: [slow], b: ["b"] },
      { general: ["b"] },
      { targets: { b: holds(750) }, policy: { hedgeAfterMs: 200 } },
    );
    expect(textOf(await ask({ input }))).toBe("a");
    expect([...dialects.values()].map(({ calls }) => calls.length)).toEqual([2, 0]);
  });

  it("is sent to a small window when those that are larger have failed", async () => {
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
])("when the first breaks off, the second request beside it that %s", async (_, script, expected, times) => {
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
])(
  "a second request that was called off may serve, whatever failed before of others: a try %s",
  async (_, model, expected) => {
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
  },
);

it("a target of another list is told whether one is left of that list", async () => {
  const failing = fails("rate_limited");
  const { ask, dialects } = setUp({ a: failing, c: failing, d: failing }, { "rate-limit": ["c", "d"] });
  await ask();
  const remains = ["a", "c", "d"].map((entry) => dialects.get(entry)?.calls[0]?.call.fallbackRemains);
  expect(remains).toEqual([false, true, false]);
});

describe("what a target is asked for", () => {
  const streamingOf = async (fields: Partial<Call>, target: Partial<Target> = {}, policy: Partial<Policy> = {}) => {
    const { ask, dialects } = setUp({ a: ["a"] }, {}, { targets: { a: target }, policy });
    await ask(fields);
    return dialects.get("a")?.calls[0]?.call.streaming;
  };
  const without: Partial<Target> = { facts: { known: true, capabilities: { streaming: false } } };

  it("is a stream where the first token has a clock, unless stream is false or the model cannot stream", async () => {
    const clocked = { firstTokenTimeoutMs: 1_000 };
    const body = { streaming: false };
    expect(await streamingOf(body, {}, clocked)).toBe(true);
    expect(await streamingOf(body, {}, { ...clocked, stream: false })).toBe(false);
    expect(await streamingOf({ ...body, input: { ...INPUT, stream: false } }, {}, clocked)).toBe(false);
    expect(await streamingOf(body, without, clocked)).toBe(false);
  });

  it("is a stream where the answer may be longer than the wire gives as a body", async () => {
    const upTo = async (maxNewTokens: number) => {
      const { ask, dialects } = setUp({ a: ["a"] }, {}, { dialect: { longAnswerTokens: 100 } });
      await ask({ streaming: false, input: { ...INPUT, settings: { maxNewTokens } } });
      return dialects.get("a")?.calls[0]?.call.streaming;
    };
    expect([await upTo(100), await upTo(101)]).toEqual([false, true]);
  });

  it("is a stream where the call is one, or was asked to be one on the wire, and the model can", async () => {
    expect(await streamingOf({ streaming: true })).toBe(true);
    expect(await streamingOf({ streaming: false })).toBe(false);
    expect(await streamingOf({ streaming: false, input: { ...INPUT, stream: true } })).toBe(true);
    expect(await streamingOf({ streaming: true, input: { ...INPUT, stream: false } })).toBe(true);
    expect(await streamingOf({ streaming: true }, without)).toBe(false);
    expect(await streamingOf({ streaming: false, input: { ...INPUT, stream: true } }, without)).toBe(false);
  });
});

it("the start has the id of a response that comes with the first events, and else none", async () => {
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

  it("is an answer where nobody else may be asked", async () => {
    const { ask, asked } = setUp({ a: refuses, b: ["b"] }, { general: ["b"] });
    const { events, error } = await ask();
    expect(error).toBeUndefined();
    expect(events.at(-1)).toMatchObject({ type: "finish", reason: "refusal" });
    expect(asked()).toEqual(["a"]);
  });

  it("goes to content_policy_fallbacks, and nothing of it shows", async () => {
    const { ask } = setUp({ a: refuses, free: ["certainly"] }, { policy: ["free"] });
    const { events } = await ask();
    expect(events.map(({ type }) => type)).toEqual(["start", "text-delta", "finish"]);
    expect(events[0]).toMatchObject({ model: "free" });
  });

  it("of the last one is the answer", async () => {
    const { ask, asked } = setUp({ a: refuses, free: refuses }, { policy: ["free"] });
    const { events, error } = await ask();
    expect(error).toBeUndefined();
    expect(events[0]).toMatchObject({ type: "start", model: "free" });
    expect(events.at(-1)).toMatchObject({ type: "finish", reason: "refusal" });
    expect(asked()).toEqual(["a", "free"]);
  });

  it("after delivered text is the answer of a stream, and starts again where restart is on", async () => {
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

  it("is one also in the batch of its words, which are told when nobody else serves", async () => {
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

  it("is not what ends without a word", async () => {
    const { ask, asked } = setUp({ a: [[{ finish: "stop" }]], free: ["yes"] }, { policy: ["free"] });
    expect((await ask()).events.map(({ type }) => type)).toEqual(["start", "finish"]);
    expect(asked()).toEqual(["a"]);
  });

  it("holds an answer back no longer than its first words", async () => {
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
