import { own } from "../core/own.ts";
import type { Table } from "./limits.ts";
import type { Path } from "./positions.ts";

export type LayerKind = "defaults" | "provider" | "extends" | "entry" | "profile";

/** One table of the file that gives keys to an entry. */
export interface SourceTable {
  readonly kind: LayerKind;
  readonly path: Path;
  readonly table: Table;
  /** Written for another provider than the entry ends up with: its address and credentials do not count. */
  readonly foreign: boolean;
}

/** The tables of one entry, lowest first, and who serves it. */
export interface EntrySources {
  readonly name: string;
  readonly tables: readonly SourceTable[];
  readonly provider: string | undefined;
  /** With provider "simulator": the provider it stands in for. */
  readonly simulatedProvider: string | undefined;
}

/** A file as one profile, or none, shows it. */
export class View {
  readonly document: Table;
  readonly profile: string | undefined;
  #names: readonly string[] | undefined;
  readonly #parents = new Map<string, string | undefined>();
  readonly #shared = new Map<string, readonly SourceTable[]>();

  constructor(document: Table, profile: string | undefined) {
    this.document = document;
    this.profile = profile;
  }

  names(): readonly string[] {
    const tables = () => this.tablesAt(["models"], "entry").flatMap(({ table }) => Object.keys(table));
    this.#names ??= [...new Set(tables())];
    return this.#names;
  }

  /** The table at `path` and the profile's overlay of it, as far as they exist. */
  tablesAt(path: Path, kind: LayerKind): SourceTable[] {
    const own = sourceTable(this.document, path, kind);
    const tables = own === undefined ? [] : [own];
    if (this.profile === undefined) return tables;
    const overlay = sourceTable(this.document, ["profiles", this.profile, ...path], "profile");
    return overlay === undefined ? tables : [...tables, overlay];
  }

  /** The entry's `extends` chain, the entry first; ends where a name dangles or repeats. */
  chain(name: string): string[] {
    const chain = [name];
    for (
      let parent = this.#parent(name);
      parent !== undefined && !chain.includes(parent);
      parent = this.#parent(parent)
    )
      chain.push(parent);
    return chain;
  }

  /** The names that `extends` runs in a circle through, starting and ending with `name`; `undefined` without a circle. */
  circle(name: string): string[] | undefined {
    if (this.#parent(name) === undefined) return undefined;
    const chain = this.chain(name);
    const last = chain.at(-1) ?? name;
    return this.#parent(last) === name ? [...chain, name] : undefined;
  }

  sources(name: string): EntrySources {
    const own = this.chain(name)
      .reverse()
      .flatMap((link) => this.tablesAt(["models", link], link === name ? "entry" : "extends"));
    const defaults = this.#sharedTables(["defaults"], "defaults");
    const { provider, simulatedProvider, tables } = followProvider([...defaults, ...own]);
    const shared = [simulatedProvider, provider].flatMap((id) =>
      id === undefined ? [] : this.#sharedTables(["providers", id], "provider"),
    );
    return {
      name,
      provider,
      simulatedProvider,
      tables: [...tables.slice(0, defaults.length), ...shared, ...tables.slice(defaults.length)],
    };
  }

  #sharedTables(path: Path, kind: LayerKind): readonly SourceTable[] {
    const id = path.join(".");
    const tables = this.#shared.get(id) ?? this.tablesAt(path, kind);
    this.#shared.set(id, tables);
    return tables;
  }

  #parent(name: string): string | undefined {
    const known = this.#parents.get(name);
    if (known !== undefined || this.#parents.has(name)) return known;
    const table = this.tablesAt(["models", name], "entry").findLast(
      (source) => source.table.extends !== undefined,
    )?.table;
    const parent = typeof table?.extends === "string" ? table.extends : undefined;
    this.#parents.set(name, parent);
    return parent;
  }
}

