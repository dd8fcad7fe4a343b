import { systemClock } from "../core/clock.ts";
import type { FlowEvent } from "../core/event.ts";
import { type Reply, type Sample, unfold } from "../core/reply.ts";
import { chatAnswer } from "../dialects/openai/server/chat-answer.ts";

/** A response body of OpenAI's chat completions. */
export interface OpenAICompletion {
  readonly id: string;
  readonly object: "chat.completion";
  /** Seconds since 1970. */
  readonly created: number;
  readonly model: string;
  readonly choices: readonly {
    readonly index: number;
    readonly message: {
      readonly role: "assistant";
      readonly content: string | null;
      readonly refusal: string | null;
      readonly tool_calls?: readonly {
        readonly id: string;
        readonly type: "function";
        readonly function: { readonly name: string; readonly arguments: string };
      }[];
    };
    readonly finish_reason: "stop" | "length" | "tool_calls" | "content_filter";
  }[];
  readonly usage: { readonly prompt_tokens: number; readonly completion_tokens: number; readonly total_tokens: number };
}

/**
 * A reply in the format of OpenAI's chat completions, for clients that expect it. `JSON.stringify` of a `ModelError` gives
 * the error in the same format, and `toResponse(stream, { format: "openai" })` the stream.
 */
export function toOpenAI(reply: Reply): OpenAICompletion {
  const nowMs = systemClock.now();
  const others = (reply.samples ?? []).slice(1).flatMap((sample, index) => eventsOf(sample, index + 1));
  const head = { id: reply.id ?? reply.callId, model: reply.model, createdS: Math.floor(nowMs / 1000), body: {} };
  return chatAnswer.body(head, [...unfold(reply), ...others]) as unknown as OpenAICompletion;
}

function eventsOf({ text, reasoning, toolCalls, finishReason }: Sample, sample: number): readonly FlowEvent[] {
  return [
    ...(reasoning === undefined ? [] : [{ type: "reasoning-delta", text: reasoning, sample } as const]),
    ...(text === "" ? [] : [{ type: "text-delta", text, sample } as const]),
    ...toolCalls.flatMap((call, index): FlowEvent[] => [
      { type: "tool-call-start", index, id: call.id, name: call.name, sample },
      { type: "tool-call-end", index, call, sample },
    ]),
    { type: "finish", reason: finishReason, sample },
  ];
}
