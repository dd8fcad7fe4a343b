import { describe, expect, it } from "vitest";
import { chunk, modelAt, SPLITS, saying, sse } from "./world.ts";

type Loose = Readonly<Record<string, unknown>>;

const piece = (more: Loose, name: string | undefined, json: unknown): Loose => ({
  ...more,
  function: { ...(name !== undefined && { name }), arguments: json },
});
const calls = (...pieces: Loose[]) => chunk({ tool_calls: pieces });
const first = (index: number, id: string, json: unknown) =>
  calls(piece({ index, id, type: "function" }, `f_${id}`, json));
const more = (index: number, json: string) => calls(piece({ index }, undefined, json));

/** What a server says, and the calls it means. */
const ANSWERS: Readonly<Record<string, readonly [events: readonly Loose[], meant: readonly Loose[]]>> = {
  "interleaved, with ids on the first pieces": [
    [first(0, "a", ""), first(1, "b", ""), more(0, '{"t":"A"}'), more(1, '{"t":"B"}')],
    [
      { id: "a", name: "f_a", arguments: { t: "A" } },
      { id: "b", name: "f_b", arguments: { t: "B" } },
    ],
  ],
  "under one index with two ids": [
    [first(0, "a", '{"p":"a"}'), first(0, "b", '{"p":"b"}')],
    [
      { id: "a", name: "f_a", arguments: { p: "a" } },
      { id: "b", name: "f_b", arguments: { p: "b" } },
    ],
  ],
  "under one id with two names": [
    [calls(piece({ index: 0, id: "a" }, "f", '{"x":1}')), calls(piece({ index: 0, id: "a" }, "g", '{"y":2}'))],
    [
      { id: "a", name: "f", arguments: { x: 1 } },
      { id: expect.stringMatching(/^call_\w{24}$/), name: "g", arguments: { y: 2 } },
    ],
  ],
  "without ids and parameters under one index": [
    [calls(piece({ index: 0 }, "f", "{}")), calls(piece({ index: 0 }, "f", "{}"))],
    [
      { name: "f", arguments: {} },
      { name: "f", arguments: {} },
    ],
  ],
  "that come again without an id after the end": [
    [first(0, "a", '{"x":1}'), chunk({}, "tool_calls"), calls(piece({ index: 0 }, "f_a", '{"x":1}'))],
    [{ id: "a", name: "f_a", arguments: { x: 1 } }],
  ],
  "going on under a new index": [
    [first(0, "a", '{"x":'), more(1, "1}")],
    [{ id: "a", name: "f_a", arguments: { x: 1 } }],
  ],
  "without an id": [
    [calls(piece({ index: 0 }, "f", '{"ü":')), more(0, '"🚀"}')],
    [{ id: expect.stringMatching(/^call_\w{24}$/), name: "f", arguments: { ü: "🚀" } }],
  ],
  "with arguments as an object": [[first(0, "a", { x: 1 })], [{ id: "a", name: "f_a", arguments: { x: 1 } }]],
  "with no arguments": [[first(0, "a", null)], [{ id: "a", name: "f_a", arguments: {} }]],
  "of the old kind": [
    [chunk({ function_call: { name: "f", arguments: '{"x"' } }), chunk({ function_call: { arguments: ":1}" } })],
    [{ id: expect.stringMatching(/^call_/), name: "f", arguments: { x: 1 } }],
  ],
};

