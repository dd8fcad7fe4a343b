import { invalidInput, kindOf, type Loose } from "./invalid-input.ts";
import { LocalFile, localFile } from "./local-file.ts";
import { MAGIC_BYTES, mediaTypeOf } from "./media-type.ts";
import type {
  AssistantMessage,
  AudioPart,
  FilePart,
  ImagePart,
  MediaPart,
  Message,
  Part,
  SystemMessage,
  TextPart,
  ToolResultPart,
} from "./message.ts";

/** Base64, bytes, or what a call reads when it starts. */
export type MediaData = string | Uint8Array | ArrayBuffer | Blob | LocalFile;

/** An image, a file or audio as it may be given; `mediaType` is guessed from the bytes, then from the name. */
type Given<Of extends MediaPart> = Omit<Of, "url" | "data" | "mediaType"> & {
  /** A provider fetches it. A `URL` object with `file:` is read like `localFile`. */
  readonly url?: string | URL;
  readonly data?: MediaData;
  readonly mediaType?: string;
};
export type ImageInput = Given<ImagePart>;
export type FileInput = Given<FilePart>;
export type AudioInput = Omit<Given<AudioPart>, "url">;

/** A message as it may be given. */
export type MessageInput =
  | SystemMessage
  | AssistantMessage
  | { readonly role: "user"; readonly content: string | readonly (TextPart | ImageInput | FileInput | AudioInput)[] }
  | { readonly role: "tool"; readonly content: readonly ToolResultInput[] };
export type ToolResultInput = Omit<ToolResultPart, "content"> & {
  readonly content: string | readonly (TextPart | ImageInput)[];
};

/** What is read when a call starts. Until then it is the `data` of its part. */
export type PendingData = Blob | LocalFile;

/** Data that has not been read yet; `undefined` for anything else. */
export function pendingIn(data: unknown): PendingData | undefined {
  if (typeof data !== "object" || data === null) return undefined;
  return data instanceof LocalFile || data instanceof Blob ? data : undefined;
}

/** The part of a part that says where its content is, if it is more than strings. */
export function sourceOf(part: Loose, path: string): { readonly data?: unknown; readonly url?: unknown } {
  const { data, url } = part;
  if (!(url instanceof URL)) return { data, url };
  if (data !== undefined) throw invalidInput(path, "give a url or data, not both");
  return url.protocol === "file:" ? { data: localFile(url) } : { url: url.href };
}

/** What a file or a blob says about itself. */
export interface Origin {
  readonly name?: string;
  /** Its media type, if neither its bytes nor its name tell. */
  readonly type?: string;
}

/** Bytes as a part with base64. */
export function partOfBytes(part: Loose, bytes: Uint8Array, path: string, origin: Origin = {}): MediaPart {
  if (bytes.byteLength === 0) throw invalidInput(`${path}.data`, "the data is empty");
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
  const filename = part["type"] === "file" ? (part["filename"] ?? origin.name) : undefined;
  const mediaType = part["mediaType"] ?? guessed(part, bytes, path, origin);
  return { ...part, ...(filename !== undefined && { filename }), data, mediaType } as MediaPart;
}

/** Base64 without a media type as a part with one. */
export function partOfBase64(part: Loose, data: string, path: string): MediaPart {
  const start = Buffer.from(data.slice(0, MAGIC_BYTES * 2), "base64");
  return { ...part, data, mediaType: guessed(part, start, path, {}) } as MediaPart;
}

/** The value as bytes; `undefined` if it is neither a Uint8Array nor an ArrayBuffer. */
export function bytesIn(data: unknown): Uint8Array | undefined {
  if (data instanceof Uint8Array) return data;
  return data instanceof ArrayBuffer ? new Uint8Array(data) : undefined;
}

export function wrongData(data: unknown, path: string): Error {
  const words = "expected base64, a Buffer, a Uint8Array, a Blob or localFile(path)";
  return invalidInput(`${path}.data`, `${words}, got ${kindOf(data)}`);
}

function guessed(part: Loose, bytes: Uint8Array, path: string, { name, type: told }: Origin): string {
  const type = part["type"] as MediaPart["type"];
  const given = part["filename"];
  const found = mediaTypeOf(bytes, typeof given === "string" ? given : name) ?? told;
  if (found === undefined) throw invalidInput(path, `${type} data needs a mediaType, for example "${EXAMPLES[type]}"`);
  if (type === "file" || found.startsWith(`${type}/`)) return found;
  const other = found.startsWith("image/") ? "image" : found.startsWith("audio/") ? "audio" : "file";
  throw invalidInput(path, `the data is ${found}; use a part of type "${other}", or give its mediaType`);
}

const EXAMPLES = { image: "image/png", file: "application/pdf", audio: "audio/wav" } as const;

/** Whether a message has data that has not been read yet. */
export function hasPendingMedia(messages: readonly Message[]): boolean {
  return messages.some(({ content }) => typeof content !== "string" && hasPendingParts(content));
}

/** The same for the parts of a message or a tool result. */
export function hasPendingParts(parts: readonly Part[]): boolean {
  return parts.some((part) => {
    if (part.type === "tool-result") return typeof part.content !== "string" && hasPendingParts(part.content);
    return isMedia(part) && typeof part.data === "object";
  });
}

export function isMedia(part: Part): part is MediaPart {
  return part.type === "image" || part.type === "file" || part.type === "audio";
}

/** Throws for data that only a call can read. */
export function refusePending(messages: readonly Message[]): readonly Message[] {
  for (const [index, { content }] of messages.entries()) {
    if (typeof content === "string" || !hasPendingParts(content)) continue;
    const words = "a Blob or a local file is read only by a call; give its bytes here";
    throw invalidInput(`messages[${index}]`, words);
  }
  return messages;
}
