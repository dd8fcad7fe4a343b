import { durationMs } from "./duration.ts";
import {
  type EntrySources,
  FALLBACK_KEYS,
  findSource,
  isTable,
  KEY_ALIASES,
  SIMULATOR,
  topValue,
  View,
} from "./layering.ts";
import type { Finding, Table } from "./limits.ts";
import type { Path } from "./positions.ts";
import { nearest } from "./suggest.ts";

/** What must be known about a provider to check an entry; the catalog's rows fit. */
export interface ProviderHint {
  readonly id: string;
  /** Has no address of its own. */
  readonly needsBaseUrl: boolean;
  /** Environment variables its key is usually in, the first that is set counts. */
  readonly keyEnv: readonly string[];
}

export interface Facts {
  readonly providers: readonly ProviderHint[];
  /** Wire formats, also those registered from code. */
  readonly dialects: readonly string[];
}

/**
 * Mistakes that no single value shows: dangling names, circles, missing keys, impossible combinations. Works on files
 * that do not satisfy the schema too, so that everything is reported at once.
 */
export function crossCheck(active: View, facts: Facts): Finding[] {
  const { document } = active;
  if (active.names().length === 0 && (document.models === undefined || isTable(document.models)))
    return [{ path: [], at: "key", message: "there are no models: add [models.NAME] with a name and a provider" }];
  const others = profilesOf(document).filter((profile) => profile !== active.profile);
  const views = [active, ...others.map((profile) => new View(document, profile))];
  return [
    ...checkTables(document, [], new Set(new View(document, undefined).names()), active, facts),
    ...checkProviderTables(document, facts),
    ...profilesOf(document).flatMap((profile) => checkProfile(document, profile, active, facts)),
    ...views.flatMap((view) =>
      view.names().flatMap((name) => (view === active || touches(view, name) ? checkEntry(view, name, facts) : [])),
    ),
  ];
}

/** Settings of a provider that is neither built in nor anybody's: a slip of the pen that would be without effect. */
function checkProviderTables(document: Table, facts: Facts): Finding[] {
  const roots = [{ table: document, path: [] as Path }, ...childTables(document, [], "profiles")];
  const written = roots.flatMap(({ table, path }) => childTables(table, path, "providers"));
  if (written.length === 0) return [];
  const known = new Set(facts.providers.map(({ id }) => id));
  for (const { table, path } of roots) {
    for (const { table: entry } of [...childTable(table, path, "defaults"), ...childTables(table, path, "models")]) {
      if (typeof entry.provider === "string") known.add(entry.provider);
    }
  }
  return written
    .filter(({ path }) => !known.has(String(path.at(-1))))
    .map(({ path }) => {
      const word = String(path.at(-1));
      return { path, at: "key", message: `no model has the provider "${word}"`, meant: { word, among: known } };
    });
}

export function profilesOf(document: Table): string[] {
  return isTable(document.profiles) ? Object.keys(document.profiles) : [];
}

function touches(view: View, name: string): boolean {
  return view.tablesAt(["models", name], "entry").some(({ kind }) => kind === "profile");
}

function checkProfile(document: Table, profile: string, active: View, facts: Facts): Finding[] {
  const table = (document.profiles as Table)[profile];
  return isTable(table)
    ? checkTables(table, ["profiles", profile], new Set(new View(document, profile).names()), active, facts)
    : [];
}

/** The tables of the file itself, or of one profile; `names` are the entries that may be referred to. */
function checkTables(root: Table, path: Path, names: ReadonlySet<string>, active: View, facts: Facts): Finding[] {
  const known = path.length === 0 ? new Set([...names, ...active.names()]) : names;
  const tables = [
    ...childTable(root, path, "defaults"),
    ...childTables(root, path, "providers"),
    ...childTables(root, path, "models"),
  ];
  return [
    ...checkDefaultModel(root, path, known),
    ...tables.flatMap((inner) => checkTable(inner.table, inner.path, known, facts)),
  ];
}

interface Located {
  readonly table: Table;
  readonly path: Path;
}

function childTable(root: Table, path: Path, key: string): Located[] {
  const table = root[key];
  return isTable(table) ? [{ table, path: [...path, key] }] : [];
}

