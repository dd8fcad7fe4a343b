import { readFile } from "node:fs/promises";
import { basename, extname, resolve } from "node:path";
import { addAbortSignal, type Readable } from "node:stream";
import type { AudioPart, FilePart, ImagePart, Message, TextPart } from "../index.ts";
import { type CliContext, Exit, UsageError } from "./context.ts";

type UserPart = TextPart | ImagePart | FilePart | AudioPart;

/**
 * The prompt of a command: its words, then what is piped in, and attachments.
 * @throws UsageError when there is none of it.
 */
export async function readPrompt(
  words: readonly string[],
  files: readonly string[],
  context: CliContext,
): Promise<string | Message[]> {
  const piped = context.io.stdin.isTTY === true ? "" : await readAll(context);
  const text = [words.join(" "), piped.trimEnd()].filter((part) => part.trim() !== "").join("\n\n");
  const parts = await Promise.all(files.map((file) => readAttachment(resolve(context.io.cwd, file))));
  if (parts.length === 0 && text === "")
    throw new UsageError("there is no prompt", 'Give it as words or pipe it in: echo "Hello" | modelwright run');
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
  return Buffer.concat(pieces).toString("utf8");
}

/** Media types that go to the model as they are; every other file goes as text. */
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

async function readAttachment(path: string): Promise<UserPart> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(`the file ${path} cannot be read (${error.code ?? error.message})`);
  });
  const [type, mediaType] = MEDIA[extname(path).toLowerCase()] ?? [];
  if (type === undefined || mediaType === undefined)
    return { type: "text", text: `${basename(path)}:\n\n${textOf(bytes, path)}` };
  const data = bytes.toString("base64");
  return type === "file" ? { type, data, mediaType, filename: basename(path) } : { type, data, mediaType };
}

function textOf(bytes: Buffer, path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new UsageError(`${path} is neither text nor one of ${Object.keys(MEDIA).join(", ")}`);
  }
}
