import { appendFileSync, chmodSync, constants, mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { ConfigError } from "../../core/config-error.ts";
import { exchangeIn, type RecordedExchange } from "./exchange-line.ts";

const MODE = 0o600;
/** Does not follow symbolic links, which another user could point to any file. */
const APPEND = constants.O_APPEND | constants.O_CREAT | constants.O_WRONLY | (constants.O_NOFOLLOW ?? 0);
const FRESH = APPEND | constants.O_TRUNC;

/**
 * Creates the file, readable only by its owner, and returns a function that appends a line in one write.
 * @throws ConfigError if it cannot be written.
 */
export function cassetteWriter(path: string, { fresh = false } = {}): (line: string) => void {
  const append = (text: string, flag: number) =>
    appendFileSync(path, text, { mode: MODE, flag: flag as unknown as string });
  try {
    mkdirSync(dirname(path), { recursive: true });
    append("", fresh ? FRESH : APPEND);
    chmodSync(path, MODE);
  } catch (cause) {
    throw problemIn(path, 0, `the recording ${path} ${reasonOf(cause, "written")}`, cause);
  }
  return (line) => append(line, APPEND);
}

/** A recorded exchange and its line in the file. */
export interface CassetteEntry {
  readonly line: number;
  readonly exchange: RecordedExchange;
}

/**
 * The exchanges of a file, in the order in which their requests were sent.
 * @throws ConfigError with the line if the file is missing, damaged or of a newer version.
 */
export function readCassette(path: string): readonly CassetteEntry[] {
  const entries = textOf(path)
    .split("\n")
    .flatMap((text, index): CassetteEntry[] => {
      if (text.trim() === "") return [];
      const exchange = exchangeIn(text);
      const line = index + 1;
      if (typeof exchange === "string") throw problemIn(path, line, `the line ${exchange}`);
      return [{ line, exchange }];
    });
  return entries.toSorted((left, right) => orderOf(left, right));
}

function orderOf({ exchange: left }: CassetteEntry, { exchange: right }: CassetteEntry): number {
  return left.startedMs - right.startedMs || left.position - right.position;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw problemIn(path, 0, `the recording ${path} ${reasonOf(cause, "read")}`, cause);
  }
}

function reasonOf(cause: unknown, verb: "read" | "written"): string {
  const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
  if (code === "ENOENT" && verb === "read") return 'does not exist; record it with mode = "record"';
  if (code === "ELOOP") return "is a symbolic link; use the path of the file it points to";
  return `cannot be ${verb} (${code})`;
}

function problemIn(file: string, line: number, message: string, cause?: unknown): ConfigError {
  return new ConfigError([{ file, line, column: line === 0 ? 0 : 1, path: "record.file", message }], { cause });
}
