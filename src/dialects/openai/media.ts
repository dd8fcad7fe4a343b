import type { AudioPart, FilePart, ImagePart, MediaPart } from "../../core/message.ts";
import { own } from "../../core/own.ts";

/** The URL of a part: its own, or a data URL. */
export function sourceUrl(part: ImagePart | FilePart): string {
  return part.url ?? `data:${part.mediaType ?? "application/octet-stream"};base64,${part.data ?? ""}`;
}

/** Why chat completions do not support a part. */
export function chatRefusal(part: MediaPart): string | undefined {
  const byUrl = part.type === "file" && part.data === undefined;
  return byUrl ? "the chat wire supports files as data, not by URL" : undefined;
}

/** Why the Responses API does not support a part. */
export function responsesRefusal(part: MediaPart): string | undefined {
  return part.type === "audio" ? "the responses wire does not support audio" : undefined;
}

const AUDIO_FORMATS: Readonly<Record<string, string>> = { mpeg: "mp3", "x-wav": "wav", wave: "wav", "vnd.wave": "wav" };

/** `audio/mpeg` -> `mp3`. */
export function audioFormat(part: AudioPart): string {
  const subtype = part.mediaType.split("/").at(-1)?.split(";")[0] ?? "wav";
  return own(AUDIO_FORMATS, subtype) ?? subtype;
}

/** `mp3` -> `audio/mpeg`. */
export function audioType(format: string): string {
  const [subtype = format] =
    Object.entries(AUDIO_FORMATS).find(([, known]) => known === format && format !== "wav") ?? [];
  return `audio/${subtype}`;
}

/** The API requires a name for file data. */
export function fileName(part: FilePart): string {
  const extension = part.mediaType?.split("/").at(-1)?.split(/[;+]/)[0];
  return part.filename ?? `file.${extension === undefined || extension === "octet-stream" ? "bin" : extension}`;
}
