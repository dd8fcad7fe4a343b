import { isModelError } from "../../core/error.ts";
import { startsAgain } from "../stream.ts";
import { EVENT_STREAM, type ResponseFormat, type SentEvent, sseLine } from "./format.ts";

/** The events of the stream as JSON, one for each message, and an `error` event. */
export const sse: ResponseFormat = {
  headers: EVENT_STREAM,
  writer: () => ({
    event: (event) => sseLine(shown(event)),
    end: () => "",
    failure: (message, error) => sseLine({ type: "error", message, ...(isModelError(error) && { code: error.code }) }),
  }),
};

/** A step has the provider's response body, which is not for the client. */
function shown(event: SentEvent): unknown {
  if (event.type !== "step") return event;
  const { finishReason, usage } = event.step.reply;
  return { type: "step", finishReason, usage };
}

/** The text alone. After a failure the body is cut, because plain text cannot report an error. */
export const text: ResponseFormat = {
  headers: {
    "content-type": "text/plain; charset=utf-8",
    "cache-control": "no-cache, no-transform",
    "x-accel-buffering": "no",
  },
  writer: () => {
    let isShown = false;
    return {
      event: (event) => {
        if (event.type === "step") isShown = false;
        if (event.type === "reset" && isShown)
          throw startsAgain('plain text cannot report: use another format, or `on_break = "continue"`');
        if (event.type !== "text-delta" || event.sample !== 0) return "";
        isShown = true;
        return event.text;
      },
      end: () => "",
      failure: () => "",
    };
  },
};
