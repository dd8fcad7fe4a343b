import type { CallInput } from "./call.ts";
import type { Target } from "./target.ts";

/**
 * The target for this call: if a model supports tools only over another wire format, that one is used while the conversation
 * has tools. A last message without tools also uses it, because the state of the earlier calls belongs to it.
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
