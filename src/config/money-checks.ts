import { writtenKeys } from "./gateway-keys.ts";
import { foreignKey } from "./known-keys.ts";
import type { Finding } from "./limits.ts";
import { danglingName } from "./name-checks.ts";
import { placeholderIn, placeholderMessage } from "./placeholders.ts";
import type { Path } from "./positions.ts";
import { referableNames } from "./referable-names.ts";
import { malformedReference } from "./references.ts";
import { isTable, type Table } from "./table.ts";
import type { View } from "./view.ts";

/** Errors in `[budgets.*]`, `[rate_limits.*]` and `rate_limit` that involve several keys. */
export function checkMoney(view: View): Finding[] {
  const names = referableNames(view);
  return [
    ...sectionsOf(view, "budgets").flatMap(({ table, path }) => [
      ...checkBudget(table, path),
      ...danglingModels(table, path, names),
    ]),
    ...sectionsOf(view, "rate_limits").flatMap(({ table, path }) => [
      ...checkRates(table, path),
      ...danglingModels(table, path, names),
    ]),
    ...Object.entries(writtenKeys(view)).flatMap(([name, key]) =>
      checkGatewayKey(key, ["gateway", "keys", name], view),
    ),
    ...entryTables(view).flatMap(({ table, path }) =>
      isTable(table.rate_limit) ? checkRates(table.rate_limit, [...path, "rate_limit"]) : [],
    ),
  ];
}

function checkGatewayKey({ key, budget, rate_limit: limit, models }: Table, path: Path, view: View): Finding[] {
  const findings: Finding[] = [];
  if (key === undefined) findings.push({ path, at: "key", message: 'a key of the gateway needs key = "env:NAME"' });
  if (isTable(budget)) findings.push(...checkBudget(budget, [...path, "budget"]));
  if (isTable(limit)) findings.push(...checkRates(limit, [...path, "rate_limit"]));
  const budgets = new Set(view.namesAt("budgets"));
  if (typeof budget === "string" && !budgets.has(budget)) {
    const message = `unknown budget "${budget}"; write [budgets.${budget}], or a table such as { usd = 20 }`;
    findings.push({ path: [...path, "budget"], at: "value", message, meant: { word: budget, among: budgets } });
  }
  const written = typeof key === "string" ? key : "";
  const variable = placeholderIn(written, true);
  const problem = variable === undefined ? undefined : placeholderMessage(variable, written);
  const malformed = malformedReference(written);
  const words = problem ?? malformed;
  if (words !== undefined) findings.push({ path: [...path, "key"], at: "value", message: `"key" ${words}` });
  const names = referableNames(view);
  for (const [index, name] of (Array.isArray(models) ? models : []).entries())
    if (typeof name === "string" && !names.has(name))
      findings.push(danglingName([...path, "models", index], name, names));
  return findings;
}

/** `[defaults]` and all tables of providers and models. */
function entryTables(view: View): readonly Section[] {
  const paths = ["providers", "models"].flatMap((section) => view.namesAt(section).map((name) => [section, name]));
  return [["defaults"], ...paths].flatMap((path) =>
    view.tablesAt(path, "entry").map(({ table, path: at }) => ({ table, path: at })),
  );
}

interface Section {
  readonly table: Table;
  readonly path: Path;
}

/** The tables of a section under their names, merged. */
function sectionsOf(view: View, section: string): readonly Section[] {
  return view.namesAt(section).map((name) => {
    const path = [section, name];
    const tables = view.tablesAt(path, "entry").map(({ table }) => table);
    return { path, table: Object.assign({}, ...tables) as Table };
  });
}

function checkBudget(budget: Table, path: Path): Finding[] {
  const findings: Finding[] = [];
  const report = (at: Path, message: string) => findings.push({ path: at, at: "key", message });
  const { usd, tokens, timezone } = budget;
  const isMisspelled = Object.keys(budget).some((key) => LIMITS.has(foreignKey("budget", key)));
  if (usd === undefined && tokens === undefined && !isMisspelled)
    report(path, "a budget needs a limit: set usd or tokens");
  if (usd !== undefined && tokens !== undefined)
    report([...path, "tokens"], '"usd" and "tokens" exclude each other; use two budgets');
  if (typeof timezone === "string" && !timezone.startsWith("env:") && !isTimezone(timezone))
    report([...path, "timezone"], `unknown time zone "${timezone}"; use an IANA name such as "Europe/Berlin"`);
  return findings;
}

const LIMITS: ReadonlySet<string | undefined> = new Set(["usd", "tokens"]);

function isTimezone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

const RATE_KEY = /^(?:requests|tokens)_per_|^[rt]pm$|^max_parallel$/;
const RATE_ALIASES = [
  ["rpm", "requests_per_minute"],
  ["tpm", "tokens_per_minute"],
] as const;

function checkRates(table: Table, path: Path): Finding[] {
  const findings: Finding[] = [];
  const limits = Object.keys(table).filter((key) => RATE_KEY.test(key));
  if (limits.length === 0)
    findings.push({ path, at: "key", message: "a rate limit needs a limit, such as requests_per_minute" });
  for (const [alias, key] of RATE_ALIASES) {
    if (table[alias] === undefined || table[key] === undefined) continue;
    const message = `"${alias}" is another name of "${key}"; set only one of them`;
    findings.push({ path: [...path, alias], at: "key", message });
  }
  if (table.on_exceeded === "refuse")
    for (const key of ["max_wait", "queue"])
      if (table[key] !== undefined)
        findings.push({
          path: [...path, key],
          at: "key",
          message: `"${key}" has no effect with on_exceeded = "refuse"`,
        });
  return findings;
}

function danglingModels({ match }: Table, path: Path, names: ReadonlySet<string>): Finding[] {
  if (!isTable(match) || !Array.isArray(match.models)) return [];
  return match.models.flatMap((name: unknown, index) =>
    typeof name === "string" && name !== "" && !names.has(name)
      ? [danglingName([...path, "match", "models", index], name, names)]
      : [],
  );
}
