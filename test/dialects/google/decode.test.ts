import { describe, expect, it } from "vitest";
import type { FlowEvent } from "../../../src/core/event.ts";
import type { Message } from "../../../src/core/message.ts";
import { generateDecoder } from "../../../src/dialects/google/decode.ts";
import { encodeGenerate } from "../../../src/dialects/google/encode.ts";
import { ToolNames } from "../../../src/dialects/google/tool-names.ts";
import { foldEvents, requestOf, targetOf } from "../contract.ts";

const target = targetOf({ provider: "google", dialect: "google" });

type Tree = Readonly<Record<string, unknown>>;

function decode(chunks: readonly unknown[], names = new ToolNames(requestOf({})), samples = 1): FlowEvent[] {
  const decoder = generateDecoder(target, { names, samples });
  const events: FlowEvent[] = [{ type: "start", model: "m", provider: "google" }];
  for (const chunk of chunks) decoder.push(JSON.stringify(chunk), undefined, events);
  decoder.end(events);
  return events;
}

const reply = (chunks: readonly unknown[]) => foldEvents(decode(chunks));
const parts = (...some: Tree[]) => ({ candidates: [{ content: { role: "model", parts: some } }], responseId: "r-1" });
const end = (finishReason: string, usageMetadata?: Tree) => ({ candidates: [{ finishReason }], usageMetadata });
const call = (functionCall: Tree, thoughtSignature?: string) => ({
  functionCall,
  ...(thoughtSignature && { thoughtSignature }),
});

