import type { WireAnswer, WireEvent } from "../contract.ts";

type Tree = Readonly<Record<string, unknown>>;

/** One answer as the messages API streams it and as it gives it whole. */
export function answerOf(
  blocks: readonly Tree[],
  stopReason: string,
  usage: Tree = { input_tokens: 3, output_tokens: 2 },
  stopDetails?: Tree,
): WireAnswer {
  const end = { stop_reason: stopReason, stop_sequence: null, ...(stopDetails && { stop_details: stopDetails }) };
  const message = { id: "msg_1", type: "message", role: "assistant", model: "claude-test" };
  const events: Tree[] = [
    { type: "message_start", message: { ...message, content: [], usage: { ...usage, output_tokens: 1 } } },
    { type: "ping" },
    ...blocks.flatMap((block, index) => streamBlock(block, index)),
    { type: "message_delta", delta: end, usage: { output_tokens: usage["output_tokens"] } },
    { type: "message_stop" },
  ];
  return { stream: events.map(named), body: { ...message, ...end, content: blocks, usage } };
}

function named(data: Tree): WireEvent {
  return { event: String(data["type"]), data };
}

function streamBlock(block: Tree, index: number): Tree[] {
  const { start, deltas } = pieces(block);
  return [
    { type: "content_block_start", index, content_block: start },
    ...deltas.map((delta) => ({ type: "content_block_delta", index, delta })),
    { type: "content_block_stop", index },
  ];
}

function pieces(block: Tree): { start: Tree; deltas: Tree[] } {
  const halves = (text: string) => [text.slice(0, text.length >> 1), text.slice(text.length >> 1)];
  switch (block["type"]) {
    case "text":
      return {
        start: { type: "text", text: "" },
        deltas: halves(String(block["text"])).map((text) => ({ type: "text_delta", text })),
      };
    case "thinking":
      return {
        start: { type: "thinking", thinking: "", signature: "" },
        deltas: [
          ...halves(String(block["thinking"])).map((thinking) => ({ type: "thinking_delta", thinking })),
          ...halves(String(block["signature"])).map((signature) => ({ type: "signature_delta", signature })),
        ],
      };
    case "tool_use": {
      const json = Object.keys(block["input"] as object).length === 0 ? "" : JSON.stringify(block["input"]);
      return {
        start: { ...block, input: {} },
        deltas: halves(json).map((partial_json) => ({ type: "input_json_delta", partial_json })),
      };
    }
    default:
      return { start: block, deltas: [] };
  }
}
