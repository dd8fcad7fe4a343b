import type { FlowEvent } from "../core/event.ts";
import type { Usage } from "../core/usage.ts";

/** What an attempt has brought so far, as far as it decides whether its end is the end of an answer. */
export class AnswerContent {
  usage: Usage | undefined;
  /** Text, a refusal, or a whole tool call has come. */
  hasAnswer = false;
  /** Something has come that only `raw` shows, such as an image. */
  hasOtherOutput = false;
  /** Name of the first tool call that began. */
  begunCall: string | undefined;
  /** Samples that have ended. */
  finished = 0;

  note(event: FlowEvent): void {
    switch (event.type) {
      case "text-delta":
        this.hasAnswer ||= event.text !== "";
        break;
      case "refusal-delta":
      case "tool-call-end":
        this.hasAnswer = true;
        break;
      case "tool-call-start":
        if (event.sample === 0) this.begunCall ??= event.name;
        break;
      case "other-output":
        this.hasOtherOutput = true;
        break;
      case "usage":
        this.usage = event.usage;
        break;
      case "finish":
        this.finished += 1;
        break;
      default:
    }
  }
}
