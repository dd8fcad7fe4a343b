import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FlowEvent } from "../../src/core/event.ts";
import type { Policy } from "../../src/core/target.ts";
import { type ScriptStep, scripted } from "../../src/dialects/scripted/dialect.ts";
import { outputGuard } from "../../src/layers/output-guard.ts";
import { RepetitionWatch } from "../../src/layers/repetition.ts";
import { callOf, INPUT, read, targetOf, textOf, through } from "../harness/call-of.ts";

/** `text` in deltas of `size` characters. */
function cut(text: string, size: number): string[] {
  return Array.from({ length: Math.ceil(text.length / size) }, (_, at) => text.slice(at * size, (at + 1) * size));
}

function said(deltas: readonly string[], policy: Partial<Policy> = {}, json = false) {
  return went(
    deltas.map((delta) => ({ delta })),
    policy,
    json,
  );
}

function went(steps: readonly ScriptStep[], policy: Partial<Policy> = {}, json = false) {
  const settings = json ? { responseFormat: { type: "json_object" as const } } : {};
  const dialect = scripted([[...steps, { finish: "length" }]]);
  const request = { messages: INPUT.messages, settings, samples: 1, extraBody: {}, extraHeaders: {} };
  const seen = read(through([outputGuard], dialect)(callOf({ target: targetOf("main", {}, policy), request })));
  return seen.then((result) => ({ ...result, read: dialect.calls[0]?.end }));
}

const VERSE = "The wheels on the bus go round and round, all through the town. ";

