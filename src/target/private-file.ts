import { appendFileSync, chmodSync, constants, lstatSync, type Stats } from "node:fs";
import type { Config } from "../config/load.ts";
import { ConfigError } from "../core/config-error.ts";

/** Readable only by its owner. */
export const MODE = 0o600;
/** Does not follow symbolic links, which another user could point to any file. */
export const APPEND = constants.O_APPEND | constants.O_CREAT | constants.O_WRONLY | (constants.O_NOFOLLOW ?? 0);

/** Creates a file that only its owner may read. */
export function createPrivateFile(path: string): void {
  if (seen(() => lstatSync(path))?.isSymbolicLink() === true)
    throw Object.assign(new Error(`${path} is a symbolic link`), { code: "ELOOP" });
  appendFileSync(path, "", { mode: MODE, flag: APPEND as unknown as string });
  chmodSync(path, MODE);
}

export function seen(look: () => Stats): Stats | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}

/** The error of a key of models.toml that names a file which cannot be written. */
export function unwritable(config: Config, table: "audit" | "logging", what: string, cause: unknown): ConfigError {
  const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
  const why =
    code === "ELOOP" ? "is a symbolic link; use the path of the file it points to" : `cannot be written (${code})`;
  const place = config.placeOf([table, "file"]);
  return new ConfigError([{ ...place, path: `${table}.file`, message: `${what} ${why}` }], { cause });
}
