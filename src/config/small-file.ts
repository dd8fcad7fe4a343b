import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";

const LARGEST = 1_048_576;
/** A pipe that nobody writes to must not hold up the process. */
const READ = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** Why a file was not read; `message` completes the sentence "the file … ". */
export class UnreadableFile extends Error {
  readonly isMissing: boolean;

  constructor(message: string, isMissing = false) {
    super(message);
    this.isMissing = isMissing;
  }
}

/** The text of a file of at most 1 MiB; never waits, whatever stands at the path. */
export function readSmallFile(path: string): string {
  const file = open(path);
  try {
    if (!fstatSync(file).isFile()) throw new UnreadableFile("is no regular file");
    const bytes = Buffer.alloc(LARGEST + 1);
    const size = readAll(file, bytes);
    if (size > LARGEST) throw new UnreadableFile("is larger than 1 MiB");
    return bytes.toString("utf8", 0, size);
  } finally {
    closeSync(file);
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
