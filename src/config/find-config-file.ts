import { lstat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";

export const CONFIG_FILE = "models.toml";

/**
 * The nearest models.toml from a folder upwards. Whatever has the name is taken: a dangling link or a folder is reported
 * later, not passed over for a file further up.
 */
export async function findConfigFile(cwd: string): Promise<string | undefined> {
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    const candidate = join(folder, CONFIG_FILE);
    if (await isTaken(candidate)) return candidate;
    if (folder === dirname(folder)) return undefined;
  }
}

/** A folder that may not be read counts as one without the file. */
function isTaken(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
