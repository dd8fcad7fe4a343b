import { lstat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";

export const CONFIG_FILE = "models.toml";

/**
 * Finds the nearest models.toml from a folder upwards. A dangling link or a folder of that name is returned too and
 * reported later, instead of being skipped for a file further up.
 */
export async function findConfigFile(cwd: string): Promise<string | undefined> {
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    const candidate = join(folder, CONFIG_FILE);
    if (await isTaken(candidate)) return candidate;
    if (folder === dirname(folder)) return undefined;
  }
}

/** A folder without read permission counts as one without the file. */
function isTaken(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
