import type { FlowEvent } from "../core/event.ts";
import type { Usage } from "../core/usage.ts";

/** The content of an attempt so far, which decides whether its end is the end of an answer. */
export class AnswerContent {
  usage: Usage | undefined;
  /** Whether text, a refusal or a complete tool call has arrived. */
  hasAnswer = false;
  /** Whether output has arrived that only `raw` contains, such as an image. */
  hasOtherOutput = false;
  /** Name of the first started tool call. */
  begunCall: string | undefined;
  /** Finished samples. */
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
