import type { Tree } from "../harness/recording-files.ts";
import type { Wire } from "../harness/wires.ts";

/** A tool call whose JSON comes in pieces. */
export interface WrittenCall {
  readonly id: string;
  readonly name: string;
  readonly pieces: readonly string[];
}

/** How a provider of a wire writes an answer; a text is sent as data as it is. */
export interface WireWriter {
  begin(): readonly Tree[];
  text(piece: string): Tree;
  /** The fragments of one call, the `index`th of the answer. */
  call(call: WrittenCall, index: number): readonly Tree[];
  /** The terminal events, the first of which already ends the answer. */
  end(): readonly (Tree | string)[];
}

const choice = (delta: Tree, finish: string | null = null): Tree => {
  return { id: "c", choices: [{ index: 0, delta, finish_reason: finish }] };
};
const candidate = (parts: readonly Tree[], more: Tree = {}): Tree => {
  return { candidates: [{ index: 0, content: { role: "model", parts }, ...more }] };
};

export const WRITERS: Readonly<Record<Wire, WireWriter>> = {
  openai: {
    begin: () => [choice({ role: "assistant", content: "" })],
    text: (content) => choice({ content }),
    call: ({ id, name, pieces }, index) =>
      pieces.map((piece, at) => {
        const named = at === 0 ? { id, type: "function", function: { name, arguments: piece } } : undefined;
        return choice({ tool_calls: [{ index, ...(named ?? { function: { arguments: piece } }) }] });
      }),
    end: () => [choice({}, "stop"), "[DONE]"],
  },
  "openai-responses": {
    begin: () => [
      { type: "response.created", response: { id: "r", model: "m", status: "in_progress", output: [] } },
      { type: "response.output_item.added", output_index: 0, item: { type: "message", id: "m0", content: [] } },
    ],
    text: (delta) => ({ type: "response.output_text.delta", output_index: 0, item_id: "m0", delta }),
    call: ({ id, name, pieces }, index) => {
      const place = { output_index: index + 1, item_id: `f${index}` };
      const item = { type: "function_call", id: place.item_id, call_id: id, name };
      return [
        { type: "response.output_item.added", ...place, item: { ...item, arguments: "" } },
        ...pieces.map((delta) => ({ type: "response.function_call_arguments.delta", ...place, delta })),
        { type: "response.output_item.done", ...place, item: { ...item, arguments: pieces.join("") } },
      ];
    },
    end: () => [{ type: "response.completed", response: { id: "r", status: "completed", output: [] } }],
  },
  anthropic: {
    begin: () => [
      { type: "message_start", message: { id: "a", model: "m", role: "assistant", content: [] } },
      { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
    ],
    text: (text) => ({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text } }),
    call: ({ id, name, pieces }, order) => {
      const index = order + 1;
      return [
        { type: "content_block_start", index, content_block: { type: "tool_use", id, name, input: {} } },
        ...pieces.map((partial_json) => {
          return { type: "content_block_delta", index, delta: { type: "input_json_delta", partial_json } };
        }),
        { type: "content_block_stop", index },
      ];
    },
    end: () => [{ type: "message_delta", delta: { stop_reason: "end_turn" } }, { type: "message_stop" }],
  },
  google: {
    begin: () => [{ responseId: "g", modelVersion: "m" }],
    text: (text) => candidate([{ text }]),
    // Calls come whole.
    call: ({ id, name, pieces }) => [candidate([{ functionCall: { id, name, args: JSON.parse(pieces.join("")) } }])],
    end: () => [candidate([], { finishReason: "STOP" })],
  },
};

/** The ways a server may write the same events. */
export interface Writing {
  readonly eol: string;
  readonly mark: boolean;
  readonly space: boolean;
  /** Comments, put before the events in turn. */
  readonly comments: readonly string[];
}

export const PLAIN: Writing = { eol: "\n", mark: false, space: true, comments: [] };

export function writtenAs(events: readonly (Tree | string)[], writing: Writing): Buffer {
  const { eol, mark, space, comments } = writing;
  const field = (name: string, value: string) => `${name}:${space ? " " : ""}${value}${eol}`;
  const texts = events.map((event, index) => {
    const comment = comments[index];
    const before = comment === undefined ? "" : `:${comment}${eol}`;
    const name = typeof event === "object" && "type" in event ? field("event", String(event["type"])) : "";
    return `${before}${name}${field("data", typeof event === "string" ? event : JSON.stringify(event))}${eol}`;
  });
  return Buffer.from((mark ? "\uFEFF" : "") + texts.join(""));
}
