import type { Message } from "../core/message.ts";
import type { ModelRequest } from "../core/request.ts";
import type { HeadersByRequest, Target } from "../core/target.ts";

/** The headers of a provider that depend on the request; those that the entry sets itself are left out. */
export function headersByRequest(
  { withImages, fromUser, fromProgram }: HeadersByRequest,
  { messages, followsUp }: ModelRequest,
  target: Target,
): Record<string, string> {
  const last = messages.findLast(({ role }) => role !== "system");
  const isOfUser = followsUp !== true && (last === undefined || last.role === "user");
  const headers: Record<string, string> = {
    ...(isOfUser ? fromUser : fromProgram),
    ...(messages.some(hasImage) && withImages),
  };
  for (const name of Object.keys(target.headers)) delete headers[name.toLowerCase()];
  return headers;
}

function hasImage({ content }: Message): boolean {
  if (typeof content === "string") return false;
  return content.some(
    (part) =>
      part.type === "image" ||
      (part.type === "tool-result" &&
        typeof part.content !== "string" &&
        part.content.some(({ type }) => type === "image")),
  );
}
