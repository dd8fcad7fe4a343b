import { childTable, childTables } from "./child-tables.ts";
import { durationMs } from "./duration.ts";
import {
  type EntrySources,
  FALLBACK_KEYS,
  findSource,
  isTable,
  KEY_ALIASES,
  ownPath,
  topValue,
  View,
} from "./layering.ts";
import type { Finding, Table } from "./limits.ts";
import type { Path } from "./positions.ts";
import { checkProvider, checkProviderTables, type Facts } from "./provider-checks.ts";
import { nearest } from "./suggest.ts";

/**
 * Mistakes that no single value shows: dangling names, circles, missing keys, impossible combinations. Works on files
 * that do not satisfy the schema too, so that everything is reported at once.
 */
export function crossCheck(active: View, facts: Facts): Finding[] {
  const { document } = active;
  if (active.names().length === 0 && (document.models === undefined || isTable(document.models)))
    return [{ path: [], at: "key", message: "there are no models: add [models.NAME] with a name and a provider" }];
  const base = active.profile === undefined ? active : new View(document, undefined);
  const others = profilesOf(document).filter((profile) => profile !== active.profile);
  const views = [active, ...others.map((profile) => new View(document, profile))];
  return [
    ...checkTables(document, [], new Set(base.names()), active, facts),
    ...checkProviderTables(document, facts),
    ...profilesOf(document).flatMap((profile) => checkProfile(document, profile, active, facts)),
    ...views.flatMap((view) =>
      view.names().flatMap((name) => (view === active || touches(view, name) ? checkEntry(view, name, facts) : [])),
    ),
  ];
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
  const known = path.length === 0 && active.profile !== undefined ? new Set([...names, ...active.names()]) : names;
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
