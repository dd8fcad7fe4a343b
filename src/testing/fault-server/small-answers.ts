import type { WireName } from "../../core/wire-name.ts";

const TEXT = "ok";

/** A body with the answer "ok" in every wire format. */
export const SMALL_BODY = {
  id: "ok",
  object: "chat.completion",
  created: 0,
  model: "fault-server",
  type: "message",
  role: "assistant",
  status: "completed",
  choices: [{ index: 0, message: { role: "assistant", content: TEXT }, finish_reason: "stop" }],
  output: [
    {
      id: "ok",
      type: "message",
      role: "assistant",
      status: "completed",
      content: [{ type: "output_text", text: TEXT, annotations: [] }],
    },
  ],
  content: [{ type: "text", text: TEXT }],
  stop_reason: "end_turn",
  stop_sequence: null,
  candidates: [{ index: 0, content: { role: "model", parts: [{ text: TEXT }] }, finishReason: "STOP" }],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2, input_tokens: 1, output_tokens: 1 },
  usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2 },
} as const;

const response = (status: string, output: readonly unknown[]) => ({ id: "ok", object: "response", status, output });

/** The same answer as a stream of each wire format; the `type` of an event is also its name. */
export const SMALL_STREAM: Readonly<Record<WireName, readonly unknown[]>> = {
  openai: [
    chatChunk({ role: "assistant", content: TEXT }, null),
    { ...chatChunk({}, "stop"), usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } },
    "[DONE]",
  ],
  "openai-responses": [
    { type: "response.created", response: response("in_progress", []) },
    {
      type: "response.output_item.added",
      output_index: 0,
      item: { id: "ok", type: "message", role: "assistant", status: "in_progress", content: [] },
    },
    { type: "response.output_text.delta", item_id: "ok", output_index: 0, content_index: 0, delta: TEXT },
    { type: "response.output_item.done", output_index: 0, item: SMALL_BODY.output[0] },
    {
      type: "response.completed",
      response: {
        ...response("completed", SMALL_BODY.output),
        usage: { input_tokens: 1, output_tokens: 1, total_tokens: 2 },
      },
    },
  ],
  anthropic: [
    {
      type: "message_start",
      message: {
        id: "ok",
        type: "message",
        role: "assistant",
        content: [],
        usage: { input_tokens: 1, output_tokens: 1 },
      },
    },
    { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
    { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: TEXT } },
    { type: "content_block_stop", index: 0 },
    { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 1 } },
    { type: "message_stop" },
  ],
  google: [{ candidates: SMALL_BODY.candidates, usageMetadata: SMALL_BODY.usageMetadata }],
};

export function chatChunk(delta: unknown, finish: string | null): object {
  return { id: "ok", object: "chat.completion.chunk", choices: [{ index: 0, delta, finish_reason: finish }] };
}
