import type { FlowEvent } from "../../core/event.ts";
import { usageOf } from "../../core/usage.ts";
import type { WireName } from "../../core/wire-name.ts";
import { messagesAnswer } from "../../dialects/anthropic/server/messages-answer.ts";
import { generateAnswer } from "../../dialects/google/server/generate-answer.ts";
import { chatAnswer } from "../../dialects/openai/server/chat-answer.ts";
import { responsesAnswer } from "../../dialects/openai/server/responses-answer.ts";
import { type AnswerForm, type AnswerHead, writeAll } from "../../dialects/served/answer-writer.ts";
import { asObject } from "../../dialects/served/json.ts";
import type { WireEvent } from "../../dialects/server-wire.ts";

const HEAD: AnswerHead = {
  id: "ok",
  model: "fault-server",
  createdS: 0,
  body: { stream_options: { include_usage: true } },
};

/** The answer "ok". */
const EVENTS: readonly FlowEvent[] = [
  { type: "usage", usage: usageOf({ input: 1, output: 1 }) },
  { type: "text-delta", text: "ok", sample: 0 },
  { type: "finish", reason: "stop", sample: 0 },
];

const FORMS: Readonly<Record<WireName, AnswerForm>> = {
  google: generateAnswer,
  anthropic: messagesAnswer,
  "openai-responses": responsesAnswer,
  openai: chatAnswer,
};

const bodies = Object.values(FORMS).map((form) => form.body(HEAD, EVENTS));
/** The vector of one text. */
const EMBEDDING = { data: [{ object: "embedding", index: 0, embedding: [1, 0] }], embeddings: [{ values: [1, 0] }] };

/** A body that has the answer, and the embedding of a text, in every wire format. */
export const SMALL_BODY: object = {
  ...EMBEDDING,
  ...Object.assign({}, ...bodies),
  usage: Object.assign({}, ...bodies.map(({ usage }) => asObject(usage))),
};

/** The answer as a stream of each wire format. */
export const SMALL_STREAM = Object.fromEntries(
  Object.entries(FORMS).map(([wire, form]) => [wire, writeAll(form.stream(HEAD), EVENTS)]),
) as Readonly<Record<WireName, readonly WireEvent[]>>;

/** The data of a chat stream that is one text. */
export function chatChunk(content: string): object {
  return {
    id: "ok",
    object: "chat.completion.chunk",
    choices: [{ index: 0, delta: { content }, finish_reason: "stop" }],
  };
}
