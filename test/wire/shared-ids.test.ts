import { expect, test } from "vitest";
import type { Message } from "../../src/index.ts";
import { modelAt, serving } from "../harness/ask.ts";
import type { Wire } from "../harness/wires.ts";

type Tree = Readonly<Record<string, unknown>>;

const args = [0, 1].map((x) => ({ x }));
const block = (input: Tree, index: number): readonly Tree[] => [
  { type: "content_block_start", index, content_block: { type: "tool_use", id: "same", name: "f", input: {} } },
  { type: "content_block_delta", index, delta: { type: "input_json_delta", partial_json: JSON.stringify(input) } },
  { type: "content_block_stop", index },
];
const item = (input: Tree, index: number) => {
  return { id: `i${index}`, type: "function_call", call_id: "same", name: "f", arguments: JSON.stringify(input) };
};
const end = (delta: Tree, finish_reason: string | null) => ({ id: "c", choices: [{ index: 0, delta, finish_reason }] });

/** Two calls with the same id, in the format of each wire. */
const STREAMS: Readonly<Record<Wire, readonly Tree[]>> = {
  openai: [
    ...args.map((input, index) => {
      const call = { index, id: "same", function: { name: "f", arguments: JSON.stringify(input) } };
      return end({ tool_calls: [call] }, null);
    }),
    end({}, "tool_calls"),
  ],
  "openai-responses": [
    ...args.map((input, index) => ({
      type: "response.output_item.done",
      output_index: index,
      item: item(input, index),
    })),
    { type: "response.completed", response: { id: "r", status: "completed", output: args.map(item) } },
  ],
  anthropic: [
    { type: "message_start", message: { id: "m", content: [], usage: { input_tokens: 1, output_tokens: 1 } } },
    ...args.flatMap(block),
    { type: "message_delta", delta: { stop_reason: "tool_use" }, usage: { output_tokens: 2 } },
    { type: "message_stop" },
  ],
  google: [
    {
      candidates: [
        { content: { parts: args.map((input) => ({ functionCall: { id: "same", name: "f", args: input } })) } },
      ],
    },
    { candidates: [{ content: { parts: [{ text: "" }] }, finishReason: "STOP" }] },
  ],
};

/** The smallest parts of a request that contain a result and the id of its call. */
function resultsOf(value: unknown): readonly string[] {
  const text = JSON.stringify(value) ?? "";
  if (typeof value !== "object" || !/result \d/.test(text) || !/"(?:tool_call_id|call_id|tool_use_id|id)"/.test(text))
    return [];
  const inner = Object.values(value ?? {}).flatMap(resultsOf);
  return inner.length > 0 ? inner : [text];
}

test.each(Object.keys(STREAMS) as Wire[])(
  "two calls with one id get distinct ids over %s, and each result is sent with its call",
  async (wire) => {
    const body = STREAMS[wire].map((data) => `data: ${JSON.stringify(data)}\n\n`).join("");
    const server = await serving(() => ({ headers: { "content-type": "text/event-stream" }, body, pieceBytes: 100 }));
    const model = modelAt(wire, server.origin);
    const stream = model.stream("Hello");
    const reply = await stream.reply;
    expect(reply.toolCalls.map((call) => call.arguments)).toEqual(args);
    expect(new Set(reply.toolCalls.map(({ id }) => id)).size).toBe(2);
    expect(reply.adjustments).toMatchObject([{ setting: "tools", from: { id: "same" } }]);
    // Each result names the arguments of its call; the results come in reverse order.
    const results = reply.toolCalls.map((call) => {
      return { type: "tool-result" as const, id: call.id, content: `result ${JSON.parse(call.json).x}` };
    });
    const messages: Message[] = [
      { role: "user", content: "Hello" },
      reply.message,
      { role: "tool", content: results.toReversed() },
    ];
    await model.stream(messages).reply;
    const sent = server.requests[1]?.body ?? "";
    const ids = reply.toolCalls.map(({ id }) => id);
    for (const [at, id] of ids.entries()) {
      const answers = resultsOf(JSON.parse(sent)).filter((text) => text.includes(`"${id}"`));
      expect(answers).toEqual([expect.stringContaining(`result ${at}`)]);
    }
  },
);
