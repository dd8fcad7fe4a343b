import { isPlainId } from "../core/plain-id.ts";
import { type EntrySources, type LayerKind, SIMULATOR, type SourceTable, withMock } from "./layering.ts";
import type { Finding } from "./limits.ts";
import type { Path } from "./positions.ts";
import { type Place, type Source, writerOf } from "./source.ts";
import { isTable, type Table, valueAt } from "./table.ts";

/** One entry of a group. */
export interface Member {
  readonly model: string;
  /** Share of the calls under strategy "weighted". */
  readonly weight: number;
}

/** All sources of values under one profile, or none. */
export class View {
  /** Files, each after those it includes; the main file is last. */
  readonly files: readonly Source[];
  readonly variables: readonly Source[];
  readonly profile: string | undefined;
  #names: readonly string[] | undefined;
  #groups: readonly string[] | undefined;
  #aliases: ReadonlyMap<string, string> | undefined;
  #entries: ReadonlySet<string> | undefined;
  #discovering: readonly string[] | undefined;
  readonly #entryTablesOf = new Map<string, readonly SourceTable[]>();
  readonly #parents = new Map<string, string | undefined>();
  readonly #shared = {
    defaults: new Map<string, readonly SourceTable[]>(),
    provider: new Map<string, readonly SourceTable[]>(),
  };

  /** Overrides for every entry: with MODELWRIGHT_SIMULATE, all use the simulator. */
  readonly #over: readonly SourceTable[];

  constructor(
    files: readonly Source[],
    profile: string | undefined,
    variables: readonly Source[] = [],
    over: readonly SourceTable[] = [],
  ) {
    this.files = files;
    this.profile = profile;
    this.variables = variables;
    this.#over = over;
  }

  /** The same files under another profile, without overrides from the environment. */
  under(profile: string | undefined): View {
    return new View(this.files, profile);
  }

  get profiles(): readonly string[] {
    return [...new Set(this.files.flatMap(({ document }) => Object.keys(tableAt(document, ["profiles"]) ?? {})))];
  }

  /** Names of the entries: those of the main file first, then the included ones. */
  names(): readonly string[] {
    this.#names ??= this.namesAt("models");
    return this.#names;
  }

  get groups(): readonly string[] {
    this.#groups ??= this.namesAt("groups");
    return this.#groups;
  }

  /** The providers with `discover = true`. */
  get discovering(): readonly string[] {
    this.#discovering ??= this.namesAt("providers").filter(
      (name) => this.#discoverTable(name)?.table.discover === true,
    );
    return this.#discovering;
  }

  #discoverTable(provider: string): SourceTable | undefined {
    return this.tablesAt(["providers", provider], "provider").findLast(({ table }) => table.discover !== undefined);
  }

  /** Aliases, each with the name it refers to. */
  get aliases(): ReadonlyMap<string, string> {
    this.#aliases ??= new Map(
      this.tablesAt(["aliases"], "entry")
        .flatMap(({ table }) => Object.entries(table))
        .filter((alias): alias is [string, string] => typeof alias[1] === "string"),
    );
    return this.#aliases;
  }

  /** The provider and the model id of a name such as "ollama/qwen3", if that provider has `discover = true`. */
  discovered(name: string): { readonly provider: string; readonly modelId: string } | undefined {
    // A program may pass anything.
    if (typeof name !== "string") return undefined;
    for (const provider of this.discovering) {
      const modelId = name.slice(provider.length + 1);
      if (name.startsWith(`${provider}/`) && isPlainId(modelId)) return { provider, modelId };
    }
    return undefined;
  }

  /** All names that references may use, except those of discovered models. */
  allNames(): readonly string[] {
    return [...this.names(), ...this.groups, ...this.aliases.keys()];
  }

  /** The entry or group that a name refers to; `undefined` if there is none. */
  resolveName(name: string): string | undefined {
    let at: string | undefined = name;
    for (let left = this.aliases.size; at !== undefined && left >= 0; left--) {
      if (this.#isEntry(at) || this.groups.includes(at)) return at;
      const target = this.aliases.get(at);
      if (target === undefined && this.discovered(at) !== undefined) return at;
      at = target;
    }
    return undefined;
  }

  /** The entries that a fallback name refers to; a group is replaced by its members. */
  expand(name: string): readonly string[] {
    const resolved = this.resolveName(name);
    if (resolved === undefined || !this.groups.includes(resolved) || this.#isEntry(resolved)) return [resolved ?? name];
    return this.membersOf(resolved).map(({ model }) => model);
  }

  /** The entries of a group and their weights. */
  membersOf(group: string): readonly Member[] {
    const table = this.tablesAt(["groups", group], "entry").findLast(
      (source) => source.table.members !== undefined,
    )?.table;
    const members = Array.isArray(table?.members) ? table.members : [];
    return members.map((member: unknown) => {
      const { model, weight = 1 } = isTable(member) ? member : { model: member };
      return { model: this.resolveName(String(model)) ?? String(model), weight: Number(weight) };
    });
  }

  #isEntry(name: string): boolean {
    this.#entries ??= new Set(this.names());
    return this.#entries.has(name);
  }

  namesAt(section: string): readonly string[] {
    const tables = this.tablesAt([section], "entry");
    const own = tables.filter(({ source }) => source === this.files.at(-1));
    return [...new Set([...own, ...tables].flatMap(({ table }) => Object.keys(table)))];
  }

  /** The tables at `path`, lowest precedence first: files, their profile, the environment. */
  tablesAt(path: Path, kind: LayerKind): SourceTable[] {
    const tables: SourceTable[] = [];
    for (const source of this.files) addTable(tables, source, path, kind);
    if (this.profile !== undefined) {
      const overlay = ["profiles", this.profile, ...path];
      for (const source of this.files) addTable(tables, source, overlay, "profile");
    }
    for (const source of this.variables) addTable(tables, source, path, "environment");
    return tables;
  }

  /** The tables of one entry, without inherited ones. */
  #entryTables(name: string): readonly SourceTable[] {
    let tables = this.#entryTablesOf.get(name);
    if (tables === undefined) {
      tables = this.tablesAt(["models", name], "entry");
      if (tables.length === 0) tables = this.#discoveredTables(name);
      this.#entryTablesOf.set(name, tables);
    }
    return tables;
  }

  /** The entry that a discovered model would have; errors point at its provider. */
  #discoveredTables(name: string): readonly SourceTable[] {
    const { provider, modelId } = this.discovered(name) ?? {};
    const written = provider === undefined ? undefined : this.#discoverTable(provider);
    return written === undefined ? [] : [{ ...written, kind: "entry", table: { name: modelId, provider } }];
  }

  /** The position of a finding. */
  place(finding: Finding): Place {
    const source = finding.source ?? writerOf([...this.files, ...this.variables], finding.path);
    return source.place(finding);
  }

  /** The `extends` chain of an entry, starting with the entry; ends at a dangling or repeated name. */
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

  /** The `extends` cycle that contains `name`, starting and ending with it; `undefined` if there is none. */
  cycle(name: string): string[] | undefined {
    if (this.#parent(name) === undefined) return undefined;
    const chain = this.chain(name);
    const last = chain.at(-1) ?? name;
    return this.#parent(last) === name ? [...chain, name] : undefined;
  }

  sources(name: string): EntrySources {
    const defaults = this.#sharedTables("defaults");
    const own = this.#over.length === 0 ? this.#ownTables(name) : [...this.#ownTables(name), ...this.#over];
    const { provider, simulatedProvider, foreign, foreignDefaults } = servedBy(defaults, own);
    const simulated = simulatedProvider === undefined ? [] : this.#sharedTables("provider", simulatedProvider);
    const provided = provider === undefined ? [] : this.#sharedTables("provider", provider);
    // Most entries are one table and are not copied.
    if (foreign === 0 && defaults.length + simulated.length + provided.length === 0)
      return withMock({ name, provider, simulatedProvider, tables: own });
    const tables = defaults.map((table, index) => (index < foreignDefaults ? { ...table, foreign: true } : table));
    tables.push(...simulated, ...provided);
    for (let index = 0; index < own.length; index++) {
      const table = own[index] as SourceTable;
      tables.push(index < foreign ? { ...table, foreign: true } : table);
    }
    return withMock({ name, provider, simulatedProvider, tables });
  }

  /** The tables of the entry and those it extends, lowest precedence first. */
  #ownTables(name: string): readonly SourceTable[] {
    if (this.#parent(name) === undefined) return this.#entryTables(name);
    const [, ...parents] = this.chain(name);
    return [
      ...parents.reverse().flatMap((parent) => this.#entryTables(parent).map(inherited)),
      ...this.#entryTables(name),
    ];
  }

  #sharedTables(kind: "defaults" | "provider", provider = ""): readonly SourceTable[] {
    const known = this.#shared[kind].get(provider);
    if (known !== undefined) return known;
    const tables = this.tablesAt(kind === "defaults" ? ["defaults"] : ["providers", provider], kind);
    this.#shared[kind].set(provider, tables);
    return tables;
  }

  #parent(name: string): string | undefined {
    const known = this.#parents.get(name);
    if (known !== undefined || this.#parents.has(name)) return known;
    const table = this.#entryTables(name).findLast((source) => source.table.extends !== undefined)?.table;
    const written = typeof table?.extends === "string" ? table.extends : undefined;
    const parent =
      written !== undefined && this.aliases.has(written) ? (this.resolveName(written) ?? written) : written;
    this.#parents.set(name, parent);
    return parent;
  }
}