describe("the stream of Gemini", () => {
  it("keeps signatures of text, reasoning and calls on their parts, and returns them there", () => {
    const { message } = reply([
      parts({ text: "Hm.", thought: true, thoughtSignature: "r1" }),
      parts({ text: "Loo" }),
      parts({ text: "k", thoughtSignature: "t1" }),
      parts(call({ name: "f", args: { a: 1 }, id: "x" }, "c1"), call({ name: "g", args: {}, id: "y" })),
      end("STOP"),
    ]);
    const messages: Message[] = [
      { role: "user", content: "q" },
      message,
      {
        role: "tool",
        content: [
          { type: "tool-result", id: "x", content: "1" },
          { type: "tool-result", id: "y", content: "2" },
        ],
      },
    ];
    const { contents } = encodeGenerate(requestOf({ messages }), target).params;
    expect((contents as unknown[])[1]).toEqual({
      role: "model",
      parts: [
        { text: "Hm.", thought: true, thoughtSignature: "r1" },
        { text: "Look", thoughtSignature: "t1" },
        { functionCall: { id: "x", name: "f", args: { a: 1 } }, thoughtSignature: "c1" },
        { functionCall: { id: "y", name: "g", args: {} } },
      ],
    });
  });

  it("counts the prompt without cache reads, thoughts as output, and only the last report", () => {
    const first = { promptTokenCount: 100, candidatesTokenCount: 1 };
    const last = {
      promptTokenCount: 100,
      cachedContentTokenCount: 60,
      toolUsePromptTokenCount: 5,
      candidatesTokenCount: 10,
      thoughtsTokenCount: 30,
      promptTokensDetails: [
        { modality: "TEXT", tokenCount: 80 },
        { modality: "IMAGE", tokenCount: 20 },
      ],
    };
    const { usage } = reply([{ ...parts({ text: "x" }), usageMetadata: first }, end("STOP", last)]);
    expect(usage).toEqual({
      input: 45,
      cacheRead: 60,
      cacheWrite: 0,
      output: 40,
      reasoning: 30,
      total: 145,
      estimated: false,
      details: { toolUsePrompt: 5, inputImage: 20 },
    });
  });

  it("gives calls without an id a stable id that differs between answers", () => {
    const ids = (responseId: string) =>
      reply([{ ...parts(call({ name: "f" }), call({ name: "f" })), responseId }, end("STOP")]).toolCalls.map(
        (one) => one.id,
      );
    expect(ids("a/b")).toEqual(["call_a_b_0", "call_a_b_1"]);
    expect(ids("a/b")).toEqual(ids("a/b"));
    expect(ids("c")).not.toEqual(ids("a/b"));
  });

  it.each(["stream", "body"])(
    "gives calls unique ids in a %s, which is reported once, and results go back to their calls",
    (form) => {
      const some = ["x", "x", "x", "call_r-1_1"].map((id, at) => call({ name: "f", args: { at }, id }));
      const candidates = [{ content: { parts: some }, finishReason: "STOP" }];
      const body = { candidates, responseId: "r-1" };
      const { toolCalls, adjustments, message } =
        form === "stream" ? reply([parts(...some), end("STOP")]) : readBody(body);
      expect(toolCalls.map((one) => [one.id, one.arguments])).toEqual([
        ["x", { at: 0 }],
        ["call_r-1_1", { at: 1 }],
        ["call_r-1_2", { at: 2 }],
        ["call_r-1_3", { at: 3 }],
      ]);
      expect(adjustments).toMatchObject([{ setting: "tools", from: { id: "x" }, to: { id: "call_r-1_1" } }]);
      const results = toolCalls.map(({ id }) => ({ type: "tool-result" as const, id, content: `result of ${id}` }));
      const messages: Message[] = [
        { role: "user", content: "q" },
        message,
        { role: "tool", content: results.toReversed() },
      ];
      const { contents } = encodeGenerate(requestOf({ messages }), target).params;
      const [, called, answered] = contents as readonly { readonly parts: readonly Tree[] }[];
      expect(called?.parts).toMatchObject(toolCalls.map(({ id }) => ({ functionCall: { id } })));
      expect(answered?.parts).toHaveLength(4);
      for (const { id } of toolCalls)
        expect(JSON.stringify(answered?.parts.find((part) => JSON.stringify(part).includes(`"id":"${id}"`)))).toContain(
          `result of ${id}`,
        );
    },
  );

  it("gives unique ids to calls that are joined from several candidates", () => {
    const one = call({ name: "f", args: {}, id: "x" });
    const split = [candidate(0, { text: "see" }, "STOP"), candidate(1, one, "STOP"), candidate(2, one, "STOP")];
    const { toolCalls, adjustments } = reply([chunk(...split)]);
    expect(new Set(toolCalls.map(({ id }) => id)).size).toBe(2);
    expect(adjustments).toHaveLength(1);
    const samples = decode([chunk(candidate(0, one, "STOP"), candidate(1, one, "STOP"))], undefined, 2);
    expect(foldEvents(samples).samples?.map((sample) => sample.toolCalls[0]?.id)).toEqual(["x", "x"]);
  });

  it("assembles arguments that arrive value by value", () => {
    const piece = (jsonPath: string, value: Tree, more = true) =>
      parts(call({ partialArgs: [{ jsonPath, ...value }], willContinue: more }));
    const { toolCalls, message } = reply([
      parts(call({ name: "write", willContinue: true }, "sig")),
      piece("$.rows[0].name", { stringValue: "Ap", willContinue: true }),
      piece("$.rows[0].name", { stringValue: "ple" }),
      piece("$.rows[0].price", { numberValue: 0.5 }),
      piece("$.rows[1]['odd key']", { boolValue: false }),
      piece("$.none", { nullValue: "NULL_VALUE" }, false),
      end("STOP"),
    ]);
    const args = { rows: [{ name: "Apple", price: 0.5 }, { "odd key": false }], none: null };
    expect(toolCalls).toMatchObject([{ id: "call_r-1_0", name: "write", arguments: args, json: JSON.stringify(args) }]);
    expect(message.content).toMatchObject([{ type: "tool-call", signature: "sig", owner: "google" }]);
  });

  it("does not let a malicious path change anything outside the arguments", () => {
    const piece = (jsonPath: string) => [
      parts(call({ name: "f", partialArgs: [{ jsonPath, stringValue: "x" }] })),
      end("STOP"),
    ];
    expect(JSON.parse(reply(piece("$.__proto__.polluted")).toolCalls[0]?.json ?? "")).not.toHaveProperty("polluted");
    expect(({} as Tree)["polluted"]).toBeUndefined();
    for (const path of ["$.a[99999999]", "nonsense", "$"]) {
      expect(() => decode(piece(path))).toThrow(expect.objectContaining({ code: "invalid_tool_call" }));
    }
  });

  it("restores the caller's tool names", () => {
    const tools = [{ name: "fs/read", parameters: { type: "object" } }];
    const events = decode(
      [parts(call({ name: "fs_read" })), end("STOP")],
      new ToolNames(requestOf({ settings: { tools } })),
    );
    expect(foldEvents(events).toolCalls[0]?.name).toBe("fs/read");
  });

  it("separates requested samples and finishes each once", () => {
    const several = (chunks: readonly unknown[]) => decode(chunks, undefined, 2);
    const candidate = (index: number, text: string, finishReason?: string) => ({
      candidates: [{ index, content: { parts: [{ text }] }, ...(finishReason && { finishReason }) }],
    });
    const events = several([
      candidate(1, "b"),
      candidate(0, "a"),
      candidate(1, "B", "MAX_TOKENS"),
      candidate(0, "A", "STOP"),
    ]);
    expect(foldEvents(events).samples).toMatchObject([
      { text: "aA", finishReason: "stop" },
      { text: "bB", finishReason: "length" },
    ]);
    expect(events.filter((event) => event.type === "finish").map((event) => event.sample)).toEqual([0, 1]);
    expect(() => several([candidate(0, "a", "STOP"), candidate(1, "b")])).toThrow(
      expect.objectContaining({ code: "stream_truncated" }),
    );
  });

  it("reports tool-calls if there are calls, although Gemini reports STOP", () => {
    expect(reply([parts(call({ name: "f" })), end("STOP")])).toMatchObject({
      finishReason: "tool-calls",
      rawFinishReason: "STOP",
    });
    expect(reply([parts(call({ name: "f" })), end("MAX_TOKENS")]).finishReason).toBe("length");
  });

  it("emits the text before a filter, then throws", () => {
    const decoder = generateDecoder(target, { names: new ToolNames(requestOf({})), samples: 1 });
    const events: FlowEvent[] = [];
    decoder.push(JSON.stringify(parts({ text: "he" })), undefined, events);
    decoder.push(JSON.stringify(end("RECITATION", { promptTokenCount: 4 })), undefined, events);
    expect(() => decoder.end(events)).toThrow(expect.objectContaining({ code: "content_filtered" }));
    expect(events.filter((event) => event.type === "text-delta" || event.type === "usage")).toHaveLength(2);
  });

  it("ignores unknown parts", () => {
    const odd = [{ executableCode: { code: "1" } }, { inlineData: { data: "AA==" } }, {}, { functionCall: null }];
    expect(reply([parts(...odd, { text: "x" }), { candidates: [{}] }, {}, end("STOP")]).text).toBe("x");
  });

  it("reports malformed answers as protocol errors", () => {
    for (const body of [{}, null, "text", { candidates: [] }]) {
      const decoder = generateDecoder(target, { names: new ToolNames(requestOf({})), samples: 1 });
      expect(() => decoder.body(body, [])).toThrow(expect.objectContaining({ code: "protocol_error" }));
    }
  });
});

