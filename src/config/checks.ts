import { nearest } from "../core/suggest.ts";
import { checkEntry } from "./entry-checks.ts";
import { FALLBACK_KEYS, KEY_ALIASES } from "./layering.ts";
import type { Finding } from "./limits.ts";
import { checkNames, checkReferences, noEntry, unusedWeights } from "./name-checks.ts";
import { insteadOf, placeholderIn } from "./placeholders.ts";
import type { Path } from "./positions.ts";
import { checkPriceAs, checkProfileProvider, checkProviderTables, type Facts } from "./provider-checks.ts";
import { malformedReference } from "./references.ts";
import type { Source } from "./source.ts";
import { childTable, childTables, isTable, type Table } from "./table.ts";
import type { View } from "./view.ts";

/**
 * Mistakes that no single value shows: dangling names, circles, missing keys, impossible combinations. Works on files
 * that do not satisfy the schema too, so that everything is reported at once.
 */
export function crossCheck(active: View, facts: Facts): Finding[] {
  const sources = [...active.files, ...active.variables];
  if (
    active.names().length === 0 &&
    sources.every(({ document: { models } }) => models === undefined || isTable(models))
  )
    return [{ path: [], at: "key", message: "there are no models: add [models.NAME] with a name and a provider" }];
  const whole = active.profile === undefined && active.variables.length === 0 ? active : active.under(undefined);
  const others = active.profiles.filter((profile) => profile !== active.profile);
  const views = [active, ...others.map((profile) => active.under(profile))];
  return [
    ...sources.flatMap((source) => checkSource(source, whole, active, facts)),
    ...checkProviderTables(sources, facts),
    ...checkPriceAs(sources, facts),
    ...views.flatMap((view) => checkProfileProvider(view.under(view.profile))),
    ...views.flatMap((view) => checkNames(view)),
    ...views.flatMap((view) =>
      view.names().flatMap((name) => (view === active || touches(view, name) ? checkEntry(view, name, facts) : [])),
    ),
  ];
}

/** Whether a profile changes an entry. */
function touches(view: View, name: string): boolean {
  return view.tablesAt(["models", name], "entry").some(({ kind }) => kind === "profile");
}

function checkSource(source: Source, whole: View, active: View, facts: Facts): Finding[] {
  const everyName = new Set([...whole.allNames(), ...active.allNames()]);
  const profiles = childTables(source.document, [], "profiles");
  return [
    ...checkTables(source.document, [], everyName, facts),
    ...profiles.flatMap(({ table, path }) =>
      checkTables(table, path, new Set(active.under(String(path[1])).allNames()), facts),
    ),
  ].map((finding) => ({ ...finding, source }));
}

/** The tables of a file itself, or of one profile in it; `names` are what may be referred to. */
function checkTables(root: Table, path: Path, names: ReadonlySet<string>, facts: Facts): Finding[] {
  const tables = [
    ...childTable(root, path, "defaults"),
    ...childTables(root, path, "providers"),
    ...childTables(root, path, "models"),
  ];
  return [
    ...checkReferences(root, path, names),
    ...unusedWeights(root, path),
    ...tables.flatMap((inner) => checkTable(inner.table, inner.path, names, facts)),
  ];
}

function checkTable(table: Table, path: Path, names: ReadonlySet<string>, facts: Facts): readonly Finding[] {
  const findings = [
    aliasTwice(table, path),
    danglingFallbacks(table, path, names),
    ownFallback(table, path),
    danglingParent(table, path, names),
    readTooEarly(table, path),
    placeholders(table, path),
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

/** In [defaults] or a parent the list serves several entries, and each is left out of its own; here it is a slip. */
function ownFallback(table: Table, path: Path): readonly Finding[] {
  const own = path.at(-2) === "models" ? path.at(-1) : undefined;
  const findings: Finding[] = [];
  for (const key of FALLBACK_KEYS) {
    const list = table[key];
    const index = own === undefined || !Array.isArray(list) ? -1 : list.indexOf(own);
    if (index >= 0)
      findings.push({ path: [...path, key, index], at: "value", message: `"${own}" cannot be its own fallback` });
  }
  return findings.length === 0 ? NOTHING : findings;
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

/** Values that are sent in headers. */
const SENT_IN_HEADERS = ["api_key", "extra_headers", "organization_id", "project_id", "api_version"];

/** A placeholder of another tool would be sent as it is and cost an hour at a 401. */
function placeholders(table: Table, path: Path): readonly Finding[] {
  const found: Finding[] = [];
  for (const key of SENT_IN_HEADERS)
    if (table[key] !== undefined) found.push(...placeholdersIn(table[key], [...path, key]));
  return found.length === 0 ? NOTHING : found;
}

function placeholdersIn(value: unknown, path: Path): Finding[] {
  if (Array.isArray(value)) return value.flatMap((inner, index) => placeholdersIn(inner, [...path, index]));
  if (isTable(value)) return Object.entries(value).flatMap(([key, inner]) => placeholdersIn(inner, [...path, key]));
  // A malformed reference in api_key is reported with all values.
  const isKnown = path.includes("api_key") && malformedReference(String(value)) !== undefined;
  const name = typeof value === "string" && !isKnown ? placeholderIn(value) : undefined;
  if (name === undefined) return [];
  const key = path.findLast((step) => typeof step === "string");
  return [{ path, at: "value", message: `"${key}" ${insteadOf(name, String(value))}` }];
}

function unknownWire(table: Table, path: Path, facts: Facts): Finding[] {
  const wire = table.custom_llm_provider;
  if (typeof wire !== "string" || wire === "" || /^(?:env|file):/.test(wire) || facts.dialects.includes(wire))
    return [];
  const message = `there is no wire format "${wire}"; there are ${facts.dialects.join(", ")}`;
  return [{ path: [...path, "custom_llm_provider"], at: "value", message, suggestion: nearest(wire, facts.dialects) }];
}
