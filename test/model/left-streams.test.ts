import { describe, expect, it } from "vitest";
import type { ModelEvent, ModelStream } from "../../src/index.ts";
import { quiet } from "../harness/fake-clock.ts";
import { factoryOf } from "../harness/scripted-factory.ts";

const LIMITS = '[defaults]\ntimeout = "10s"\nidle_timeout = "8s"\n';
const SLOT = `${LIMITS}max_parallel = 1\nqueue = 0\n`;
const PROBED = `${LIMITS}num_retries = 0\ncircuit_breaker = { threshold = 1, half_open_after = "1s" }\n`;
const word = (text: string) => ({ type: "text-delta", text, sample: 0 }) as const;
const endless = [{ delta: "half" }, { hang: true }] as const;
const down = [{ error: { code: "server_error", message: "down", status: 500 } }] as const;

/** Takes events up to the first text. */
async function readOnce(stream: ModelStream): Promise<AsyncIterator<ModelEvent>> {
  const iterator = stream[Symbol.asyncIterator]();
  while ((await iterator.next()).value?.type !== "text-delta");
  return iterator;
}

async function rest(iterator: AsyncIterator<ModelEvent>): Promise<{ text: string; error: unknown }> {
  let text = "";
  try {
    for (let step = await iterator.next(); !step.done; step = await iterator.next())
      if (step.value.type === "text-delta") text += step.value.text;
    return { text, error: undefined };
  } catch (error) {
    return { text, error };
  }
}

describe("a stream that is read once and abandoned", () => {
  it("holds its slot while the reader pauses, and releases it after timeout", async () => {
    const { model, clock, dialects } = factoryOf({ a: [endless, "fine"] }, SLOT);
    await readOnce(model.stream("hi"));
    await clock.advance(9_999);
    await expect(model.codegen("hi")).rejects.toMatchObject({ code: "bulkhead_full" });
    await clock.advance(1);
    expect(dialects["a"]?.calls[0]?.end).toBe("left");
    expect((await model.codegen("hi")).text).toBe("fine");
    expect(clock.pending).toBe(0);
  });

  it("throws timed_out with the partial when the reader returns, without a fallback", async () => {
    const { model, clock, dialects, factory } = factoryOf(
      { a: [endless], b: ["other"] },
      `${LIMITS}fallback_models = ["b"]\non_break = "restart"\n`,
    );
    const stream = model.stream("hi");
    const iterator = await readOnce(stream);
    await clock.advance(10_000);
    const { error } = await rest(iterator);
    expect(error).toMatchObject({
      code: "timed_out",
      phase: "attempt",
      message: "a (a-model): the reader did not read the stream within 10 s (timeout)",
      partial: { text: "half" },
      attempts: [{ outcome: "error", error: { code: "timed_out" }, possiblyBilled: true }],
    });
    await expect(stream.reply).rejects.toBe(error);
    expect(await iterator.next()).toMatchObject({ done: true });
    expect(dialects["b"]?.calls).toHaveLength(0);
    expect(factory.usage()).toMatchObject({ calls: 1, requests: 1 });
  });

  it("delivers buffered events before it throws", async () => {
    const { model, clock } = factoryOf({ a: [[{ events: [word("one "), word("two")] }, { hang: true }]] }, LIMITS);
    const iterator = await readOnce(model.stream("hi"));
    await clock.advance(10_000);
    expect(await rest(iterator)).toMatchObject({ text: "two", error: { partial: { text: "one two" } } });
  });

  it("ends even while the model keeps sending", async () => {
    const steady = Array.from({ length: 60 }, () => [{ delayMs: 500 }, { delta: "w " }] as const).flat();
    const { model, clock, dialects } = factoryOf({ a: [[{ delta: "w " }, ...steady, { finish: "stop" }]] }, LIMITS);
    const iterator = await readOnce(model.stream("hi"));
    await clock.advance(10_000);
    expect(dialects["a"]?.calls[0]?.end).toBe("left");
    expect(await rest(iterator)).toMatchObject({ error: { code: "timed_out", phase: "attempt" } });
  });

  it("ignores shorter pauses", async () => {
    const { model, clock } = factoryOf({ a: [[..."abcdef"].map((delta) => ({ delta }))] }, LIMITS);
    const iterator = await readOnce(model.stream("hi"));
    for (let pause = 0; pause < 5; pause++) {
      await clock.advance(9_999);
      expect((await clock.settle(iterator.next())).value?.type).toBe("text-delta");
    }
    expect(clock.monotonic()).toBe(5 * 9_999);
  });

  it("ends at the deadline of the call", async () => {
    const { model, clock } = factoryOf({ a: [endless, "fine"] }, `${SLOT}deadline = "3s"\n`);
    const iterator = await readOnce(model.stream("hi"));
    await clock.advance(3_000);
    expect((await model.codegen("hi")).text).toBe("fine");
    expect(clock.pending).toBe(0);
    await clock.advance(60_000);
    expect(await rest(iterator)).toMatchObject({
      error: { code: "timed_out", phase: "deadline", partial: { text: "half" } },
    });
  });

  it("ends with the caller's signal", async () => {
    const { model, clock } = factoryOf({ a: [endless, "fine"] }, SLOT);
    const controller = new AbortController();
    const iterator = await readOnce(model.stream("hi", { signal: controller.signal }));
    controller.abort("enough");
    await quiet();
    expect((await model.codegen("hi")).text).toBe("fine");
    expect(clock.pending).toBe(0);
    await clock.advance(60_000);
    expect(await rest(iterator)).toMatchObject({ error: { code: "aborted", cause: "enough" } });
  });

  it("keeps an answer whose last event had arrived", async () => {
    const all = [word("one "), word("two"), { type: "finish", reason: "stop", sample: 0 }] as const;
    const { model, clock } = factoryOf({ a: [[{ events: all }, { usage: { input: 7, output: 3 } }], "fine"] }, SLOT);
    const stream = model.stream("hi");
    const iterator = await readOnce(stream);
    await clock.advance(10_000);
    expect((await model.codegen("hi")).text).toBe("fine");
    expect(await rest(iterator)).toEqual({ text: "two", error: undefined });
    expect(await stream.reply).toMatchObject({ text: "one two", finishReason: "stop", attempts: [{ outcome: "ok" }] });
  });

  it("ends the current request of several samples", async () => {
    const { model, clock, dialects } = factoryOf({ a: ["one", endless] }, LIMITS);
    const iterator = model.stream("hi", { samples: 2 })[Symbol.asyncIterator]();
    for (let step = await iterator.next(); step.value.sample !== 1; step = await iterator.next());
    await clock.advance(10_000);
    expect(dialects["a"]?.calls.map(({ end }) => end)).toEqual(["complete", "left"]);
    expect(await rest(iterator)).toMatchObject({
      error: { code: "timed_out", partial: { samples: [{ text: "one" }, { text: "half" }] } },
    });
    expect(clock.pending).toBe(0);
  });

  it("ends after the timeout of the answering target", async () => {
    const { model, clock } = factoryOf(
      { a: [down], b: [endless] },
      'timeout = "5s"\n[defaults]\ntimeout = "60s"\nnum_retries = 0\nfallback_models = ["b"]\n',
    );
    const iterator = await readOnce(model.stream("hi"));
    await clock.advance(5_000);
    expect(clock.pending).toBe(0);
    expect(await rest(iterator)).toMatchObject({
      error: { code: "timed_out", model: "b", attempts: [{ model: "a" }, { model: "b" }] },
    });
  });

  it("ends when a hedged request answers", async () => {
    const { model, clock, dialects } = factoryOf(
      { a: [[{ hang: true }]], b: [endless] },
      `${LIMITS}hedge_after = "1s"\nfallback_models = ["b"]\non_break = "restart"\n`,
    );
    const iterator = await clock.settle(readOnce(model.stream("hi")));
    await clock.advance(10_000);
    expect([dialects["a"]?.calls, dialects["b"]?.calls].map((calls) => calls?.map(({ end }) => end))).toEqual([
      ["failed"],
      ["left"],
    ]);
    expect(await rest(iterator)).toMatchObject({ error: { code: "timed_out", model: "b" } });
    expect(clock.pending).toBe(0);
  });
});

