import { ModelError } from "../core/error.ts";
import type { SqliteFailure } from "./sqlite-worker.ts";

export interface SqliteProblem extends SqliteFailure {
  readonly path: string;
  /** The database. */
  readonly what: string;
}

/** What happened and what to do, by result code: https://sqlite.org/rescode.html. */
const ADVICE: Readonly<Record<number, (path: string) => string>> = {
  3: (path) => `no permission to open ${path}; make it readable and writable for this process`,
  5: (path) => `${path} is locked by another process; end the program that keeps it locked`,
  8: (path) => `${path} or its folder is read-only; make both writable, or set "path" to another place`,
  10: (path) => `the disk failed to read or write ${path}`,
  11: (path) => `${path} is damaged; move it away, and the next call creates a new one`,
  13: (path) => `no space left on the disk of ${path}`,
  14: (path) => `${path} cannot be opened; its folder must be writable, and the path must not be a folder`,
  26: (path) => `${path} is not a SQLite database; move it away, or set "path" to another place`,
};

export function sqliteError({ code, message, path, what }: SqliteProblem): ModelError {
  const advice = ADVICE[code]?.(path) ?? `${path} cannot be used`;
  return new ModelError({ code: "state_unavailable", message: `${what}: ${advice} (SQLite: ${message})` });
}
