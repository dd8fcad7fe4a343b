import type { ModelEvent } from "../../core/event.ts";
import type { ToolCall } from "../../core/tool.ts";
import type { RunEvent } from "../run.ts";

/** The events of a stream, or of a run. */
export type SentEvent = ModelEvent | RunEvent;

/** What the events alone do not have. */
export interface AnswerEnd {
  readonly refusal: string | undefined;
  /** Of a run: the calls that wait for the client. */
  readonly pending: readonly ToolCall[];
}

/** Writes the events of a stream as the text of a response body. */
export interface ResponseWriter {
  /** The text for an event; "" if the format has nothing for it. */
  event(event: SentEvent): string;
  end(answer: AnswerEnd): string;
  /** The text that reports a failure to the client and ends the response; `words` is what it may know. */
  failure(words: string, error: unknown): string;
}

export interface ResponseFormat {
  readonly headers: Readonly<Record<string, string>>;
  /** `isRun`: the tool calls of the answers are executed here, not by the client. */
  writer(isRun: boolean): ResponseWriter;
}

/** Proxies must neither store nor buffer an event stream. */
export const EVENT_STREAM = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no",
};

export function sseLine(data: unknown): string {
  return `data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`;
}
