import type { FileHandle } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { type Cancellation, unlessCancelled } from "../core/cancellation.ts";
import { ModelError } from "../core/error.ts";
import { invalidInput } from "../core/invalid-input.ts";
import { LocalFile } from "../core/local-file.ts";
import {
  hasPendingMedia,
  hasPendingParts,
  isMedia,
  type Origin,
  type PendingData,
  partOfBytes,
  pendingIn,
} from "../core/media-source.ts";
import type { Message, Part } from "../core/message.ts";

export interface ReadLimits {
  /** Of the files and blobs of one call together, as base64. */
  readonly maxBytes: number;
  readonly cancellation: Cancellation;
}

/**
 * The messages with the contents of their blobs and local files, which are read one after the other.
 * @throws ModelError `invalid_request` for a file that is missing, not a file, unreadable or too large.
 */
export async function readMedia(messages: readonly Message[], limits: ReadLimits): Promise<readonly Message[]> {
  if (!hasPendingMedia(messages)) return messages;
  const reader = new MediaReader(limits);
  return unlessCancelled(reader.messages(messages), limits.cancellation);
}

/** The same for the content of a tool result. */
export async function readParts<Content extends string | readonly Part[]>(
  content: Content,
  path: string,
  limits: ReadLimits,
): Promise<Content> {
  if (typeof content === "string" || !hasPendingParts(content)) return content;
  const reader = new MediaReader(limits);
  return unlessCancelled(reader.parts(content, path), limits.cancellation) as Promise<Content>;
}

class MediaReader {
  readonly #limits: ReadLimits;
  #left: number;

  constructor(limits: ReadLimits) {
    this.#limits = limits;
    this.#left = Math.floor((limits.maxBytes * 3) / 4);
  }

  async messages(messages: readonly Message[]): Promise<readonly Message[]> {
    const read: Message[] = [];
    for (const [index, message] of messages.entries()) {
      const { content } = message;
      const isWhole = typeof content === "string" || !hasPendingParts(content);
      read.push(
        isWhole ? message : ({ ...message, content: await this.parts(content, `messages[${index}]`) } as Message),
      );
    }
    return read;
  }

  async parts(parts: readonly Part[], path: string): Promise<readonly Part[]> {
    const read: Part[] = [];
    for (const [index, part] of parts.entries()) read.push(await this.#part(part, `${path}.content[${index}]`));
    return read;
  }

  async #part(part: Part, path: string): Promise<Part> {
    if (part.type === "tool-result" && typeof part.content !== "string")
      return { ...part, content: await this.parts(part.content, path) } as Part;
    const pending = isMedia(part) ? pendingIn(part.data) : undefined;
    if (pending === undefined) return part;
    this.#limits.cancellation.throwIfCancelled();
    const bytes = await this.#bytes(pending, `${path}.data`);
    this.#left -= bytes.byteLength;
    return partOfBytes({ ...part }, bytes, path, originOf(pending));
  }

  async #bytes(pending: PendingData, path: string): Promise<Uint8Array> {
    if (pending instanceof LocalFile) return readFile(resolve(pending.path), path, (size) => this.#check(size, path));
    this.#check(pending.size, path);
    try {
      return new Uint8Array(await pending.arrayBuffer());
    } catch (cause) {
      throw new ModelError({ code: "invalid_request", message: `${path}: the Blob cannot be read`, cause });
    }
  }

  #check(size: number, path: string): void {
    if (size <= this.#left) return;
    const words = `too large: the files of a call may have ${this.#limits.maxBytes} bytes as base64 (max_input_bytes)`;
    throw invalidInput(path, `${words}; nothing was sent`);
  }
}

function originOf(pending: PendingData): Origin {
  if (pending instanceof LocalFile) return { name: basename(pending.path) };
  const type = pending.type.split(";", 1)[0] ?? "";
  return { ...(pending instanceof File && { name: pending.name }), ...(type !== "" && { type }) };
}

async function readFile(path: string, place: string, check: (size: number) => void): Promise<Uint8Array> {
  const fs = await import("node:fs/promises");
  let file: FileHandle | undefined;
  try {
    // A pipe without a writer must not block.
    file = await fs.open(path, fs.constants.O_RDONLY | (fs.constants.O_NONBLOCK ?? 0));
    const status = await file.stat();
    if (!status.isFile())
      throw invalidInput(place, `${path} is ${status.isDirectory() ? "a folder" : "not a regular file"}`);
    check(status.size);
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of file.createReadStream({ autoClose: false })) {
      chunks.push(chunk as Buffer);
      size += (chunk as Buffer).length;
      // It may have grown.
      check(size);
    }
    return Buffer.concat(chunks, size);
  } catch (cause) {
    if (cause instanceof ModelError) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    const words = code === "ENOENT" ? `file not found: ${path}` : `${path} cannot be read (${code})`;
    throw new ModelError({ code: "invalid_request", message: `${place}: ${words}`, cause });
  } finally {
    await file?.close();
  }
}
