import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeResponses } from "../../../src/dialects/openai/responses-decode.ts";
import { readAnswer, targetOf } from "../contract.ts";

const target = targetOf({ provider: "openai", dialect: "openai-responses" });

type Loose = Record<string, unknown>;

function read(...events: readonly Loose[]) {
  const stream = events.map((data) => ({ event: String(data["type"]), data }));
  return readAnswer({ target, decoder: decodeResponses }, { stream }, "stream");
}

function completed(output: unknown[] = [], more: Loose = {}): Loose {
  return { type: "response.completed", response: { id: "r", status: "completed", output, ...more } };
}

const added = (item: Loose, index: number): Loose => ({
  type: "response.output_item.added",
  output_index: index,
  item,
});
const done = (item: Loose, index: number): Loose => ({ type: "response.output_item.done", output_index: index, item });
const message = (text: string, more: Loose = {}): Loose => ({
  id: "m",
  type: "message",
  content: [{ type: "output_text", text }],
  ...more,
});
const call = (json: string): Loose => ({ id: "f", type: "function_call", call_id: "c", name: "f", arguments: json });

describe("an error event", () => {
  it.each([
    ["with its error inside", { error: { code: "rate_limit_exceeded", message: "slow down" } }],
    ["with its error beside", { code: "rate_limit_exceeded", message: "slow down" }],
  ])("ends the answer with what it says, %s", (_, error) => {
    const delta = { type: "response.output_text.delta", output_index: 0, delta: "half" };
    expect(() => read(added(message(""), 0), delta, { type: "error", ...error }, completed([message("half")]))).toThrow(
      expect.objectContaining({ code: "rate_limited" }),
    );
  });
});

