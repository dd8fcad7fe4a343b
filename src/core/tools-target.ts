import type { CallInput } from "./call.ts";
import type { Target } from "./target.ts";

/**
 * The target as it serves this call: a model that takes tools only over another wire is asked over that one, as long as
 * the conversation is about tools. A last turn without them stays on it, since what the calls left behind belongs to it.
 */
export function servingTarget(target: Target, input: Pick<CallInput, "messages" | "settings" | "prelude">): Target {
  const { withTools } = target;
  return withTools !== undefined && isAboutTools(target, input) ? withTools : target;
}

function isAboutTools(target: Target, { messages, settings, prelude }: Parameters<typeof servingTarget>[1]): boolean {
  if ((settings.tools ?? target.settings.tools ?? []).length > 0) return true;
  return [...(prelude ?? target.prelude), ...messages].some(
    ({ content }) => typeof content !== "string" && content.some((part) => part.type === "tool-call"),
  );
}
