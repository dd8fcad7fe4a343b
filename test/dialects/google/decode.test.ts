import { describe, expect, it } from "vitest";
import type { FlowEvent } from "../../../src/core/event.ts";
import type { Message } from "../../../src/core/message.ts";
import { generateDecoder } from "../../../src/dialects/google/decode.ts";
import { encodeGenerate } from "../../../src/dialects/google/encode.ts";
import { ToolNames } from "../../../src/dialects/google/tool-names.ts";
import { foldEvents, requestOf, targetOf } from "../contract.ts";

const target = targetOf({ provider: "google", dialect: "google" });

type Tree = Readonly<Record<string, unknown>>;

function decode(chunks: readonly unknown[], names = new ToolNames(requestOf({}))): FlowEvent[] {
  const decoder = generateDecoder(target, names);
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
  it("keeps signatures of text, thoughts and calls on their parts, and gives them back there", () => {
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

  it("counts the prompt without what the cache gave, thoughts as output, the last numbers only", () => {
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

  it("gives calls without an id one that is stable and unlike those of other answers", () => {
    const ids = (responseId: string) =>
      reply([{ ...parts(call({ name: "f" }), call({ name: "f" })), responseId }, end("STOP")]).toolCalls.map(
        (one) => one.id,
      );
    expect(ids("a/b")).toEqual(["call_a_b_0", "call_a_b_1"]);
    expect(ids("a/b")).toEqual(ids("a/b"));
    expect(ids("c")).not.toEqual(ids("a/b"));
  });

  it("puts arguments together that come value by value", () => {
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
    expect(toolCalls).toEqual([{ id: "call_r-1_0", name: "write", arguments: args, json: JSON.stringify(args) }]);
    expect(message.content).toMatchObject([{ type: "tool-call", signature: "sig", owner: "google" }]);
  });

  it("keeps a hostile path from reaching outside the arguments", () => {
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

  it("gives the caller's own tool names back", () => {
    const tools = [{ name: "fs/read", parameters: { type: "object" } }];
    const events = decode(
      [parts(call({ name: "fs_read" })), end("STOP")],
      new ToolNames(requestOf({ settings: { tools } })),
    );
    expect(foldEvents(events).toolCalls[0]?.name).toBe("fs/read");
  });

  it("keeps candidates apart and finishes each once", () => {
    const candidate = (index: number, text: string, finishReason?: string) => ({
      candidates: [{ index, content: { parts: [{ text }] }, ...(finishReason && { finishReason }) }],
    });
    const events = decode([
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
    expect(() => decode([candidate(0, "a", "STOP"), candidate(1, "b")])).toThrow(
      expect.objectContaining({ code: "stream_truncated" }),
    );
  });

  it("says tool-calls where there are calls, although Gemini says STOP", () => {
    expect(reply([parts(call({ name: "f" })), end("STOP")])).toMatchObject({
      finishReason: "tool-calls",
      rawFinishReason: "STOP",
    });
    expect(reply([parts(call({ name: "f" })), end("MAX_TOKENS")]).finishReason).toBe("length");
  });

  it("shows what came before a filter, then throws", () => {
    const decoder = generateDecoder(target, new ToolNames(requestOf({})));
    const events: FlowEvent[] = [];
    decoder.push(JSON.stringify(parts({ text: "he" })), undefined, events);
    decoder.push(JSON.stringify(end("RECITATION", { promptTokenCount: 4 })), undefined, events);
    expect(() => decoder.end(events)).toThrow(expect.objectContaining({ code: "content_filtered" }));
    expect(events.filter((event) => event.type === "text-delta" || event.type === "usage")).toHaveLength(2);
  });

  it("reads past parts it has no word for", () => {
    const odd = [{ executableCode: { code: "1" } }, { inlineData: { data: "AA==" } }, {}, { functionCall: null }];
    expect(reply([parts(...odd, { text: "x" }), { candidates: [{}] }, {}, end("STOP")]).text).toBe("x");
  });

  it("calls answers that are no answers protocol errors", () => {
    for (const body of [{}, null, "text", { candidates: [] }]) {
      const decoder = generateDecoder(target, new ToolNames(requestOf({})));
      expect(() => decoder.body(body, [])).toThrow(expect.objectContaining({ code: "protocol_error" }));
    }
  });
});

describe("a stream that is no answer", () => {
  it("is the error that it holds, also before an end that comes after it", () => {
    const error = { error: { code: 429, status: "RESOURCE_EXHAUSTED", message: "slow down" } };
    expect(() => decode([parts({ text: "half" }), error, end("STOP")])).toThrow(
      expect.objectContaining({ code: "rate_limited", provider: "google" }),
    );
  });

  it("is a blocked prompt where it says so, and no cut stream", () => {
    expect(() => decode([{ promptFeedback: { blockReason: "SAFETY" } }])).toThrow(
      expect.objectContaining({ code: "content_filtered" }),
    );
    expect(() => decode([{ promptFeedback: {} }])).toThrow(expect.objectContaining({ code: "stream_truncated" }));
    expect(reply([{ promptFeedback: { blockReason: "OTHER" } }, parts({ text: "fine" }), end("STOP")]).text).toBe(
      "fine",
    );
  });
});
