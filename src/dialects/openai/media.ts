import type { AudioPart, FilePart, ImagePart, MediaPart } from "../../core/message.ts";
import { own } from "../../core/own.ts";

/** Where the bytes are: an address, or the bytes themselves as a data URI. */
export function sourceUrl(part: ImagePart | FilePart): string {
  return part.url ?? `data:${part.mediaType ?? "application/octet-stream"};base64,${part.data ?? ""}`;
}

/** Why chat completions cannot carry a part. */
export function chatRefusal(part: MediaPart): string | undefined {
  const byUrl = part.type === "file" && part.data === undefined;
  return byUrl ? "the chat wire takes files as data, not by url" : undefined;
}

/** Why the Responses API cannot carry a part. */
export function responsesRefusal(part: MediaPart): string | undefined {
  return part.type === "audio" ? "the responses wire takes no audio" : undefined;
}

const AUDIO_FORMATS: Readonly<Record<string, string>> = { mpeg: "mp3", "x-wav": "wav", wave: "wav", "vnd.wave": "wav" };

/** `audio/mpeg` -> `mp3`. */
export function audioFormat(part: AudioPart): string {
  const subtype = part.mediaType.split("/").at(-1)?.split(";")[0] ?? "wav";
  return own(AUDIO_FORMATS, subtype) ?? subtype;
}

/** The API wants a name beside the bytes of a file. */
export function fileName(part: FilePart): string {
  const extension = part.mediaType?.split("/").at(-1)?.split(/[;+]/)[0];
  return part.filename ?? `file.${extension === undefined || extension === "octet-stream" ? "bin" : extension}`;
}
