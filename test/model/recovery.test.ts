import { describe, expect, it } from "vitest";
import type { ModelError } from "../../src/core/error.ts";
import type { FlowEvent, ModelEvent } from "../../src/core/event.ts";
import { usageOf } from "../../src/core/usage.ts";
import type { ScriptedAttempt } from "../../src/dialects/scripted/dialect.ts";
import type { FakeClock } from "../harness/fake-clock.ts";
import { factoryOf } from "../harness/scripted-factory.ts";

const BROKEN = { error: { code: "stream_truncated", message: "cut" } } as const;
const said = (...texts: string[]): ScriptedAttempt => [...texts.map((delta) => ({ delta })), { finish: "stop" }];
const cutAfter = (...texts: string[]): ScriptedAttempt => [...texts.map((delta) => ({ delta })), BROKEN];
const cutByLength = (...texts: string[]): ScriptedAttempt => [
  ...texts.map((delta) => ({ delta })),
  { usage: { input: 10, output: 5 } },
  { finish: "length" },
];

async function streamed(made: ReturnType<typeof factoryOf>, options = {}) {
  const events: ModelEvent[] = [];
  const stream = made.model.stream("write", options);
  const read = async () => {
    for await (const event of stream) events.push(event);
    return await stream.reply;
  };
  const reply = await made.clock.settle(read());
  const text = events.map((event) => (event.type === "text-delta" ? event.text : "")).join("");
  return { events, text, reply };
}

function askedOf(made: ReturnType<typeof factoryOf>, entry: string) {
  return made.dialects[entry]?.calls.map(({ call }) => call.request.messages.map(({ role }) => role).join(" ")) ?? [];
}

const failureOf = async (clock: FakeClock, call: Promise<unknown>): Promise<ModelError> =>
  (await clock.settle(call.catch((error: unknown) => error))) as ModelError;

