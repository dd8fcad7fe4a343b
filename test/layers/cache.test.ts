import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { CallInput } from "../../src/core/call.ts";
import type { FlowEvent } from "../../src/core/event.ts";
import type { Target } from "../../src/core/target.ts";
import { type ScriptedAttempt, scripted } from "../../src/dialects/scripted/dialect.ts";
import { cache } from "../../src/layers/cache.ts";
import { cacheKey } from "../../src/layers/cache-key.ts";
import { meter } from "../../src/layers/meter.ts";
import { MemoryStore } from "../../src/stores/memory.ts";
import { abort, callOf, INPUT, read, targetOf, textOf, through } from "../harness/call-of.ts";
import { FakeClock, quiet } from "../harness/fake-clock.ts";

const withStart = (attempt: ScriptedAttempt, model = "main"): ScriptedAttempt => [
  { events: [{ type: "start", model, provider: "scripted" }] },
  ...(typeof attempt === "string" ? [{ text: attempt }, { finish: "stop" } as const] : attempt),
];

function setUp(script: readonly ScriptedAttempt[], { maxEntries = 100, ttlMs = 60_000 } = {}) {
  const clock = new FakeClock();
  const dialect = scripted(script.map((attempt) => withStart(attempt)));
  const run = through([cache(new MemoryStore(maxEntries, clock), { ttlMs, namespace: "n" })], dialect);
  const call = (input: Partial<CallInput> = {}, fields = {}) =>
    callOf({ clock, input: { ...INPUT, ...input }, ...fields });
  const ask = (input: Partial<CallInput> = {}, fields = {}) => clock.settle(read(run(call(input, fields))));
  return { clock, dialect, run, call, ask };
}

const prompt = (content: string): Partial<CallInput> => ({ messages: [{ role: "user", content }] });

