import { newCallId } from "../../core/call-id.ts";
import { systemClock } from "../../core/clock.ts";
import { isModelError } from "../../core/error.ts";
import type { FlowEvent } from "../../core/event.ts";
import { addUsage, NO_USAGE } from "../../core/usage.ts";
import { chatAnswer } from "../../dialects/openai/server/chat-answer.ts";
import type { AnswerWriter } from "../../dialects/served/answer-writer.ts";
import type { WireEvent } from "../../dialects/server-wire.ts";
import {
  type AnswerEnd,
  EVENT_STREAM,
  type ResponseFormat,
  type ResponseWriter,
  type SentEvent,
  sseLine,
} from "./format.ts";

/** Chunks of OpenAI's chat completions, as the openai SDK reads them. */
export const openai: ResponseFormat = { headers: EVENT_STREAM, writer: (isRun) => new ChunkWriter(isRun) };

/** Of a run, the client gets the texts as one answer; the calls that the run executed are left out. */
class ChunkWriter implements ResponseWriter {
  readonly #isRun: boolean;
  #writer: AnswerWriter | undefined;
  /** Written at the end, because a refusal comes before them. */
  #finishes: Extract<FlowEvent, { type: "finish" }>[] = [];
  #usage = NO_USAGE;

  constructor(isRun: boolean) {
    this.#isRun = isRun;
  }

  event(event: SentEvent): string {
    switch (event.type) {
      case "start":
        this.#writer ??= writerOf(event.id, event.model);
        return "";
      case "usage":
        this.#usage = this.#isRun ? addUsage(this.#usage, event.usage) : event.usage;
        return "";
      case "finish":
        if (this.#isRun) this.#finishes.length = 0;
        this.#finishes.push(event);
        return "";
      case "tool-call-start":
      case "tool-call-delta":
      case "tool-call-end":
        return this.#isRun ? "" : this.#write(event);
      case "tool-result":
      case "step":
      case "raw":
      case "adjustment":
        return "";
      default:
        return this.#write(event);
    }
  }

  end({ refusal, pending }: AnswerEnd): string {
    const refused: FlowEvent[] = refusal === undefined ? [] : [{ type: "refusal-delta", text: refusal, sample: 0 }];
    const calls = pending.flatMap(({ id, name, json }, index): FlowEvent[] => [
      { type: "tool-call-start", index, id, name, sample: 0 },
      { type: "tool-call-delta", index, json, sample: 0 },
    ]);
    const last: readonly FlowEvent[] = [...refused, ...calls, ...this.#finishes, { type: "usage", usage: this.#usage }];
    const out: WireEvent[] = [];
    for (const event of last) this.#writer?.push(event, out);
    this.#writer?.end(out);
    return textOf(out);
  }

  failure(message: string, error: unknown): string {
    // Not the client's fault: its own key, for example, is not the one that the provider refused.
    return sseLine({ error: { message, type: "server_error", code: isModelError(error) ? error.code : null } });
  }

  #write(event: FlowEvent): string {
    const out: WireEvent[] = [];
    this.#writer?.push(event, out);
    return textOf(out);
  }
}

function writerOf(id: string | undefined, model: string): AnswerWriter {
  const nowMs = systemClock.now();
  const body = { stream_options: { include_usage: true } };
  return chatAnswer.stream({ id: id ?? newCallId(nowMs), model, createdS: Math.floor(nowMs / 1000), body });
}

function textOf(events: readonly WireEvent[]): string {
  return events.map(({ data }) => sseLine(data)).join("");
}
