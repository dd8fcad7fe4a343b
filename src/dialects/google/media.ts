import type { Part } from "@google/genai";
import { readDataUrl } from "../../core/data-url.ts";
import type { AudioPart, FilePart, ImagePart } from "../../core/message.ts";
import type { Target } from "../../core/target.ts";
import { targetError } from "../../core/target-error.ts";
import type { Report } from "../report.ts";

/** Data is sent inline, URLs as file data with the media type that the API requires. */
export function encodeMedia(part: ImagePart | FilePart | AudioPart, target: Target, report: Report): Part {
  if (part.type === "image" && (part.detail === "low" || part.detail === "high")) {
    report("messages.image.detail", part.detail, undefined, "the Gemini wire has no detail setting per image");
  }
  if (part.type === "file" && part.filename !== undefined) {
    report("messages.file.filename", part.filename, undefined, "the Gemini wire has no names for files");
  }
  const url = part.type === "audio" ? undefined : part.url;
  const inline = readDataUrl(url ?? "");
  if (inline !== undefined) {
    return { inlineData: { mimeType: inline.mediaType || mediaTypeOf(part), data: inline.data } };
  }
  if (part.data !== undefined) return { inlineData: { mimeType: mediaTypeOf(part), data: part.data } };
  if (url === undefined)
    throw targetError(target, "invalid_request", `a part of type ${part.type} has neither url nor data`);
  return { fileData: { mimeType: mediaTypeOf(part), fileUri: url } };
}

const BY_EXTENSION: ReadonlyMap<string, string> = new Map(
  Object.entries({
    png: "image/png",
    jpg: "image/jpeg",
    jpeg: "image/jpeg",
    gif: "image/gif",
    webp: "image/webp",
    heic: "image/heic",
    pdf: "application/pdf",
    txt: "text/plain",
    md: "text/markdown",
    csv: "text/csv",
    html: "text/html",
    json: "application/json",
    mp3: "audio/mpeg",
    wav: "audio/wav",
    mp4: "video/mp4",
  }),
);

/** First characters of base64 data. */
const MAGIC: readonly (readonly [start: string, mediaType: string])[] = [
  ["/9j/", "image/jpeg"],
  ["iVBOR", "image/png"],
  ["R0lGOD", "image/gif"],
  ["UklGR", "image/webp"],
  ["JVBER", "application/pdf"],
];

function mediaTypeOf(part: ImagePart | FilePart | AudioPart): string {
  if (part.mediaType !== undefined) return part.mediaType;
  const { data } = part;
  const sniffed = data === undefined ? undefined : MAGIC.find(([start]) => data.startsWith(start))?.[1];
  if (sniffed !== undefined) return sniffed;
  const named = part.type === "file" ? (part.filename ?? part.url) : part.type === "image" ? part.url : undefined;
  const path = (named ?? "").split(/[?#]/, 1)[0] ?? "";
  const extension = path.slice(path.lastIndexOf(".") + 1).toLowerCase();
  const usual = part.type === "file" ? "application/pdf" : "image/jpeg";
  return BY_EXTENSION.get(extension) ?? usual;
}
