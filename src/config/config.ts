import { resolve } from "node:path";
import { ConfigError } from "../core/error.ts";
import { keyOf } from "../core/request.ts";
import { withoutKeys } from "../core/secret.ts";
import { type EntryConfig, entryConfigOf, type PriceConfig } from "./entry-config.ts";
import { type EntrySources, findSource, isTable, type LayerKind, mergeSources, type View } from "./layering.ts";
import type { Finding, Table } from "./limits.ts";
import { type Path, type Position, type Positions, readPositions } from "./positions.ts";
import type { ProviderHint } from "./provider-checks.ts";
import { isReference, type ReferenceSource, resolveReference } from "./references.ts";
import { HEADER_VALUE } from "./schema-identity.ts";
import { type CacheConfig, cacheOf, type LoggingConfig, loggingOf, pricesOf } from "./sections.ts";
import { nearest } from "./suggest.ts";

/** Where a value of an entry was written. */
export interface Provenance {
  readonly layer: LayerKind;
  /** The table, for example `models.coder` or `profiles.ci.models.coder`. */
  readonly from: string;
  readonly file: string | undefined;
  /** 1-based, of the value. */
  readonly line: number;
  readonly column: number;
}

export interface ResolveOptions {
  /** Keys that are not needed: left out of the result, their references are not looked up. Either spelling. */
  readonly skip?: readonly string[];
  /** Report a missing key of a provider that usually needs one. Default false. */
  readonly requireKey?: boolean;
}

/** A valid models.toml. */
export interface Config {
  readonly file: string | undefined;
  /** Folder that paths in the file are relative to. */
  readonly baseDir: string | undefined;
  readonly profile: string | undefined;
  readonly profiles: readonly string[];
  readonly defaultModel: string;
  /** The entries, in the order of the file. */
  readonly names: readonly string[];
  readonly cache: CacheConfig | undefined;
  readonly logging: LoggingConfig | undefined;
  /** `[pricing."id"]` by model id. */
  readonly pricing: Readonly<Record<string, PriceConfig>>;
  /**
   * An entry with all it inherits; references such as "env:NAME" are still in it.
   * @throws ConfigError when there is no such entry, with the nearest name.
   */
  entry(name: string): EntryConfig;
  /**
   * The same with every reference replaced by its value, and the provider's usual variable as `apiKey` where no key is
   * given.
   * @throws ConfigError with one problem for each missing variable or file of this entry.
   */
  resolveEntry(name: string, options?: ResolveOptions): EntryConfig;
  /** Where a value came from; `key` in either spelling, dots lead into tables. `undefined`: nobody wrote it. */
  origin(name: string, key: string): Provenance | undefined;
}

export interface ConfigParts {
  readonly text: string;
  readonly file: string | undefined;
  readonly view: View;
  readonly profiles: readonly string[];
  readonly source: ReferenceSource;
  readonly providers: readonly ProviderHint[];
}

export class ParsedConfig implements Config {
  readonly file: string | undefined;
  readonly baseDir: string | undefined;
  readonly profile: string | undefined;
  readonly profiles: readonly string[];
  readonly defaultModel: string;
  readonly names: readonly string[];
  readonly cache: CacheConfig | undefined;
  readonly logging: LoggingConfig | undefined;
  readonly pricing: Readonly<Record<string, PriceConfig>>;
  readonly #parts: ConfigParts;
  readonly #entries = new Map<string, EntryConfig>();
  #positions: Positions | undefined;

