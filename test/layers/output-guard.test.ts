import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Policy } from "../../src/core/target.ts";
import { type ScriptedAttempt, type ScriptStep, scripted } from "../../src/dialects/scripted/dialect.ts";
import { outputGuard } from "../../src/layers/output-guard.ts";
import { callOf, INPUT, read, targetOf, textOf, through } from "./call-of.ts";

function guarded(script: ScriptedAttempt, policy: Partial<Policy> = {}, input = INPUT) {
  const dialect = scripted([script]);
  return {
    dialect,
    seen: read(through([outputGuard], dialect)(callOf({ target: targetOf("main", {}, policy), input }))),
  };
}

const repeat = (times: number, delta: string, sample = 0): ScriptStep[] =>
  Array.from({ length: times }, () => ({ delta, sample }));

describe("endless repetition", () => {
  it("is an answer up to one below the limit", async () => {
    const seen = await guarded([...repeat(99, "again"), { finish: "stop" }]).seen;
    expect(seen.error).toBeUndefined();
    expect(textOf(seen)).toHaveLength(99 * 5);
  });

  it("is degenerate_output at the limit, and the stream is closed", async () => {
    const { dialect, seen } = guarded([...repeat(500, "again"), { finish: "stop" }]);
    const { events, error } = await seen;
    expect(error).toMatchObject({ code: "degenerate_output", model: "main" });
    expect(error?.message).toContain("100 times");
    expect(events).toHaveLength(99);
    expect(dialect.calls[0]?.end).toBe("left");
  });

  it("has the limit of the entry, and 0 switches it off", async () => {
    expect(
      (await guarded([...repeat(3, "again"), { finish: "stop" }], { repeatedChunkLimit: 3 }).seen).error?.code,
    ).toBe("degenerate_output");
    expect(
      (await guarded([...repeat(1_000, "again"), { finish: "stop" }], { repeatedChunkLimit: 0 }).seen).error,
    ).toBeUndefined();
  });

  it("is not seen in very short texts, in thinking, or in several samples that say the same", async () => {
    expect((await guarded([...repeat(500, "  "), { finish: "stop" }]).seen).error).toBeUndefined();
    const thinking = Array.from({ length: 500 }, () => ({ reasoning: "again" }));
    expect((await guarded([...thinking, { delta: "ok" }, { finish: "stop" }]).seen).error).toBeUndefined();
    const samples = Array.from({ length: 200 }, (_, sample) => ({ delta: "again", sample }));
    expect((await guarded([...samples, { finish: "stop" }]).seen).error).toBeUndefined();
  });

  it("is seen in each sample", async () => {
    const interleaved = Array.from({ length: 100 }, (): ScriptStep[] => [
      { delta: "again", sample: 1 },
      { delta: "other", sample: 0 },
    ]).flat();
    expect((await guarded([...interleaved, { finish: "stop" }]).seen).error?.code).toBe("degenerate_output");
  });

  it("begins anew after something else was said", async () => {
    expect(
      (await guarded([...repeat(60, "again"), { delta: "but" }, ...repeat(60, "again"), { finish: "stop" }]).seen)
        .error,
    ).toBeUndefined();
  });
});

