import { isAbsolute, join } from "node:path";

/** Where this user's programs keep files that they can do without; undefined where the environment names no folder. */
export function cacheFolder(
  env: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform = process.platform,
): string | undefined {
  const { XDG_CACHE_HOME: xdg = "", LOCALAPPDATA: local = "", HOME: home = "" } = env;
  const folder = platform === "win32" ? local : isAbsolute(xdg) ? xdg : home === "" ? "" : join(home, ".cache");
  return folder === "" ? undefined : join(folder, "modelwright");
}
