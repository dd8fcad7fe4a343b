import { describe, expect, it } from "vitest";
import type { ScriptStep } from "../../src/dialects/scripted/dialect.ts";
import { factoryOf } from "../harness/scripted-factory.ts";

const answers = (...texts: string[]): ScriptStep[] => [
  ...texts.map((delta, sample) => ({ delta, sample })),
  { usage: { input: 10, output: texts.length } },
  ...texts.map((_, sample) => ({ finish: "stop", sample }) as const),
];
const asked = (calls: readonly { call: { request: { samples: number } } }[] | undefined) =>
  calls?.map(({ call }) => call.request.samples);

describe("several samples", () => {
  it("are requested in batches of at most batch_size", async () => {
    const { model, dialects } = factoryOf(
      { a: [answers(..."abcdefgh"), answers(..."ijklmnop"), answers(..."qrst")] },
      "[defaults]\nbatch_size = 8",
    );
    const reply = await model.codegen("hi", { samples: 20 });
    expect(asked(dialects["a"]?.calls)).toEqual([8, 8, 4]);
    expect(reply.samples?.map(({ text }) => text).join("")).toBe("abcdefghijklmnopqrst");
    expect(reply.text).toBe("a");
    expect(reply.usage).toMatchObject({ input: 30, output: 20, total: 50 });
    expect(reply.attempts).toHaveLength(3);
    expect(reply.cost.usd).toBeCloseTo((30 * 1 + 20 * 2) / 1e6, 12);
  });

  it("are requested one by one when the wire supports only one", async () => {
    const { model, dialects } = factoryOf({ a: [answers("a"), answers("b"), answers("c")] }, "", {
      dialect: { manySamples: false },
    });
    const reply = await model.codegen("hi", { samples: 3 });
    expect(asked(dialects["a"]?.calls)).toEqual([1, 1, 1]);
    expect(reply.samples?.map(({ text }) => text)).toEqual(["a", "b", "c"]);
  });

  it("are absent with one sample", async () => {
    expect(await factoryOf({ a: [answers("a")] }).model.codegen("hi")).not.toHaveProperty("samples");
  });

  it("stream in sequence, with consecutive indexes, summed usage and one start", async () => {
    const { model } = factoryOf({ a: [answers("a", "b"), answers("c", "d")] }, "[defaults]\nbatch_size = 2");
    const stream = model.stream("hi", { samples: 4 });
    const texts: Record<number, string> = {};
    const types: string[] = [];
    let usage = 0;
    for await (const event of stream) {
      types.push(event.type);
      if (event.type === "text-delta") texts[event.sample] = (texts[event.sample] ?? "") + event.text;
      if (event.type === "usage") usage = event.usage.total;
    }
    expect(texts).toEqual({ 0: "a", 1: "b", 2: "c", 3: "d" });
    expect(types.filter((type) => type === "start")).toHaveLength(1);
    expect(types.filter((type) => type === "finish")).toHaveLength(4);
    const reply = await stream.reply;
    expect(usage).toBe(reply.usage.total);
    expect(reply.samples?.map(({ text }) => text)).toEqual(["a", "b", "c", "d"]);
  });

  it("reject with the completed ones and all attempts when one fails", async () => {
    const { model, clock } = factoryOf(
      { a: [answers("a"), [{ error: { code: "unauthorized", message: "no" } }], answers("c")] },
      "[defaults]\nbatch_size = 1",
    );
    const error = await clock.settle(model.codegen("hi", { samples: 3 }).catch((failure: unknown) => failure));
    expect(error).toMatchObject({ code: "unauthorized", partial: { samples: [{ text: "a" }, { text: "c" }] } });
    expect((error as { attempts: unknown[] }).attempts).toHaveLength(3);
  });

  it("keep the results of earlier calls when a stream fails", async () => {
    const { model } = factoryOf(
      { a: [answers("a"), [{ delta: "ha" }, { error: { code: "stream_truncated", message: "cut" } }]] },
      "[defaults]\nbatch_size = 1",
    );
    const error = await model.stream("hi", { samples: 2 }).reply.catch((failure: unknown) => failure);
    expect(error).toMatchObject({
      code: "stream_truncated",
      partial: { text: "a", samples: [{ text: "a" }, { text: "ha" }] },
    });
    expect((error as { attempts: unknown[] }).attempts).toHaveLength(2);
  });

  it("are rejected at temperature 0, because they would be equal", async () => {
    const { model, dialects } = factoryOf({ a: [answers("a", "b")] });
    await expect(model.codegen("hi", { samples: 2, temperature: 0 })).rejects.toMatchObject({
      code: "invalid_request",
    });
    expect(dialects["a"]?.calls).toHaveLength(0);
  });

  it.each([[0], [-1], [1.5], [Number.NaN]])("cannot be %d", async (samples) => {
    await expect(factoryOf({ a: [answers("a")] }).model.codegen("hi", { samples })).rejects.toMatchObject({
      code: "invalid_request",
    });
  });
});
