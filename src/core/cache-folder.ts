import { isAbsolute, join } from "node:path";

/** The user's cache directory; undefined if the environment does not define one. */
export function cacheFolder(
  env: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform = process.platform,
): string | undefined {
  const { XDG_CACHE_HOME: xdg = "", LOCALAPPDATA: local = "", HOME: home = "" } = env;
  const folder = platform === "win32" ? local : isAbsolute(xdg) ? xdg : home === "" ? "" : join(home, ".cache");
  return folder === "" ? undefined : join(folder, "modelwright");
}