describe("a responses stream", () => {
  it("shows an item that was not streamed when it is done, and no item twice", () => {
    const delta = { type: "response.output_text.delta", output_index: 1, delta: "two" };
    const events = [done(message("one "), 0), added(message(""), 1), delta, done(message("two"), 1)];
    expect(read(...events, completed([message("one "), message("two")])).reply.text).toBe("one two");
  });

  it("shows a whole response of which nothing was streamed", () => {
    const { reply } = read(completed([message("hi"), call('{"x":1}')]));
    expect(reply).toMatchObject({
      text: "hi",
      finishReason: "tool-calls",
      toolCalls: [{ id: "c", arguments: { x: 1 } }],
    });
  });

  it("finds the item of an event by id where the server leaves the index out", () => {
    const events = [
      { type: "response.output_item.added", item: call("") },
      { type: "response.output_item.added", item: { ...call(""), id: "g", call_id: "d", name: "g" } },
      { type: "response.function_call_arguments.delta", item_id: "f", delta: '{"a":' },
      { type: "response.function_call_arguments.delta", item_id: "g", delta: "{}" },
      { type: "response.function_call_arguments.delta", item_id: "f", delta: "1}" },
    ];
    expect(read(...events, completed()).reply.toolCalls.map(({ name, json }) => [name, json])).toEqual([
      ["f", '{"a":1}'],
      ["g", "{}"],
    ]);
  });

  it("ends a call that the server forgot to end", () => {
    const delta = { type: "response.function_call_arguments.delta", output_index: 0, delta: '{"x":1}' };
    expect(read(added(call(""), 0), delta, completed()).reply.toolCalls).toMatchObject([{ arguments: { x: 1 } }]);
  });

  it("gives the arguments of a call once when only the finished item has them", () => {
    const { events } = read(added(call(""), 0), done(call('{"x":1}'), 0), completed());
    expect(events.filter(({ type }) => type === "tool-call-delta")).toHaveLength(1);
  });

  it("keeps the paragraphs of a summary apart and seals the thought", () => {
    const part = { type: "response.reasoning_summary_part.added", output_index: 0 };
    const delta = (text: string) => ({ type: "response.reasoning_summary_text.delta", output_index: 0, delta: text });
    const item = {
      id: "rs",
      type: "reasoning",
      summary: [
        { type: "summary_text", text: "a" },
        { type: "summary_text", text: "b" },
      ],
    };
    const events = [part, delta("a"), part, delta("b"), done({ ...item, encrypted_content: "sealed" }, 0)];
    const { reply } = read(...events, done(message("hi"), 1), completed());
    expect(reply.reasoning).toBe("a\n\nb");
    const [thought] = reply.message.content as unknown as Loose[];
    expect(JSON.parse(String(thought?.["signature"]))).toEqual({
      id: "rs",
      summary: item.summary,
      encrypted_content: "sealed",
    });
    expect(read(completed([item])).reply.reasoning).toBe("a\n\nb");
  });

  it("keeps the phase of a message", () => {
    const { reply } = read(
      done(message("Looking.", { phase: "commentary" }), 0),
      done(message("Found.", { phase: "final_answer" }), 1),
      completed(),
    );
    expect(reply.text).toBe("Looking.Found.");
    expect(reply.message.content).toMatchObject([
      { signature: '{"phase":"commentary"}' },
      { signature: '{"phase":"final_answer"}' },
    ]);
  });

  it("passes over the provider's own work and what it does not know", () => {
    const foreign = ["web_search_call", "computer_call", "mcp_call", "something_new"].map((type, index) => ({
      id: `i${index}`,
      type,
    }));
    const { reply } = read(
      ...foreign.map((item, index) => done(item, index)),
      { type: "response.new.event", delta: "x" },
      done(message("hi"), 9),
      completed(),
    );
    expect(reply).toMatchObject({ text: "hi", finishReason: "stop", toolCalls: [] });
  });

  it("tells the event by its SSE name where the data does not", () => {
    const { type: _, ...rest } = completed([message("hi")]);
    const stream = [{ event: "response.completed", data: rest }];
    expect(readAnswer({ target, decoder: decodeResponses }, { stream }, "stream").reply.text).toBe("hi");
  });

  it("tells usage also when the answer failed", () => {
    const failed = {
      type: "response.failed",
      response: {
        id: "r",
        status: "failed",
        error: { code: "server_error", message: "x" },
        usage: { input_tokens: 3, output_tokens: 1 },
      },
    };
    const decoder = decodeResponses(target);
    const out: { type: string }[] = [];
    expect(() => decoder.push(JSON.stringify(failed), undefined, out as never)).toThrow(
      expect.objectContaining({ code: "server_error" }),
    );
    expect(out.map(({ type }) => type)).toContain("usage");
  });

  it("is not ended by [DONE] alone, nor by an answer that is still queued", () => {
    const stream = [{ data: done(message("hi"), 0) }, { data: "[DONE]" }];
    expect(() => readAnswer({ target, decoder: decodeResponses }, { stream }, "stream")).toThrow(
      expect.objectContaining({ code: "stream_truncated" }),
    );
    const body = { id: "r", status: "queued", output: [] };
    expect(() => readAnswer({ target, decoder: decodeResponses }, { stream: [], body }, "body")).toThrow(/queued/);
  });

  it("never makes the decoder fail in another way than with a ModelError", () => {
    const types = [
      "response.output_item.added",
      "response.output_item.done",
      "response.output_text.delta",
      "response.function_call_arguments.delta",
      "response.completed",
      "error",
      "x",
    ];
    const items = fc.record(
      {
        type: fc.constantFrom("message", "reasoning", "function_call", "x"),
        content: fc.jsonValue(),
        summary: fc.jsonValue(),
        arguments: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    const anything = fc.record(
      {
        type: fc.constantFrom(...types),
        item: fc.oneof(items, fc.jsonValue()),
        delta: fc.jsonValue(),
        response: fc.jsonValue(),
        output_index: fc.jsonValue(),
      },
      { requiredKeys: ["type"] },
    );
    fc.assert(
      fc.property(fc.array(anything), (events) => {
        try {
          read(...(events as Loose[]));
        } catch (error) {
          expect(error).toMatchObject({ name: "ModelError", provider: "openai" });
        }
      }),
    );
  });
});
