import type { z } from "zod";
import { deepFreeze } from "../core/deep-freeze.ts";
import { type PriceConfig, tableConversion } from "./entry-config.ts";
import { deepMerge } from "./layering.ts";
import { price } from "./options-money.ts";
import {
  auditSection,
  cacheSection,
  group,
  LOG_LEVEL_ALIASES,
  type LOG_LEVELS,
  loggingSection,
  type STRATEGIES,
  semanticSection,
  telemetrySection,
} from "./schema-sections.ts";
import { fieldsIn, type Shape } from "./schema-values.ts";
import { isTable, type Table } from "./table.ts";
import type { Member } from "./view.ts";

/** `[cache]` with defaults. */
export interface CacheConfig {
  /** state: where `[state]` is. */
  readonly store: "memory" | "state";
  /** Milliseconds. */
  readonly ttl: number;
  readonly maxEntries: number;
  readonly maxBytes: number;
  readonly namespace: string;
  readonly semantic?: SemanticConfig;
}

/** `[cache.semantic]` with defaults. */
export interface SemanticConfig {
  readonly model: string;
  readonly threshold: number;
  /** Milliseconds. */
  readonly timeout: number;
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

/** `[audit]` with defaults. */
export interface AuditConfig {
  readonly file: string;
  readonly content: boolean;
}

/** `[telemetry]` with defaults. */
export interface TelemetryConfig {
  readonly otel: boolean;
}

const readAudit = tableReader(auditSection);
const readTelemetry = tableReader(telemetrySection);
const readCache = tableReader(cacheSection);
const readSemantic = tableReader(semanticSection);
const readLogging = tableReader(loggingSection);
const readGroup = tableReader(group);
const readPrice = tableConversion(price.shape);

/** Reads tables of that schema, later ones laid over earlier ones, and fills in the defaults of the schema. */
export function tableReader(schema: z.ZodType): (...tables: readonly Table[]) => Table {
  const fields: Shape = fieldsIn(schema) ?? {};
  const defaults = Object.fromEntries(
    Object.entries(fields).flatMap(([key, field]) => {
      const fallback = field.meta()?.default;
      return fallback === undefined ? [] : [[key, fallback]];
    }),
  );
  const convert = tableConversion(fields);
  return (...tables) => convert(Object.assign({}, defaults, ...tables) as Table);
}

export function cacheOf(tables: readonly Table[]): CacheConfig | undefined {
  if (tables.length === 0) return undefined;
  const { semantic, ...section } = tables.reduce<Table>((below, above) => deepMerge(below, above), {});
  const read = { ...readCache(section), ...(isTable(semantic) && { semantic: readSemantic(semantic) }) };
  return deepFreeze(read) as unknown as CacheConfig;
}

export function auditOf(section: Table | undefined): AuditConfig | undefined {
  return section === undefined ? undefined : (deepFreeze(readAudit(section)) as unknown as AuditConfig);
}

export function telemetryOf(section: Table | undefined): TelemetryConfig | undefined {
  return section === undefined ? undefined : (deepFreeze(readTelemetry(section)) as unknown as TelemetryConfig);
}

export function loggingOf(section: Table | undefined): LoggingConfig | undefined {
  if (section === undefined) return undefined;
  const logging = readLogging(section);
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
  const { fallbackModels: written, ...table } = readGroup(...tables);
  const fallbackModels = (Array.isArray(written) ? written : []).flatMap((fallback) => expand(String(fallback)));
  const isMember = (entry: string) => members.some(({ model }) => model === entry);
  const rest = { members, fallbackModels: [...new Set(fallbackModels)].filter((entry) => !isMember(entry)) };
  return deepFreeze({ ...table, name, ...rest }) as unknown as GroupConfig;
}

/** Price tables by model id; later ones override earlier ones. */
export function pricesOf(tables: readonly Table[]): Readonly<Record<string, PriceConfig>> {
  const merged = tables.reduce<Table>((below, above) => deepMerge(below, above), {});
  return deepFreeze(
    Object.fromEntries(Object.entries(merged).map(([id, written]) => [id, readPrice(written as Table)])),
  );
}
