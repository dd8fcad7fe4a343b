import type { ImagePart, ToolResultPart } from "../core/message.ts";
import type { Report } from "./report.ts";

/** Stands in a result that has nothing but an image, where the image cannot stand in it. */
export const IMAGE_FOLLOWS = "The image follows in the next user message.";

/** An image on its way from the result of a tool into a user turn behind all results. */
export interface MovedImage {
  readonly caption: string;
  readonly image: ImagePart;
}

/** The images of a result that the wire cannot place there; each move is reported. */
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
