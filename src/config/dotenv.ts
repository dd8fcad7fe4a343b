import { statSync } from "node:fs";
import * as util from "node:util";
import { ConfigError } from "../core/config-error.ts";
import { readSmallFile, UnreadableFile } from "./small-file.ts";

/**
 * Adds the variables of a `.env` file to `env`; variables that are already set win. A missing file or a folder of that
 * name is ignored.
 * @returns the names of the variables it added.
 * @throws ConfigError when the file cannot be read.
 */
export function loadDotEnv(path: string, env: Record<string, string | undefined>): readonly string[] {
  const added: string[] = [];
  for (const [name, value] of Object.entries(readEnvFile(path))) {
    if (env[name] !== undefined) continue;
    env[name] = value;
    added.push(name);
  }
  return added;
}

function readEnvFile(path: string): NodeJS.Dict<string> {
  // Python virtual environments are often in a folder of this name.
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? true) return {};
  try {
    return util.parseEnv(readSmallFile(path).replace(/\r\n?/g, "\n"));
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error;
    if (error.isMissing) return {};
    throw new ConfigError([{ file: path, line: 0, column: 0, path: "", message: `the file ${path} ${error.message}` }]);
  }
}
