import type { ChatCompletionMessageParam } from "openai/resources/chat/completions/completions";
import type { Adjustment } from "../../core/attempt.ts";
import type { ModelRequest } from "../../core/request.ts";
import type { ReasoningDemand, Target } from "../../core/target.ts";
import { REASONING_FIELDS } from "../chat-signature.ts";
import { reasoningField } from "./chat-reasoning.ts";

export interface ReasonedMessages {
  readonly messages: ChatCompletionMessageParam[];
  /** Body fields that switch thinking off. */
  readonly off: Readonly<Record<string, unknown>>;
}

/**
 * A host that requires reasoning in earlier messages rejects a history from another model. If the host accepts a placeholder,
 * it is added; otherwise thinking is switched off, so that no reasoning is required.
 */
export function withStandIns(
  messages: ChatCompletionMessageParam[],
  request: ModelRequest,
  target: Target,
  adjustments: Adjustment[],
): ReasonedMessages {
  const demand = target.quirks.reasoningDemand;
  if (demand === undefined || isOff(request, demand) || !messages.some((message) => lacks(message, demand))) {
    return { messages, off: {} };
  }
  const field = reasoningField(target) ?? "reasoning_content";
  const { standIn } = demand;
  if (standIn === undefined) {
    const reason = `${target.provider} requires ${field} in earlier messages, which another model did not provide`;
    adjustments.push({ setting: "reasoning_effort", from: request.settings.reasoningEffort, to: "none", reason });
    return { messages, off: demand.off };
  }
  const reason = `${target.provider} requires ${field} in earlier messages; a blank is sent where there is none`;
  adjustments.push({ setting: "messages", from: undefined, to: field, reason });
  const completed = messages.map((message) => (lacks(message, demand) ? { ...message, [field]: standIn } : message));
  return { messages: completed, off: {} };
}

/** Whether the caller switched thinking off. */
function isOff({ settings, extraBody }: ModelRequest, { off }: ReasoningDemand): boolean {
  const isSent = ([name, value]: [string, unknown]) => JSON.stringify(extraBody[name]) === JSON.stringify(value);
  return settings.reasoningEffort === "none" || Object.entries(off).every(isSent);
}

const REASONING: readonly string[] = [...REASONING_FIELDS, "reasoning_details", "thinking_blocks", "reasoning_opaque"];

function lacks(message: ChatCompletionMessageParam, { turns }: ReasoningDemand): boolean {
  if (message.role !== "assistant" || (turns === "tool-calls" && message.tool_calls === undefined)) return false;
  return !REASONING.some((field) => field in message);
}
