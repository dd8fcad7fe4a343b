import type { Config } from "../config/load.ts";
import { ConfigError, UNNAMED } from "../core/config-error.ts";
import type { Logger } from "../core/logger.ts";

/** The changes of a reload: names of entries and groups. */
export interface Reloaded {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
}

/** The result of a file change: the new configuration is in use, or the old one stays, and why. */
export type ReloadEvent =
  | ({ readonly type: "reloaded" } & Reloaded)
  | { readonly type: "rejected"; readonly error: ConfigError };

export function changesBetween(before: Config, after: Config): Reloaded {
  const [old, now] = [settingsOf(before), settingsOf(after)];
  return {
    added: [...now.keys()].filter((name) => !old.has(name)),
    removed: [...old.keys()].filter((name) => !now.has(name)),
    changed: [...now.keys()].filter((name) => old.has(name) && old.get(name) !== now.get(name)),
  };
}

function settingsOf(config: Config): ReadonlyMap<string, string> {
  return new Map([
    ...config.names.map((name) => [name, JSON.stringify(config.entry(name))] as const),
    ...config.groups.map((name) => [name, JSON.stringify(config.group(name))] as const),
  ]);
}

/** The error for models that are in use but missing in the new file. */
export function stillInUse(names: readonly string[], { file }: Config): ConfigError {
  return new ConfigError(
    names.map((name) => ({
      ...{ file, line: 0, column: 0, path: `models.${name}` },
      message: `${file ?? UNNAMED} no longer has "${name}", which this program uses`,
    })),
  );
}

export function logReload(logger: Logger, event: ReloadEvent): void {
  if (event.type === "reloaded") logger.info("models.toml reloaded", { ...event });
  else logger.error("models.toml not reloaded", { problems: event.error.message });
}

export function noFile(message: string): ConfigError {
  return new ConfigError([{ file: undefined, line: 0, column: 0, path: "", message }]);
}