  constructor(parts: ConfigParts) {
    this.#parts = parts;
    this.file = parts.file;
    this.baseDir = parts.source.baseDir;
    this.profile = parts.view.profile;
    this.profiles = parts.profiles;
    this.names = parts.view.names();
    this.defaultModel = this.#defaultModel();
    this.cache = cacheOf(this.#section("cache"));
    this.logging = loggingOf(this.#section("logging"));
    this.pricing = pricesOf(parts.view.tablesAt(["pricing"], "entry").map(({ table }) => table));
  }

  entry(name: string): EntryConfig {
    const known = this.#entries.get(name);
    if (known !== undefined) return known;
    const sources = this.#sources(name);
    const entry = entryConfigOf(name, mergeSources(sources), sources.simulatedProvider);
    this.#entries.set(name, entry);
    return entry;
  }

  resolveEntry(name: string, options: ResolveOptions = {}): EntryConfig {
    const sources = this.#sources(name);
    const skip = new Set(options.skip?.map(keyOf));
    const wanted = Object.entries(mergeSources(sources)).filter(([key]) => !skip.has(key));
    const resolver = new Resolver(this.#parts.source);
    const raw: Record<string, unknown> = Object.fromEntries(
      wanted.map(([key, value]) => [key, resolver.value(value, [key])]),
    );
    if (!skip.has("api_key")) raw.api_key ??= this.#usualKey(sources, raw, options, resolver);
    if (raw.api_key === undefined) delete raw.api_key;
    if (isTable(raw.tls)) raw.tls = this.#absoluteCa(raw.tls);
    if (resolver.findings.length > 0) throw this.#errorOf(resolver.findings.map((finding) => inFile(finding, sources)));
    return entryConfigOf(name, raw, sources.simulatedProvider);
  }

  origin(name: string, key: string): Provenance | undefined {
    const sources = this.#sources(name);
    const [first = "", ...rest] = key.split(".");
    const found =
      findSource(sources, [keyOf(first), ...rest]) ?? findSource(sources, [keyOf(first), ...rest.map(keyOf)]);
    if (found === undefined) return undefined;
    const { kind, path } = found.source;
    return {
      layer: kind,
      from: dotted(path),
      file: this.file,
      ...this.#place({ path: found.path, at: "value", message: "" }),
    };
  }

  #sources(name: string): EntrySources {
    if (!this.names.includes(name)) throw unknownEntry(name, this.names, this.file);
    return this.#parts.view.sources(name);
  }

  #section(key: string): Table | undefined {
    const tables = this.#parts.view.tablesAt([key], "entry");
    if (tables.length === 0) return undefined;
    const resolver = new Resolver(this.#parts.source);
    const values = Object.assign({}, ...tables.map(({ table, path }) => resolver.value(table, path))) as Table;
    if (resolver.findings.length > 0) throw this.#errorOf(resolver.findings);
    return values;
  }

  #defaultModel(): string {
    const { document, profile } = this.#parts.view;
    const roots = [
      document,
      ...(profile === undefined
        ? []
        : this.#parts.view
            .tablesAt([], "entry")
            .slice(1)
            .map(({ table }) => table)),
    ];
    const written = roots.findLast((root) => root.default_model !== undefined);
    if (written === undefined) return this.names[0] ?? "";
    const path: Path = written === document ? ["default_model"] : ["profiles", profile ?? "", "default_model"];
    const resolver = new Resolver(this.#parts.source);
    const name = String(resolver.value(written.default_model, path));
    if (resolver.findings.length > 0) throw this.#errorOf(resolver.findings);
    if (!this.names.includes(name))
      throw this.#errorOf([
        { path, at: "value", message: `there is no entry "${name}"`, suggestion: nearest(name, this.names) },
      ]);
    return name;
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

  #absoluteCa(tls: Table): Table {
    const file = tls.ca_file;
    return typeof file === "string" && this.baseDir !== undefined
      ? { ...tls, ca_file: resolve(this.baseDir, file) }
      : tls;
  }

  #errorOf(findings: readonly Finding[]): ConfigError {
    return configErrorOf(findings, this.file, (finding) => this.#place(finding));
  }

  #place(finding: Finding): Position {
    this.#positions ??= readPositions(this.#parts.text);
    return placeIn(this.#positions, finding);
  }
}

function inFile(finding: Finding, sources: EntrySources): Finding {
  const path = findSource(sources, finding.path)?.path ?? ["models", sources.name, ...finding.path];
  return { ...finding, path };
}

