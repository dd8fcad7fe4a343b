import type { FinishReason, FlowEvent } from "../../src/core/event.ts";
import { usageOf } from "../../src/core/usage.ts";
import { messagesAnswer } from "../../src/dialects/anthropic/server/messages-answer.ts";
import { generateAnswer } from "../../src/dialects/google/server/generate-answer.ts";
import { chatAnswer } from "../../src/dialects/openai/server/chat-answer.ts";
import { responsesAnswer } from "../../src/dialects/openai/server/responses-answer.ts";
import { type AnswerForm, writeAll } from "../../src/dialects/served/answer-writer.ts";
import { sse, type Tree } from "./recording-files.ts";
import type { Said, SeenRequest } from "./wire-server.ts";
import type { Wire } from "./wires.ts";

const FORMS: Readonly<Record<Wire, AnswerForm>> = {
  openai: chatAnswer,
  "openai-responses": responsesAnswer,
  anthropic: messagesAnswer,
  google: generateAnswer,
};

/** An answer of a model: its text, or the tools it calls. Signatures are the provider's opaque data. */
export interface WrittenAnswer {
  readonly reasoning?: readonly { readonly text: string; readonly signature: string; readonly redacted?: boolean }[];
  readonly text?: string;
  readonly calls?: readonly {
    readonly id: string;
    readonly name: string;
    readonly args: unknown;
    readonly json?: string;
    readonly signature?: string;
  }[];
  readonly reason?: FinishReason;
}

/** The answer in a wire format, as a body or a stream as `request` specifies; it uses 10 input and 5 output tokens. */
export function writtenAnswer(wire: Wire, request: SeenRequest, answer: WrittenAnswer): Said {
  const isStream = request.path.includes("stream") || /"stream":\s*true/.test(request.body);
  const head = {
    id: "answer-1",
    model: "some-model",
    createdS: 1_767_225_600,
    body: { stream_options: { include_usage: true } },
  };
  const events = eventsOf(answer);
  if (!isStream) return { body: JSON.stringify(FORMS[wire].body(head, events)) };
  const written = writeAll(FORMS[wire].stream(head), events).map(({ data }) => data);
  return { body: sse(written.filter((data) => typeof data !== "string") as Tree[], wire), pieceBytes: 1460 };
}

function eventsOf({
  reasoning = [],
  text = "",
  calls = [],
  reason = calls.length > 0 ? "tool-calls" : "stop",
}: WrittenAnswer): FlowEvent[] {
  return [
    ...reasoning.flatMap(({ text, ...signed }): FlowEvent[] => [
      ...(text === "" ? [] : [{ type: "reasoning-delta" as const, text, sample: 0 }]),
      { type: "signature", part: "reasoning", ...signed, sample: 0 },
    ]),
    ...(text === "" ? [] : [{ type: "text-delta" as const, text, sample: 0 }]),
    ...calls.flatMap(({ id, name, args, json = JSON.stringify(args), signature }, index): FlowEvent[] => [
      { type: "tool-call-start", index, id, name, sample: 0 },
      { type: "tool-call-delta", index, json, sample: 0 },
      { type: "tool-call-end", index, call: { kind: "function", id, name, arguments: args, json }, sample: 0 },
      ...(signature === undefined
        ? []
        : [{ type: "signature" as const, part: "tool-call" as const, index, signature, sample: 0 }]),
    ]),
    { type: "usage", usage: usageOf({ input: 10, output: 5 }) },
    { type: "finish", reason, sample: 0 },
  ];
}