/** What codegen reads from the same candidates. */
function readBody(body: unknown, samples = 1) {
  const decoder = generateDecoder(target, { names: new ToolNames(requestOf({})), samples });
  const events: FlowEvent[] = [{ type: "start", model: "m", provider: "google" }];
  decoder.body(body, events);
  decoder.end(events);
  return foldEvents(events);
}

const candidate = (index: unknown, part: Tree, finishReason?: string) => ({
  index,
  content: { parts: [part] },
  ...(finishReason && { finishReason }),
});
const chunk = (...candidates: readonly Tree[]) => ({ candidates });
const CALL = call({ name: "f", args: { a: 1 } });

describe("the candidates of a request for one answer", () => {
  it.each([-1, 0.5, 1, 2, 1e7, 1e300, "0", null])("are one answer if the only one has the index %j", (index) => {
    const whole = [chunk(candidate(index, { text: "a" })), chunk(candidate(index, { text: "b" }, "STOP"))];
    expect(reply(whole)).toMatchObject({ text: "ab", finishReason: "stop" });
    expect(readBody(chunk(candidate(index, { text: "ab" }, "STOP")))).toMatchObject({ text: "ab", adjustments: [] });
  });

  it("are joined if at most one of them has text", () => {
    const split = [candidate(0, { text: "see" }, "STOP"), candidate(1, CALL, "STOP"), candidate(2, CALL, "STOP")];
    for (const read of [reply([chunk(...split)]), reply(split.map((one) => chunk(one))), readBody(chunk(...split))]) {
      expect(read).toMatchObject({ text: "see", finishReason: "tool-calls", adjustments: [] });
      expect(read.samples).toBeUndefined();
      expect(read.toolCalls.map(({ name }) => name)).toEqual(["f", "f"]);
      expect(new Set(read.toolCalls.map(({ id }) => id)).size).toBe(2);
    }
    const events = decode([chunk(...split)]);
    expect(events.flatMap((event) => (event.type === "tool-call-end" ? [event.index] : []))).toEqual([0, 1]);
    expect(
      reply([chunk(candidate(3, CALL)), chunk(candidate(0, { text: "see" }, "STOP"), candidate(3, {}, "STOP"))]),
    ).toMatchObject({ text: "see", toolCalls: [{ name: "f" }] });
  });

  it("use the lowest index if several have text, and report the others", () => {
    const all = [candidate(4, { text: "c" }, "STOP"), candidate(1, { text: "a" }, "STOP"), candidate(2, CALL, "STOP")];
    for (const read of [reply([chunk(...all)]), reply(all.map((one) => chunk(one))), readBody(chunk(...all))]) {
      expect(read).toMatchObject({ text: "a", toolCalls: [], finishReason: "stop" });
      expect(read.adjustments).toMatchObject([
        { setting: "samples", reason: expect.stringContaining("2, 4 left out") },
      ]);
    }
    const twice = chunk(candidate(0, { text: "a" }, "STOP"), candidate(0, { text: "b" }, "STOP"));
    expect(readBody(twice)).toMatchObject({ text: "a", adjustments: [{ setting: "samples" }] });
  });

  it("are a protocol error if a lower index brings text after other text was emitted", () => {
    const late = [1, 1, 0].map((index) => chunk(candidate(index, { text: "x" }, "STOP")));
    expect(() => decode(late)).toThrow(expect.objectContaining({ code: "protocol_error" }));
  });

  it.each([-1, 0.5, 2, 1e7, "1"])("are a protocol error if one of two samples has the index %j", (index) => {
    const body = chunk(candidate(0, { text: "a" }, "STOP"), candidate(index, { text: "b" }, "STOP"));
    expect(() => readBody(body, 2)).toThrow(expect.objectContaining({ code: "protocol_error" }));
    expect(() => decode([body], undefined, 2)).toThrow(expect.objectContaining({ code: "protocol_error" }));
  });
});

