import { nearest } from "../core/suggest.ts";
import type { Finding } from "./limits.ts";
import { price } from "./options-money.ts";
import type { Path } from "./positions.ts";
import { entryShape } from "./schema.ts";
import { group } from "./schema-sections.ts";
import { mayBeTable, type Shape } from "./schema-values.ts";
import { childTables, isTable, type Table } from "./table.ts";

/** Sections with user-defined table names, and the valid keys of their tables. */
const NAMED: Readonly<Record<string, Keys>> = {
  models: keysOf(entryShape),
  providers: keysOf(entryShape),
  groups: keysOf(group.shape),
  pricing: keysOf(price.shape),
};

interface Keys {
  readonly all: ReadonlySet<string>;
  /** Keys whose value may be a table. */
  readonly tables: readonly string[];
}

function keysOf(shape: Shape): Keys {
  const keys = Object.keys(shape);
  return { all: new Set(keys), tables: keys.filter((key) => mayBeTable(shape[key] as Shape[string])) };
}

/** Finds names that need quotes: in TOML, `[models.gpt-4.1]` is the table "1" inside "gpt-4". */
export function unquotedNames(document: Table): Finding[] {
  const profiles = childTables(document, [], "profiles");
  return [{ table: document, path: [] }, ...profiles].flatMap(({ table, path }) =>
    SECTIONS.flatMap((section) => unquotedIn(table[section], section, path)),
  );
}

const SECTIONS = [...Object.keys(NAMED), "aliases"];

function unquotedIn(named: unknown, section: string, path: Path): Finding[] {
  if (!isTable(named)) return [];
  const keys = NAMED[section] ?? NO_KEYS;
  const findings: Finding[] = [];
  // Allocates nothing for valid names: a file may have a thousand models.
  for (const name of Object.keys(named)) {
    const table = named[name];
    const rest = isTable(table) ? restOfName(table, keys) : undefined;
    if (rest !== undefined) findings.push(quoteIt([...path, section], [name, ...rest]));
  }
  return findings;
}

const NO_KEYS: Keys = { all: new Set(), tables: [] };

/** The rest of an unquoted name: the path from its first part to the table that has the keys. */
function restOfName(table: Table, keys: Keys): readonly string[] | undefined {
  for (const step of Object.keys(table)) {
    const value = table[step];
    if (keys.all.size === 0 && typeof value === "string") return [step];
    if (!isTable(value) || keys.all.has(step)) continue;
    const deeper = Object.keys(value).some((key) => keys.all.has(key)) ? [] : restOfName(value, keys);
    // "capabilites" is a misspelled key of this table, not the middle of its name.
    if (deeper !== undefined) return nearest(step, keys.tables) === undefined ? [step, ...deeper] : undefined;
  }
  return undefined;
}

function quoteIt(section: Path, steps: readonly string[]): Finding {
  const name = JSON.stringify(steps.join("."));
  const written = section.at(-1) === "aliases" ? `${name} = "…"` : `[${section.join(".")}.${name}]`;
  return {
    path: [...section, steps[0] as string],
    at: "key",
    message: `quote a name that contains a dot: ${written}`,
  };
}
