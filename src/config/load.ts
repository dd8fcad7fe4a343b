import { lstat, readFile, stat } from "node:fs/promises";
import { dirname, isAbsolute, relative, resolve } from "node:path";
import { COMMAND } from "../core/command.ts";
import { ConfigError } from "../core/config-error.ts";
import { decodeText } from "../core/decode-text.ts";
import type { Config } from "./config.ts";
import { CONFIG_FILE, findConfigFile } from "./find-config-file.ts";
import { MAX_TEXT_CHARS } from "./limits.ts";
import { type ParseOptions, parseConfig } from "./parse.ts";
import { VARIABLES } from "./variables.ts";

export type { Config, ProfileView, Provenance, ResolveOptions } from "./config.ts";
export type { EntryConfig, PriceConfig } from "./entry-config.ts";
export type { GatewayKey } from "./gateway-keys.ts";
export type { GatewayConfig } from "./gateway-section.ts";
export { type ParseOptions, parseConfig } from "./parse.ts";
export type { PriceBook, ProviderHint } from "./provider-checks.ts";
export type { RecordConfig } from "./record-section.ts";
export type { AuditConfig, CacheConfig, GroupConfig, LoggingConfig } from "./sections.ts";

export interface LoadOptions extends Omit<ParseOptions, "file"> {
  /** Where the search starts. Default: the process's working directory. */
  readonly cwd?: string | undefined;
  /** How to name an existing file, for programs that offer more ways than the library. */
  readonly help?: string | undefined;
}

/**
 * Reads the file at `path`, the one named by MODELWRIGHT_CONFIG, or the nearest models.toml from `cwd` upwards.
 * @throws ConfigError with every error of the file, or with the places that were searched.
 */
export async function loadConfig(path: string | undefined, options: LoadOptions): Promise<Config> {
  const cwd = options.cwd ?? process.cwd();
  const named = options.env[VARIABLES.config];
  const help = options.help ?? LIBRARY_HELP;
  const file = path ?? (named || (await findUpwards(cwd, help)));
  const full = resolve(cwd, file);
  // The CLI passes the file named by the variable as a path.
  const byVariable = Boolean(named) && (path === undefined || full === resolve(cwd, named ?? ""));
  const text = await readText(full, file, `${byVariable ? " (set by MODELWRIGHT_CONFIG)" : ""}; ${help}`);
  return parseConfig(text, { ...options, file, baseDir: options.baseDir ?? dirname(full) });
}

async function findUpwards(cwd: string, help: string): Promise<string> {
  const found = await findConfigFile(cwd);
  if (found === undefined) throw notFound(undefined, `no ${CONFIG_FILE} in ${cwd} or any folder above it; ${help}`);
  const near = relative(cwd, found);
  return near.startsWith("..") || isAbsolute(near) ? found : near;
}

const LIBRARY_HELP = `pass its path, set MODELWRIGHT_CONFIG, or write one with "${COMMAND} init"`;

function notFound(file: string | undefined, message: string): ConfigError {
  return new ConfigError([{ file, line: 0, column: 0, path: "", message }]);
}

async function readText(full: string, file: string, rest: string): Promise<string> {
  try {
    const seen = await stat(full);
    if (seen.isDirectory()) throw notFound(file, `${full} is a folder, not a file`);
    if (!seen.isFile()) throw notFound(file, `${full} is not a regular file`);
    if (seen.size > 4 * MAX_TEXT_CHARS)
      throw new ConfigError([{ file, line: 1, column: 1, path: "", message: "the file is larger than 1 MiB" }]);
    return decodeText(await readFile(full));
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const isLink = await lstat(full).then(
      (seen) => seen.isSymbolicLink(),
      () => false,
    );
    throw notFound(file, isLink ? brokenLink(error, full) : unreadable(error, full, rest));
  }
}

function brokenLink(error: unknown, full: string): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ENOENT" || code === "ENOTDIR") return `${full} is a symbolic link to a file that does not exist`;
  if (code === "ELOOP") return `${full} is a symbolic link that leads back to itself`;
  return unreadable(error, full, "");
}

function unreadable(error: unknown, full: string, rest: string): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ENOENT" || code === "ENOTDIR") return `file not found: ${full}${rest}`;
  if (code === "ERR_ENCODING_INVALID_ENCODED_DATA") return `${full} is not UTF-8 text`;
  return `${full} cannot be read (${code ?? String(error)})`;
}
