import type { Config } from "../config/load.ts";
import { ConfigError, UNNAMED } from "../core/config-error.ts";

/** What a reload changed: names of entries and groups. */
export interface Reloaded {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
}

/** What came of a change of the file: the new one holds, or the old one still does, and why. */
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

/** A program that holds a model must be able to call it. */
export function stillInUse(names: readonly string[], { file }: Config): ConfigError {
  return new ConfigError(
    names.map((name) => ({
      ...{ file, line: 0, column: 0, path: `models.${name}` },
      message: `${file ?? UNNAMED} has no "${name}" any more, which this program uses`,
    })),
  );
}

export function noFile(message: string): ConfigError {
  return new ConfigError([{ file: undefined, line: 0, column: 0, path: "", message }]);
}