/** Walks the tables upwards: who serves in the end, and which tables were written for somebody else. */
function followProvider(
  tables: readonly SourceTable[],
): Pick<EntrySources, "provider" | "simulatedProvider" | "tables"> {
  let provider: string | undefined;
  let simulatedProvider: string | undefined;
  let foreignUpTo = 0;
  tables.forEach(({ table, kind }, index) => {
    const next = table.provider;
    if (typeof next !== "string" || next === provider) return;
    if (next === SIMULATOR) simulatedProvider = provider;
    else {
      simulatedProvider = undefined;
      if (provider !== undefined && kind !== "defaults") foreignUpTo = index;
    }
    provider = next;
  });
  if (foreignUpTo === 0) return { provider, simulatedProvider, tables };
  const marked = tables.map((table, index) =>
    index < foreignUpTo && table.kind !== "defaults" ? { ...table, foreign: true } : table,
  );
  return { provider, simulatedProvider, tables: marked };
}

const SIMULATOR = "simulator";

function sourceTable(document: Table, path: Path, kind: LayerKind): SourceTable | undefined {
  let table: unknown = document;
  for (const step of path) table = isTable(table) ? table[step] : undefined;
  return isTable(table) ? { kind, path, table, foreign: false } : undefined;
}

export function isTable(value: unknown): value is Table {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** Two spellings of one key. */
export const KEY_ALIASES: Readonly<Record<string, string>> = {
  max_tokens: "max_new_tokens",
  max_retries: "num_retries",
};

/** What belongs to one provider and must never reach another. */
const CONNECTION_KEYS = new Set([
  ...["api_key", "base_url", "api_version", "organization_id", "project_id", "custom_llm_provider"],
  ...["vertex_project", "vertex_location", "auth_header", "extra_headers", "extra_body"],
]);

/** Tables that are laid over each other key by key; every other value replaces the one below. */
const MERGED_KEYS = new Set([
  ...["extra_headers", "extra_body", "tls", "metadata", "logit_bias", "capabilities", "pricing"],
  ...["circuit_breaker", "prompt_cache", "web_search"],
]);

const FALLBACK_KEYS = [
  "fallback_models",
  "context_window_fallbacks",
  "content_policy_fallbacks",
  "rate_limit_fallbacks",
];

export { FALLBACK_KEYS, SIMULATOR };

function counts(source: SourceTable, key: string): boolean {
  return key !== "extends" && !(source.foreign && CONNECTION_KEYS.has(key));
}

/** The value of one key in the highest table that has it. */
export function topValue(sources: EntrySources, key: string): unknown {
  return sources.tables.findLast((source) => source.table[key] !== undefined && counts(source, key))?.table[key];
}

/** All keys of the entry as models.toml spells them, without aliases. */
export function mergeSources(sources: EntrySources): Record<string, unknown> {
  const merged: Record<string, unknown> = {};
  for (const source of sources.tables) {
    for (const [written, value] of Object.entries(source.table)) {
      const key = own(KEY_ALIASES, written) ?? written;
      if (counts(source, key)) merged[key] = layOver(merged[key], value, key);
    }
  }
  for (const key of FALLBACK_KEYS) {
    const list = merged[key];
    if (Array.isArray(list)) merged[key] = list.filter((name) => name !== sources.name);
  }
  return merged;
}

function layOver(below: unknown, above: unknown, key: string): unknown {
  if (!MERGED_KEYS.has(key) || !isTable(below) || !isTable(above)) return above;
  return deepMerge(below, above, key === "extra_headers");
}

/** `above` over `below`; header names are the same in any letter case. */
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

/** The table that a value of the merged entry came from, and its path in the file. */
export function findSource(
  sources: EntrySources,
  path: Path,
): { readonly source: SourceTable; readonly path: Path } | undefined {
  const [key, ...rest] = path;
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

/** The entry's own table, or the overlay that it consists of. */
export function ownPath(sources: EntrySources): Path {
  const own = sources.tables.filter(({ path }) => path.at(-1) === sources.name && path.at(-2) === "models");
  return (own.find(({ kind }) => kind === "entry") ?? own[0])?.path ?? ["models", sources.name];
}
