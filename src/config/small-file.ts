import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { decodeText } from "../core/decode-text.ts";

const LARGEST = 1_048_576;
/** O_NONBLOCK: a pipe without a writer must not block the process. */
const READ = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** `message` completes the sentence "the file …". */
export class UnreadableFile extends Error {
  readonly isMissing: boolean;

  constructor(message: string, isMissing = false) {
    super(message);
    this.isMissing = isMissing;
  }
}

/** Reads a file of at most 1 MiB and strips the byte-order mark. Never blocks, even if the path is a pipe. */
export function readSmallFile(path: string): string {
  const file = open(path);
  try {
    if (!fstatSync(file).isFile()) throw new UnreadableFile("is not a regular file");
    const bytes = Buffer.alloc(LARGEST + 1);
    const size = readAll(file, bytes);
    if (size > LARGEST) throw new UnreadableFile("is larger than 1 MiB");
    return textOf(bytes.subarray(0, size));
  } finally {
    closeSync(file);
  }
}

function textOf(bytes: Uint8Array): string {
  try {
    return decodeText(bytes);
  } catch {
    throw new UnreadableFile("is not UTF-8 text");
  }
}

function open(path: string): number {
  try {
    return openSync(path, READ);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UnreadableFile(`cannot be read (${code})`, code === "ENOENT");
  }
}

function readAll(file: number, bytes: Buffer): number {
  let size = 0;
  for (let read = -1; read !== 0 && size < bytes.length; size += read)
    read = readSync(file, bytes, size, bytes.length - size, null);
  return size;
}
