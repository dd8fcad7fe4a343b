import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NO_COST } from "../../src/core/cost.ts";
import type { FlowEvent } from "../../src/core/event.ts";
import { ReplyFold, unfold } from "../../src/core/reply.ts";
import { usageOf } from "../../src/core/usage.ts";

const FACTS = {
  callId: "call-1",
  attempts: [],
  cost: NO_COST,
  latencyMs: 5,
  firstTokenMs: 1,
  requestId: "req",
  rateLimit: undefined,
  raw: undefined,
};
const START: FlowEvent = { type: "start", model: "main", provider: "p", id: "r1" };
const stop: FlowEvent = { type: "finish", reason: "stop", sample: 0 };
const says = (text: string, sample = 0): FlowEvent => ({ type: "text-delta", text, sample });
const thinks = (text: string): FlowEvent => ({ type: "reasoning-delta", text, sample: 0 });

function fold(events: readonly FlowEvent[]) {
  const folding = new ReplyFold();
  for (const event of events) folding.push(event);
  const partial = folding.partial();
  return { partial, reply: folding.reply(FACTS) };
}

const callEvents = (index: number, id: string, args: unknown): FlowEvent[] => {
  const json = JSON.stringify(args);
  return [
    { type: "tool-call-start", index, id, name: "f", sample: 0 },
    { type: "tool-call-delta", index, json, sample: 0 },
    { type: "tool-call-end", index, call: { id, name: "f", arguments: JSON.parse(json), json }, sample: 0 },
  ];
};

describe("the fold of events", () => {
  it("joins text, reasoning and calls, and keeps their order in the message", () => {
    const { reply } = fold([
      START,
      thinks("h"),
      thinks("m"),
      { type: "signature", part: "reasoning", signature: "S", sample: 0 },
      says("a"),
      says("b"),
      ...callEvents(0, "c1", { x: 1 }),
      { type: "usage", usage: usageOf({ input: 1, output: 2 }) },
      { type: "finish", reason: "tool-calls", raw: "tool_use", sample: 0 },
    ]);
    expect(reply).toMatchObject({
      text: "ab",
      reasoning: "hm",
      finishReason: "tool-calls",
      rawFinishReason: "tool_use",
      model: "main",
      provider: "p",
      id: "r1",
      requestId: "req",
      usage: { total: 3 },
    });
    expect(reply.message.content).toEqual([
      { type: "reasoning", text: "hm", signature: "S", owner: "p" },
      { type: "text", text: "ab" },
      { type: "tool-call", id: "c1", name: "f", arguments: { x: 1 } },
    ]);
  });

  it("has string content when there is only text", () => {
    expect(fold([START, says("a"), says("b"), stop]).reply.message).toEqual({ role: "assistant", content: "ab" });
  });

  it("starts a new part after a signature, even without text", () => {
    const { reply } = fold([
      START,
      { type: "signature", part: "reasoning", signature: "R", redacted: true, sample: 0 },
      thinks("x"),
      { type: "signature", part: "reasoning", signature: "S", sample: 0 },
      stop,
    ]);
    expect(reply.message.content).toEqual([
      { type: "reasoning", text: "", signature: "R", owner: "p", redacted: true },
      { type: "reasoning", text: "x", signature: "S", owner: "p" },
    ]);
  });

  it("keeps unsigned reasoning beside redacted reasoning", () => {
    const { reply } = fold([
      START,
      thinks("x"),
      { type: "signature", part: "reasoning", signature: "R", redacted: true, sample: 0 },
      stop,
    ]);
    expect(reply.message.content).toEqual([
      { type: "reasoning", text: "x" },
      { type: "reasoning", text: "", signature: "R", owner: "p", redacted: true },
    ]);
  });

  it("clears everything except the target at a reset", () => {
    const { reply } = fold([
      START,
      says("void"),
      ...callEvents(0, "c", {}),
      { type: "usage", usage: usageOf({ input: 9, output: 9 }) },
      { type: "reset", reason: "x" },
      says("whole"),
      stop,
    ]);
    expect(reply).toMatchObject({ text: "whole", toolCalls: [], model: "main", usage: { total: 0 } });
  });

  it("keeps only the adjustments of the answering target", () => {
    const adjustment = (setting: string): FlowEvent => ({
      type: "adjustment",
      adjustment: { setting, from: 1, to: undefined, reason: "r" },
    });
    const { reply } = fold([
      START,
      adjustment("a"),
      says("x"),
      { type: "reset", reason: "x" },
      { ...START, model: "b" } as FlowEvent,
      adjustment("b"),
      says("y"),
      stop,
    ]);
    expect(reply.model).toBe("b");
    expect(reply.adjustments.map(({ setting }) => setting)).toEqual(["b"]);
  });

  it("keeps adjustments that differ only in their value", () => {
    const adjustment = (from: unknown): FlowEvent => ({
      type: "adjustment",
      adjustment: { setting: "schema", from, to: undefined, reason: "r" },
    });
    const { reply } = fold([START, adjustment({ maxLength: 5 }), adjustment({ maxLength: 6 }), says("x"), stop]);
    expect(reply.adjustments).toHaveLength(2);
  });

  it("reports an adjustment once, even after retries", () => {
    const adjustment: FlowEvent = {
      type: "adjustment",
      adjustment: { setting: "seed", from: 1, to: undefined, reason: "r" },
    };
    const { reply } = fold([START, adjustment, says("x"), { type: "reset", reason: "x" }, adjustment, says("y"), stop]);
    expect(reply.adjustments).toHaveLength(1);
  });

  it("keeps samples separate, with the first one as the reply", () => {
    const { reply, partial } = fold([
      START,
      says("one", 0),
      says("two", 1),
      { type: "usage", usage: usageOf({ input: 1, output: 4 }) },
      stop,
      { type: "finish", reason: "length", sample: 1 },
    ]);
    expect(reply.text).toBe("one");
    expect(reply.samples?.map(({ text, finishReason }) => [text, finishReason])).toEqual([
      ["one", "stop"],
      ["two", "length"],
    ]);
    expect(reply.samples?.reduce((sum, sample) => sum + sample.usage.total, 0)).toBe(reply.usage.total);
    expect(partial?.samples).toHaveLength(2);
  });

  it("has a partial if something arrived", () => {
    expect(fold([START]).partial).toBeUndefined();
    expect(fold([START, says("half")]).partial).toEqual({ text: "half", reasoning: "", toolCalls: [] });
    expect(fold([{ type: "usage", usage: usageOf({ input: 3, output: 0 }) }]).partial).toMatchObject({
      text: "",
      usage: { input: 3 },
    });
  });

  it("is serializable as JSON", () => {
    const { reply } = fold([START, says("a"), stop]);
    expect(JSON.parse(JSON.stringify(reply))).toMatchObject({ text: "a", finishReason: "stop", cost: { usd: 0 } });
  });

  it("ignores events that are not part of an answer", () => {
    expect(fold([START, { type: "raw", event: { any: 1 } }, says("a"), stop]).reply.text).toBe("a");
  });
});