interface Served {
  readonly provider: string | undefined;
  readonly simulatedProvider: string | undefined;
  /** How many of the entry's tables, from the lowest precedence, were written for another provider. */
  readonly foreign: number;
  /** The same count for tables of defaults: a profile may set another provider than the file. */
  readonly foreignDefaults: number;
}

/** Finds the provider that serves an entry, and the tables written for another one. */
function servedBy(defaults: readonly SourceTable[], own: readonly SourceTable[]): Served {
  let provider: string | undefined;
  let simulatedProvider: string | undefined;
  let foreign = 0;
  let foreignDefaults = 0;
  const tables = defaults.length === 0 ? own : [...defaults, ...own];
  for (let index = 0; index < tables.length; index++) {
    const next = tables[index]?.table.provider;
    if (typeof next !== "string" || next === provider) continue;
    if (next === SIMULATOR) simulatedProvider = provider;
    else {
      simulatedProvider = undefined;
      if (provider !== undefined && index >= defaults.length) foreign = index - defaults.length;
      if (provider !== undefined && index < defaults.length) foreignDefaults = index;
    }
    provider = next;
  }
  return { provider, simulatedProvider, foreign, foreignDefaults };
}

function addTable(tables: SourceTable[], source: Source, path: Path, kind: LayerKind): void {
  const table = tableAt(source.document, path);
  if (table !== undefined) tables.push({ kind, source, path, table, foreign: false });
}

function inherited(table: SourceTable): SourceTable {
  return table.kind === "entry" ? { ...table, kind: "extends" } : table;
}

function tableAt(document: Table, path: Path): Table | undefined {
  const table = valueAt(document, path);
  return isTable(table) ? table : undefined;
}
