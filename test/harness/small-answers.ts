import { sse, type Tree } from "./recording-files.ts";
import type { Said } from "./wire-server.ts";
import type { Wire } from "./wires.ts";

const RESPONSE = {
  id: "resp_small",
  object: "response",
  created_at: 1,
  status: "completed",
  model: "small",
  output: [
    {
      type: "message",
      id: "msg_small",
      role: "assistant",
      status: "completed",
      content: [{ type: "output_text", text: "fine", annotations: [] }],
    },
  ],
  usage: { input_tokens: 3, output_tokens: 1, total_tokens: 4 },
};

/** The body of "fine", the smallest answer of each wire. */
export const SMALL_BODY: Readonly<Record<Wire, Tree>> = {
  openai: {
    id: "chatcmpl-small",
    object: "chat.completion",
    created: 1,
    model: "small",
    choices: [{ index: 0, message: { role: "assistant", content: "fine" }, finish_reason: "stop" }],
    usage: { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4 },
  },
  "openai-responses": RESPONSE,
  anthropic: {
    id: "msg_small",
    type: "message",
    role: "assistant",
    model: "small",
    content: [{ type: "text", text: "fine" }],
    stop_reason: "end_turn",
    stop_sequence: null,
    usage: { input_tokens: 3, output_tokens: 1 },
  },
  google: {
    candidates: [{ content: { role: "model", parts: [{ text: "fine" }] }, finishReason: "STOP", index: 0 }],
    usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 1, totalTokenCount: 4 },
    modelVersion: "small",
    responseId: "small",
  },
};

/** "fine" as a stream: the events up to the text, and those of its end. */
export const SMALL_STREAM: Readonly<Record<Wire, { readonly open: readonly Tree[]; readonly end: readonly Tree[] }>> = {
  openai: {
    open: [
      {
        id: "chatcmpl-small",
        object: "chat.completion.chunk",
        model: "small",
        choices: [{ index: 0, delta: { role: "assistant", content: "fine" }, finish_reason: null }],
      },
    ],
    end: [
      {
        id: "chatcmpl-small",
        object: "chat.completion.chunk",
        model: "small",
        choices: [{ index: 0, delta: {}, finish_reason: "stop" }],
      },
      {
        id: "chatcmpl-small",
        object: "chat.completion.chunk",
        model: "small",
        choices: [],
        usage: { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4 },
      },
    ],
  },
  "openai-responses": {
    open: [
      {
        type: "response.created",
        sequence_number: 0,
        response: { ...RESPONSE, status: "in_progress", output: [], usage: null },
      },
      {
        type: "response.output_text.delta",
        sequence_number: 1,
        item_id: "msg_small",
        output_index: 0,
        content_index: 0,
        delta: "fine",
      },
    ],
    end: [{ type: "response.completed", sequence_number: 2, response: RESPONSE }],
  },
  anthropic: {
    open: [
      {
        type: "message_start",
        message: {
          id: "msg_small",
          type: "message",
          role: "assistant",
          model: "small",
          content: [],
          stop_reason: null,
          stop_sequence: null,
          usage: { input_tokens: 3, output_tokens: 1 },
        },
      },
      { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
      { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "fine" } },
    ],
    end: [
      { type: "content_block_stop", index: 0 },
      { type: "message_delta", delta: { stop_reason: "end_turn", stop_sequence: null }, usage: { output_tokens: 1 } },
      { type: "message_stop" },
    ],
  },
  google: {
    open: [
      {
        candidates: [{ content: { role: "model", parts: [{ text: "fine" }] }, index: 0 }],
        modelVersion: "small",
        responseId: "small",
      },
    ],
    end: [
      {
        candidates: [{ content: { role: "model", parts: [{ text: "" }] }, finishReason: "STOP", index: 0 }],
        usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 1, totalTokenCount: 4 },
      },
    ],
  },
};

export function smallBody(wire: Wire): Said {
  return { body: JSON.stringify(SMALL_BODY[wire]) };
}

export function smallStream(wire: Wire): Said {
  const { open, end } = SMALL_STREAM[wire];
  return { body: sse([...open, ...end], wire), pieceBytes: 1460 };
}

/** The text, followed by silence. */
export function unfinishedStream(wire: Wire): Said {
  const { open } = SMALL_STREAM[wire];
  return { body: sse(open, wire).replace("data: [DONE]\n\n", ""), pieceBytes: 1460 };
}