describe('a stream that breaks with on_break = "continue"', () => {
  const toml = '[defaults]\non_break = "continue"';

  it("is continued by the next attempt, and the reader gets one text", async () => {
    const made = factoryOf({ a: [cutAfter("one two ", "three "), said("four ", "five")] }, toml);
    const { text, reply, events } = await streamed(made);
    expect([text, reply.text]).toEqual(["one two three four five", text]);
    expect(events.some(({ type }) => type === "reset")).toBe(false);
    expect(askedOf(made, "a")).toEqual(["user", "user assistant user"]);
    expect(made.dialects["a"]?.calls[1]?.call.request.messages[1]).toEqual({
      role: "assistant",
      content: "one two three ",
    });
  });

  it("is continued by a fallback, which `start` and an adjustment report", async () => {
    const made = factoryOf(
      { a: [cutAfter("one ")], b: [said("two")] },
      `${toml}\nnum_retries = 0\nfallback_models = ["b"]`,
    );
    const { text, reply, events } = await streamed(made);
    expect([text, reply.model]).toEqual(["one two", "b"]);
    expect(events.filter(({ type }) => type === "start")).toMatchObject([{ model: "a" }, { model: "b" }]);
    expect(reply.adjustments).toMatchObject([{ setting: "on_break", reason: expect.stringContaining("b continued") }]);
    expect(reply.attempts.map(({ model, outcome }) => [model, outcome])).toEqual([["a", "error"], ["b", "ok"]]); // biome-ignore format: rows
  });

  it("starts again on the fallback when the delivered text cannot be continued", async () => {
    const loop: ScriptedAttempt = [...Array.from({ length: 100 }, () => ({ delta: "again " })), { finish: "stop" }];
    const made = factoryOf({ a: [loop], b: ["fine"] }, `${toml}\nnum_retries = 0\nfallback_models = ["b"]`);
    const { reply, events } = await streamed(made);
    expect([reply.text, reply.model]).toEqual(["fine", "b"]);
    expect(events.filter(({ type }) => type === "reset")).toMatchObject([
      { reason: expect.stringContaining("b starts again") },
    ]);
    expect(askedOf(made, "b")).toEqual(["user"]);
  });

  it("counts the tokens of all its requests", async () => {
    const used: ScriptedAttempt = [{ delta: "rest" }, { usage: { input: 40, output: 7 } }, { finish: "stop" }];
    const made = factoryOf({ a: [cutAfter("begun "), used] }, toml);
    const { reply } = await streamed(made);
    const [first, second] = reply.attempts;
    expect(second?.usage).toMatchObject({ input: 40, output: 7 });
    expect(reply.usage.total).toBe((first?.usage?.total ?? 0) + 47);
    expect(reply.usage.estimated).toBe(true);
  });

  it.each([
    ["its last words", ["the quick brown fox ", "jumps over"], ["fox jumps over the dog"], "the quick brown fox jumps over the dog"], // biome-ignore format: rows
    ["its last line", ["alpha\n", "line2\n"], ["li", "ne2", "\nline3"], "alpha\nline2\nline3"],
    ["everything", ["alpha beta"], ["alpha", " beta", " gamma"], "alpha beta gamma"],
    ["a bracket, which is meant", ["if (a) {\n}\n"], ["}\n", "done"], "if (a) {\n}\n}\ndone"],
    ["a word that only looks like it", ["banana"], ["nap"], "banananap"],
  ])("removes text that the continuation repeats: %s", async (_what, first, second, whole) => {
    const made = factoryOf({ a: [cutAfter(...first), said(...second)] }, toml);
    expect((await streamed(made)).text).toBe(whole);
  });

  it("continues from all delivered text when it breaks twice", async () => {
    const made = factoryOf({ a: [cutAfter("one "), cutAfter("two "), said("three")] }, toml);
    expect((await streamed(made)).text).toBe("one two three");
    expect(made.dialects["a"]?.calls[2]?.call.request.messages.map(({ content }) => content)[1]).toBe("one two ");
  });

  it("reports the join once; attempts without output do not count", async () => {
    const silent: ScriptedAttempt = [{ error: { code: "overloaded", message: "busy" } }];
    const made = factoryOf(
      {
        a: [cutAfter("one "), silent],
        b: [[{ usage: { input: 9, output: 0 } }, BROKEN]],
        c: ["never"],
        d: [said("two")],
      },
      `${toml}\nnum_retries = 1\nfallback_models = ["b", "c", "d"]`,
    );
    made.factory.breakers.isolate("c");
    const { text, reply, events } = await streamed(made);
    expect(text).toBe("one two");
    const told = "a broke off (stream_truncated) after 4 characters; d continued from there";
    expect(reply.adjustments).toMatchObject([{ setting: "on_break", reason: told }]);
    expect(events.filter(({ type }) => type === "adjustment")).toHaveLength(1);
    const { attempts, usage } = reply;
    expect(attempts.map(({ model }) => model).join("")).toBe("aabbd");
    expect(usage.total).toBe((attempts[0]?.usage?.total ?? 0) + (attempts[4]?.usage?.total ?? 0));
  });

  it("starts again after a partial tool call, and for JSON answers", async () => {
    const call: ScriptedAttempt = [{ delta: "hm " }, { toolCall: { name: "f", arguments: {} } }, BROKEN];
    const made = factoryOf({ a: [call, said("fresh")] }, toml);
    const { events, reply } = await streamed(made);
    expect(events.filter(({ type }) => type === "reset")).toHaveLength(1);
    expect([reply.text, askedOf(made, "a")]).toEqual(["fresh", ["user", "user"]]);

    const json = factoryOf({ a: [cutAfter('{"a"'), said('{"a":1}')] }, toml);
    expect((await streamed(json, { responseFormat: { type: "json_object" } })).reply.text).toBe('{"a":1}');
    expect(askedOf(json, "a")).toEqual(["user", "user"]);
  });

  it("fails with all delivered text when no target can continue", async () => {
    const made = factoryOf({ a: [cutAfter("one "), cutAfter("two ")] }, `${toml}\nnum_retries = 1`);
    const stream = made.model.stream("write");
    const error = await failureOf(made.clock, stream.reply);
    expect(error).toMatchObject({ code: "stream_truncated", partial: { text: "one two " } });
  });

  it("starts codegen again instead of continuing", async () => {
    const made = factoryOf({ a: [cutAfter("one "), said("whole")] }, toml);
    expect((await made.clock.settle(made.model.codegen("write"))).text).toBe("whole");
    expect(askedOf(made, "a")).toEqual(["user", "user"]);
  });
});

