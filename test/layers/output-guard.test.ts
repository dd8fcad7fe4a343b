import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DeliveredText } from "../../src/core/delivered-text.ts";
import type { FinishReason, FlowEvent } from "../../src/core/event.ts";
import type { Message } from "../../src/core/message.ts";
import { EMPTY_REQUEST } from "../../src/core/request.ts";
import type { Policy } from "../../src/core/target.ts";
import { usageOf } from "../../src/core/usage.ts";
import { type ScriptedAttempt, type ScriptStep, scripted } from "../../src/dialects/scripted/dialect.ts";
import { outputGuard } from "../../src/layers/output-guard.ts";
import { tokenStripper } from "../../src/layers/token-stripper.ts";
import { callOf, INPUT, read, targetOf, textOf, through } from "../harness/call-of.ts";

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
    expect(error?.partial).toStrictEqual({ text: "again", reasoning: "", toolCalls: [] });
    expect(events).toHaveLength(99);
    expect(dialect.calls[0]?.end).toBe("left");
  });

  it("uses the entry's limit; 0 turns it off", async () => {
    expect(
      (await guarded([...repeat(3, "again"), { finish: "stop" }], { repeatedChunkLimit: 3 }).seen).error?.code,
    ).toBe("degenerate_output");
    for (const delta of ["again", "\n \t"])
      expect(
        (await guarded([...repeat(1_000, delta), { finish: "stop" }], { repeatedChunkLimit: 0 }).seen).error,
      ).toBeUndefined();
  });

  it("is allowed 256 times in reasoning for a limit of 100", async () => {
    const thinking = (times: number) => Array.from({ length: times }, () => ({ reasoning: "again" }));
    expect((await guarded([...thinking(255), { delta: "ok" }, { finish: "stop" }]).seen).error).toBeUndefined();
    const { events, error } = await guarded([...thinking(500), { delta: "ok" }, { finish: "stop" }]).seen;
    expect(error).toMatchObject({ code: "degenerate_output", partial: { text: "", reasoning: "again" } });
    expect(events).toHaveLength(255);
    const five = { repeatedChunkLimit: 5 };
    expect((await guarded([...thinking(12), { delta: "ok" }, { finish: "stop" }], five).seen).error).toBeUndefined();
    expect((await guarded([...thinking(13), { finish: "stop" }], five).seen).error?.code).toBe("degenerate_output");
  });

  it("is detected in tool call arguments, and the partial has the text before", async () => {
    const events: FlowEvent[] = [{ type: "tool-call-start", index: 0, id: "c", name: "f", sample: 0 }];
    for (let times = 0; times < 200; times++)
      events.push({ type: "tool-call-delta", index: 0, json: times === 0 ? '{"a":[' : "null,", sample: 0 });
    const { error } = await guarded([{ events }, { finish: "tool-calls" }]).seen;
    expect(error).toMatchObject({ code: "degenerate_output", partial: { toolCalls: [{ id: "c", name: "f" }] } });
    expect(error?.partial?.toolCalls[0]?.json.startsWith('{"a":[null,')).toBe(true);
  });

  it("is not detected in very short texts, or in equal samples", async () => {
    expect((await guarded([...repeat(500, "  "), { finish: "stop" }]).seen).error).toBeUndefined();
    const samples = Array.from({ length: 200 }, (_, sample) => ({ delta: "again", sample }));
    expect((await guarded([...samples, { finish: "stop" }]).seen).error).toBeUndefined();
  });

  it("is detected in each sample", async () => {
    const interleaved = Array.from({ length: 100 }, (): ScriptStep[] => [
      { delta: "again", sample: 1 },
      { delta: "other", sample: 0 },
    ]).flat();
    expect((await guarded([...interleaved, { finish: "stop" }]).seen).error?.code).toBe("degenerate_output");
  });

  it("is detected across empty chunks", async () => {
    const pieces = Array.from({ length: 100 }, (): ScriptStep[] => [{ delta: "again" }, { delta: "" }]).flat();
    expect((await guarded([...pieces, { finish: "stop" }]).seen).error?.code).toBe("degenerate_output");
  });

  it("resets after other text", async () => {
    expect(
      (await guarded([...repeat(60, "again"), { delta: "but" }, ...repeat(60, "again"), { finish: "stop" }]).seen)
        .error,
    ).toBeUndefined();
  });
});

