import type { Path } from "./positions.ts";

export type Table = Readonly<Record<string, unknown>>;

/** A table and its path in the file. */
export interface Located {
  readonly table: Table;
  readonly path: Path;
}

export function isTable(value: unknown): value is Table {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** The value at a path; `undefined` if there is none. */
export function valueAt(root: unknown, path: Path): unknown {
  let at = root;
  for (const step of path) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, step)) return undefined;
    at = (at as Record<string | number, unknown>)[step];
  }
  return at;
}

export function childTable(root: Table, path: Path, key: string): Located[] {
  const table = root[key];
  return isTable(table) ? [{ table, path: [...path, key] }] : [];
}

export function childTables(root: Table, path: Path, key: string): Located[] {
  const parent = root[key];
  return isTable(parent) ? Object.keys(parent).flatMap((name) => childTable(parent, [...path, key], name)) : [];
}