describe("an answer that reaches the token limit", () => {
  const script = [cutByLength("one\n", "two two\n"), cutByLength("two two\n", "three\n"), said("four")];

  it("is continued continue_on_length times, as one text with the usage of all requests", async () => {
    const made = factoryOf({ a: script }, "[defaults]\ncontinue_on_length = 5");
    const reply = await made.clock.settle(made.model.codegen("write"));
    expect(reply).toMatchObject({ text: "one\ntwo two\nthree\nfour", finishReason: "stop" });
    expect(reply.attempts).toHaveLength(3);
    const total = reply.attempts.reduce((sum, { usage }) => sum + (usage?.total ?? 0), 0);
    expect(reply.usage.total).toBe(total);
    const streams = factoryOf({ a: script }, "[defaults]\ncontinue_on_length = 5");
    const { text, events } = await streamed(streams);
    expect(text).toBe(reply.text);
    expect(events.filter(({ type }) => type === "finish")).toHaveLength(1);
  });

  it("keeps its token limit, and is not continued by default", async () => {
    const once = factoryOf({ a: script }, "[defaults]\ncontinue_on_length = 1");
    const reply = await once.clock.settle(once.model.codegen("write"));
    expect(reply).toMatchObject({ text: "one\ntwo two\nthree\n", finishReason: "length" });
    const never = factoryOf({ a: script });
    expect(await never.clock.settle(never.model.codegen("write"))).toMatchObject({ text: "one\ntwo two\n" });
    expect(never.dialects["a"]?.calls).toHaveLength(1);
  });

  it("can be enabled per call", async () => {
    const made = factoryOf({ a: script });
    const reply = await made.clock.settle(made.model.codegen("write", { continueOnLength: 2 }));
    expect(reply.finishReason).toBe("stop");
  });

  it("starts again completely when a later part breaks in codegen", async () => {
    const made = factoryOf(
      { a: [cutByLength("one "), cutAfter("two "), said("whole")] },
      "[defaults]\ncontinue_on_length = 2",
    );
    const reply = await made.clock.settle(made.model.codegen("write"));
    expect(reply.text).toBe("whole");
    expect(askedOf(made, "a")).toEqual(["user", "user assistant user", "user"]);
  });

  it("can be continued the full number of times after a restart", async () => {
    const script = [cutByLength("one "), cutAfter("two "), cutByLength("three "), said("four")];
    const made = factoryOf({ a: script }, "[defaults]\ncontinue_on_length = 1");
    expect((await made.clock.settle(made.model.codegen("write"))).text).toBe("three four");
  });

  it("does not retry forever when parts fail alternately", async () => {
    const turns = Array.from({ length: 20 }, (_, turn) => [cutByLength(`${turn} `), cutAfter("lost ")]).flat();
    const asked = async (retries: number) => {
      const toml = `[defaults]\ncontinue_on_length = 1\nnum_retries = ${retries}`;
      const made = factoryOf({ a: turns }, toml);
      const { text, finishReason } = await made.clock.settle(made.model.codegen("write"));
      return { text, finishReason, requests: made.dialects["a"]?.calls.length };
    };
    expect(await asked(1)).toEqual({ text: "2 ", finishReason: "length", requests: 5 });
    expect(await asked(2)).toEqual({ text: "3 ", finishReason: "length", requests: 7 });
  });

  it("is not duplicated when the continuation repeats it and reaches the same limit", async () => {
    const again = ["one two ", "three four "];
    const script = [cutByLength(...again), cutByLength("one two ", "three"), said(...again, "five")];
    const made = factoryOf({ a: script }, "[defaults]\ncontinue_on_length = 2");
    const reply = await made.clock.settle(made.model.codegen("write"));
    expect(reply).toMatchObject({ text: "one two three four five", finishReason: "stop" });
    expect(reply.attempts).toHaveLength(3);
  });

  it("is continued as often as the answering entry allows", async () => {
    const busy: ScriptedAttempt = [{ error: { code: "overloaded", message: "busy" } }];
    // Keys that come before any table are those of the last entry.
    const toml = 'continue_on_length = 1\n[defaults]\nnum_retries = 0\nfallback_models = ["b"]';
    const made = factoryOf({ a: [busy], b: [cutByLength("one "), said("two")] }, toml);
    const reply = await made.clock.settle(made.model.codegen("write"));
    expect(reply).toMatchObject({ text: "one two", finishReason: "stop", model: "b" });
  });

  it("is continued when finish, text and usage arrive in one chunk", async () => {
    const events: FlowEvent[] = [
      { type: "text-delta", text: "one ", sample: 0 },
      { type: "usage", usage: usageOf({ input: 10, output: 5 }) },
      { type: "finish", reason: "length", sample: 0 },
    ];
    const script: ScriptedAttempt[] = [
      [{ events }],
      [{ delta: "two" }, { usage: { input: 20, output: 3 } }, { finish: "stop" }],
    ];
    const made = factoryOf({ a: script }, "[defaults]\ncontinue_on_length = 1");
    const { text, events: shown, reply } = await streamed(made);
    expect([text, reply.usage.input, reply.usage.output]).toEqual(["one two", 30, 8]);
    expect(shown.filter(({ type }) => type === "finish")).toMatchObject([{ reason: "stop" }]);
    expect(askedOf(made, "a")).toEqual(["user", "user assistant user"]);
  });

  it("is continued when usage arrives after finish", async () => {
    const late: ScriptedAttempt = [{ delta: "one " }, { finish: "length" }, { usage: { input: 10, output: 5 } }];
    const made = factoryOf({ a: [late, said("two")] }, "[defaults]\ncontinue_on_length = 1");
    const reply = await made.clock.settle(made.model.codegen("write"));
    expect(reply).toMatchObject({ text: "one two", finishReason: "stop" });
    expect(reply.usage.total).toBe(15 + (reply.attempts[1]?.usage?.total ?? 0));
  });

  it("is not continued when it is JSON", async () => {
    const made = factoryOf({ a: [cutByLength('{"a":')] }, "[defaults]\ncontinue_on_length = 2");
    const asking = made.model.codegen("write", { responseFormat: { type: "json_object" } });
    expect(await made.clock.settle(asking)).toMatchObject({ finishReason: "length" });
    expect(made.dialects["a"]?.calls).toHaveLength(1);
  });
});