describe("streamed tool calls", () => {
  it.each(Object.entries(ANSWERS))("are assembled: %s", async (_, [events, meant]) => {
    for (const pieceBytes of SPLITS) {
      for (const finish of ["tool_calls", "stop"]) {
        const server = await saying({ body: sse(...events, chunk({}, finish), "[DONE]"), pieceBytes });
        const reply = await modelAt(server.origin).stream("hi").reply;
        expect(reply.toolCalls).toMatchObject(meant);
        expect(reply).toMatchObject({ finishReason: "tool-calls", rawFinishReason: finish });
      }
    }
  });

  it.each(SPLITS)("that are not JSON are an error with the partial (pieces of %i bytes)", async (pieceBytes) => {
    const server = await saying({
      body: sse(first(0, "a", '{"x": "/a'), chunk({}, "tool_calls"), "[DONE]"),
      pieceBytes,
    });
    const error = await modelAt(server.origin)
      .stream("hi")
      .reply.catch((reason: unknown) => reason);
    const toolCalls = [{ id: "a", name: "f_a", arguments: undefined, json: '{"x": "/a' }];
    expect(error).toMatchObject({ code: "invalid_tool_call", partial: { toolCalls } });
  });

  it("that are announced and missing are a protocol error", async () => {
    const server = await saying({
      body: sse(chunk({ tool_calls: [] }), chunk({}, "tool_calls"), "[DONE]"),
      pieceBytes: 7,
    });
    await expect(modelAt(server.origin).stream("hi").reply).rejects.toMatchObject({ code: "protocol_error" });
  });

  const message = (...events: readonly Loose[]) =>
    events.map((event) => `event: ${event["type"]}\n${sse(event)}`).join("");
  const claude = (json: readonly string[], reason: string) =>
    message(
      { type: "message_start", message: { id: "m", model: "claude", usage: { input_tokens: 3, output_tokens: 1 } } },
      { type: "content_block_start", index: 0, content_block: { type: "tool_use", id: "t", name: "f", input: {} } },
      ...json.map((partial_json) => ({
        type: "content_block_delta",
        index: 0,
        delta: { type: "input_json_delta", partial_json },
      })),
      { type: "content_block_stop", index: 0 },
      { type: "message_delta", delta: { stop_reason: reason }, usage: { output_tokens: 9 } },
      { type: "message_stop" },
    );

  it("of Claude follow the same rules: complete, empty, malformed, truncated", async () => {
    const ask = async (json: readonly string[], reason: string) => {
      const server = await saying({ body: claude(json, reason), pieceBytes: 7 });
      const provider = `provider = "anthropic"\nbase_url = "${server.origin}"`;
      return modelAt(server.origin, "", provider)
        .stream("hi")
        .reply.catch((error: unknown) => error);
    };
    expect(await ask(["", '{"x"', ":1}"], "tool_use")).toMatchObject({ toolCalls: [{ id: "t", arguments: { x: 1 } }] });
    expect(await ask([""], "tool_use")).toMatchObject({ toolCalls: [{ id: "t", arguments: {} }] });
    const toolCalls = [{ id: "t", name: "f", arguments: undefined, json: '{"x": "/a' }];
    for (const reason of ["tool_use", "max_tokens"])
      expect(await ask(['{"x": "/a'], reason)).toMatchObject({ code: "invalid_tool_call", partial: { toolCalls } });
  });

  it("of Gemini are not calls when truncated by the token limit", async () => {
    const part = (functionCall: Loose) => ({ candidates: [{ content: { role: "model", parts: [{ functionCall }] } }] });
    const end = (finishReason: string) => ({ candidates: [{ finishReason }] });
    const ask = async (...events: readonly Loose[]) => {
      const server = await saying({ body: sse(...events), pieceBytes: 7 });
      const provider = `provider = "google"\nbase_url = "${server.origin}"`;
      return modelAt(server.origin, "", provider)
        .stream("hi")
        .reply.catch((error: unknown) => error);
    };
    expect(await ask(part({ name: "f" }), end("STOP"))).toMatchObject({ toolCalls: [{ name: "f", arguments: {} }] });
    expect(await ask(part({ name: "f", args: '{"x":1}' }), end("STOP"))).toMatchObject({
      toolCalls: [{ arguments: { x: 1 }, json: '{"x":1}' }],
    });
    const pieces = part({ name: "f", partialArgs: [{ jsonPath: "$.p", stringValue: "/a" }], willContinue: true });
    expect(await ask(pieces, end("STOP"))).toMatchObject({ toolCalls: [{ arguments: { p: "/a" } }] });
    expect(await ask(pieces, end("MAX_TOKENS"))).toMatchObject({ code: "invalid_tool_call" });
  });
});
