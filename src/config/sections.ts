import { deepFreeze } from "../core/deep-freeze.ts";
import { DEFAULTS } from "./defaults.ts";
import { camelOf, type PriceConfig, withDurations } from "./entry-config.ts";
import { deepMerge } from "./layering.ts";
import { LOG_LEVEL_ALIASES, type LOG_LEVELS, type STRATEGIES } from "./schema-sections.ts";
import type { Table } from "./table.ts";
import type { Member } from "./view.ts";

/** `[cache]` with defaults. */
export interface CacheConfig {
  readonly store: "memory";
  /** Milliseconds. */
  readonly ttl: number;
  readonly maxEntries: number;
  readonly namespace: string;
}

/** `[logging]` with defaults. */
export interface LoggingConfig {
  readonly level: (typeof LOG_LEVELS)[number];
  /** "text", "json", or a pattern with %(asctime)s, %(name)s, %(levelname)s and %(message)s. */
  readonly format: string;
  /** Absent: stderr. */
  readonly file?: string;
  readonly logContent: boolean;
}

export function cacheOf(section: Table | undefined): CacheConfig | undefined {
  if (section === undefined) return undefined;
  return deepFreeze(withDurations({ ...DEFAULTS.cache, ...section }, ["ttl"])) as unknown as CacheConfig;
}

export function loggingOf(section: Table | undefined): LoggingConfig | undefined {
  if (section === undefined) return undefined;
  const logging = withDurations({ ...DEFAULTS.logging, ...section }, []);
  return deepFreeze({ ...logging, level: levelOf(String(logging.level)) }) as unknown as LoggingConfig;
}

function levelOf(word: string): LoggingConfig["level"] {
  const lower = word.toLowerCase();
  return LOG_LEVEL_ALIASES[lower] ?? (lower as LoggingConfig["level"]);
}

/** `[groups.NAME]` with defaults. */
export interface GroupConfig {
  readonly name: string;
  readonly strategy: (typeof STRATEGIES)[number];
  readonly members: readonly Member[];
  readonly allowedFails: number;
  /** Milliseconds. */
  readonly cooldown: number;
  readonly fallbackModels: readonly string[];
}

/** Merges `tables`, lowest precedence first. Members are removed from the fallbacks. */
export function groupOf(
  name: string,
  tables: readonly Table[],
  members: readonly Member[],
  expand: (name: string) => readonly string[],
): GroupConfig {
  const { fallback_models: written, ...table } = Object.assign({}, DEFAULTS.group, ...tables) as Table;
  const fallbackModels = (Array.isArray(written) ? written : []).flatMap((fallback) => expand(String(fallback)));
  const isMember = (entry: string) => members.some(({ model }) => model === entry);
  const rest = { members, fallbackModels: [...new Set(fallbackModels)].filter((entry) => !isMember(entry)) };
  return deepFreeze({ ...withDurations(table, ["cooldown"]), name, ...rest }) as unknown as GroupConfig;
}

/** Price tables by model id; later ones override earlier ones. */
export function pricesOf(tables: readonly Table[]): Readonly<Record<string, PriceConfig>> {
  const merged = tables.reduce<Table>((below, above) => deepMerge(below, above), {});
  return deepFreeze(Object.fromEntries(Object.entries(merged).map(([id, price]) => [id, priceOf(price as Table)])));
}

function priceOf(price: Table): PriceConfig {
  return Object.fromEntries(Object.entries(price).map(([key, value]) => [camelOf(key), value]));
}