describe("the cache", () => {
  it("answers an equal call without a request, with the same events", async () => {
    const { ask, dialect, run, call } = setUp(["one", "two"]);
    const first = await ask();
    const hit = call();
    const second = await read(run(hit));
    expect(second.events).toEqual(first.events);
    expect(dialect.calls).toHaveLength(1);
    expect(hit.record.cached?.outcome).toBe("hit");
    expect(hit.record.attempts).toEqual([]);
  });

  it("treats one changed space as another call", async () => {
    const { ask, dialect } = setUp(["one", "two"]);
    await ask(prompt("say it"));
    expect(textOf(await ask(prompt("say  it")))).toBe("two");
    expect(dialect.calls).toHaveLength(2);
  });

  it("expires after its time to live", async () => {
    const { ask, clock, dialect } = setUp(["one", "two"], { ttlMs: 1_000 });
    await ask();
    await clock.advance(999);
    await ask();
    expect(dialect.calls).toHaveLength(1);
    await clock.advance(2);
    expect(textOf(await ask())).toBe("two");
  });

  it("drops the least recently used answer when it is full", async () => {
    const { ask, dialect } = setUp(["x"], { maxEntries: 2 });
    await ask(prompt("a"));
    await ask(prompt("b"));
    await ask(prompt("a"));
    await ask(prompt("c"));
    expect(dialect.calls).toHaveLength(3);
    await ask(prompt("a"));
    expect(dialect.calls).toHaveLength(3);
    await ask(prompt("b"));
    expect(dialect.calls).toHaveLength(4);
  });

  it("sends a request and stores with refresh", async () => {
    const { ask } = setUp(["one", "two", "three"]);
    await ask();
    expect(textOf(await ask({ cache: "refresh" }))).toBe("two");
    expect(textOf(await ask())).toBe("two");
  });

  it("neither reads nor writes with bypass", async () => {
    const { ask } = setUp(["one", "two", "three"]);
    await ask();
    expect(textOf(await ask({ cache: "bypass" }))).toBe("two");
    expect(textOf(await ask())).toBe("one");
  });

  it("sends no request with only", async () => {
    const { ask, dialect } = setUp(["one"]);
    expect((await ask({ cache: "only" })).error?.code).toBe("not_found");
    expect(dialect.calls).toHaveLength(0);
    await ask();
    expect(textOf(await ask({ cache: "only" }))).toBe("one");
  });

  it.each([
    ["an error", [{ delta: "a" }, { error: { code: "server_error", message: "x" } }]],
    ["an answer cut by the limit", [{ delta: "a" }, { finish: "length" }]],
    ["an answer without a reason for its end", [{ delta: "a" }, { finish: "unknown" }]],
    ["a refusal", [{ delta: "a" }, { finish: "refusal" }]],
    ["a filtered answer", [{ delta: "a" }, { finish: "content-filter" }]],
    [
      "an answer of a fallback",
      [{ events: [{ type: "start", model: "other", provider: "p" }] }, { delta: "a" }, { finish: "stop" }],
    ],
    [
      "one sample of two that was cut",
      [{ delta: "a" }, { finish: "stop" }, { delta: "b", sample: 1 }, { finish: "length", sample: 1 }],
    ],
  ] as const)("never stores %s", async (_, script) => {
    const { ask, dialect } = setUp([script, "fresh"]);
    await ask();
    expect(textOf(await ask())).toBe("fresh");
    expect(dialect.calls).toHaveLength(2);
  });

  it("never stores an incomplete answer", async () => {
    let asked = 0;
    const open = async function* () {
      asked++;
      yield [{ type: "text-delta", text: "half", sample: 0 } as const];
    };
    const store = new MemoryStore(10, new FakeClock());
    const run = through([cache(store, { ttlMs: 1_000, namespace: "n" })], { open });
    await read(run(callOf()));
    await read(run(callOf()));
    expect(asked).toBe(2);
  });

  it("never stores an abandoned stream", async () => {
    const { run, call, ask } = setUp(["one two three", "fresh"]);
    const iterator = run(call())[Symbol.asyncIterator]();
    await iterator.next();
    await iterator.return?.();
    expect(textOf(await ask())).toBe("fresh");
  });

  it("stores only the answer after a restart", async () => {
    const { ask } = setUp([
      [
        { delta: "void" },
        {
          events: [
            { type: "reset", reason: "x" },
            { type: "start", model: "main", provider: "p" },
          ],
        },
        { delta: "whole" },
        { finish: "stop" },
      ],
    ]);
    await ask();
    const hit = await ask();
    expect(textOf(hit)).toBe("whole");
    expect(hit.events.some(({ type }) => type === "reset")).toBe(false);
  });

  it("keeps adjustments from before a restart", async () => {
    const adjustment = { setting: "seed", from: 1, to: undefined, reason: "x" } as const;
    const { ask } = setUp([
      [
        { events: [{ type: "adjustment", adjustment }] },
        { delta: "void" },
        { events: [{ type: "reset", reason: "x" }] },
        { delta: "whole" },
        { finish: "stop" },
      ],
    ]);
    await ask();
    const hit = await ask();
    expect(hit.events.map(({ type }) => type)).toEqual(["start", "adjustment", "text-delta", "finish"]);
  });

  it("never stores a joined answer, but stores other adjusted answers", async () => {
    const adjusted = (setting: string): ScriptedAttempt => [
      { events: [{ type: "adjustment", adjustment: { setting, from: 1, to: 2, reason: "x" } }] },
      { delta: "a" },
      { finish: "stop" },
    ];
    const joined = setUp([adjusted("on_break")]);
    await joined.ask();
    await joined.ask();
    expect(joined.dialect.calls).toHaveLength(2);
    const other = setUp([adjusted("temperature")]);
    await other.ask();
    await other.ask();
    expect(other.dialect.calls).toHaveLength(1);
  });

  it("still reports the target after a restart on the same target", async () => {
    const { ask } = setUp([
      [{ delta: "void" }, { events: [{ type: "reset", reason: "x" }] }, { delta: "whole" }, { finish: "stop" }],
    ]);
    await ask();
    expect((await ask()).events.map(({ type }) => type)).toEqual(["start", "text-delta", "finish"]);
  });

  it("returns a copy to every caller", async () => {
    const { ask } = setUp([[{ toolCall: { name: "f", arguments: { list: [1] } } }, { finish: "tool-calls" }]]);
    const argumentsOf = ({ events }: { events: FlowEvent[] }) =>
      events.flatMap((event) =>
        event.type === "tool-call-end" ? [event.call.arguments as { list: number[] }] : [],
      )[0];
    for (let index = 0; index < 3; index++) {
      const given = argumentsOf(await ask());
      expect(given).toEqual({ list: [1] });
      given?.list.push(2);
    }
  });
});