describe("special tokens", () => {
  const TOKENS = ["<|im_end|>", "<|eot_id|>", "</s>"];
  const strip = { stripTokens: TOKENS };
  const deltas = (pieces: readonly string[]): ScriptedAttempt => [
    ...pieces.map((delta) => ({ delta })),
    { usage: { output: 1 } },
    { finish: "stop" },
  ];

  it.each([
    ["whole", ["done<|im_end|>"]],
    ["over three deltas", ["done<|i", "m_e", "nd|>"]],
    ["by single characters", [..."done<|im_end|>"]],
    ["in the middle", ["do<|eot_id|>ne"]],
    ["one after the other", ["done</s><|im", "_end|></s>"]],
  ])("are removed when they come %s", async (_, pieces) => {
    expect(textOf(await guarded(deltas(pieces), strip).seen)).toBe("done");
  });

  it("are left where nothing was asked for", async () => {
    expect(textOf(await guarded(deltas(["a<|im_end|>"])).seen)).toBe("a<|im_end|>");
  });

  it("are those of the call where it names its own", async () => {
    expect(textOf(await guarded(deltas(["a<|im_end|>[X]"]), strip, { ...INPUT, stripTokens: ["[X]"] }).seen)).toBe(
      "a<|im_end|>",
    );
  });

  it("leave a comparison alone", async () => {
    expect(textOf(await guarded(deltas(["if a ", "<", " b then <", "|", "x"]), strip).seen)).toBe("if a < b then <|x");
  });

  it("are removed from every sample by itself", async () => {
    const seen = await guarded(
      [
        { delta: "a<|im", sample: 0 },
        { delta: "b<|im_", sample: 1 },
        { delta: "_end|>", sample: 0 },
        { delta: "end|>", sample: 1 },
        { finish: "stop", sample: 0 },
        { finish: "stop", sample: 1 },
      ],
      strip,
    ).seen;
    const of = (sample: number) =>
      textOf({ events: seen.events.filter((event) => "sample" in event && event.sample === sample) });
    expect([of(0), of(1)]).toEqual(["a", "b"]);
  });

  it("that never became one are given before the finish", async () => {
    const { events } = await guarded(deltas(["done<|im_"]), strip).seen;
    expect(textOf({ events })).toBe("done<|im_");
    expect(events.at(-1)?.type).toBe("finish");
  });

  it("keep their place before thinking and tool calls", async () => {
    const { events } = await guarded(
      [
        { delta: "see <" },
        { reasoning: "hm" },
        { delta: "so <" },
        { toolCall: { name: "f" } },
        { finish: "tool-calls" },
      ],
      strip,
    ).seen;
    expect(
      events
        .filter(({ type }) => type === "text-delta" || type === "reasoning-delta" || type === "tool-call-start")
        .map((event) => ("text" in event ? event.text : event.type)),
    ).toEqual(["see ", "<", "hm", "so ", "<", "tool-call-start"]);
  });

  const anyText = fc.string({ unit: fc.constantFrom("a", "<", "|", "i", "m", "_", "e", "n", "d", ">", "/", "s", " ") });

  it("do not change a text without them, however it is split", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyText, { maxLength: 12 }), async (pieces) => {
        fc.pre(!TOKENS.some((token) => pieces.join("").includes(token)));
        expect(textOf(await guarded(deltas(pieces), { ...strip, repeatedChunkLimit: 0 }).seen)).toBe(pieces.join(""));
      }),
      { numRuns: 300 },
    );
  });

  it("never hold back more than the longest of them", async () => {
    const longest = Math.max(...TOKENS.map((token) => token.length));
    await fc.assert(
      fc.asyncProperty(fc.array(anyText, { minLength: 1, maxLength: 12 }), async (pieces) => {
        fc.pre(!TOKENS.some((token) => pieces.join("").includes(token)));
        let sent = 0;
        let shown = 0;
        const open = async function* () {
          for (const text of pieces) {
            sent += text.length;
            yield [{ type: "text-delta", text, sample: 0 } as const];
          }
        };
        for await (const batch of through([outputGuard], { open })(
          callOf({ target: targetOf("main", {}, { ...strip, repeatedChunkLimit: 0 }) }),
        )) {
          shown += textOf({ events: [...batch] }).length;
          expect(sent - shown).toBeLessThan(longest);
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe("an end without an answer", () => {
  it.each([
    ["nothing at all", [{ finish: "stop" }]],
    ["only empty text", [{ delta: "" }, { finish: "stop" }]],
    [
      "the limit reached by thinking",
      [{ reasoning: "hm" }, { usage: { output: 1_000, reasoning: 1_000 } }, { finish: "length" }],
    ],
    ["the limit reached at once", [{ finish: "length" }]],
  ] as const)("is empty_response: %s", async (_, script) => {
    expect((await guarded(script).seen).error?.code).toBe("empty_response");
  });

  it("says what to do when thinking ate the limit", async () => {
    const { error } = await guarded([{ usage: { output: 1_000, reasoning: 990 } }, { finish: "length" }]).seen;
    expect(error?.message).toContain("990 of 1000 output tokens went to thinking");
    expect(error?.message).toContain("max_new_tokens");
  });

  it.each([
    ["text cut by the limit", [{ delta: "half" }, { finish: "length" }]],
    ["a tool call", [{ toolCall: { name: "f" } }, { finish: "tool-calls" }]],
    [
      "a tool call cut by the limit",
      [{ events: [{ type: "tool-call-start", index: 0, id: "c", name: "f", sample: 0 }] }, { finish: "length" }],
    ],
    ["a refusal", [{ events: [{ type: "refusal-delta", text: "no", sample: 0 }] }, { finish: "refusal" }]],
    ["a refusal without words", [{ finish: "refusal" }]],
  ] as const)("is a reply: %s", async (_, script) => {
    expect((await guarded(script).seen).error).toBeUndefined();
  });
});
