import { describe, expect, it } from "vitest";
import { NO_COST } from "../../src/core/cost.ts";
import type { FlowEvent } from "../../src/core/event.ts";
import { ReplyFold } from "../../src/core/reply.ts";
import type { Reply } from "../../src/index.ts";
import { contentOf } from "../../src/interop/ai-sdk/answer.ts";
import { StreamParts } from "../../src/interop/ai-sdk/stream-parts.ts";

const START: FlowEvent = { type: "start", model: "coder", provider: "acme", id: "a1" };
const FINISH: FlowEvent = { type: "finish", reason: "stop", sample: 0 };
const text = (words: string, sample = 0): FlowEvent => ({ type: "text-delta", text: words, sample });
const changed = (setting: string): FlowEvent => ({
  type: "adjustment",
  adjustment: { setting, from: 1, to: undefined, reason: "unsupported" },
});

function replyOf(events: readonly FlowEvent[]): Reply {
  const fold = new ReplyFold();
  for (const event of events) fold.push(event);
  const facts = { callId: "c", attempts: [], cost: NO_COST, latencyMs: 1, firstTokenMs: 1 };
  return fold.reply({ ...facts, requestId: undefined, rateLimit: undefined, raw: undefined });
}

function partsOf(events: readonly FlowEvent[]): readonly { readonly type: string }[] {
  const parts = new StreamParts([], []);
  for (const event of events) parts.push(event);
  parts.end(replyOf(events));
  return parts.take();
}

describe("parts of a stream for the AI SDK", () => {
  it("begin with the warnings, and later adjustments are in the metadata of the end", () => {
    const raw: FlowEvent = { type: "raw", event: { first: true } };
    const parts = partsOf([START, raw, changed("seed"), text("a"), changed("top_k"), text("b"), FINISH]);
    expect(parts).toEqual([
      { type: "stream-start", warnings: [{ type: "unsupported", feature: "seed", details: "unsupported" }] },
      { type: "response-metadata", id: "a1", modelId: "coder" },
      { type: "raw", rawValue: { first: true } },
      { type: "text-start", id: "text-1" },
      { type: "text-delta", id: "text-1", delta: "a" },
      { type: "text-delta", id: "text-1", delta: "b" },
      { type: "text-end", id: "text-1" },
      expect.objectContaining({ type: "finish", finishReason: { unified: "stop", raw: undefined } }),
    ]);
    const adjustments = [{ setting: "seed" }, { setting: "top_k" }];
    expect(parts.at(-1)).toMatchObject({ providerMetadata: { modelwright: { adjustments } } });
  });

  it("have the same signatures as the answer, whatever comes between", () => {
    const call = { kind: "custom", id: "c1", name: "f", arguments: { input: "x" }, json: '{"input":"x"}' } as const;
    const events: readonly FlowEvent[] = [
      START,
      { type: "reasoning-delta", text: "hm", sample: 0 },
      { type: "signature", part: "reasoning", signature: "s1", sample: 0 },
      { type: "signature", part: "reasoning", signature: "s2", redacted: true, sample: 0 },
      { type: "tool-call-start", index: 0, id: "c1", name: "f", sample: 0 },
      text("while"),
      { type: "tool-call-end", index: 0, call, sample: 0 },
      { type: "signature", part: "tool-call", index: 0, signature: "s3", sample: 0 },
      { type: "signature", part: "text", signature: "s4", sample: 0 },
      FINISH,
    ];
    const signed = (part: object) => ("providerMetadata" in part ? part.providerMetadata : undefined);
    const ends = partsOf(events).filter(({ type }) => /^(?:text|reasoning)-end$|^tool-call$/.test(type));
    expect(ends.map(signed)).toEqual(contentOf(replyOf(events), []).map(signed));
    expect(ends.map(({ type }) => type)).toEqual([
      "reasoning-end",
      "reasoning-end",
      "text-end",
      "tool-call",
      "text-end",
    ]);
    expect(JSON.stringify(ends)).toContain('{"modelwright":{"signature":"s3","owner":"acme","kind":"custom"}}');
  });

  it("show a refusal as text, and the first of several samples only", () => {
    const refusal: FlowEvent = { type: "refusal-delta", text: "No.", sample: 0 };
    const events = [START, refusal, text("other", 1), { ...FINISH, reason: "refusal" } as const];
    const parts = partsOf(events);
    expect(parts).toContainEqual({ type: "text-delta", id: "text-1", delta: "No." });
    expect(parts.at(-1)).toMatchObject({ finishReason: { unified: "content-filter" } });
    expect(JSON.stringify(parts)).not.toContain("other");
    expect(contentOf(replyOf(events), [])).toEqual([{ type: "text", text: "No." }]);
  });

  it("stop where the answer starts again, because they cannot be taken back", () => {
    const parts = new StreamParts([], []);
    for (const event of [START, text("a"), { type: "reset", reason: "broke" } as const, text("b")]) parts.push(event);
    expect(JSON.stringify(parts.take())).not.toContain('"b"');
  });
});
