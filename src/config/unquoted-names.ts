import { nearest } from "../core/suggest.ts";
import type { Finding } from "./limits.ts";
import type { Path } from "./positions.ts";
import { entryShape } from "./schema.ts";
import { group, price } from "./schema-sections.ts";
import { childTables, isTable, type Table } from "./table.ts";

/** Sections whose tables users name, and the keys such a table may have. */
const NAMED: Readonly<Record<string, ReadonlySet<string>>> = {
  models: new Set(Object.keys(entryShape)),
  providers: new Set(Object.keys(entryShape)),
  groups: new Set(Object.keys(group.shape)),
  pricing: new Set(Object.keys(price.shape)),
};

/** `[models.gpt-4.1]` is TOML for the table "1" inside "gpt-4": the name was meant to be in quotes. */
export function unquotedNames(document: Table): Finding[] {
  const roots = [
    { table: document, path: [] as Path },
    ...childTables(document, [], "profiles").map(({ table, path }) => ({ table, path })),
  ];
  return roots.flatMap(({ table, path }) => [
    ...Object.entries(NAMED).flatMap(([section, keys]) =>
      childTables(table, path, section).flatMap((named) => {
        const rest = restOfName(named.table, keys);
        return rest === undefined ? [] : [quoteIt(named.path, rest)];
      }),
    ),
    ...childTables(table, path, "aliases").flatMap(({ table: inner, path: at }) => {
      const rest = restOfName(inner, new Set());
      return rest === undefined ? [] : [quoteIt(at, rest)];
    }),
  ]);
}

/** The steps from a table to the one that holds its keys, when no table was meant to be between them. */
function restOfName(table: Table, keys: ReadonlySet<string>): readonly string[] | undefined {
  for (const step of Object.keys(table)) {
    const value = table[step];
    if (keys.size === 0 && typeof value === "string") return [step];
    if (!isTable(value) || keys.has(step)) continue;
    const deeper = Object.keys(value).some((key) => keys.has(key)) ? [] : restOfName(value, keys);
    // "capabilites" is a misspelled key of this table, not the middle of its name.
    if (deeper !== undefined) return nearest(step, [...keys]) === undefined ? [step, ...deeper] : undefined;
  }
  return undefined;
}

function quoteIt(path: Path, rest: readonly string[]): Finding {
  const section = path.slice(0, -1).join(".");
  const name = JSON.stringify([path.at(-1), ...rest].join("."));
  const isAlias = path.at(-2) === "aliases";
  const message = isAlias
    ? `quote a name that contains a dot: ${name} = "…"`
    : `quote a name that contains a dot: [${section}.${name}]`;
  return { path, at: "key", message };
}
