import type { ImagePart, ToolResultPart } from "../core/message.ts";
import type { Report } from "./report.ts";

/** The text of a tool result that had only an image, if the image is moved out of it. */
export const IMAGE_FOLLOWS = "The image follows in the next user message.";

/** An image that is moved from a tool result to a user message after all results. */
export interface MovedImage {
  readonly caption: string;
  readonly image: ImagePart;
}

/** The images of a tool result that the wire format does not support there; each move is reported. */
export function movedImages(part: ToolResultPart, index: number, reason: string, report: Report): MovedImage[] {
  if (typeof part.content === "string") return [];
  const images = part.content.filter((item) => item.type === "image");
  return images.map((image) => movedImage(part, image, index, reason, report));
}

export function movedImage(
  part: ToolResultPart,
  image: ImagePart,
  index: number,
  reason: string,
  report: Report,
): MovedImage {
  report(`messages[${index}]`, "an image in a tool result", "an image in a user turn after the results", reason);
  return { caption: `Image in the result of ${part.name ?? "tool call"} ${part.id}:`, image };
}
