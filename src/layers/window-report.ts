import type { Call } from "../core/call.ts";
import type { FlowEvent } from "../core/event.ts";
import type { Usage } from "../core/usage.ts";

/**
 * Reports a prompt that the provider counted above the model's context window. A host that still serves it has truncated it
 * silently, or the declared window is wrong. Requests with web search are not checked: their counts include search results.
 * Nor are embeddings, whose count is that of all texts together.
 */
export function windowReport({ target, request }: Call, usage: Usage): FlowEvent | undefined {
  const { context } = target.facts;
  const prompt = usage.input + usage.cacheRead + usage.cacheWrite;
  if (context === undefined || prompt <= context || usage.estimated || request.settings.webSearch) return undefined;
  if (request.embedding !== undefined) return undefined;
  const reason =
    `${target.provider} (${target.modelId}) counted ${prompt} prompt tokens, but the context window is ${context}: ` +
    "the host may have truncated the prompt; shorten it, or correct capabilities.context";
  return { type: "adjustment", adjustment: { setting: "messages", from: prompt, to: context, reason } };
}
