import { resolve } from "node:path";
import type { Budget, RateRule, StateSettings } from "../core/budget.ts";
import { ConfigError } from "../core/config-error.ts";
import type { LedgerSettings } from "../core/ledger.ts";
import { sha256 } from "../core/node-crypto.ts";
import { keyOf } from "../core/request.ts";
import { nearest } from "../core/suggest.ts";
import { addressProblem } from "./address-checks.ts";
import { type EntryConfig, entryConfigOf, type PriceConfig } from "./entry-config.ts";
import { keyBudgets, keyRateLimits, writtenKeys } from "./gateway-keys.ts";
import { type GatewayConfig, gatewayOf } from "./gateway-section.ts";
import {
  type EntrySources,
  findSource,
  type LayerKind,
  mergeSources,
  ownPath,
  servedProvider,
  topValue,
} from "./layering.ts";
import { ledgerOf } from "./ledger-section.ts";
import type { Finding } from "./limits.ts";
import { budgetOf, rateRuleOf } from "./money-sections.ts";
import type { Path } from "./positions.ts";
import { configErrorOf, dotted } from "./problems.ts";
import { hintOf, type ProviderHint } from "./provider-checks.ts";
import { type RecordConfig, recordOf } from "./record-section.ts";
import type { ReferenceSource } from "./references.ts";
import { nameOf, Resolver } from "./resolver.ts";
import {
  type AuditConfig,
  auditOf,
  type CacheConfig,
  cacheOf,
  type GroupConfig,
  groupOf,
  type LoggingConfig,
  loggingOf,
  pricesOf,
  type TelemetryConfig,
  telemetryOf,
} from "./sections.ts";
import { stateOf } from "./state-section.ts";
import { isTable, type Table } from "./table.ts";
import type { View } from "./view.ts";

/** Where a value of an entry is set. */
export interface Provenance {
  readonly layer: LayerKind;
  /** The table, for example `models.coder` or `profiles.ci.models.coder`; for layer "environment", the variable. */
  readonly from: string;
  readonly file: string | undefined;
  /** 1-based line of the value; 0 for a variable. */
  readonly line: number;
  readonly column: number;
}

export interface ResolveOptions {
  /** Keys to omit from the result; their references are not looked up. In camelCase or snake_case. */
  readonly skip?: readonly string[];
  /** Report a missing API key if the provider usually needs one. Default: false. */
  readonly requireKey?: boolean;
}

/** The file under one profile or none, without overrides from the environment. */
export interface ProfileView {
  /** Entries, groups and aliases. */
  readonly names: readonly string[];
  /** Providers with `discover = true`. */
  readonly discovering: readonly string[];
  /** The entry that a name refers to, or the members of the group. */
  entriesOf(name: string): readonly EntryConfig[];
}

/** A valid models.toml. */
export interface Config {
  readonly file: string | undefined;
  /** Folder that relative paths in the file start from. */
  readonly baseDir: string | undefined;
  /** Folders to watch for changes. */
  readonly folders: readonly string[];
  /** Hash of the TOML, the profile and the variables that set keys. */
  readonly revision: string;
  readonly profile: string | undefined;
  readonly profiles: readonly string[];
  readonly defaultModel: string;
  /** Entries in file order, followed by those of included files. */
  readonly names: readonly string[];
  /** Names of `[groups.*]`. */
  readonly groups: readonly string[];
  /** Providers with `discover = true`, in the order of the file. */
  readonly discovering: readonly string[];
  /** `[aliases]`: each alias with the entry or group it refers to. */
  readonly aliases: Readonly<Record<string, string>>;
  readonly cache: CacheConfig | undefined;
  readonly logging: LoggingConfig | undefined;
  readonly audit: AuditConfig | undefined;
  readonly telemetry: TelemetryConfig | undefined;
  readonly record: RecordConfig | undefined;
  /** `[budgets.*]`, in the order of the file. */
  readonly budgets: readonly Budget[];
  /** `[rate_limits.*]`. */
  readonly rateLimits: readonly RateRule[];
  readonly state: StateSettings;
  readonly ledger: LedgerSettings | undefined;
  /**
   * `[gateway]`, which only the gateway needs.
   * @throws ConfigError if the variable of a key is not set.
   */
  readonly gateway: GatewayConfig;
  /** Whether `gateway` was read: then a new file must have a valid one. */
  readonly usesGateway: boolean;
  /** `[pricing."id"]` by model id. */
  readonly pricing: Readonly<Record<string, PriceConfig>>;
  /**
   * The entry or group that a name refers to; aliases are followed. `PROVIDER/MODEL` is an entry if the provider has
   * `discover = true`.
   * @throws ConfigError when there is none, with the nearest name.
   */
  resolveName(name: string): string;
  /** Whether a name can be resolved. */
  has(name: string): boolean;
  /** The group of that name; `undefined` if it is not a group. */
  group(name: string): GroupConfig | undefined;
  /**
   * An entry with its inherited values. References such as "env:NAME" are not resolved.
   * @throws ConfigError for an unknown entry, with the nearest name as a suggestion.
   */
  entry(name: string): EntryConfig;
  /**
   * The same entry with every reference resolved. Without an API key, `apiKey` is the provider's usual variable.
   * @throws ConfigError with one problem for each missing variable or file of this entry.
   */
  resolveEntry(name: string, options?: ResolveOptions): EntryConfig;
  inProfile(profile: string | undefined): ProfileView;
  /** Where a key outside of entries is set, or the table it would be in. */
  placeOf(path: readonly string[]): Pick<Provenance, "file" | "line" | "column">;
  /** Where a value is set; `undefined` if it is not. `key` is camelCase or snake_case, with dots for nested tables. */
  origin(name: string, key: string): Provenance | undefined;
}

