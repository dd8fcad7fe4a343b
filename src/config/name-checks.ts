import type { Finding } from "./limits.ts";
import type { Path } from "./positions.ts";
import { childTable, childTables, isTable, type Table } from "./table.ts";
import type { View } from "./view.ts";

const MAX_NAMES = 8;

/** A reference to a name that does not exist. */
export function danglingName(path: Path, name: string, names: ReadonlySet<string>): Finding {
  const all = [...names].slice(0, MAX_NAMES).join(", ");
  const message = `unknown entry "${name}"; known entries: ${all}${names.size > MAX_NAMES ? ", …" : ""}`;
  return { path, at: "value", message, meant: { word: name, among: names } };
}

/** Dangling references in `default_model`, `[aliases]` and `[groups.*]` of a file, or of one profile in it. */
export function checkReferences(root: Table, path: Path, names: ReadonlySet<string>): Finding[] {
  const references = [
    { path: [...path, "default_model"], name: root.default_model },
    ...childTable(root, path, "aliases").flatMap((aliases) =>
      Object.entries(aliases.table).map(([alias, name]) => ({ path: [...aliases.path, alias], name })),
    ),
    ...childTables(root, path, "groups").flatMap((group) => [
      ...memberReferences(group.table, group.path),
      ...listReferences(group.table.fallback_models, [...group.path, "fallback_models"]),
    ]),
  ];
  return references.flatMap(({ path, name }) => (dangles(name, names) ? [danglingName(path, name, names)] : []));
}

function memberReferences({ members }: Table, path: Path): { readonly path: Path; readonly name: unknown }[] {
  if (!Array.isArray(members)) return [];
  return members.map((member: unknown, index) =>
    isTable(member)
      ? { path: [...path, "members", index, "model"], name: member.model }
      : { path: [...path, "members", index], name: member },
  );
}

function listReferences(list: unknown, path: Path): { readonly path: Path; readonly name: unknown }[] {
  return Array.isArray(list) ? list.map((name: unknown, index) => ({ path: [...path, index], name })) : [];
}

/** Weights under a strategy that ignores them. */
export function unusedWeights(root: Table, path: Path): Finding[] {
  return childTables(root, path, "groups").flatMap(({ table: { strategy, members }, path: at }) => {
    if (strategy === "weighted" || !Array.isArray(members)) return [];
    return members.flatMap((member: unknown, index) =>
      isTable(member) && member.weight !== undefined
        ? [{ path: [...at, "members", index, "weight"], at: "key" as const, message: WEIGHT_UNUSED }]
        : [],
    );
  });
}

const WEIGHT_UNUSED = '"weight" has an effect only with strategy = "weighted"';

/** `env:` references are resolved later, and the schema rejects anything but a string. */
function dangles(name: unknown, names: ReadonlySet<string>): name is string {
  return typeof name === "string" && name !== "" && !name.startsWith("env:") && !names.has(name);
}

/** Checks for duplicate names, cyclic aliases and nested groups. */
export function checkNames(view: View): Finding[] {
  if (view.aliases.size === 0 && view.groups.length === 0) return [];
  const groups = new Set(view.groups);
  const entries = new Set(view.names());
  const taken = (name: string) => (entries.has(name) ? "an entry" : groups.has(name) ? "a group" : undefined);
  return [
    ...view.groups.flatMap((name) => (entries.has(name) ? [nameTwice(["groups", name], "an entry")] : [])),
    ...[...view.aliases.keys()].flatMap((alias) => {
      const what = taken(alias);
      return what === undefined ? aliasCycle(view, alias) : [nameTwice(["aliases", alias], what)];
    }),
    ...view.groups.flatMap((name) => [...groupsInside(view, name, groups), ...withoutMembers(view, name)]),
  ];
}

function nameTwice(path: Path, what: string): Finding {
  return { path, at: "key", message: `"${path.at(-1)}" is the name of ${what} too` };
}

/** A cycle is reported once, at the name that comes first alphabetically. */
function aliasCycle(view: View, alias: string): Finding[] {
  const chain = [alias];
  for (let next = view.aliases.get(alias); next !== undefined; next = view.aliases.get(next)) {
    if (next === alias) {
      const isFirst = [...chain].sort()[0] === alias;
      const message = `aliases are cyclic: ${[...chain, alias].join(" -> ")}`;
      return isFirst ? [{ path: ["aliases", alias], at: "value", message }] : [];
    }
    if (chain.includes(next)) return [];
    chain.push(next);
  }
  return [];
}

function withoutMembers(view: View, group: string): Finding[] {
  const tables = view.tablesAt(["groups", group], "entry");
  if (tables.some(({ table }) => table.members !== undefined)) return [];
  return [{ path: ["groups", group, "members"], at: "key", message: `"members" is missing in [groups.${group}]` }];
}

function groupsInside(view: View, group: string, groups: ReadonlySet<string>): Finding[] {
  return view.tablesAt(["groups", group], "entry").flatMap(({ table, path, source }) =>
    memberReferences(table, path).flatMap((member): Finding[] => {
      const resolved = typeof member.name === "string" ? view.resolveName(member.name) : undefined;
      if (resolved === undefined || !groups.has(resolved)) return [];
      return [
        { path: member.path, at: "value", source, message: `"${member.name}" is a group; members must be entries` },
      ];
    }),
  );
}