describe("a repeated passage", () => {
  it.each([
    ["two words", " on and", 3],
    ["a sentence", VERSE, 5],
    ["a sentence, letter by letter", VERSE, 1],
    ["lines", "- check the input\n- check the output\n", 7],
    ["a long paragraph", Array.from({ length: 30 }, (_, line) => `line ${line * 7919} of the text. `).join(""), 40],
  ])("is detected for any delta boundaries: %s", async (_, passage, size) => {
    const { error, events, read } = await said(cut(`Once. ${passage.repeat(1_000)}`, size));
    expect(error?.code).toBe("degenerate_output");
    expect(error?.partial?.text.length).toBeLessThanOrEqual("Once. ".length + 2 * passage.length);
    expect(`Once. ${passage.repeat(2)}`.startsWith(error?.partial?.text ?? "?")).toBe(true);
    expect(textOf({ events }).startsWith(error?.partial?.text ?? "?")).toBe(true);
    expect(textOf({ events }).length).toBeLessThan(100 * passage.length + 5_000 + 4_000);
    expect(read).toBe("left");
  });

  it.each([40, 10_000])("is quoted in the error, in deltas of %i", async (size) => {
    const { error } = await said(cut(`Once:\n${VERSE.repeat(1_000)}`, size));
    const quoted = /times \(repeated_chunk_limit\): "([^"]{40})"/.exec(error?.message ?? "")?.[1];
    expect(VERSE.repeat(2)).toContain(quoted);
  });

  it("is detected inside one large delta", async () => {
    const { error, events } = await said([`Once:\n${VERSE.repeat(3_000)}`]);
    expect(error).toMatchObject({ code: "degenerate_output" });
    expect(textOf({ events })).toBe(error?.partial?.text);
    expect(error?.partial?.text).toBe(`Once:\n${VERSE}`);
  });

  const passageOf = (length: number) =>
    Array.from({ length: 500 }, (_, at) => `${at * 7919} `)
      .join("")
      .slice(0, length);
  const foundIn = (text: string, limit: number, size = 1) => {
    const watch = new RepetitionWatch(limit);
    for (const [at, delta] of cut(text, size).entries()) {
      const found = watch.add(delta);
      if (found !== undefined) return { ...found, at: at * size + found.read };
    }
    return undefined;
  };

  it.each([
    ["as often as the limit says", 600, 10, 6_000, 10],
    ["until it fills five thousand characters", 600, 3, 5_000, 8],
    ["and may have two thousand characters itself", 2_000, 3, 6_000, 3],
  ])("is a loop only if repeated %s", (_, period, limit, length, times) => {
    const found = foundIn(`Once.\n${passageOf(period).repeat(20)}`, limit);
    expect(found).toEqual({ period, times, read: 1, length, at: "Once.\n".length + length });
  });

  it("is not detected beyond the maximum length", () => {
    expect(foundIn(passageOf(2_001).repeat(20), 3)).toBeUndefined();
  });

  it.each([1, 5, 2_000, 20_000])("is not a loop when the text continues differently, in deltas of %i", (size) => {
    const often = VERSE.repeat(90);
    expect(foundIn(`${often}${passageOf(2_000)}${often}${passageOf(2_000)}`, 100, size)).toBeUndefined();
    expect(foundIn(`${often}${often}`, 100, size)).toMatchObject({ period: VERSE.length });
  });

  it("is a loop after the entry's limit of repetitions", async () => {
    const paragraph = Array.from({ length: 20 }, (_, line) => `${line * 7919} bottles on the wall. `).join("");
    expect((await said(cut(paragraph.repeat(99), 6))).error).toBeUndefined();
    expect((await said(cut(paragraph.repeat(120), 6))).error?.code).toBe("degenerate_output");
    expect((await said(cut(paragraph.repeat(400), 6), { repeatedChunkLimit: 500 })).error).toBeUndefined();
  });

  const rows = (count: number, row: string) => `${row}\n`.repeat(count);
  it.each([
    ["a matrix of zeros", `[${`[${Array(50).fill("0").join(", ")}],\n`.repeat(50)}]`],
    ["a row of a thousand zeros", `[${Array(1_000).fill("0").join(", ")}]`],
    ["an empty board", rows(100, '  <div class="cell"></div>')],
    ["a wide table", rows(40, `|${" --- |".repeat(20)}`)],
    ["rules", rows(20, "=".repeat(120))],
    ["one letter without end", "=".repeat(8_000)],
    ["two letters without end", "0,".repeat(4_000)],
    ["ASCII art", rows(30, "#".repeat(60) + " ".repeat(60))],
    ["deep indentation", rows(60, `${" ".repeat(80)}}`)],
    ["base64 of zeros", `${"A".repeat(3_000)}==`],
    ["a hundred lines for the blackboard", rows(100, "I will not loop.")],
    ["minified code", "a=b?c:d;".repeat(400)],
    ["free lines", `${"\n".repeat(500)}end`],
  ])("is not detected in ordinary content: %s", async (_, text) => {
    for (const size of [1, 2, 10_000]) expect((await said(cut(text, size))).error).toBeUndefined();
  });

  it("is never detected in text without repetitions", async () => {
    const words = fc.array(fc.stringMatching(/^[a-z]{1,8}$/), { minLength: 1_500, maxLength: 2_000 });
    await fc.assert(
      fc.asyncProperty(words, fc.integer({ min: 1, max: 40 }), async (list, size) => {
        const text = list.map((word, at) => `${word}${at}`).join(" ");
        expect((await said(cut(text, size))).error).toBeUndefined();
      }),
      { numRuns: 20 },
    );
  });
});

