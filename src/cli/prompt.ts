import { closeSync, constants, openSync, readSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { basename, extname, resolve } from "node:path";
import { addAbortSignal, type Readable } from "node:stream";
import { setTimeout } from "node:timers/promises";
import { COMMAND } from "../core/command.ts";
import { decodeText } from "../core/decode-text.ts";
import type { AudioPart, FilePart, ImagePart, Message, TextPart } from "../index.ts";
import { type CliContext, Exit, UsageError } from "./context.ts";

type UserPart = TextPart | ImagePart | FilePart | AudioPart;

/**
 * The prompt of a command: its arguments, piped input and attachments.
 * @throws UsageError if all are missing.
 */
export async function readPrompt(
  words: readonly string[],
  files: readonly string[],
  context: CliContext,
): Promise<string | Message[]> {
  const piped = context.io.stdin.isTTY === true ? "" : await readAll(context);
  const text = [words.join(" "), piped.trimEnd()].filter((part) => part.trim() !== "").join("\n\n");
  const parts = await Promise.all(files.map((file) => readAttachment(resolve(context.io.cwd, file), context.signal)));
  if (parts.length === 0 && text === "")
    throw new UsageError("no prompt was given", `Pass it as arguments or pipe it in: echo "Hello" | ${COMMAND} run`);
  if (parts.length === 0) return text;
  const content: UserPart[] = text === "" ? parts : [...parts, { type: "text", text }];
  return [{ role: "user", content }];
}

async function readAll({ io, signal }: CliContext): Promise<string> {
  const stdin = addAbortSignal(signal, io.stdin as Readable);
  const pieces: Buffer[] = [];
  try {
    for await (const piece of stdin as AsyncIterable<Buffer | string>) pieces.push(Buffer.from(piece));
  } catch (error) {
    throw signal.aborted ? new Exit(1) : error;
  }
  return decoded(Buffer.concat(pieces), "the piped input is not text");
}

/** Files that are sent as media; all others are sent as text. */
const MEDIA: Readonly<Record<string, readonly ["image" | "audio" | "file", string]>> = {
  ".png": ["image", "image/png"],
  ".jpg": ["image", "image/jpeg"],
  ".jpeg": ["image", "image/jpeg"],
  ".gif": ["image", "image/gif"],
  ".webp": ["image", "image/webp"],
  ".wav": ["audio", "audio/wav"],
  ".mp3": ["audio", "audio/mpeg"],
  ".pdf": ["file", "application/pdf"],
};

async function readAttachment(path: string, signal: AbortSignal): Promise<UserPart> {
  const bytes = await readBytes(path, signal).catch((error: NodeJS.ErrnoException) => {
    throw error instanceof UsageError
      ? error
      : new UsageError(`${path} cannot be read (${error.code ?? error.message})`);
  });
  const [type, mediaType] = MEDIA[extname(path).toLowerCase()] ?? [];
  if (type === undefined || mediaType === undefined)
    return { type: "text", text: `${basename(path)}:\n\n${textOf(bytes, path)}` };
  const data = bytes.toString("base64");
  return type === "file" ? { type, data, mediaType, filename: basename(path) } : { type, data, mediaType };
}

/** Maximum bytes of an attachment. */
const LARGEST = 64 * 1024 * 1024;

async function readBytes(path: string, signal: AbortSignal): Promise<Buffer> {
  const seen = await stat(path);
  if (seen.isFIFO()) return readPipe(path, signal);
  if (!seen.isFile()) throw new UsageError(`${path} is not a file`);
  if (seen.size > LARGEST) throw new UsageError(`${path} is larger than 64 MiB`);
  return readFile(path);
}

const PIPE_POLL_MS = 20;
/** A program started at the same time may open the pipe a moment later. */
const PIPE_TRIES = 50;

/** Reads `-f <(command)`. Opens without blocking, because opening a pipe without a writer blocks forever. */
async function readPipe(path: string, signal: AbortSignal): Promise<Buffer> {
  const pipe = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const pieces: Buffer[] = [];
    let size = 0;
    for (let tries = 0; ; ) {
      const piece = readPiece(pipe);
      if (piece?.length === 0 && (size > 0 || ++tries === PIPE_TRIES)) break;
      if (piece === undefined || piece.length === 0) await setTimeout(PIPE_POLL_MS, undefined, { signal });
      else pieces.push(piece);
      size += piece?.length ?? 0;
      if (size > LARGEST) throw new UsageError(`${path} has more than 64 MiB`);
    }
    if (size === 0) throw new UsageError(`${path} is an empty pipe`);
    return Buffer.concat(pieces);
  } finally {
    closeSync(pipe);
  }
}

/** Empty if the pipe has no writer, or none yet; undefined if a writer exists but no data is available. */
function readPiece(pipe: number): Buffer | undefined {
  const bytes = Buffer.alloc(65_536);
  try {
    return bytes.subarray(0, readSync(pipe, bytes));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EAGAIN") return undefined;
    throw error;
  }
}

function textOf(bytes: Buffer, path: string): string {
  return decoded(bytes, `${path} is neither text nor one of ${Object.keys(MEDIA).join(", ")}`);
}

function decoded(bytes: Buffer, problem: string): string {
  try {
    return decodeText(bytes);
  } catch {
    throw new UsageError(problem);
  }
}