describe("equal calls at the same time", () => {
  const slow: ScriptedAttempt = [{ delayMs: 1_000 }, { text: "shared" }, { finish: "stop" }];
  const codegen = { streaming: false };

  it("share one request: ten calls, one attempt", async () => {
    const { clock, run, call, dialect } = setUp([slow]);
    const all = await clock.settle(Promise.all(Array.from({ length: 10 }, () => read(run(call({}, codegen))))));
    expect(all.map(textOf)).toEqual(Array.from({ length: 10 }, () => "shared"));
    expect(dialect.calls).toHaveLength(1);
  });

  it("keep the shared request when one of them is aborted", async () => {
    const { clock, run, call, dialect } = setUp([slow]);
    const calls = Array.from({ length: 4 }, () => call({}, codegen));
    const reading = calls.map((one) => read(run(one)));
    await clock.advance(500);
    calls[0]?.cancellation.cancel(abort());
    calls[2]?.cancellation.cancel(abort());
    const seen = await clock.settle(Promise.all(reading));
    expect(seen.map(({ error }) => error?.code)).toEqual(["aborted", undefined, "aborted", undefined]);
    expect(seen.map(textOf)).toEqual(["", "shared", "", "shared"]);
    expect(dialect.calls.map(({ end }) => end)).toEqual(["complete"]);
    expect(calls.map(({ record }) => record.cached !== undefined)).toEqual([false, false, false, true]);
  });

  it("cancel the request when all of them are aborted, with the partial", async () => {
    const { clock, run, call, dialect } = setUp([[{ delta: "half" }, { hang: true }], "next"]);
    const calls = [1, 2].map(() => call({}, codegen));
    const reading = calls.map((one) => read(run(one)));
    await clock.advance(500);
    const reason = abort();
    for (const { cancellation } of calls) cancellation.cancel(reason);
    const late = read(run(call({}, codegen)));
    const seen = await Promise.all(reading);
    expect(seen.map(({ error }) => error)).toEqual([reason, reason]);
    expect(seen.map(textOf)).toEqual(["", "half"]);
    expect(textOf(await clock.settle(late))).toBe("next");
    expect(dialect.calls.map(({ end }) => end)).toEqual(["failed", "complete"]);
  });

  it("take over the attempts of an aborted call, so that each is counted once", async () => {
    const { clock, call } = setUp([]);
    const run = through(
      [cache(new MemoryStore(9, clock), { ttlMs: 60_000, namespace: "n" }), meter],
      scripted([withStart(slow)]),
    );
    const begun = () => {
      const one = call({}, codegen);
      return { one, reading: read(run(one)) };
    };
    const first = begun();
    await clock.advance(200);
    const later = [begun(), begun()];
    await clock.advance(300);
    first.one.cancellation.cancel(abort());
    await clock.settle(Promise.all([first, ...later].map(({ reading }) => reading)));
    const rows = [first, ...later].map(({ one: { record } }) =>
      record.attempts.map(({ outcome, startedMs }) => ({ outcome, startedMs })),
    );
    expect(rows).toEqual([[], [{ outcome: "ok", startedMs: -200 }], []]);
  });

  it("record the attempt of a request that all have abandoned", async () => {
    const { clock, call } = setUp([]);
    const run = through(
      [cache(new MemoryStore(9, clock), { ttlMs: 60_000, namespace: "n" }), meter],
      scripted([withStart(slow)]),
    );
    const only = call({}, codegen);
    const reading = read(run(only));
    await clock.advance(500);
    only.cancellation.cancel(abort());
    await reading;
    expect(only.record.attempts).toMatchObject([{ outcome: "aborted", possiblyBilled: true }]);
  });

  it("send a new request when the shared one ended with the deadline of an abandoned call", async () => {
    const failing: ScriptedAttempt = [{ delayMs: 1_000 }, { error: { code: "server_error", message: "x" } }];
    const askedWith = async (deadlineAtMs: number | undefined) => {
      const { clock, run, call, dialect } = setUp([failing, slow]);
      const first = call({}, { ...codegen, deadlineAtMs: 600 });
      const reading = [read(run(first)), read(run(call({}, { ...codegen, deadlineAtMs })))];
      await clock.advance(600);
      first.cancellation.cancel(abort());
      const [, second] = await clock.settle(Promise.all(reading));
      return [second?.error?.code, dialect.calls.length];
    };
    expect(await askedWith(600)).toEqual(["server_error", 1]);
    expect(await askedWith(9_000)).toEqual([undefined, 2]);
    expect(await askedWith(undefined)).toEqual([undefined, 2]);
  });

  it("send their own requests in sequence when the first fails", async () => {
    const { clock, run, call, dialect } = setUp([
      [{ delayMs: 10 }, { error: { code: "server_error", message: "x" } }],
      slow,
    ]);
    const seen = await clock.settle(Promise.all([1, 2, 3].map(() => read(run(call({}, codegen))))));
    expect(seen.map(({ error }) => error?.code)).toEqual(["server_error", undefined, undefined]);
    expect(dialect.calls).toHaveLength(2);
  });

  it("send separate requests when they stream or differ", async () => {
    const { clock, run, call, dialect } = setUp([slow]);
    await clock.settle(Promise.all([read(run(call())), read(run(call())), read(run(call(prompt("other"), codegen)))]));
    expect(dialect.calls).toHaveLength(3);
  });

  it("send separate requests with refresh, and use a stored answer before sharing", async () => {
    const { clock, run, call, ask, dialect } = setUp([slow]);
    const refresh = () => read(run(call({ cache: "refresh" }, codegen)));
    await clock.settle(Promise.all([refresh(), refresh()]));
    expect(dialect.calls).toHaveLength(2);
    const hit = call({}, codegen);
    await read(run(hit));
    expect(hit.record.cached?.outcome).toBe("hit");
    await ask({}, codegen);
    expect(dialect.calls).toHaveLength(2);
  });

  it("get separate copies of the answer", async () => {
    const { clock, run, call } = setUp([
      [{ delayMs: 10 }, { toolCall: { name: "f", arguments: { list: [1] } } }, { finish: "tool-calls" }],
    ]);
    const seen = await clock.settle(Promise.all([1, 2, 3].map(() => read(run(call({}, codegen))))));
    const lists = seen.map(({ events }) => {
      const end = events.find((event) => event.type === "tool-call-end");
      return (end?.type === "tool-call-end" ? end.call.arguments : undefined) as { list: number[] };
    });
    lists[0]?.list.push(2);
    lists[1]?.list.push(3);
    expect(lists.map(({ list }) => list)).toEqual([[1, 2], [1, 3], [1]]);
  });

  it("leave nothing behind", async () => {
    const { clock, run, call } = setUp([slow]);
    await clock.settle(Promise.all([1, 2].map(() => read(run(call({}, codegen))))));
    await quiet();
    expect(clock.pending).toBe(0);
  });
});