describe("endless whitespace", () => {
  it("ends a text after two thousand characters, and the partial has the text before", async () => {
    const words = `fine.${" \n".repeat(1_000)}`;
    expect((await said(cut(`${words}end`, 2))).error).toBeUndefined();
    const { error, read } = await said(cut(`${words} \n\n`, 2));
    expect(error).toMatchObject({ code: "degenerate_output", partial: { text: "fine." } });
    expect(read).toBe("left");
  });

  it("ends JSON after 256, but not inside a string", async () => {
    const inside = `{"a": "${" ".repeat(1_000)}"`;
    expect((await said(cut(`${inside}${" ".repeat(256)}}`, 2), {}, true)).error).toBeUndefined();
    const { error } = await said(cut(`${inside}${" ".repeat(257)}}`, 2), {}, true);
    expect(error).toMatchObject({ code: "degenerate_output", partial: { text: inside } });
    expect(error?.message).toContain("endless whitespace");
  });

  it("is detected early before requested JSON", async () => {
    expect((await said(cut("\n".repeat(300), 1), {}, true)).error?.code).toBe("degenerate_output");
    expect((await said(cut("Here it is:\n\t\t{}", 1), {}, true)).error).toBeUndefined();
  });

  it.each([true, false])("after complete JSON ends the answer without an error (requested: %s)", async (json) => {
    for (const size of [1, 3, 5_000]) {
      const { events, error, read } = await said(cut(` {"a": [1, "}"]}${"\n \t".repeat(1_000)}`, size), {}, json);
      expect(error).toBeUndefined();
      expect(textOf({ events })).toBe(' {"a": [1, "}"]}');
      expect(events).not.toContainEqual({ type: "text-delta", text: "", sample: 0 });
      expect(events.slice(-2)).toMatchObject([
        { type: "adjustment", adjustment: { setting: "finish_reason", to: "stop" } },
        { type: "finish", reason: "stop" },
      ]);
      expect(read).toBe("left");
    }
  });

  it("is an error after text that only looks like JSON", async () => {
    for (const text of ["{draft}", '{"a":1]', "[x]"]) {
      const { error } = await said(cut(`${text}${" ".repeat(3_000)}`, 2), {}, true);
      expect(error).toMatchObject({ code: "degenerate_output", partial: { text } });
    }
  });

  it("in reasoning has the limit of text", async () => {
    const thinking = (times: number) => went([{ reasoning: `hm${" ".repeat(times)}` }, { delta: "so" }], {}, true);
    expect((await thinking(2_000)).error).toBeUndefined();
    expect((await thinking(2_001)).error?.code).toBe("degenerate_output");
  });

  it("in tool call arguments has the limit of JSON, even before the first brace", async () => {
    const calling = (times: number) => {
      const events: FlowEvent[] = [
        { type: "tool-call-start", index: 0, id: "c", name: "f", sample: 0 },
        { type: "tool-call-delta", index: 0, json: " ".repeat(times), sample: 0 },
      ];
      return went([{ events }, { delta: "so" }]);
    };
    expect((await calling(256)).error).toBeUndefined();
    expect((await calling(257)).error?.code).toBe("degenerate_output");
  });

  it("that ends is part of the text, anywhere", async () => {
    for (const text of ['{"a":1}', '{"a":1}  \n', '{"a":1}\n\n{"b":2}\n', "[1]: see below\n\n  "]) {
      for (const size of [1, 2, 50]) {
        const { events } = await said(cut(text, size));
        expect(textOf({ events })).toBe(text);
        expect(events).not.toContainEqual({ type: "text-delta", text: "", sample: 0 });
      }
    }
  });

  it("of one sample does not affect the others", async () => {
    const events: FlowEvent[] = [{ type: "text-delta", text: "{}", sample: 1 }];
    for (let at = 0; at < 300; at++) {
      events.push({ type: "text-delta", text: "\n", sample: 1 });
      events.push({ type: "text-delta", text: `${at} `, sample: 0 });
    }
    const dialect = scripted([
      [{ events }, { finish: "length", sample: 1 }, { delta: "end" }, { finish: "stop" }, { delta: "never read" }],
    ]);
    const request = { messages: INPUT.messages, settings: {}, samples: 2, extraBody: {}, extraHeaders: {} };
    const seen = await read(through([outputGuard], dialect)(callOf({ request })));
    expect(textOf(seen)).toContain("299 end");
    expect(textOf(seen)).not.toContain("never read");
    expect(dialect.calls[0]?.end).toBe("left");
    const finishes = seen.events.filter((event) => event.type === "finish");
    expect(finishes.map((event) => event.sample)).toEqual([1, 0]);
  });
});
