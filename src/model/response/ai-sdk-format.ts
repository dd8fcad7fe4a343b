import type { ToolResult } from "../../core/run-step.ts";
import {
  type AnswerEnd,
  EVENT_STREAM,
  type ResponseFormat,
  type ResponseWriter,
  type SentEvent,
  sseLine,
} from "./format.ts";

/** Chunks of a UI message of the AI SDK (5 to 7), as `useChat` and `readUIMessageStream` read them. */
export const aiSdk: ResponseFormat = {
  headers: { ...EVENT_STREAM, "x-vercel-ai-ui-message-stream": "v1" },
  writer: () => new UiMessageWriter(),
};

type Kind = "text" | "reasoning";

class UiMessageWriter implements ResponseWriter {
  #isStarted = false;
  #inStep = false;
  #open: { readonly kind: Kind; readonly id: string } | undefined;
  #parts = 0;
  /** Ids of the tool calls of the current answer, by index. */
  readonly #calls = new Map<number, string>();

  event(event: SentEvent): string {
    switch (event.type) {
      case "text-delta":
        return event.sample === 0 ? this.#delta("text", event.text) : "";
      case "reasoning-delta":
        return event.sample === 0 ? this.#delta("reasoning", event.text) : "";
      case "tool-call-start":
        if (event.sample !== 0) return "";
        this.#calls.set(event.index, event.id);
        return this.#whole({ type: "tool-input-start", toolCallId: event.id, toolName: event.name });
      case "tool-call-delta":
        return event.sample === 0
          ? sseLine({
              type: "tool-input-delta",
              toolCallId: this.#calls.get(event.index) ?? "",
              inputTextDelta: event.json,
            })
          : "";
      case "tool-call-end": {
        if (event.sample !== 0) return "";
        const { id: toolCallId, name: toolName, arguments: input, json, problem: errorText } = event.call;
        return errorText === undefined
          ? sseLine({ type: "tool-input-available", toolCallId, toolName, input })
          : sseLine({ type: "tool-input-error", toolCallId, toolName, input: json, errorText });
      }
      case "tool-result": {
        const { id: toolCallId, content, error } = event.result;
        return sseLine(
          error
            ? { type: "tool-output-error", toolCallId, errorText: content }
            : { type: "tool-output-available", toolCallId, output: outputOf(content) },
        );
      }
      case "step":
        return this.#endStep();
      case "reset":
        this.#open = undefined;
        this.#calls.clear();
        return this.#inStep ? sseLine({ type: "reset-step" }) : "";
      default:
        return "";
    }
  }

  end({ refusal }: AnswerEnd): string {
    const refused = refusal === undefined ? "" : this.#delta("text", refusal);
    return `${this.#begin()}${refused}${this.#endStep()}${sseLine({ type: "finish" })}${sseLine("[DONE]")}`;
  }

  failure(errorText: string): string {
    return `${this.#closed()}${sseLine({ type: "error", errorText })}${sseLine("[DONE]")}`;
  }

  #begin(): string {
    let begun = "";
    if (!this.#isStarted) begun += sseLine({ type: "start" });
    if (!this.#inStep) begun += sseLine({ type: "start-step" });
    this.#isStarted = true;
    this.#inStep = true;
    return begun;
  }

  #delta(kind: Kind, delta: string): string {
    let opened = "";
    if (this.#open?.kind !== kind) {
      opened = `${this.#begin()}${this.#closed()}`;
      this.#open = { kind, id: `${kind}-${++this.#parts}` };
      opened += sseLine({ type: `${kind}-start`, id: this.#open.id });
    }
    return `${opened}${sseLine({ type: `${kind}-delta`, id: this.#open.id, delta })}`;
  }

  #whole(chunk: object): string {
    return `${this.#begin()}${this.#closed()}${sseLine(chunk)}`;
  }

  /** Ends the open part. */
  #closed(): string {
    const part = this.#open;
    this.#open = undefined;
    return part === undefined ? "" : sseLine({ type: `${part.kind}-end`, id: part.id });
  }

  #endStep(): string {
    if (!this.#inStep) return "";
    const closed = this.#closed();
    this.#inStep = false;
    this.#calls.clear();
    return `${closed}${sseLine({ type: "finish-step" })}`;
  }
}

/** Components expect the value that the tool returned; the model was given it as JSON. */
function outputOf(content: ToolResult["content"]): unknown {
  if (typeof content !== "string" || !/^[[{]/.test(content)) return content;
  try {
    return JSON.parse(content);
  } catch {
    return content;
  }
}