describe("the probe of a half-open breaker", () => {
  it("is released after timeout when abandoned, and counts as a success", async () => {
    const { model, clock, factory } = factoryOf({ a: [down, endless, "fine"] }, PROBED);
    await expect(model.codegen("hi")).rejects.toMatchObject({ code: "server_error" });
    await clock.advance(1_000);
    const iterator = await readOnce(model.stream("hi"));
    await expect(model.codegen("hi")).rejects.toMatchObject({ code: "circuit_open" });
    await clock.advance(10_000);
    expect(factory.breakers.state("a")).toBe("closed");
    expect((await model.codegen("hi")).text).toBe("fine");
    expect(await rest(iterator)).toMatchObject({ error: { code: "timed_out" } });
    expect(factory.breakers.state("a")).toBe("closed");
  });

  it("is not sent by a stream that is never read", async () => {
    const { model, clock, dialects } = factoryOf({ a: [down, "fine"] }, PROBED);
    await expect(model.codegen("hi")).rejects.toMatchObject({ code: "server_error" });
    await clock.advance(1_000);
    const stream = model.stream("hi");
    stream[Symbol.asyncIterator]();
    expect((await model.codegen("hi")).text).toBe("fine");
    expect(dialects["a"]?.calls).toHaveLength(2);
    expect(clock.pending).toBe(0);
  });
});

it("a slow reader is not a failure of the target", async () => {
  const { model, clock, factory } = factoryOf({ a: [endless] }, PROBED);
  await readOnce(model.stream("hi"));
  await clock.advance(10_000);
  expect(factory.breakers.state("a")).toBe("closed");
});

describe("`reply`, accessed inside the loop", () => {
  it("reads to the end, and the loop gets every event", async () => {
    const { model } = factoryOf({
      a: [[{ delta: "one" }, { delta: " two" }, { delta: " three" }, { finish: "stop" }]],
    });
    const stream = model.stream("hi");
    let text = "";
    for await (const part of stream.text) {
      if (text === "") expect((await stream.reply).text).toBe("one two three");
      text += part;
    }
    expect(text).toBe("one two three");
  });

  it("rejects when the answer breaks off, and the loop throws the same error after the buffered events", async () => {
    const broken = [
      { delta: "one" },
      { delta: " two" },
      { error: { code: "stream_truncated", message: "cut" } },
    ] as const;
    const { model } = factoryOf({ a: [broken] });
    const stream = model.stream("hi");
    const iterator = await readOnce(stream);
    const failure = await stream.reply.catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "stream_truncated", partial: { text: "one two" } });
    expect(await rest(iterator)).toEqual({ text: " two", error: failure });
  });
});
