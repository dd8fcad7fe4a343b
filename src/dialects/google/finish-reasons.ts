import type { ModelErrorCode } from "../../core/error-codes.ts";
import type { FinishReason } from "../../core/event.ts";
import { own } from "../../core/own.ts";

/** What the API's words for an end mean; a word not listed is "unknown". */
export const FINISH_REASONS: Readonly<Record<string, FinishReason>> = { STOP: "stop", MAX_TOKENS: "length" };

/** Finish reasons that do not end an answer. */
export const FAILED_REASONS: Readonly<Record<string, ModelErrorCode>> = {
  SAFETY: "content_filtered",
  RECITATION: "content_filtered",
  LANGUAGE: "content_filtered",
  BLOCKLIST: "content_filtered",
  PROHIBITED_CONTENT: "content_filtered",
  SPII: "content_filtered",
  IMAGE_SAFETY: "content_filtered",
  IMAGE_PROHIBITED_CONTENT: "content_filtered",
  IMAGE_RECITATION: "content_filtered",
  MALFORMED_FUNCTION_CALL: "invalid_tool_call",
  UNEXPECTED_TOOL_CALL: "invalid_tool_call",
  TOO_MANY_TOOL_CALLS: "invalid_tool_call",
  MALFORMED_RESPONSE: "protocol_error",
};

/** Words for ends that the API does not name: it stops a refused answer as a forbidden one, and calls end as text does. */
const OTHER_WORDS: Readonly<Record<Exclude<FinishReason, "stop" | "length">, string>> = {
  "tool-calls": "STOP",
  "content-filter": "SAFETY",
  refusal: "PROHIBITED_CONTENT",
  unknown: "OTHER",
};

/** The word for an end. */
export function finishReasonOf(reason: FinishReason): string {
  const word = Object.keys(FINISH_REASONS).find((name) => FINISH_REASONS[name] === reason);
  return word ?? own(OTHER_WORDS, reason) ?? OTHER_WORDS.unknown;
}
