import type { ModelErrorCode } from "../../core/error-codes.ts";
import type { FinishReason } from "../../core/event.ts";
import { modelFailureCode } from "../../core/model-failure.ts";
import { own } from "../../core/own.ts";

/** The `finish_reason` values of OpenAI-compatible hosts. Other values are "unknown". */
export const CHAT_FINISHES: Readonly<Record<string, FinishReason>> = {
  stop: "stop",
  eos: "stop",
  eos_token: "stop",
  end_turn: "stop",
  stop_sequence: "stop",
  length: "length",
  max_tokens: "length",
  max_output_tokens: "length",
  model_length: "length",
  tool_calls: "tool-calls",
  tool_use: "tool-calls",
  function_call: "tool-calls",
  refusal: "refusal",
};

interface FinishFailure {
  readonly code: ModelErrorCode;
  readonly words: string;
}

/** Values that mean that the answer failed. */
const CHAT_FAILURES: Readonly<Record<string, FinishFailure>> = {
  content_filter: { code: "content_filtered", words: "a content filter stopped the answer" },
  sensitive: { code: "content_filtered", words: "a content filter stopped the answer" },
  error: { code: "server_error", words: "the answer ended with an error" },
  network_error: { code: "server_error", words: "the answer ended with a network error at the provider" },
  insufficient_system_resource: { code: "overloaded", words: "the provider ran out of capacity during the answer" },
};

/**
 * The failure that a finish reason reports. Gemini's compatible endpoint appends its own reason, as in
 * `function_call_filter: MALFORMED_FUNCTION_CALL`; OpenRouter has it in a separate field.
 */
export function chatFailure(reason: string, native: string | undefined): FinishFailure | undefined {
  if (native === undefined && own(CHAT_FINISHES, reason) !== undefined) return undefined;
  const code = modelFailureCode(reason) ?? (native === undefined ? undefined : modelFailureCode(native));
  if (code !== undefined) return { code, words: "the model's output is malformed" };
  return own(CHAT_FAILURES, reason) ?? own(CHAT_FAILURES, reason.split(":", 1)[0] ?? "");
}

/** The word of the protocol for an end. A refusal has a field of its own, and an end without a word is a usual one. */
export function chatFinishWord(reason: FinishReason): string {
  if (reason === "content-filter") return "content_filter";
  const word = Object.keys(CHAT_FINISHES).find((name) => CHAT_FINISHES[name] === reason);
  return reason === "refusal" ? "stop" : (word ?? "stop");
}

/** Why a response is incomplete; `undefined` for one that is complete. */
export function incompleteReason(reason: FinishReason): "max_output_tokens" | "content_filter" | undefined {
  if (reason === "length") return "max_output_tokens";
  return reason === "content-filter" ? "content_filter" : undefined;
}
