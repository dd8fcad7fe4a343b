import { closeSync, openSync } from "node:fs";

/**
 * Creates the file of a SQLite database, which has answers and users, for its owner only. SQLite gives its other files the same
 * mode, and reports what is wrong with the path.
 */
export function createDatabaseFile(path: string): void {
  try {
    closeSync(openSync(path, "wx", 0o600));
  } catch {}
}
