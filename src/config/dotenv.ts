import { readFileSync } from "node:fs";
import * as util from "node:util";

/**
 * Adds the variables of a `.env` file to `env`; variables that are already set win. A missing file is fine.
 * @returns the names that were added.
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
  try {
    return util.parseEnv(readFileSync(path, "utf8"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw error;
  }
}
