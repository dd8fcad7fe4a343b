import { describe, expect, it } from "vitest";
import { z } from "zod";
import { isModelError } from "../../src/core/error.ts";
import type { ModelEvent } from "../../src/core/event.ts";
import { quiet } from "../harness/fake-clock.ts";
import { factoryOf } from "../harness/scripted-factory.ts";

const talk = [
  { delta: "one" },
  { delta: " two" },
  { usage: { input: 1_000_000, output: 500_000 } },
  { finish: "stop", raw: "end_turn" },
] as const;

async function all<T>(events: AsyncIterable<T>): Promise<T[]> {
  const seen: T[] = [];
  for await (const event of events) seen.push(event);
  return seen;
}

describe("a stream", () => {
  it("sends nothing before it is read", async () => {
    const { model, dialects } = factoryOf({ a: [talk] });
    const stream = model.stream("hi");
    await quiet();
    expect(dialects["a"]?.calls).toHaveLength(0);
    expect((await all(stream)).map(({ type }) => type)).toEqual([
      "start",
      "text-delta",
      "text-delta",
      "usage",
      "finish",
    ]);
    expect(dialects["a"]?.calls).toHaveLength(1);
  });

  it("throws for bad input where it is read, not where it is made", async () => {
    const { model } = factoryOf({ a: [talk] });
    const stream = model.stream("");
    await expect(all(stream)).rejects.toMatchObject({ code: "invalid_request" });
    await expect(stream.reply).rejects.toMatchObject({ code: "invalid_request" });
  });

  it("rejects a second reader", async () => {
    const { model } = factoryOf({ a: [talk] });
    const stream = model.stream("hi");
    await all(stream);
    await expect(all(stream)).rejects.toMatchObject({ code: "invalid_request" });
    await expect(all(stream.text)).rejects.toMatchObject({ code: "invalid_request" });
  });

  it("has a text-only view", async () => {
    const { model } = factoryOf({ a: [[{ reasoning: "hm" }, ...talk]] });
    expect(await all(model.stream("hi").text)).toEqual(["one", " two"]);
  });

  it("does not yield internal events", async () => {
    const { model } = factoryOf({
      a: [
        [
          {
            events: [
              { type: "response", id: "r" },
              { type: "refusal-delta", text: "no", sample: 0 },
            ],
          },
          { finish: "refusal" },
        ],
      ],
    });
    const stream = model.stream("hi");
    expect((await all(stream)).map(({ type }) => type)).toEqual(["start", "usage", "finish"]);
    expect(await stream.reply).toMatchObject({ refusal: "no", finishReason: "refusal", id: "r" });
  });

  it("has the same reply as codegen", async () => {
    const streamed = factoryOf({ a: [talk] });
    const stream = streamed.model.stream("hi");
    await all(stream);
    const reply = await stream.reply;
    expect(reply).toMatchObject({
      text: "one two",
      finishReason: "stop",
      rawFinishReason: "end_turn",
      model: "a",
      provider: "a",
      cost: { usd: 2 },
      usage: { total: 1_500_000 },
    });
    expect(reply.attempts).toHaveLength(1);
    expect(await factoryOf({ a: [talk] }).model.codegen("hi")).toEqual({ ...reply, callId: expect.any(String) });
  });

  it("is read to its end by `reply`", async () => {
    const { model } = factoryOf({ a: [talk] });
    expect((await model.stream("hi").reply).text).toBe("one two");
  });

  it("can be iterated after accessing `reply`", async () => {
    const { model } = factoryOf({ a: [talk] });
    const stream = model.stream("hi");
    const reply = stream.reply;
    expect(await all(stream)).toHaveLength(5);
    expect((await reply).text).toBe("one two");
  });

  it("closes everything when its reader breaks out; `reply` rejects aborted with the partial", async () => {
    const { model, dialects, clock } = factoryOf({ a: [[{ delta: "half" }, { hang: true }]] });
    const stream = model.stream("hi");
    for await (const event of stream) if (event.type === "text-delta") break;
    await expect(stream.reply).rejects.toMatchObject({ code: "aborted", partial: { text: "half" } });
    expect(dialects["a"]?.calls[0]?.end).toBe("left");
    expect(clock.pending).toBe(0);
  });

  it("has its reply when the reader stops at the last event", async () => {
    const { model, dialects } = factoryOf({ a: [talk] });
    const stream = model.stream("hi");
    for await (const event of stream) if (event.type === "finish") break;
    expect(await stream.reply).toMatchObject({ text: "one two", finishReason: "stop" });
    expect(dialects["a"]?.calls[0]?.end).toBe("complete");
  });

  it("yields nothing after its reader left", async () => {
    const { model } = factoryOf({
      a: [
        [
          {
            events: [
              { type: "text-delta", text: "a", sample: 0 },
              { type: "text-delta", text: "b", sample: 0 },
            ],
          },
          { finish: "stop" },
        ],
      ],
    });
    const iterator = model.stream("hi")[Symbol.asyncIterator]();
    await iterator.next();
    await iterator.return?.();
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });

  it("ends at once when closed while an event is awaited", async () => {
    const { model, dialects, clock } = factoryOf({ a: [[{ delta: "half" }, { hang: true }]] });
    const stream = model.stream("hi");
    const iterator = stream[Symbol.asyncIterator]();
    await iterator.next();
    await iterator.next();
    const pending = iterator.next().catch((error: unknown) => error);
    await quiet();
    await iterator.return?.();
    const settled = await pending;
    expect(isModelError(settled, "aborted") || (settled as IteratorResult<ModelEvent>).done).toBe(true);
    await expect(stream.reply).rejects.toMatchObject({ code: "aborted" });
    await quiet();
    expect(dialects["a"]?.calls[0]?.end).not.toBe("open");
    expect(clock.pending).toBe(0);
  });

  it.each(["text", "object"] as const)("can be closed while its %s is awaited", async (view) => {
    const { model, dialects, clock } = factoryOf({ a: [[{ delta: '{"a":1' }, { hang: true }]] });
    const views = {
      text: () => model.stream("hi").text,
      object: () => model.streamObject(z.object({ a: z.number() }), "hi"),
    };
    const iterator: AsyncIterator<unknown> = views[view]()[Symbol.asyncIterator]();
    await iterator.next();
    const pending = iterator.next();
    await quiet();
    await iterator.return?.();
    expect(await pending).toMatchObject({ done: true });
    await quiet();
    expect(dialects["a"]?.calls[0]?.end).not.toBe("open");
    expect(clock.pending).toBe(0);
  });

  it("yields text in order to a reader that does not await", async () => {
    const { model } = factoryOf({
      a: [[{ reasoning: "x" }, { delta: "a" }, { reasoning: "y" }, { delta: "b" }, { delta: "c" }, { finish: "stop" }]],
    });
    const iterator = model.stream("hi").text[Symbol.asyncIterator]();
    const steps = await Promise.all(Array.from({ length: 5 }, () => iterator.next()));
    expect(steps.map(({ value }) => value)).toEqual(["a", "b", "c", undefined, undefined]);
  });

  it("yields each event once and in order to a reader that does not await", async () => {
    const { model } = factoryOf({
      a: [
        [
          {
            events: [
              { type: "text-delta", text: "a", sample: 0 },
              { type: "text-delta", text: "b", sample: 0 },
            ],
          },
          { delta: "c" },
          { finish: "stop" },
        ],
      ],
    });
    const iterator = model.stream("hi")[Symbol.asyncIterator]();
    const steps = await Promise.all(Array.from({ length: 8 }, () => iterator.next()));
    const shown = steps.flatMap(({ done, value }) =>
      done ? [] : [value.type === "text-delta" ? value.text : value.type],
    );
    expect(shown).toEqual(["start", "a", "b", "c", "usage", "finish"]);
  });

  it("yields events in order when next() is called while a batch arrives", async () => {
    const { model } = factoryOf({
      a: [
        [
          {
            events: [
              { type: "text-delta", text: "a", sample: 0 },
              { type: "text-delta", text: "b", sample: 0 },
            ],
          },
          { finish: "stop" },
        ],
      ],
    });
    const iterator = model.stream("hi")[Symbol.asyncIterator]();
    const steps: Promise<IteratorResult<ModelEvent>>[] = [];
    let over = false;
    const ask = () => {
      const step = iterator.next();
      steps.push(step);
      void step.then(({ done }) => {
        over ||= done === true;
      });
    };
    // One step per turn of the microtask queue: some are asked for between a batch's arrival and the first reader's turn.
    while (!over && steps.length < 10_000) {
      ask();
      await null;
    }
    const shown = (await Promise.all(steps)).flatMap(({ done, value }) =>
      done ? [] : [value.type === "text-delta" ? value.text : value.type],
    );
    expect(shown).toEqual(["start", "a", "b", "usage", "finish"]);
  });

  it("throws the error once and is then done; `reply` rejects with the same error", async () => {
    const { model } = factoryOf({ a: [[{ delta: "half" }, { error: { code: "stream_truncated", message: "cut" } }]] });
    const stream = model.stream("hi");
    const iterator = stream[Symbol.asyncIterator]();
    await iterator.next();
    await iterator.next();
    const error = await iterator.next().catch((failure: unknown) => failure);
    expect(error).toMatchObject({
      code: "stream_truncated",
      partial: { text: "half" },
      attempts: [{ outcome: "error", possiblyBilled: true }],
    });
    expect(await iterator.next()).toMatchObject({ done: true });
    await expect(stream.reply).rejects.toBe(error);
  });

  it("leaves no unhandled rejection when `reply` is unused", async () => {
    const { model } = factoryOf({ a: [[{ error: { code: "invalid_request", message: "no" } }]] });
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => void unhandled.push(reason);
    process.on("unhandledRejection", note);
    await all(model.stream("hi")).catch(() => {});
    await model
      .stream("hi")
      .text[Symbol.asyncIterator]()
      .next()
      .catch(() => {});
    await quiet();
    process.off("unhandledRejection", note);
    expect(unhandled).toEqual([]);
  });

  it("is aborted by the caller's signal with the partial, and leaves no listener", async () => {
    const { model, clock } = factoryOf({ a: [[{ delta: "half" }, { hang: true }]] });
    const controller = new AbortController();
    const stream = model.stream("hi", { signal: controller.signal });
    const reading = all(stream).catch((error: unknown) => error);
    await quiet();
    controller.abort("enough");
    expect(await reading).toMatchObject({ code: "aborted", cause: "enough", partial: { text: "half" } });
    expect(clock.pending).toBe(0);
  });

  it('restarts only with on_break = "restart"', async () => {
    const broken = [{ delta: "half" }, { error: { code: "stream_truncated", message: "cut" } }] as const;
    const plain = factoryOf({ a: [broken, talk] });
    await expect(plain.clock.settle(all(plain.model.stream("hi")))).rejects.toMatchObject({ code: "stream_truncated" });
    const again = factoryOf({ a: [broken, talk] }, '[defaults]\non_break = "restart"');
    const stream = again.model.stream("hi");
    expect((await again.clock.settle(all(stream))).map(({ type }) => type)).toContain("reset");
    expect(await stream.reply).toMatchObject({ text: "one two", attempts: [{ outcome: "error" }, { outcome: "ok" }] });
  });
});