describe("unfold", () => {
  const word = fc.string({ minLength: 1, maxLength: 12 });
  const step: fc.Arbitrary<(index: number) => FlowEvent[]> = fc.oneof(
    word.map((text) => () => [says(text)]),
    word.map((text) => () => [thinks(text)]),
    word.map((signature) => (): FlowEvent[] => [{ type: "signature", part: "reasoning", signature, sample: 0 }]),
    word.map((signature) => (): FlowEvent[] => [{ type: "signature", part: "text", signature, sample: 0 }]),
    fc
      .tuple(word, fc.dictionary(word, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3 }), fc.option(word))
      .map(([id, args, signature]) => (index: number): FlowEvent[] => [
        ...callEvents(index, `${id}${index}`, args),
        ...(signature === null ? [] : [{ type: "signature", part: "tool-call", index, signature, sample: 0 } as const]),
      ]),
    word.map((text) => (): FlowEvent[] => [{ type: "refusal-delta", text, sample: 0 }]),
  );

  it("returns events that fold to the same reply", () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 10 }),
        fc.constantFrom("stop", "length", "refusal", "unknown"),
        fc.nat(1_000),
        (steps, reason, tokens) => {
          let calls = 0;
          const middle = steps.flatMap((make) => {
            const events = make(calls);
            if (events.some(({ type }) => type === "tool-call-end")) calls++;
            return events;
          });
          const finish: FlowEvent = { type: "finish", reason: reason as "stop", raw: "raw", sample: 0 };
          const { reply } = fold([
            START,
            { type: "adjustment", adjustment: { setting: "a", from: 1, to: 2, reason: "r" } },
            ...middle,
            { type: "usage", usage: usageOf({ input: tokens, output: 1 }) },
            finish,
          ]);
          expect(fold(unfold(reply)).reply).toEqual(reply);
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