describe("special tokens", () => {
  const TOKENS = ["<|im_end|>", "<|eot_id|>", "</s>"];
  const strip = { stripTokens: { tokens: TOKENS, where: "anywhere" as const } };
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
  ])("are removed when sent %s", async (_, pieces) => {
    expect(textOf(await guarded(deltas(pieces), strip).seen)).toBe("done");
  });

  it("are removed by the longest match", async () => {
    const tokens = ["<|end|>", "<|end", "<|end|><|end|>x"];
    for (const all of [tokens, tokens.toReversed()]) {
      const policy = { stripTokens: { tokens: all, where: "anywhere" as const } };
      for (const pieces of [["a<|end|>b<|end"], [..."a<|end|>b<|end"]])
        expect(textOf(await guarded(deltas(pieces), policy).seen)).toBe("ab");
    }
  });

  it("are kept by default", async () => {
    expect(textOf(await guarded(deltas(["a<|im_end|>"])).seen)).toBe("a<|im_end|>");
  });

  it("can be set per call", async () => {
    const stripTokens = { tokens: ["[X]"], where: "end" as const };
    expect(textOf(await guarded(deltas(["a<|im_end|>[X]"]), strip, { ...INPUT, stripTokens }).seen)).toBe(
      "a<|im_end|>",
    );
  });

  it("are not confused with comparisons", async () => {
    expect(textOf(await guarded(deltas(["if a ", "<", " b then <", "|", "x"]), strip).seen)).toBe("if a < b then <|x");
  });

  it("are removed from every sample separately", async () => {
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

  it("are delivered before finish when incomplete", async () => {
    const { events } = await guarded(deltas(["done<|im_"]), strip).seen;
    expect(textOf({ events })).toBe("done<|im_");
    expect(events.at(-1)?.type).toBe("finish");
  });

  it("keep the order of text before reasoning and tool calls", async () => {
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

  it("do not change text without them, for any split", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyText, { maxLength: 12 }), async (pieces) => {
        fc.pre(!TOKENS.some((token) => pieces.join("").includes(token)));
        expect(textOf(await guarded(deltas(pieces), { ...strip, repeatedChunkLimit: 0 }).seen)).toBe(pieces.join(""));
      }),
      { numRuns: 300 },
    );
  });

  it("never delay more text than the longest token", async () => {
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

describe("special tokens at the ends of a text", () => {
  const TOKENS = ["<|im_end|>", "<|eot_id|>", "</s>"];
  const asked = (where: "end" | "edges") => ({ stripTokens: { tokens: TOKENS, where }, repeatedChunkLimit: 0 });
  const said = async (pieces: readonly string[], where: "end" | "edges" = "end") =>
    textOf(await guarded([...pieces.map((delta) => ({ delta })), { finish: "stop" }], asked(where)).seen);

  it.each([
    ["whole", ["done<|im_end|>"]],
    ["over three deltas", ["done<|i", "m_e", "nd|>"]],
    ["by single characters", [..."done<|im_end|>"]],
    ["one after the other", ["done</s><|im", "_end|>", "</s>"]],
    ["with white space between and after them", ["done</s>", "\n", "<|im_end|>", "\n"]],
  ])("are removed when sent %s", async (_, pieces) => {
    expect(await said(pieces)).toBe("done");
  });

  it("are kept inside a text, with the whitespace before them", async () => {
    const about = "stop at <|im_end|> or </s>, as in\n";
    expect(await said([about, "</s>"])).toBe(about);
    expect(await said(["<|im_end|> ends a turn"])).toBe("<|im_end|> ends a turn");
  });

  it('are removed at the start with where = "edges"', async () => {
    expect(await said(["</", "s><|eot_id|>done </s> it", "</s>"], "edges")).toBe("done </s> it");
    expect(await said(["</s", "x"], "edges")).toBe("</sx");
  });

  it("are not at the start after other text", async () => {
    expect(await said(["</s>done", "</s> it"], "edges")).toBe("done</s> it");
  });

  it("are removed before a tool call", async () => {
    const { events } = await guarded(
      [{ delta: "see</s>" }, { toolCall: { name: "f" } }, { finish: "tool-calls" }],
      asked("end"),
    ).seen;
    expect(textOf({ events })).toBe("see");
  });

  const piece = fc.oneof(
    fc.constantFrom(...TOKENS, "\n", " "),
    fc.string({ unit: fc.constantFrom("a", "<", "|", "s", ">", "/"), maxLength: 4 }),
  );
  const trailing = /(?:(?:<\|im_end\|>|<\|eot_id\|>|<\/s>)\s*)+$/;

  it("are the only change, for any split", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 12 }), fc.array(fc.nat(40)), async (pieces, cuts) => {
        const whole = pieces.join("");
        const places = [...new Set([0, ...cuts.filter((cut) => cut < whole.length), whole.length])].sort(
          (left, right) => left - right,
        );
        const deltas = places.slice(1).map((end, index) => whole.slice(places[index], end));
        expect(await said(deltas)).toBe(whole.replace(trailing, ""));
      }),
      { numRuns: 1_000 },
    );
  });

  it("delay at most the longest token and a possible run of tokens at the end", async () => {
    const longest = Math.max(...TOKENS.map((token) => token.length));
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { minLength: 1, maxLength: 12 }), async (pieces) => {
        let sent = "";
        let shown = 0;
        const open = async function* () {
          for (const text of pieces) {
            sent += text;
            yield [{ type: "text-delta", text, sample: 0 } as const];
          }
        };
        const call = callOf({ target: targetOf("main", {}, asked("end")) });
        for await (const batch of through([outputGuard], { open })(call)) {
          shown += textOf({ events: [...batch] }).length;
          const held = sent.slice(shown);
          const run = held.match(/^(?:(?:<\|im_end\|>|<\|eot_id\|>|<\/s>)\s*)*/)?.[0].length ?? 0;
          expect(held.length - run).toBeLessThan(longest);
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

const shownOf = (stripper: ReturnType<typeof tokenStripper>, text: string) =>
  textOf({ events: [...(stripper?.pass([{ type: "text-delta", text, sample: 0 }]) ?? [])] });

it.each([
  ["ab", "bcd"],
  ["bcd", "ab"],
])("overlapping special tokens delay only a possible match: %s, %s", (...tokens) => {
  expect(shownOf(tokenStripper({ tokens, where: "end" }), "zabc")).toBe("za");
});

it("more than a thousand characters of special tokens are delivered at once", () => {
  const stripper = tokenStripper({ tokens: ["<ee>"], where: "end" });
  const tokens = (times: number) => "<ee>".repeat(times);
  expect(shownOf(stripper, `a${tokens(250)}`)).toBe("a");
  expect(shownOf(stripper, tokens(1))).toBe(tokens(251));
});

describe("events with a loop", () => {
  const usageBefore: FlowEvent = { type: "usage", usage: usageOf({ input: 3, output: 90 }) };
  const looping = (more: readonly FlowEvent[]): ScriptedAttempt => [
    ...repeat(98, "again "),
    {
      events: [
        { type: "text-delta", text: "again ", sample: 0 },
        usageBefore,
        { type: "text-delta", text: "again ", sample: 0 },
        ...more,
      ],
    },
    { delta: "never read" },
  ];
  const usage: FlowEvent = { type: "usage", usage: usageOf({ input: 3, output: 100 }) };
  const other: FlowEvent = { type: "text-delta", text: "after it", sample: 0 };

  it("in one batch are not delivered, except usage", async () => {
    const { events, error } = await guarded(looping([other, usage])).seen;
    expect(error).toMatchObject({ code: "degenerate_output", partial: { text: "again " } });
    expect(events.filter(({ type }) => type === "usage")).toEqual([usageBefore, usage]);
    expect(textOf({ events })).not.toContain("after it");
  });

  it("of reasoning are not delivered, and the partial has the first repetition", async () => {
    const thoughts = Array.from({ length: 300 }, () => ({ reasoning: "hm, " }));
    const { error } = await guarded([...thoughts, { finish: "stop" }]).seen;
    expect(error).toMatchObject({ code: "degenerate_output", partial: { text: "", reasoning: "hm, " } });
  });

  it("in one chunk are reduced to the first repetition for text and reasoning, and to nothing for arguments", async () => {
    const line = "The wheels on the bus go round and round. ";
    const thought = await guarded([{ reasoning: `Hm:\n${line.repeat(1_000)}` }]).seen;
    expect(thought.error?.partial?.reasoning).toBe(`Hm:\n${line}`);
    expect(thought.events).toEqual([{ type: "reasoning-delta", text: `Hm:\n${line}`, sample: 0 }]);
    const start: FlowEvent = { type: "tool-call-start", index: 0, id: "c", name: "f", sample: 0 };
    const events: FlowEvent[] = [start, { type: "tool-call-delta", index: 0, json: line.repeat(1_000), sample: 0 }];
    const called = await guarded([{ events }]).seen;
    expect(called.events).toEqual([start]);
    expect(called.error?.partial?.toolCalls).toMatchObject([{ id: "c", json: "" }]);
  });

  it("of reasoning are detected after complete JSON and after a stop sequence", async () => {
    const thoughts = Array.from({ length: 300 }, () => ({ reasoning: "hm, " }));
    const whole = await guarded([{ delta: '{"a":1}' }, ...thoughts, { finish: "stop" }]).seen;
    expect(whole.error).toMatchObject({ code: "degenerate_output", partial: { text: '{"a":1}', reasoning: "hm, " } });
    const request = { ...callOf().request, cutAt: ["END"] };
    const dialect = scripted([[{ delta: "fine END" }, ...thoughts, { finish: "stop" }]]);
    const cut = await read(through([outputGuard], dialect)(callOf({ request })));
    expect(cut.error).toMatchObject({ code: "degenerate_output", partial: { text: "fine ", reasoning: "hm, " } });
  });

  it("of a continued answer omit the text, which the caller layer has", async () => {
    const partialOf = async (shownText: string) => {
      const call = callOf();
      call.record.delivered = new DeliveredText();
      call.record.delivered.note([{ type: "text-delta", text: shownText, sample: 0 }]);
      const dialect = scripted([[{ reasoning: "hm" }, ...repeat(100, "again ")]]);
      return (await read(through([outputGuard], dialect)(call))).error?.partial;
    };
    expect(await partialOf("Once. ")).toMatchObject({ text: "", reasoning: "hm" });
    expect(await partialOf("")).toMatchObject({ text: "again ", reasoning: "hm" });
  });

  it("of one sample leave nothing of a sample that has not started", async () => {
    const { error } = await guarded([...repeat(100, "again ", 1), { finish: "stop" }]).seen;
    const nothing = { text: "", reasoning: "", toolCalls: [] };
    expect(error?.partial).toEqual({ ...nothing, samples: [nothing, { ...nothing, text: "again " }] });
  });

  it("of one sample keep the others in the partial", async () => {
    const script = [
      { delta: "twice twice ", sample: 1 },
      { toolCall: { name: "f", arguments: { a: 1 } }, sample: 1 },
      ...repeat(100, "again "),
    ];
    const { error } = await guarded([...script, { finish: "stop" }]).seen;
    expect(error?.partial).toMatchObject({
      text: "again ",
      samples: [{ text: "again " }, { text: "twice twice ", toolCalls: [{ name: "f", arguments: { a: 1 } }] }],
    });
  });
});

describe("an answer", () => {
  it.each([
    ["a refusal", { events: [{ type: "refusal-delta", text: "no", sample: 0 }] }],
    ["a tool call", { toolCall: { name: "f", arguments: {} } }],
    ["text", { delta: "x" }],
  ] as const)("is %s", async (_, step) => {
    expect((await guarded([step, { usage: { output: 0 } }, { finish: "stop" }]).seen).error).toBeUndefined();
  });

  it("of another sample may be empty", async () => {
    const { seen } = guarded([
      { delta: "x" },
      { usage: { output: 0 } },
      { finish: "stop" },
      { finish: "stop", sample: 1 },
    ]);
    expect((await seen).error).toBeUndefined();
  });

  it("is read after its end, because usage may follow", async () => {
    const { seen, dialect } = guarded([{ delta: "x" }, { finish: "stop" }, { usage: { output: 7 } }]);
    expect((await seen).events.at(-1)).toMatchObject({ type: "usage", usage: { output: 7 } });
    expect(dialect.calls[0]?.end).toBe("complete");
  });

  it("of another sample may be empty and first", async () => {
    const { seen } = guarded([
      { usage: { output: 0 } },
      { finish: "stop", sample: 1 },
      { delta: "x" },
      { finish: "stop" },
    ]);
    expect((await seen).error).toBeUndefined();
  });

  it("may consist of output without a field in the reply", async () => {
    const events: FlowEvent[] = [{ type: "other-output", sample: 0 }];
    expect((await guarded([{ events }, { finish: "stop" }]).seen).error).toBeUndefined();
  });

  it("may be a paused turn without text", async () => {
    const events: FlowEvent[] = [{ type: "finish", reason: "unknown", raw: "pause_turn", sample: 0 }];
    expect((await guarded([{ events }]).seen).error).toBeUndefined();
  });

  it("may be empty after tool results", async () => {
    const messages: Message[] = [
      { role: "user", content: "go" },
      { role: "assistant", content: [{ type: "tool-call", id: "c", name: "f", arguments: {} }] },
      { role: "tool", content: [{ type: "tool-result", id: "c", content: "done" }] },
      { role: "system", content: "Be brief." },
    ];
    const request = { ...EMPTY_REQUEST, messages };
    const ends = async (finish: FinishReason) => {
      const dialect = scripted([[{ finish }]]);
      return (await read(through([outputGuard], dialect)(callOf({ request })))).error?.code;
    };
    expect(await ends("stop")).toBeUndefined();
    expect(await ends("unknown")).toBe("empty_response");
    expect(await ends("length")).toBe("empty_response");
  });

  it("truncated before any text is not retried, and the error says what to do", async () => {
    const { error } = await guarded([{ usage: { output: 7 } }, { finish: "length" }]).seen;
    expect(error).toMatchObject({ code: "empty_response", shouldRetry: false });
    expect(error?.message).toContain("the token limit was reached before any text; raise max_new_tokens");
  });

  it("is not checked after its stop sequence", async () => {
    const request = {
      messages: INPUT.messages,
      settings: {},
      samples: 1,
      extraBody: {},
      extraHeaders: {},
      cutAt: ["END"],
    };
    const dialect = scripted([[{ delta: "fine END" }, ...repeat(300, "again "), { finish: "stop" }]]);
    const { events, error } = await read(through([outputGuard], dialect)(callOf({ request })));
    expect([textOf({ events }), error]).toEqual(["fine ", undefined]);
  });

  it("that is empty delivers the events before its end, but not the end", async () => {
    const events: FlowEvent[] = [
      { type: "usage", usage: usageOf({ input: 1, output: 0 }) },
      { type: "finish", reason: "stop", sample: 0 },
    ];
    const seen = await guarded([{ events }]).seen;
    expect(seen.error?.code).toBe("empty_response");
    expect(seen.events.map(({ type }) => type)).toEqual(["usage"]);
  });
});

describe("an end without content", () => {
  it.each([
    ["nothing at all", [{ finish: "stop" }]],
    ["only empty text", [{ delta: "" }, { finish: "stop" }]],
    [
      "the limit reached by thinking",
      [{ reasoning: "hm" }, { usage: { output: 1_000, reasoning: 1_000 } }, { finish: "length" }],
    ],
    ["the limit reached at once", [{ finish: "length" }]],
    ["an end for no known reason", [{ finish: "unknown" }]],
    ["nothing, though tokens were counted", [{ usage: { output: 5 } }, { finish: "stop" }]],
    ["only thoughts", [{ reasoning: "hm" }, { usage: { output: 5, reasoning: 5 } }, { finish: "stop" }]],
    [
      "the limit reached while another sample called",
      [
        { events: [{ type: "tool-call-start", index: 0, id: "c", name: "f", sample: 1 }] },
        { usage: { output: 5 } },
        { finish: "length" },
      ],
    ],
  ] as const)("is empty_response: %s", async (_, script) => {
    expect((await guarded(script).seen).error?.code).toBe("empty_response");
  });

  it("is invalid_tool_call when the only call was truncated, with the partial", async () => {
    const events: FlowEvent[] = [
      { type: "tool-call-start", index: 0, id: "c", name: "f", sample: 0 },
      { type: "tool-call-delta", index: 0, json: '{"path": "/a', sample: 0 },
    ];
    const { error } = await guarded([{ events }, { finish: "length" }]).seen;
    expect(error).toMatchObject({
      code: "invalid_tool_call",
      shouldRetry: false,
      partial: { toolCalls: [{ id: "c", name: "f", arguments: undefined, json: '{"path": "/a' }] },
    });
    expect(error?.message).toContain("max_new_tokens");
  });

  it("does not change the partial of other errors", async () => {
    const { error } = await guarded([{ delta: "x" }, { error: { code: "server_error", message: "broke" } }]).seen;
    expect(error?.partial).toBeUndefined();
  });

  it("may follow arguments without a call, which are ignored", async () => {
    const events: FlowEvent[] = [{ type: "tool-call-delta", index: 0, json: "{", sample: 0 }];
    const { error } = await guarded([{ events }, { finish: "length" }]).seen;
    expect(error).toMatchObject({ code: "empty_response", partial: { toolCalls: [] } });
  });

  it("keeps the partial of a call that the decoder rejected", async () => {
    const events: FlowEvent[] = [
      { type: "text-delta", text: "see", sample: 0 },
      { type: "tool-call-start", index: 0, id: "c", name: "f", sample: 0 },
      { type: "tool-call-delta", index: 0, json: "{oops", sample: 0 },
    ];
    const { error } = await guarded([{ events }, { error: { code: "invalid_tool_call", message: "no JSON" } }]).seen;
    expect(error?.partial).toMatchObject({ text: "see", toolCalls: [{ id: "c", name: "f", json: "{oops" }] });
  });

  it("says what to do when reasoning used the token limit", async () => {
    const { error } = await guarded([{ usage: { output: 1_000, reasoning: 990 } }, { finish: "length" }]).seen;
    expect(error?.partial?.usage).toMatchObject({ output: 1_000, reasoning: 990 });
    expect(error?.message).toContain("990 of 1000 output tokens were used for reasoning; raise max_new_tokens");
  });

  it.each([
    ["text cut by the limit", [{ delta: "half" }, { finish: "length" }]],
    ["a tool call", [{ toolCall: { name: "f" } }, { finish: "tool-calls" }]],
    [
      "text before a tool call cut by the limit",
      [
        { delta: "see" },
        { events: [{ type: "tool-call-start", index: 0, id: "c", name: "f", sample: 0 }] },
        { finish: "length" },
      ],
    ],
    ["a refusal", [{ events: [{ type: "refusal-delta", text: "no", sample: 0 }] }, { finish: "refusal" }]],
    ["a refusal without words", [{ finish: "refusal" }]],
  ] as const)("is a reply: %s", async (_, script) => {
    expect((await guarded(script).seen).error).toBeUndefined();
  });
});