function childTables(root: Table, path: Path, key: string): Located[] {
  const parent = root[key];
  return isTable(parent) ? Object.keys(parent).flatMap((name) => childTable(parent, [...path, key], name)) : [];
}

function checkDefaultModel(root: Table, path: Path, names: ReadonlySet<string>): Finding[] {
  const value = root.default_model;
  if (typeof value !== "string" || value.startsWith("env:") || names.has(value)) return [];
  return [noEntry([...path, "default_model"], value, names)];
}

const MOST_NAMES = 8;

function noEntry(path: Path, name: string, names: ReadonlySet<string>): Finding {
  const all = [...names].slice(0, MOST_NAMES).join(", ");
  const message = `there is no entry "${name}"; there are ${all}${names.size > MOST_NAMES ? ", …" : ""}`;
  return { path, at: "value", message, meant: { word: name, among: names } };
}

function checkTable(table: Table, path: Path, names: ReadonlySet<string>, facts: Facts): readonly Finding[] {
  const findings = [
    aliasTwice(table, path),
    danglingFallbacks(table, path, names),
    danglingParent(table, path, names),
    readTooEarly(table, path),
    unknownWire(table, path, facts),
  ].filter((found) => found.length > 0);
  return findings.length === 0 ? NOTHING : findings.flat();
}

/** Nearly every table is right: of a thousand models a shared empty list saves what a second pass would cost. */
const NOTHING: readonly Finding[] = [];

const ALIASES = Object.entries(KEY_ALIASES);

function aliasTwice(table: Table, path: Path): readonly Finding[] {
  const twice = ALIASES.filter(([alias, key]) => table[alias] !== undefined && table[key] !== undefined);
  if (twice.length === 0) return NOTHING;
  return twice.map(([alias, key]) => ({
    path: [...path, alias],
    at: "key",
    message: `"${alias}" is another name of "${key}": give one of them`,
  }));
}

function danglingFallbacks(table: Table, path: Path, names: ReadonlySet<string>): readonly Finding[] {
  const findings: Finding[] = [];
  for (const key of FALLBACK_KEYS) {
    const list = table[key];
    if (!Array.isArray(list)) continue;
    for (let index = 0; index < list.length; index++) {
      const name: unknown = list[index];
      if (typeof name === "string" && name !== "" && !names.has(name))
        findings.push(noEntry([...path, key, index], name, names));
    }
  }
  return findings;
}

function danglingParent(table: Table, path: Path, names: ReadonlySet<string>): Finding[] {
  const parent = table.extends;
  return typeof parent === "string" && parent !== "" && !names.has(parent)
    ? [noEntry([...path, "extends"], parent, names)]
    : [];
}

/** Keys the file is understood by; variables are looked up later, and only for the models in use. */
function readTooEarly(table: Table, path: Path): Finding[] {
  return ["provider", "custom_llm_provider"]
    .filter((key) => typeof table[key] === "string" && /^(?:env|file):/.test(table[key]))
    .map((key) => ({
      path: [...path, key],
      at: "value",
      message: `"${key}" must be written out: it is needed before variables are looked up; use a profile instead`,
    }));
}

function unknownWire(table: Table, path: Path, facts: Facts): Finding[] {
  const wire = table.custom_llm_provider;
  if (typeof wire !== "string" || wire === "" || /^(?:env|file):/.test(wire) || facts.dialects.includes(wire))
    return [];
  const message = `there is no wire format "${wire}"; there are ${facts.dialects.join(", ")}`;
  return [{ path: [...path, "custom_llm_provider"], at: "value", message, suggestion: nearest(wire, facts.dialects) }];
}

function checkEntry(view: View, name: string, facts: Facts): Finding[] {
  const sources = view.sources(name);
  const circle = view.circle(name);
  if (circle !== undefined) return isFirstOf(circle) ? [inCircle(sources, circle)] : [];
  return [
    ...missingKeys(sources),
    ...checkProvider(sources, facts),
    ...waitsTheWrongWayRound(sources),
    ...unknownTool(sources),
  ];
}

/** A circle is told once: by the name that comes first in the alphabet. */
function isFirstOf(circle: readonly string[]): boolean {
  return circle[0] === [...circle].sort()[0];
}

