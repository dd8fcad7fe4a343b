import { nearest } from "../core/suggest.ts";
import { anyModelOf } from "./any-model-of.ts";
import { checkCache } from "./cache-checks.ts";
import { checkEntry } from "./entry-checks.ts";
import { checkLedger } from "./ledger-checks.ts";
import { type Finding, REFERENCES_ONLY } from "./limits.ts";
import { checkMoney } from "./money-checks.ts";
import { checkNames, checkReferences, danglingName, unusedWeights } from "./name-checks.ts";
import { FALLBACK_KEYS, KEY_ALIASES } from "./options.ts";
import { placeholderIn, placeholderMessage } from "./placeholders.ts";
import type { Path } from "./positions.ts";
import { checkPriceAs, checkProfileProvider, checkProviderTables, type Facts } from "./provider-checks.ts";
import { checkRecord } from "./record-checks.ts";
import { referableNames } from "./referable-names.ts";
import { malformedReference } from "./references.ts";
import type { Source } from "./source.ts";
import { checkState } from "./state-checks.ts";
import { childTables, isTable, type Table } from "./table.ts";
import type { View } from "./view.ts";

/**
 * Finds errors that involve several values: dangling references, cycles, missing keys, impossible combinations. Also
 * runs on files that violate the schema, so that all errors are reported at once.
 */
export function crossCheck(active: View, facts: Facts): Finding[] {
  const sources = [...active.files, ...active.variables];
  if (
    active.names().length === 0 &&
    active.discovering.length === 0 &&
    sources.every(({ document: { models } }) => models === undefined || isTable(models))
  )
    return sources.some(({ document }) => misspellsModels(document))
      ? []
      : [
          {
            path: [],
            at: "key",
            message:
              "no models; add [models.NAME] with a name and a provider, or [providers.NAME] with discover = true",
          },
        ];
  const whole = active.profile === undefined && active.variables.length === 0 ? active : active.under(undefined);
  const others = active.profiles.filter((profile) => profile !== active.profile);
  const views = [active, ...others.map((profile) => active.under(profile))];
  return [
    ...sources.flatMap((source) => checkSource(source, whole, active, facts)),
    ...checkProviderTables(sources, facts),
    ...checkPriceAs(sources, facts),
    ...views.flatMap((view) => checkProfileProvider(view.under(view.profile))),
    ...views.flatMap((view) => [
      ...checkNames(view),
      ...checkMoney(view),
      ...checkCache(view),
      ...checkState(view),
      ...checkLedger(view),
      ...checkRecord(view),
    ]),
    ...active.discovering.flatMap((provider) => checkEntry(active, anyModelOf(provider), facts)),
    ...views.flatMap((view) =>
      view.names().flatMap((name) => (view === active || touches(view, name) ? checkEntry(view, name, facts) : [])),
    ),
  ];
}

/** A misspelled `models` is already reported as an unknown key; "no models" would report it twice. */
function misspellsModels(document: Table): boolean {
  const others = Object.keys(document).filter((key) => key !== "models" && isTable(document[key]));
  return others.some((key) => nearest(key, ["models"]) !== undefined);
}

/** Whether the profile changes the entry. */
function touches(view: View, name: string): boolean {
  return view.tablesAt(["models", name], "entry").some(({ kind }) => kind === "profile");
}

function checkSource(source: Source, whole: View, active: View, facts: Facts): Finding[] {
  const everyName = referableNames(whole, active);
  const profiles = childTables(source.document, [], "profiles");
  return [
    ...checkTables(source.document, [], everyName, facts),
    ...profiles.flatMap(({ table, path }) =>
      checkTables(table, path, referableNames(active.under(String(path[1]))), facts),
    ),
  ].map((finding) => ({ ...finding, source }));
}

/** Checks the tables of a file, or of one profile in it. `names` are the names that references may use. */
function checkTables(root: Table, path: Path, names: ReadonlySet<string>, facts: Facts): Finding[] {
  const findings = [...checkReferences(root, path, names), ...unusedWeights(root, path)];
  const check = (table: unknown, section: string, name: string | undefined) => {
    if (isTable(table)) checkTable({ table, section, name, base: path, names, facts, findings });
  };
  check(root.defaults, "defaults", undefined);
  for (const section of ["providers", "models"]) {
    const tables = root[section];
    if (isTable(tables)) for (const name in tables) check(tables[name], section, name);
  }
  return findings;
}

/** A table being checked. Findings go into one shared array, because almost every table is valid and has none. */
interface Checked {
  readonly table: Table;
  /** Path of the file or profile. The full path is built only for a finding. */
  readonly base: Path;
  readonly section: string;
  readonly name: string | undefined;
  /** Names that references may use. */
  readonly names: ReadonlySet<string>;
  readonly facts: Facts;
  readonly findings: Finding[];
}