export interface ConfigParts {
  readonly file: string | undefined;
  readonly folders: readonly string[];
  readonly text: readonly string[];
  readonly view: View;
  readonly profiles: readonly string[];
  readonly source: ReferenceSource;
  readonly providers: readonly ProviderHint[];
}

export class ParsedConfig implements Config {
  readonly file: string | undefined;
  readonly baseDir: string | undefined;
  readonly folders: readonly string[];
  readonly profile: string | undefined;
  readonly profiles: readonly string[];
  readonly defaultModel: string;
  readonly names: readonly string[];
  readonly groups: readonly string[];
  readonly discovering: readonly string[];
  readonly aliases: Readonly<Record<string, string>>;
  readonly cache: CacheConfig | undefined;
  readonly logging: LoggingConfig | undefined;
  readonly audit: AuditConfig | undefined;
  readonly telemetry: TelemetryConfig | undefined;
  readonly record: RecordConfig | undefined;
  readonly budgets: readonly Budget[];
  readonly rateLimits: readonly RateRule[];
  readonly state: StateSettings;
  readonly ledger: LedgerSettings | undefined;
  readonly pricing: Readonly<Record<string, PriceConfig>>;
  readonly #parts: ConfigParts;
  #gateway: GatewayConfig | undefined;
  readonly #entries = new Map<string, EntryConfig>();

