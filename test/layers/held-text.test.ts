import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FlowEvent } from "../../src/core/event.ts";
import { possibleStart } from "../../src/core/possible-start.ts";
import { ModelFactory } from "../../src/index.ts";
import { StopCutter } from "../../src/layers/stop-cutter.ts";

const finish = (reason: "stop" | "length"): FlowEvent => ({ type: "finish", reason, sample: 0 });
const textOf = (events: readonly FlowEvent[]) =>
  events.map((event) => (event.type === "text-delta" ? event.text : "")).join("");

function cut(words: readonly string[], deltas: readonly string[], reason: "stop" | "length" = "stop") {
  const cutter = new StopCutter(words);
  const events = deltas.flatMap((text) => cutter.pass([{ type: "text-delta", text, sample: 0 }]));
  return [...events, ...cutter.pass([finish(reason)])];
}

it.each([
  ["", ["END"], 0],
  ["a", ["END"], 0],
  ["aE", ["END"], 1],
  ["aEN", ["END"], 2],
  ["aEND", ["END"], 0],
  ["EN", ["END"], 2],
  ["aEN", ["END", "N!"], 2],
  ["aEN", ["N!", "END"], 2],
  ["aa", ["aab", "aaa"], 2],
])("the suffix of %j that may start one of %j has %i characters", (text, words, length) => {
  expect(possibleStart(text, words)).toBe(length);
});

describe("a stop sequence that the model does not support", () => {
  it("ends the text locally, even when split over deltas", () => {
    expect(textOf(cut(["END"], ["one E", "N", "D two", " END"]))).toBe("one ");
    expect(textOf(cut(["END"], ["one E", "N"]))).toBe("one EN");
  });

  it("is the first complete one, and the longer of two that end together", () => {
    expect(textOf(cut(["long stop here", "stop"], ["a long stop here"]))).toBe("a long ");
    expect(textOf(cut(["stop", "long stop"], ["a long stop"]))).toBe("a ");
    expect(textOf(cut(["two", "one"], ["a one two"]))).toBe("a ");
    expect(textOf(cut(["one", "two"], ["a two one"]))).toBe("a ");
  });

  it("cuts only its own sample", () => {
    const cutter = new StopCutter(["END"]);
    const say = (text: string, sample: number) => textOf(cutter.pass([{ type: "text-delta", text, sample }]));
    expect([say("a END b", 0), say("c", 0), say("d", 1)]).toEqual(["a ", "", "d"]);
    expect([cutter.hasCut(0), cutter.hasCut(1)]).toEqual([true, false]);
    expect(cutter.pass([{ type: "finish", reason: "tool-calls", sample: 0 }])).toMatchObject([
      { reason: "tool-calls" },
    ]);
    expect(cutter.pass([{ type: "finish", reason: "length", sample: 1 }])).toMatchObject([{ reason: "length" }]);
  });

  it("passes on other events, before held text only if they belong to no sample", () => {
    const cutter = new StopCutter(["END"]);
    const usage: FlowEvent = { type: "response", id: "r" };
    expect(cutter.pass([{ type: "text-delta", text: "a E", sample: 0 }, usage])).toEqual([
      { type: "text-delta", text: "a ", sample: 0 },
      usage,
    ]);
    expect(cutter.pass([{ type: "text-delta", text: "N", sample: 0 }])).toEqual([]);
    expect(cutter.pass([finish("stop")])).toEqual([{ type: "text-delta", text: "EN", sample: 0 }, finish("stop")]);
  });

  it("changes a later finish reason `length` to `stop`", () => {
    expect(cut(["END"], ["a END b"], "length").at(-1)).toMatchObject({ reason: "stop" });
    expect(cut(["END"], ["a b"], "length").at(-1)).toMatchObject({ reason: "length" });
  });

  it("gives the same text for any split", () => {
    const piece = fc.string({ unit: fc.constantFrom("a", "E", "N", "D", "\n"), maxLength: 4 });
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const whole = pieces.join("");
        const places = ["END", "\n\n"].map((word) => whole.indexOf(word)).filter((place) => place >= 0);
        const wanted = places.length === 0 ? whole : whole.slice(0, Math.min(...places));
        expect(textOf(cut(["END", "\n\n"], pieces))).toBe(wanted);
      }),
    );
  });

  it("is dropped from the request, reported, and cuts the reply and the stream", async () => {
    await using factory = ModelFactory.parse(
      '[models.m]\nname = "o1-mini"\nprovider = "simulator"\nstop = ["END", "FIN"]',
    );
    const simulator = await factory.simulator({ answers: () => ({ text: "before END after" }) });
    const reply = await factory.get("m").codegen("hi");
    expect(simulator.requests[0]?.body).not.toHaveProperty("stop");
    expect(reply).toMatchObject({ text: "before ", finishReason: "stop", message: { content: "before " } });
    expect(reply.adjustments).toMatchObject([
      { setting: "stop", to: undefined, reason: expect.stringMatching(/ends the answer/) },
    ]);
    let text = "";
    for await (const part of factory.get("m").stream("hi").text) text += part;
    expect(text).toBe("before ");
    await expect(factory.get("m").codegen("hi", { strict: true })).rejects.toMatchObject({ code: "unsupported" });
  });

  it("beyond the provider's limit is an error in the file, with its position", () => {
    const toml = '[models.m]\nname = "gpt-4o"\nprovider = "openai"\napi_key = "k"\nstop = ["a", "b", "c", "d", "e"]';
    expect(() => ModelFactory.parse(toml, { env: {} }).create("m" as never)).toThrow(
      /5:8: "stop" has 5 sequences.*at most 4/,
    );
  });
});