describe("the key of the cache", () => {
  const keyOf = (input: Partial<CallInput> = {}, target: Partial<Target> = {}, namespace = "n") =>
    cacheKey(callOf({ input: { ...INPUT, ...input }, target: targetOf("main", target) }), namespace);

  it("does not depend on the order of fields", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (body) => {
        const shuffled = Object.fromEntries(Object.entries(body).reverse());
        expect(keyOf({ extraBody: shuffled })).toBe(keyOf({ extraBody: body }));
      }),
    );
  });

  it("differs for different values anywhere", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (left, right) => {
        fc.pre(JSON.stringify(left) !== JSON.stringify(right));
        fc.pre(!isPermutation(left, right));
        expect(keyOf({ extraBody: { left } })).not.toBe(keyOf({ extraBody: { left: right } }));
      }),
    );
  });

  const changes: readonly (readonly [string, Partial<CallInput>, Partial<Target>])[] = [
    ["messages", prompt("other"), {}],
    ["roles", { messages: [{ role: "system", content: "hello" }] }, {}],
    ["settings", { settings: { temperature: 0.1 } }, {}],
    ["samples", { samples: 2 }, {}],
    ["extra body", { extraBody: { a: 1 } }, {}],
    ["extra headers", { extraHeaders: { a: "1" } }, {}],
    ["system", { system: "be brief" }, {}],
    ["prelude", { prelude: [{ role: "user", content: "x" }] }, {}],
    ["adaptation", { adaptation: { dropParams: false } }, {}],
    ["strip tokens", { stripTokens: { tokens: ["</s>"], where: "end" } }, {}],
    ["provider", {}, { provider: "other" }],
    ["model id", {}, { modelId: "other" }],
    ["dialect", {}, { dialect: "other" }],
    ["address", {}, { address: { baseUrl: "http://127.0.0.1:10" } }],
    ["settings of the entry", {}, { settings: { temperature: 0.2 } }],
    ["instructions of the entry", {}, { system: "x" }],
    ["messages of the entry", {}, { prelude: [{ role: "user", content: "x" }] }],
    ["extra body of the entry", {}, { extraBody: { a: 1 } }],
    ["extra headers of the entry", {}, { headers: { "anthropic-beta": "x" } }],
    ["facts that shape the request", {}, { facts: { known: true, capabilities: {}, maxOutput: 10 } }],
    ["quirks", {}, { quirks: { maxTokensKey: "max_tokens" } }],
  ];

  it("differs for everything that affects the answer", () => {
    const keys = [keyOf(), keyOf({}, {}, "other"), ...changes.map(([, input, target]) => keyOf(input, target))];
    expect(new Set(keys).size).toBe(keys.length);
  });

  it("ignores the priority, and how the call uses the cache", () => {
    const own = { priority: 5, cacheTtlMs: 5, cacheNamespace: "other", scopes: ["a"], cache: "only" } as const;
    expect(keyOf(own)).toBe(keyOf());
  });

  it("ignores tags and cache modes, and contains neither prompt nor API key", () => {
    expect(keyOf({ tags: ["a"], cache: "refresh" })).toBe(keyOf());
    expect(keyOf()).toMatch(/^[0-9a-f]{64}$/);
  });
});

function isPermutation(left: unknown, right: unknown): boolean {
  const sorted = (value: unknown) =>
    JSON.stringify(value, (_, inner) =>
      inner && typeof inner === "object" && !Array.isArray(inner)
        ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
        : inner,
    );
  return sorted(left) === sorted(right);
}
