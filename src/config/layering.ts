import { own } from "../core/own.ts";
import { FALLBACK_KEYS, KEY_ALIASES, keysWhere, optionOf } from "./options.ts";
import type { Path } from "./positions.ts";
import type { Source } from "./source.ts";
import { isTable, type Table } from "./table.ts";

export type LayerKind = "defaults" | "provider" | "extends" | "entry" | "profile" | "environment";

/** One table that contributes keys to an entry. */
export interface SourceTable {
  readonly kind: LayerKind;
  readonly source: Source;
  readonly path: Path;
  readonly table: Table;
  /** Written for another provider than the entry's; its address and credentials are ignored. */
  readonly foreign: boolean;
}

/** The provider of an entry and its tables, lowest precedence first. */
export interface EntrySources {
  readonly name: string;
  readonly tables: readonly SourceTable[];
  readonly provider: string | undefined;
  /** With provider "simulator": the provider that is simulated. */
  readonly simulatedProvider: string | undefined;
}

export const SIMULATOR = "simulator";
const MOCK_KEY = "mock_response";

/** The provider whose facts apply. A simulated entry keeps those of the provider it simulates. */
export function servedProvider({ provider, simulatedProvider }: EntrySources): string | undefined {
  return provider === SIMULATOR ? simulatedProvider : provider;
}

/** An entry with `mock_response` is simulated. */
export function withMock(sources: EntrySources): EntrySources {
  const { provider } = sources;
  if (provider === undefined || provider === SIMULATOR || !isMocked(topValue(sources, MOCK_KEY))) return sources;
  return { ...sources, provider: SIMULATOR, simulatedProvider: provider };
}

function isMocked(value: unknown): boolean {
  return value !== undefined && value !== false;
}

/** Keys that belong to one provider and must never be sent to another. */
const CONNECTION_KEYS: ReadonlySet<string> = new Set(keysWhere(({ connection }) => connection === true));

/** `extends` and `discover` are not inherited. A set would be measurably slower. */
function counts(source: SourceTable, key: string): boolean {
  return key !== "extends" && key !== "discover" && !(source.foreign && CONNECTION_KEYS.has(key));
}

/** The value of a key in the table with the highest precedence. */
export function topValue(sources: EntrySources, key: string): unknown {
  // Called several times per entry when a file is read; a closure would be measurably slower.
  for (let index = sources.tables.length - 1; index >= 0; index--) {
    const source = sources.tables[index] as SourceTable;
    const value = source.table[key];
    if (value !== undefined && counts(source, key)) return value;
  }
  return undefined;
}

/** All keys of the entry as spelled in models.toml, without aliases. `expand` maps a fallback to its entries. */
export function mergeSources(
  sources: EntrySources,
  expand: (name: string) => readonly string[],
): Record<string, unknown> {
  const merged: Record<string, unknown> = {};
  for (const source of sources.tables) {
    for (const [written, value] of Object.entries(source.table)) {
      const key = own(KEY_ALIASES, written) ?? written;
      if (counts(source, key)) merged[key] = layOver(merged[key], value, key);
    }
  }
  if (isMocked(merged[MOCK_KEY]) && sources.provider === SIMULATOR) merged["provider"] = SIMULATOR;
  for (const key of FALLBACK_KEYS) {
    const list = merged[key];
    if (Array.isArray(list)) merged[key] = [...new Set(list.flatMap(expand))].filter((name) => name !== sources.name);
  }
  return merged;
}

function layOver(below: unknown, above: unknown, key: string): unknown {
  if (!isTable(below) || !isTable(above)) return above;
  const merge = optionOf(key)?.merge;
  return merge === undefined ? above : deepMerge(below, above, merge === "headers");
}

/** Merges `above` over `below`; header names are case-insensitive. */
export function deepMerge(below: Table, above: Table, ignoreCase = false): Table {
  const merged: Record<string, unknown> = { ...below };
  for (const [key, value] of Object.entries(above)) {
    if (ignoreCase)
      for (const other of Object.keys(merged)) if (other.toLowerCase() === key.toLowerCase()) delete merged[other];
    const current = merged[key];
    merged[key] = isTable(current) && isTable(value) ? deepMerge(current, value) : value;
  }
  return merged;
}

/** The table that sets a value of the merged entry, and the value's path in the file. */
export function findSource(
  sources: EntrySources,
  path: Path,
): { readonly source: SourceTable; readonly path: Path } | undefined {
  const [key, ...rest] = path;
  // The key that made the entry a simulated one.
  if (key === "provider" && sources.provider === SIMULATOR && topValue(sources, key) !== SIMULATOR)
    return findSource(sources, [MOCK_KEY]);
  const spellings = [String(key), ...Object.keys(KEY_ALIASES).filter((alias) => KEY_ALIASES[alias] === key)];
  for (const source of sources.tables.toReversed()) {
    if (!counts(source, String(key))) continue;
    const spelling = spellings.find((word) => has(source.table[word], rest));
    if (spelling !== undefined) return { source, path: [...source.path, spelling, ...rest] };
  }
  return undefined;
}

function has(value: unknown, path: Path): boolean {
  let at = value;
  for (const step of path)
    at = typeof at === "object" && at !== null ? (at as Record<string | number, unknown>)[step] : undefined;
  return at !== undefined;
}

/** The path of the entry's own table, of its table in a profile, or of the provider of a discovered model. */
export function ownPath(sources: EntrySources): Path {
  const own = sources.tables.filter(({ path }) => path.at(-1) === sources.name && path.at(-2) === "models");
  const table = own.find(({ kind }) => kind === "entry") ?? own[0];
  return (table ?? sources.tables.findLast(({ kind }) => kind === "entry"))?.path ?? ["models", sources.name];
}
