import type { Dialect } from "./dialect.ts";
import type { ModelError } from "./error.ts";
import type { MediaPart, Message, Part } from "./message.ts";
import { blockRefusal } from "./same-wire.ts";
import type { Capability, Target } from "./target.ts";
import { misfitError } from "./target-error.ts";

const READING = { image: "vision", file: "files", audio: "audio" } as const satisfies Record<
  MediaPart["type"],
  Capability
>;

/**
 * The error for a target that does not support an image, a file or audio in these messages. Content is never omitted, so
 * such a target is skipped.
 */
export function mediaRefusal(messages: readonly Message[], target: Target, dialect: Dialect): ModelError | undefined {
  for (const [index, message] of messages.entries()) {
    const reasons = mediaOf(message.content).map((part) => reasonAgainst(part, target, dialect));
    const reason = blockRefusal(message, target) ?? reasons.find((found) => found !== undefined);
    if (reason !== undefined)
      return misfitError(target, "unsupported", `messages[${index}]: ${reason}; nothing was sent`);
  }
  return undefined;
}

function mediaOf(content: string | readonly Part[]): readonly MediaPart[] {
  if (typeof content === "string") return [];
  return content.flatMap((part) => {
    if (part.type === "tool-result") return mediaOf(part.content);
    return isMedia(part) ? [part] : [];
  });
}

function isMedia(part: Part): part is MediaPart {
  return Object.hasOwn(READING, part.type);
}

function reasonAgainst(part: MediaPart, target: Target, dialect: Dialect): string | undefined {
  if (target.facts.capabilities[READING[part.type]] === false)
    return `${target.modelId} does not support ${part.type} parts`;
  return dialect.mediaRefusal?.(part);
}