it("two samples with the same index in one chunk are a protocol error", () => {
  const body = chunk(candidate(1, { text: "a" }, "STOP"), candidate(1, { text: "b" }, "STOP"));
  expect(() => readBody(body, 2)).toThrow(expect.objectContaining({ code: "protocol_error" }));
  expect(() => decode([body], undefined, 2)).toThrow(expect.objectContaining({ code: "protocol_error" }));
});

describe("the end of an answer of Gemini", () => {
  const text = (words: string, finishReason?: string) => chunk(candidate(0, { text: words }, finishReason));

  it("may be on every chunk from the first text", () => {
    expect(reply([text("a", "STOP"), text("b", "STOP"), text("c", "STOP")])).toMatchObject({ text: "abc" });
    expect(reply([end("STOP"), text("a"), text("b", "STOP")])).toMatchObject({ text: "ab" });
    const thought = chunk(candidate(0, { text: "Hm.", thought: true }));
    expect(reply([thought, text("a", "STOP"), text("b", "MAX_TOKENS")])).toMatchObject({ finishReason: "length" });
    const pieces = parts(call({ name: "f", partialArgs: [{ jsonPath: "$.p", stringValue: "a" }], willContinue: true }));
    const more = parts(call({ partialArgs: [{ jsonPath: "$.p", stringValue: "b" }] }));
    const stop = ({ candidates: [one] }: typeof pieces) => chunk({ ...one, finishReason: "STOP" });
    expect(reply([stop(pieces), stop(more)])).toMatchObject({ toolCalls: [{ arguments: { p: "ab" } }] });
  });

  it("may be on every chunk with a call; only calls may follow", () => {
    const called = chunk(candidate(0, CALL, "STOP"));
    expect(reply([text("a"), called, called])).toMatchObject({ text: "a", toolCalls: [{ name: "f" }, { name: "f" }] });
    expect(() => decode([text("a"), called, parts(CALL)])).toThrow(
      expect.objectContaining({ code: "stream_truncated" }),
    );
    for (const more of [text("b"), parts(CALL, { text: "b" })]) {
      expect(() => decode([text("a"), called, called, more])).toThrow(
        expect.objectContaining({ code: "protocol_error" }),
      );
    }
  });

  it("is not an empty or unspecified finish reason", () => {
    for (const none of ["", "FINISH_REASON_UNSPECIFIED"]) {
      const some = (words: string) => chunk({ ...candidate(0, { text: words }), finishReason: none });
      expect(reply([text("a"), some("b"), some("c"), text("d", "STOP"), some("")])).toMatchObject({
        text: "abcd",
        finishReason: "stop",
      });
    }
  });

  it("is missing if text follows such a finish reason without another", () => {
    expect(() => decode([text("a", "STOP"), text("b")])).toThrow(expect.objectContaining({ code: "stream_truncated" }));
  });

  it.each([
    ["text", { text: "again" }],
    ["thoughts", { text: "again", thought: true }],
    ["a call", CALL],
    ["an image", { inlineData: { mimeType: "image/png", data: "AA==" } }],
  ])("makes %s after it a protocol error", (_, part) => {
    const whole = [text("a"), text("b", "STOP")];
    expect(() => decode([...whole, chunk(candidate(0, part, "STOP"))])).toThrow(
      expect.objectContaining({ code: "protocol_error" }),
    );
    expect(() => decode([...whole, ...whole])).toThrow(expect.objectContaining({ code: "protocol_error" }));
    expect(() => decode([parts(CALL), end("STOP"), parts(CALL), end("STOP")])).toThrow(
      expect.objectContaining({ code: "protocol_error" }),
    );
  });

  it("may be followed by usage, an empty text, a signature, and nothing is read after [DONE]", () => {
    const whole = [text("a"), text("b", "STOP"), { usageMetadata: { promptTokenCount: 3 } }, text("")];
    expect(reply([...whole, parts({ text: "", thoughtSignature: "s" })])).toMatchObject({
      text: "ab",
      usage: { input: 3 },
    });
    const decoder = generateDecoder(target, { names: new ToolNames(requestOf({})), samples: 1 });
    decoder.push("[DONE]", undefined, []);
    expect(decoder.done).toBe(true);
  });

  it("counts before a broken connection only if the first finish reason came after text", () => {
    const ends = (...chunks: readonly unknown[]) => {
      const decoder = generateDecoder(target, { names: new ToolNames(requestOf({})), samples: 1 });
      const events: FlowEvent[] = [];
      for (const one of chunks) decoder.push(JSON.stringify(one), undefined, events);
      return () => decoder.end(events, true);
    };
    expect(ends(text("a"), text("b", "STOP"))).not.toThrow();
    expect(ends(text("a", "STOP"), text("b", "STOP"))).toThrow(expect.objectContaining({ code: "stream_truncated" }));
  });
});