function inCircle(sources: EntrySources, circle: readonly string[]): Finding {
  return {
    path: [...ownPath(sources), "extends"],
    at: "value",
    message: `"extends" runs in a circle: ${circle.join(" -> ")}`,
  };
}

/** The entry's own table, or the overlay that it consists of. */
function ownPath(sources: EntrySources): Path {
  const own = sources.tables.filter(({ path }) => path.at(-1) === sources.name && path.at(-2) === "models");
  return (own.find(({ kind }) => kind === "entry") ?? own[0])?.path ?? ["models", sources.name];
}

const REQUIRED = [
  ["name", "the model's id at its provider"],
  ["provider", "who serves it"],
] as const;

function missingKeys(sources: EntrySources): Finding[] {
  return REQUIRED.filter(([key]) => topValue(sources, key) === undefined).map(([key, meaning]) => ({
    path: [...ownPath(sources), key],
    at: "key",
    message: `"${key}" is missing in [models.${sources.name}]: ${meaning}`,
  }));
}

const FOUR_LINES =
  'an own server needs name, provider, custom_llm_provider (its wire format: "openai" for most) and base_url';

function checkProvider(sources: EntrySources, facts: Facts): Finding[] {
  const served = sources.provider === SIMULATOR ? sources.simulatedProvider : sources.provider;
  if (served === undefined || served === "" || /^(?:env|file):/.test(served)) return [];
  const hint = facts.providers.find(({ id }) => id === served);
  const missing = missingForProvider(sources, hint);
  if (missing.length === 0) return [];
  const path = providerPath(sources, served);
  if (hint !== undefined)
    return [{ path, at: "value", message: `provider "${served}" needs base_url: it has no address of its own` }];
  const suggestion =
    missing.length === 2
      ? nearest(
          served,
          facts.providers.map(({ id }) => id),
        )
      : undefined;
  const explanation =
    suggestion === undefined
      ? `, and ${missing.join(" and ")} ${missing.length > 1 ? "are" : "is"} missing: ${FOUR_LINES}`
      : "";
  return [{ path, at: "value", message: `provider "${served}" is not built in${explanation}`, suggestion }];
}

function missingForProvider(sources: EntrySources, hint: ProviderHint | undefined): string[] {
  const isSimulated = sources.provider === SIMULATOR;
  const needed = hint === undefined ? ["custom_llm_provider", "base_url"] : hint.needsBaseUrl ? ["base_url"] : [];
  return needed.filter((key) => !(isSimulated && key === "base_url") && topValue(sources, key) === undefined);
}

function providerPath(sources: EntrySources, provider: string): Path {
  const source = sources.tables.findLast(({ table }) => table.provider === provider);
  return [...(source?.path ?? ownPath(sources)), "provider"];
}

function waitsTheWrongWayRound(sources: EntrySources): Finding[] {
  const [min, max] = [topValue(sources, "retry_min_wait"), topValue(sources, "retry_max_wait")];
  if (!isDuration(min) || !isDuration(max) || durationMs(min) <= durationMs(max)) return [];
  const path = findSource(sources, ["retry_min_wait"])?.path ?? ownPath(sources);
  return [
    { path, at: "value", message: `"retry_min_wait" (${min}) must not be longer than "retry_max_wait" (${max})` },
  ];
}

function isDuration(value: unknown): value is number | string {
  return (
    typeof value === "number" || (typeof value === "string" && /^\d/.test(value) && Number.isFinite(durationMs(value)))
  );
}

function unknownTool(sources: EntrySources): Finding[] {
  const choice = topValue(sources, "tool_choice");
  const tools = topValue(sources, "tools");
  if (!isTable(choice) || !Array.isArray(tools)) return [];
  const wanted = toolName(choice);
  const names = tools
    .filter(isTable)
    .map(toolName)
    .filter((name) => typeof name === "string");
  if (typeof wanted !== "string" || names.length === 0 || names.includes(wanted)) return [];
  const path = findSource(sources, ["tool_choice"])?.path ?? ownPath(sources);
  return [
    {
      path,
      at: "value",
      message: `"tool_choice" names no tool of this entry: "${wanted}"`,
      suggestion: nearest(wanted, names),
    },
  ];
}

function toolName(tool: Table): unknown {
  return isTable(tool.function) ? tool.function.name : tool.name;
}