describe("the text of a stream that starts again", () => {
  const brokenAfter = (text: string) =>
    [...(text === "" ? [] : [{ delta: text }]), { error: { code: "stream_truncated", message: "cut" } }] as const;

  it("ends with an error after delivered text instead of repeating it", async () => {
    const { model, clock } = factoryOf({ a: [brokenAfter("half"), talk] }, '[defaults]\non_break = "restart"');
    const stream = model.stream("hi");
    const seen: string[] = [];
    const reading = (async () => {
      for await (const text of stream.text) seen.push(text);
    })();
    await expect(clock.settle(reading)).rejects.toMatchObject({
      code: "stream_truncated",
      message: expect.stringContaining("hold"),
      callId: expect.any(String),
      attempts: [{ outcome: "error" }],
    });
    expect(seen).toEqual(["half"]);
    await expect(stream.reply).rejects.toMatchObject({ code: "aborted" });
    expect(clock.pending).toBe(0);
  });

  it("is that of the new answer when nothing was delivered", async () => {
    const { model, clock } = factoryOf({ a: [brokenAfter(""), talk] }, '[defaults]\non_break = "restart"');
    expect(await clock.settle(all(model.stream("hi").text))).toEqual(["one", " two"]);
  });
});

describe("codegen", () => {
  it("always recovers from an answer that broke", async () => {
    const { model, clock } = factoryOf({
      a: [[{ delta: "half" }, { error: { code: "stream_truncated", message: "cut" } }], talk],
    });
    const reply = await clock.settle(model.codegen("hi"));
    expect(reply).toMatchObject({
      text: "one two",
      attempts: [{ outcome: "error", possiblyBilled: true }, { outcome: "ok" }],
      // The half answer counts as estimated: eight prompt tokens and one of the answer.
      cost: { usd: expect.closeTo(2.00001, 6), estimated: true },
    });
  });

  it("uses a fallback when the target keeps failing", async () => {
    const { model, clock, dialects } = factoryOf(
      { a: [[{ delta: "half" }, { error: { code: "stream_truncated", message: "cut" } }]], b: [talk] },
      '[defaults]\nfallback_models = ["b"]\nnum_retries = 1',
    );
    const reply = await clock.settle(model.codegen("hi"));
    expect(reply).toMatchObject({ text: "one two", model: "b" });
    expect(reply.attempts.map(({ model }) => model)).toEqual(["a", "a", "b"]);
    expect(dialects["a"]?.calls).toHaveLength(2);
  });

  it("never throws with safeCodegen", async () => {
    const { model } = factoryOf({ a: [[{ error: { code: "unauthorized", message: "no" } }]] });
    expect(await model.safeCodegen("hi")).toMatchObject({
      ok: false,
      error: { code: "unauthorized", attempts: [{ outcome: "error" }] },
    });
    expect(await factoryOf({ a: [talk] }).model.safeCodegen("hi")).toMatchObject({
      ok: true,
      reply: { text: "one two" },
    });
  });
});