describe("a tool call of Gemini", () => {
  it("has no arguments when these are null, absent or blank", () => {
    for (const args of [null, undefined, "", " ", "null"]) {
      const read = reply([parts(call({ name: "f", args })), end("STOP")]);
      expect(read.toolCalls.map((one) => one.arguments)).toEqual([{}]);
    }
  });

  it.each([[[1]], [5], [true], ["5"], ["[1]"], ["abc"], ['{"a":']])("is rejected with the arguments %j", (args) => {
    expect(() => decode([parts(call({ name: "f", args })), end("STOP")])).toThrow(
      expect.objectContaining({ code: "invalid_tool_call" }),
    );
  });

  it("is rejected without a name", () => {
    for (const name of ["", null, undefined]) {
      expect(() => decode([parts(call({ name, args: {} })), end("STOP")])).toThrow(
        expect.objectContaining({ code: "invalid_tool_call" }),
      );
    }
    expect(reply([parts({ text: "a" }, call({})), end("STOP")])).toMatchObject({ text: "a", toolCalls: [] });
  });
});

describe("output of Gemini that a reply cannot contain", () => {
  it.each([
    { inlineData: { mimeType: "image/png", data: "AA==" } },
    { fileData: { fileUri: "gs://x" } },
    { executableCode: { code: "1" } },
    { codeExecutionResult: { outcome: "OUTCOME_OK" } },
  ])("is reported as other output: %j", (part) => {
    const others = (events: readonly FlowEvent[]) => events.filter(({ type }) => type === "other-output");
    expect(others(decode([parts(part), end("STOP")]))).toHaveLength(1);
    expect(others(decode([parts({ ...part, thought: true }), end("STOP")]))).toHaveLength(0);
  });
});

describe("a stream without an answer", () => {
  it("fails with the error in it, also if an end follows", () => {
    const error = { error: { code: 429, status: "RESOURCE_EXHAUSTED", message: "slow down" } };
    expect(() => decode([parts({ text: "half" }), error, end("STOP")])).toThrow(
      expect.objectContaining({ code: "rate_limited", provider: "google" }),
    );
  });

  it("fails with content_filtered for a blocked prompt, not as truncated", () => {
    expect(() => decode([{ promptFeedback: { blockReason: "SAFETY" } }])).toThrow(
      expect.objectContaining({ code: "content_filtered" }),
    );
    expect(() => decode([{ promptFeedback: {} }])).toThrow(expect.objectContaining({ code: "stream_truncated" }));
    expect(reply([{ promptFeedback: { blockReason: "OTHER" } }, parts({ text: "fine" }), end("STOP")]).text).toBe(
      "fine",
    );
  });
});