  constructor(parts: ConfigParts) {
    this.#parts = parts;
    this.file = parts.file;
    this.baseDir = parts.source.baseDir;
    this.folders = parts.folders;
    this.profile = parts.view.profile;
    this.profiles = parts.profiles;
    const { view } = parts;
    this.names = view.names();
    this.groups = view.groups;
    this.discovering = view.discovering;
    this.aliases = Object.fromEntries(
      [...view.aliases.keys()].map((alias) => [alias, view.resolveName(alias) ?? alias]),
    );
    this.defaultModel = this.#defaultModel();
    this.cache = cacheOf(this.#tables("cache"));
    this.logging = loggingOf(this.#section("logging"));
    this.audit = auditOf(this.#section("audit"));
    this.telemetry = telemetryOf(this.#section("telemetry"));
    this.record = recordOf(this.#section("record"), this.baseDir);
    const modelsOf = (name: string) => view.expand(name);
    const keys = writtenKeys(view);
    const budgets = view.namesAt("budgets").map((name) => budgetOf(name, this.#tables("budgets", name), modelsOf));
    this.budgets = keyBudgets(keys, budgets, modelsOf);
    const limits = view
      .namesAt("rate_limits")
      .map((name) => rateRuleOf(name, this.#tables("rate_limits", name), modelsOf));
    this.rateLimits = [...limits, ...keyRateLimits(keys)];
    this.state = stateOf(this.#section("state"), this.baseDir);
    this.ledger = ledgerOf(this.#section("ledger"), this.baseDir);
    this.pricing = pricesOf(parts.view.tablesAt(["pricing"], "entry").map(({ table }) => table));
  }

  get usesGateway(): boolean {
    return this.#gateway !== undefined;
  }

  get gateway(): GatewayConfig {
    this.#gateway ??= this.#readGateway();
    return this.#gateway;
  }

  get revision(): string {
    const { text, view } = this.#parts;
    const said = [text, view.profile, view.variables.map(({ document }) => document)];
    return sha256(JSON.stringify(said));
  }

  resolveName(name: string): string {
    const resolved = this.#parts.view.resolveName(name);
    if (resolved === undefined) throw unknownEntry(name, this.#parts.view, this.file);
    return resolved;
  }

  has(name: string): boolean {
    return this.#parts.view.resolveName(name) !== undefined;
  }

  group(name: string): GroupConfig | undefined {
    if (!this.groups.includes(name)) return undefined;
    const { view } = this.#parts;
    const tables = view.tablesAt(["groups", name], "entry").map(({ table }) => table);
    return groupOf(name, tables, view.membersOf(name), (fallback) => view.expand(fallback));
  }

  entry(name: string): EntryConfig {
    const known = this.#entries.get(name);
    if (known !== undefined) return known;
    const sources = this.#sources(name);
    const entry = entryConfigOf(sources.name, this.#merged(sources), sources.simulatedProvider);
    this.#entries.set(name, entry);
    return entry;
  }

  inProfile(profile: string | undefined): ProfileView {
    const view = this.#parts.view.under(profile);
    const entryOf = (name: string) => {
      const sources = view.sources(name);
      return entryConfigOf(
        name,
        mergeSources(sources, () => []),
        sources.simulatedProvider,
      );
    };
    const { discovering } = view;
    return { names: view.allNames(), discovering, entriesOf: (name) => view.expand(name).map(entryOf) };
  }

  resolveEntry(name: string, options: ResolveOptions = {}): EntryConfig {
    const sources = this.#sources(name);
    const skip = new Set(options.skip?.map(keyOf));
    const wanted = Object.entries(this.#merged(sources)).filter(([key]) => !skip.has(key));
    const resolver = new Resolver(this.#parts.source);
    const raw: Record<string, unknown> = Object.fromEntries(
      wanted.map(([key, value]) => [key, resolver.value(value, [key])]),
    );
    if (!skip.has("api_key")) raw.api_key ??= this.#usualKey(sources, raw, options, resolver);
    if (raw.api_key === undefined) delete raw.api_key;
    if (isTable(raw.tls)) raw.tls = this.#absoluteCa(raw.tls);
    this.#checkAddress(sources, raw, resolver);
    if (resolver.findings.length > 0) throw this.#errorOf(resolver.findings.map((finding) => inFile(finding, sources)));
    return entryConfigOf(sources.name, raw, sources.simulatedProvider);
  }

  origin(name: string, key: string): Provenance | undefined {
    const sources = this.#sources(name);
    const [first = "", ...rest] = key.split(".");
    const found =
      findSource(sources, [keyOf(first), ...rest]) ?? findSource(sources, [keyOf(first), ...rest.map(keyOf)]);
    if (found === undefined) return undefined;
    const { kind, path, source } = found.source;
    const { variable, ...place } = source.place({ path: found.path, at: "value" });
    return { layer: kind, from: variable ?? dotted(path), ...place };
  }

  placeOf(path: readonly string[]): Pick<Provenance, "file" | "line" | "column"> {
    const { view } = this.#parts;
    const [key = "", ...table] = path.toReversed();
    const tables = view.tablesAt(table.toReversed(), "entry");
    const owner = tables.findLast((one) => one.table[key] !== undefined);
    const found = owner ?? tables.at(-1);
    if (found === undefined) return { file: this.file, line: 0, column: 0 };
    const at = owner === undefined ? found.path : [...found.path, key];
    const { file, line, column } = found.source.place({ path: at, at: "key" });
    return { file, line, column };
  }

  #merged(sources: EntrySources): Record<string, unknown> {
    return mergeSources(sources, (name) => this.#parts.view.expand(name));
  }

  #sources(name: string): EntrySources {
    return this.#parts.view.sources(this.resolveName(name));
  }

  #readGateway(): GatewayConfig {
    const resolver = new Resolver(this.#parts.source);
    const read = gatewayOf(this.#parts.view, resolver);
    if (resolver.findings.length > 0) throw this.#errorOf(resolver.findings);
    return read;
  }

  #section(key: string): Table | undefined {
    const tables = this.#tables(key);
    return tables.length === 0 ? undefined : (Object.assign({}, ...tables) as Table);
  }

  /** The tables at a path with resolved references, lowest precedence first. */
  #tables(...path: readonly string[]): readonly Table[] {
    const resolver = new Resolver(this.#parts.source);
    const tables = this.#parts.view.tablesAt(path, "entry");
    const values = tables.map((one) => resolver.value(one.table, one.path) as Table);
    if (resolver.findings.length > 0) throw this.#errorOf(resolver.findings);
    return values;
  }

  #defaultModel(): string {
    const written = this.#parts.view.tablesAt([], "entry").findLast(({ table }) => table.default_model !== undefined);
    if (written === undefined) return this.names[0] ?? "";
    const path: Path = [...written.path, "default_model"];
    const resolver = new Resolver(this.#parts.source);
    const name = String(resolver.value(written.table.default_model, path));
    const { findings } = resolver;
    const resolved = this.#parts.view.resolveName(name);
    if (findings.length === 0 && resolved === undefined) {
      const suggestion = nearest(name, this.#parts.view.allNames());
      findings.push({ path, at: "value", message: `unknown entry "${name}"`, suggestion });
    }
    if (findings.length > 0 || resolved === undefined)
      throw this.#errorOf(findings.map((finding) => ({ ...finding, source: written.source })));
    return resolved;
  }

  #usualKey(sources: EntrySources, raw: Table, options: ResolveOptions, resolver: Resolver): string | undefined {
    const variables = this.#parts.providers.find(({ id }) => id === sources.provider)?.keyEnv ?? [];
    const set = variables.find((name) => (this.#parts.source.env[name] ?? "").trim() !== "");
    if (set !== undefined) return resolver.value(`env:${set}`, ["api_key"]) as string;
    if (options.requireKey === true && variables.length > 0 && raw.auth_header !== "none") {
      resolver.report(
        ["api_key"],
        `"${sources.name}" has no key: set ${variables.join(" or ")}, or write api_key = "env:NAME"`,
      );
    }
    return undefined;
  }

  /** Literal addresses were checked when the file was read; this checks the ones that came from references. */
  #checkAddress(sources: EntrySources, { base_url: address }: Table, resolver: Resolver): void {
    const written = topValue(sources, "base_url");
    if (typeof address !== "string" || address === written || resolver.findings.length > 0) return;
    const { providers } = this.#parts;
    const wire = topValue(sources, "custom_llm_provider") ?? hintOf(sources, { providers })?.wire;
    const problem = addressProblem(address, wire, servedProvider(sources), providers);
    if (problem === undefined) return;
    const message = `${nameOf(String(written))}: ${problem.message}`;
    resolver.findings.push({ ...problem, path: ["base_url"], at: "value", message });
  }

  #absoluteCa(tls: Table): Table {
    const file = tls.ca_file;
    return typeof file === "string" && this.baseDir !== undefined
      ? { ...tls, ca_file: resolve(this.baseDir, file) }
      : tls;
  }

  #errorOf(findings: readonly Finding[]): ConfigError {
    return configErrorOf(findings, (finding) => this.#parts.view.place(finding));
  }
}

function inFile(finding: Finding, sources: EntrySources): Finding {
  const found = findSource(sources, finding.path);
  if (found === undefined) return { ...finding, path: [...ownPath(sources), ...finding.path] };
  return { ...finding, path: found.path, source: found.source.source };
}

function unknownEntry(name: string, view: View, file: string | undefined): ConfigError {
  const isName = typeof name === "string";
  const names = view.allNames();
  const suggestion = isName ? nearest(name, names) : undefined;
  const what = isName ? `unknown model "${name}"` : `the name of a model must be a string, not ${String(name)}`;
  const known = [...names, ...view.discovering.map((provider) => `${provider}/MODEL`)];
  const message =
    name === "" && names.length === 0
      ? `no default model; name one of ${known.join(", ")}, or set default_model`
      : `${what}; known models: ${known.join(", ")}`;
  return new ConfigError([
    { file, line: 0, column: 0, path: "models", message, ...(suggestion === undefined ? {} : { suggestion }) },
  ]);
}
