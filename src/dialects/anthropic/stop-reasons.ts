import type { Anthropic } from "@anthropic-ai/sdk";
import type { FinishReason } from "../../core/event.ts";
import { own } from "../../core/own.ts";

/** What the API's words for an end mean. `tool_use` is not among them: calls decide, not the word for them. */
export const STOP_REASONS: Readonly<Record<string, FinishReason>> = {
  end_turn: "stop",
  stop_sequence: "stop",
  max_tokens: "length",
  model_context_window_exceeded: "length",
  refusal: "refusal",
};

/** The word for an end: the one it had if the API knows it. A filter is a refusal here. */
export function stopReasonOf(reason: FinishReason, raw: string | undefined): Anthropic.StopReason {
  if (raw !== undefined && own(STOP_REASONS, raw) === reason) return raw as Anthropic.StopReason;
  if (reason === "tool-calls") return "tool_use";
  const meant = reason === "content-filter" ? "refusal" : reason;
  const words = Object.keys(STOP_REASONS) as Anthropic.StopReason[];
  return words.find((word) => STOP_REASONS[word] === meant) ?? "end_turn";
}