describe("a second request after hedge_after", () => {
  const toml = '[defaults]\nhedge_after = "200ms"\nfallback_models = ["b"]';
  const slow = (delayMs: number, text: string): ScriptedAttempt => [{ delayMs }, { delta: text }, { finish: "stop" }];

  it("answers when the first is silent; the first is closed and both are accounted", async () => {
    const made = factoryOf({ a: [[{ hang: true }]], b: [slow(100, "from b")] }, toml);
    const reply = await made.clock.settle(made.model.codegen("hi"));
    expect(reply).toMatchObject({ text: "from b", model: "b", cost: { estimated: true } });
    expect(made.clock.monotonic()).toBe(300);
    expect(reply.attempts.map(({ model, outcome, possiblyBilled }) => [model, outcome, possiblyBilled])).toEqual([
      ["a", "aborted", true],
      ["b", "ok", false],
    ]);
    expect(made.dialects["a"]?.calls[0]?.end).not.toBe("open");
    expect(made.clock.pending).toBe(0);
  });

  it("is not sent when the first answers in time, and is closed when the first wins", async () => {
    const quick = factoryOf({ a: [slow(150, "a")], b: ["b"] }, toml);
    expect((await quick.clock.settle(quick.model.codegen("hi"))).text).toBe("a");
    expect([quick.dialects["b"]?.calls, quick.clock.pending]).toEqual([[], 0]);

    const close = factoryOf({ a: [slow(250, "a")], b: [slow(500, "b")] }, toml);
    const reply = await close.clock.settle(close.model.codegen("hi"));
    expect([reply.model, reply.attempts.map(({ outcome }) => outcome).sort()]).toEqual(["a", ["aborted", "ok"]]);
    expect(close.clock.monotonic()).toBe(250);
  });

  it("is not sent when the first token arrives in time", async () => {
    const made = factoryOf({ a: [[{ delta: "a" }, { delayMs: 900 }, { finish: "stop" }]], b: ["b"] }, toml);
    expect((await made.clock.settle(made.model.codegen("hi"))).text).toBe("a");
    expect(made.dialects["b"]?.calls).toEqual([]);
  });

  it("is reported as the failed one when it breaks off, and is not retried", async () => {
    const three = `${toml.replace('["b"]', '["b", "c"]')}\non_break = "restart"`;
    const made = factoryOf({ a: [[{ hang: true }]], b: [cutAfter("half")], c: ["whole"] }, `${three}\nnum_retries = 0`);
    const { events, reply } = await streamed(made);
    expect([reply.text, reply.model]).toEqual(["whole", "c"]);
    const resets = events.filter(({ type }) => type === "reset");
    expect(resets).toMatchObject([{ reason: "b broke off (stream_truncated); c starts again" }]);
    expect(made.dialects["b"]?.calls).toHaveLength(1);
  });

  it("to the same model does not wrap the error", async () => {
    const failing: ScriptedAttempt = [{ delayMs: 300 }, { error: { code: "unauthorized", message: "no" } }];
    const made = factoryOf({ a: [failing] }, '[defaults]\nhedge_after = "200ms"');
    const error = await failureOf(made.clock, made.model.codegen("hi"));
    expect([error.code, error.errors]).toEqual(["unauthorized", []]);
    expect(made.dialects["a"]?.calls).toHaveLength(2);
  });

  it("goes to the same model without a fallback", async () => {
    const made = factoryOf({ a: [[{ hang: true }], "second try"] }, '[defaults]\nhedge_after = "200ms"');
    const reply = await made.clock.settle(made.model.codegen("hi"));
    expect([reply.text, reply.attempts.length]).toEqual(["second try", 2]);
  });

  it("continues when the first fails, and its failure does not affect the first", async () => {
    const failing: ScriptedAttempt = [{ delayMs: 250 }, { error: { code: "unauthorized", message: "no" } }];
    const first = factoryOf({ a: [failing], b: [slow(400, "b")] }, toml);
    expect((await first.clock.settle(first.model.codegen("hi"))).text).toBe("b");
    const second = factoryOf({ a: [slow(700, "a")], b: [failing] }, toml);
    expect((await second.clock.settle(second.model.codegen("hi"))).text).toBe("a");
  });

  it("fails with both errors when both fail", async () => {
    const failing = (code: "unauthorized" | "quota_exhausted", delayMs: number): ScriptedAttempt => [
      { delayMs },
      { error: { code, message: "no" } },
    ];
    const made = factoryOf({ a: [failing("unauthorized", 300)], b: [failing("quota_exhausted", 50)] }, toml);
    const error = await failureOf(made.clock, made.model.codegen("hi"));
    expect(error.code).toBe("all_models_failed");
    expect(error.errors.map(({ code }) => code).sort()).toEqual(["quota_exhausted", "unauthorized"]);
    expect(error.attempts).toHaveLength(2);
  });

  it("ends with the call when its caller aborts", async () => {
    const made = factoryOf({ a: [[{ hang: true }]], b: [[{ hang: true }]] }, toml);
    const controller = new AbortController();
    made.clock.schedule(() => controller.abort(), 400);
    const error = await failureOf(made.clock, made.model.codegen("hi", { signal: controller.signal }));
    expect([error.code, made.clock.monotonic(), made.clock.pending]).toEqual(["aborted", 400, 0]);
    expect(Object.values(made.dialects).flatMap(({ calls }) => calls.map(({ end }) => end))).not.toContain("open");
  });

  it("can serve the call after the winner breaks", async () => {
    const breaking: ScriptedAttempt = [{ delayMs: 250 }, { delta: "begun" }, { delayMs: 10 }, BROKEN];
    const made = factoryOf({ a: [breaking], b: [slow(500, "b1"), "whole"] }, `${toml}\nnum_retries = 0`);
    const reply = await made.clock.settle(made.model.codegen("hi"));
    expect([reply.model, reply.text]).toEqual(["b", "whole"]);
  });

  it("does not get a new set of retries when the winner breaks", async () => {
    const three = `${toml.replace('["b"]', '["b", "c"]')}\nnum_retries = 1\nretry_min_wait = "1s"\njitter = "none"`;
    const busy: ScriptedAttempt = [{ error: { code: "overloaded", message: "busy" } }];
    const breaking: ScriptedAttempt = [
      { delayMs: 250 },
      { delta: "begun" },
      { error: { code: "forbidden", message: "no" } },
    ];
    const made = factoryOf({ a: [breaking], b: [busy], c: ["whole"] }, three);
    const reply = await made.clock.settle(made.model.codegen("hi"));
    expect([reply.model, made.dialects["b"]?.calls.length]).toEqual(["c", 1]);
  });

  it("counts against the retry budget", async () => {
    const made = factoryOf(
      { a: [[{ hang: true }]] },
      '[defaults]\nhedge_after = "200ms"\ntimeout = "1s"\nnum_retries = 0\ncircuit_breaker = false',
    );
    const calls = Array.from({ length: 40 }, () => made.model.codegen("hi").catch((error: ModelError) => error.code));
    expect(new Set(await made.clock.settle(Promise.all(calls)))).toEqual(new Set(["timed_out"]));
    expect(made.dialects["a"]?.calls.length).toBeLessThanOrEqual(40 + 10 + 8 + 10);
  });
});