function pathIn({ base, section, name }: Checked, ...rest: Path): Path {
  return [...base, section, ...(name === undefined ? [] : [name]), ...rest];
}

function checkTable(checked: Checked): void {
  aliasTwice(checked);
  danglingFallbacks(checked);
  ownFallback(checked);
  danglingParent(checked);
  referenceInEarlyKey(checked);
  placeholders(checked);
  unknownWire(checked);
}

const ALIASES = Object.entries(KEY_ALIASES);

function aliasTwice(checked: Checked): void {
  const { table, findings } = checked;
  for (const [alias, key] of ALIASES) {
    if (table[alias] === undefined || table[key] === undefined) continue;
    const message = `"${alias}" is another name of "${key}"; set only one of them`;
    findings.push({ path: pathIn(checked, alias), at: "key", message });
  }
}

function danglingFallbacks(checked: Checked): void {
  const { table, names, findings } = checked;
  for (const key of FALLBACK_KEYS) {
    const list = table[key];
    if (!Array.isArray(list)) continue;
    for (let index = 0; index < list.length; index++) {
      const name: unknown = list[index];
      if (typeof name === "string" && name !== "" && !names.has(name))
        findings.push(danglingName(pathIn(checked, key, index), name, names));
    }
  }
}

/** A list in [defaults] or a parent serves several entries, and each is dropped from its own. Here it is an error. */
function ownFallback(checked: Checked): void {
  const { table, findings } = checked;
  const own = checked.section === "models" ? checked.name : undefined;
  if (own === undefined) return;
  for (const key of FALLBACK_KEYS) {
    const list = table[key];
    const index = Array.isArray(list) ? list.indexOf(own) : -1;
    if (index >= 0)
      findings.push({ path: pathIn(checked, key, index), at: "value", message: `"${own}" cannot be its own fallback` });
  }
}

function danglingParent(checked: Checked): void {
  const { table, names, findings } = checked;
  const parent = table.extends;
  if (typeof parent === "string" && parent !== "" && !names.has(parent))
    findings.push(danglingName(pathIn(checked, "extends"), parent, names));
}

/** Keys needed to read the file. Variables are looked up later, and only for the models in use. */
const READ_EARLY = ["provider", "custom_llm_provider"];

function referenceInEarlyKey(checked: Checked): void {
  const { table, findings } = checked;
  for (const key of READ_EARLY) {
    const value = table[key];
    if (typeof value !== "string" || !/^(?:env|file):/.test(value)) continue;
    const message = `"${key}" must not be a variable, because it is needed before variables are resolved; use a profile instead`;
    findings.push({ path: pathIn(checked, key), at: "value", message });
  }
}

/** Keys whose values are sent or used to connect. */
const MAY_HOLD_CREDENTIALS = [
  "api_key",
  "base_url",
  "proxy",
  "extra_headers",
  "organization_id",
  "project_id",
  "api_version",
];

/** A placeholder in another tool's syntax would be sent unchanged and fail with a 401 that does not name the cause. */
function placeholders(checked: Checked): void {
  const { table, findings } = checked;
  for (const key of MAY_HOLD_CREDENTIALS) {
    const value = table[key];
    if (value !== undefined && holdsPlaceholder(value, key === "api_key"))
      placeholdersIn(value, pathIn(checked, key), findings);
  }
}

function holdsPlaceholder(value: unknown, isKey: boolean): boolean {
  if (typeof value === "string") return placeholderIn(value, isKey) !== undefined;
  if (typeof value !== "object" || value === null) return false;
  for (const key in value) if (holdsPlaceholder((value as Table)[key], isKey)) return true;
  return false;
}

function placeholdersIn(value: unknown, path: Path, findings: Finding[]): void {
  if (typeof value === "object" && value !== null) {
    const steps = Array.isArray(value) ? value.entries() : Object.entries(value);
    for (const [step, inner] of steps) placeholdersIn(inner, [...path, step], findings);
    return;
  }
  if (typeof value !== "string") return;
  // Malformed references are reported by `inspect`.
  if (REFERENCES_ONLY.some((key) => path.includes(key)) && malformedReference(value) !== undefined) return;
  const key = path.findLast((step) => typeof step === "string");
  const name = placeholderIn(value, key === "api_key");
  if (name === undefined) return;
  findings.push({ path, at: "value", message: `"${key}" ${placeholderMessage(name, value)}` });
}

function unknownWire(checked: Checked): void {
  const { table, facts, findings } = checked;
  const wire = table.custom_llm_provider;
  if (typeof wire !== "string" || wire === "" || /^(?:env|file):/.test(wire) || facts.dialects.includes(wire)) return;
  const message = `unknown wire format "${wire}"; known wire formats: ${facts.dialects.join(", ")}`;
  const suggestion = nearest(wire, facts.dialects);
  findings.push({ path: pathIn(checked, "custom_llm_provider"), at: "value", message, suggestion });
}
