import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { createDatabaseFile } from "../core/database-file.ts";
import { networkFileSystemOf } from "./network-folder.ts";
import type { SqliteSettings } from "./sqlite-messages.ts";
import { SCHEMA_CHANGES, SCHEMA_VERSION } from "./sqlite-schema.ts";

/** The file cannot be used; the text says why and what to do. */
class UnusableFile extends Error {}

/** Opens the file; creates it, its folder and its tables if they are missing. */
export function openDatabase(
  sqlite: typeof import("node:sqlite"),
  { path, busyMs, maxPages }: SqliteSettings,
): DatabaseSync {
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true });
  const network = networkFileSystemOf(folder);
  if (network !== undefined)
    throw new UnusableFile(
      `it is on a network file system (${network}), where SQLite loses data; use a local path, or store = "redis"`,
    );
  createDatabaseFile(path);
  const database = new sqlite.DatabaseSync(path);
  try {
    database.exec(`PRAGMA busy_timeout = ${Math.ceil(busyMs)}`);
    // The write-ahead log survives the end of a process at any time. Only a power failure may lose the last transactions.
    database.exec("PRAGMA journal_mode = WAL");
    database.exec("PRAGMA synchronous = NORMAL");
    if (maxPages !== undefined) database.exec(`PRAGMA max_page_count = ${maxPages}`);
    if (versionOf(database) !== SCHEMA_VERSION) updateTables(database);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Creates what a new file, or a file of an earlier version, does not have. */
function updateTables(database: DatabaseSync): void {
  database.exec("BEGIN IMMEDIATE");
  try {
    const version = versionOf(database);
    if (version > SCHEMA_VERSION)
      throw new UnusableFile(
        `a newer modelwright wrote it (version ${version}, this one knows ${SCHEMA_VERSION}); update modelwright, or set another [state] path`,
      );
    if (version === 0n) {
      const { tables } = database.prepare("SELECT count(*) AS tables FROM sqlite_schema").get() as { tables: number };
      if (tables > 0) throw new UnusableFile("it is a database of another program; set another [state] path");
    }
    const missing = SCHEMA_CHANGES.slice(Number(version)).join("");
    database.exec(`${missing} PRAGMA user_version = ${SCHEMA_VERSION}`);
    database.exec("COMMIT");
  } catch (error) {
    rollBack(database);
    throw error;
  }
}

function versionOf(database: DatabaseSync): bigint {
  const statement = database.prepare("PRAGMA user_version");
  statement.setReadBigInts(true);
  return (statement.get() as { user_version: bigint }).user_version;
}

/** SQLite ends the transaction itself after some errors, such as a full disk. */
export function rollBack(database: DatabaseSync): void {
  if (database.isTransaction) database.exec("ROLLBACK");
}

/** Primary result codes of SQLite, https://www.sqlite.org/rescode.html */
const ADVICE: Readonly<Record<number, string>> = {
  5: "another process holds its lock; wait for that process, end it, or raise [state] timeout",
  6: "another process holds its lock; wait for that process, end it, or raise [state] timeout",
  8: "it is read-only; make the file and its folder writable, or set another [state] path",
  10: "reading or writing failed; check the disk",
  11: "it is damaged; move it away, and a new one is created",
  13: "the disk is full; free some space",
  14: "it cannot be opened; make its folder writable, or set another [state] path",
  23: "access was denied; make the file and its folder writable, or set another [state] path",
  26: "it is not an SQLite database; move it away, or set another [state] path",
};

const ADVICE_OF_SYSTEM: Readonly<Record<string, string>> = {
  EACCES: "its folder cannot be created or read; check the permissions, or set another [state] path",
  EPERM: "its folder cannot be created or read; check the permissions, or set another [state] path",
  EROFS: "its folder is on a read-only file system; set another [state] path",
  ENOSPC: "the disk is full; free some space",
  ENOTDIR: "a part of its path is not a folder; set another [state] path",
  EEXIST: "a part of its path is not a folder; set another [state] path",
};

/** Errors after which the database must be opened again. */
const REOPEN: ReadonlySet<number> = new Set([8, 10, 11, 14, 26]);

/** What went wrong, and whether the file must be opened again. */
export function failureOf(error: unknown, path: string): { readonly words: string; readonly reopen: boolean } {
  const { errcode, errstr, code, message } = error as Error & { errcode?: number; errstr?: string; code?: string };
  const result = errcode === undefined ? undefined : errcode & 0xff;
  if (error instanceof UnusableFile) return { words: `cannot use ${path}: ${message}`, reopen: true };
  if (result === undefined) {
    const advice = ADVICE_OF_SYSTEM[code ?? ""] ?? `${code ?? message}; set another [state] path`;
    return { words: `cannot use ${path}: ${advice}`, reopen: true };
  }
  const advice = ADVICE[result] ?? `${errstr}; set another [state] path`;
  return { words: `cannot use ${path}: ${advice} (SQLite error ${errcode})`, reopen: REOPEN.has(result) };
}