export function placeIn(positions: Positions, finding: Finding): Position {
  return finding.at === "key" ? positions.keyAt(finding.path) : positions.valueAt(finding.path);
}

/** All findings as one error, in the order of the file; of several about one place the first stays. */
export function configErrorOf(
  findings: readonly Finding[],
  file: string | undefined,
  place: (finding: Finding) => Position,
): ConfigError {
  const placed = new Map<string, { readonly finding: Finding; readonly position: Position; readonly path: string }>();
  for (const finding of findings) {
    const position = place(finding);
    const path = dotted(finding.path);
    const id = `${position.line}:${position.column}:${path}`;
    if (!placed.has(id)) placed.set(id, { finding, position, path });
  }
  const sorted = [...placed.values()].sort(
    (left, right) => left.position.line - right.position.line || left.position.column - right.position.column,
  );
  return new ConfigError(
    sorted.map(({ finding, position, path }, index) => {
      const suggestion = index < MOST_SUGGESTIONS ? suggestionOf(finding) : undefined;
      const message = withoutKeys(finding.message);
      return { file, ...position, path, message, ...(suggestion === undefined ? {} : { suggestion }) };
    }),
  );
}

const MOST_SUGGESTIONS = 100;

function suggestionOf({ suggestion, meant }: Finding): string | undefined {
  return meant === undefined ? suggestion : nearest(meant.word, meant.among);
}

function unknownEntry(name: string, names: readonly string[], file: string | undefined): ConfigError {
  const suggestion = nearest(name, names);
  const message = `there is no model "${name}"; there are ${names.join(", ")}`;
  return new ConfigError([
    { file, line: 0, column: 0, path: "models", message, ...(suggestion === undefined ? {} : { suggestion }) },
  ]);
}

/** `models."gpt-4.1".tools[0].name` */
function dotted(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === "number") return `${text}[${step}]`;
    const word = /^[A-Za-z0-9_-]+$/.test(step) ? step : JSON.stringify(step);
    return text === "" ? word : `${text}.${word}`;
  }, "");
}

/** Keys whose values are sent in headers. */
const IN_HEADERS: ReadonlySet<string | number> = new Set([
  ...["api_key", "extra_headers", "organization_id", "project_id", "api_version"],
]);

/** A reference without the default that may follow its name. */
function nameOf(reference: string): string {
  return reference.split(":-", 1)[0] ?? reference;
}

/** Replaces references in any value and collects what is missing. */
class Resolver {
  readonly findings: Finding[] = [];
  readonly #source: ReferenceSource;

  constructor(source: ReferenceSource) {
    this.#source = source;
  }

  report(path: Path, message: string): void {
    this.findings.push({ path, at: "value", message });
  }

  value(value: unknown, path: Path): unknown {
    if (typeof value === "string") return isReference(value) ? this.#text(value, path) : value;
    if (Array.isArray(value)) return value.map((inner, index) => this.value(inner, [...path, index]));
    if (!isTable(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, this.value(inner, [...path, key])]));
  }

  #text(reference: string, path: Path): string {
    const resolved = resolveReference(reference, this.#source);
    if ("value" in resolved) return this.#checked(resolved.value, reference, path);
    this.report(path, resolved.problem);
    return reference;
  }

  /** What the schema could not see: the values behind references. */
  #checked(value: string, reference: string, path: Path): string {
    if (IN_HEADERS.has(path[0] ?? "") && !HEADER_VALUE.test(value))
      this.report(path, `${nameOf(reference)} holds characters that HTTP cannot carry in a header`);
    const isAddress = path.at(-1) === "base_url" || path.at(-1) === "proxy";
    if (isAddress && path.length === 1 && !/^(?:https?|socks5?):\/\//.test(value))
      this.report(path, `${nameOf(reference)} does not hold an address such as "https://api.example.com/v1"`);
    return value;
  }
}
