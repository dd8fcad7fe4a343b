import { isTable } from "./layering.ts";
import type { Table } from "./limits.ts";
import type { Path } from "./positions.ts";

/** A table of the file and where it is. */
export interface Located {
  readonly table: Table;
  readonly path: Path;
}

export function childTable(root: Table, path: Path, key: string): Located[] {
  const table = root[key];
  return isTable(table) ? [{ table, path: [...path, key] }] : [];
}

export function childTables(root: Table, path: Path, key: string): Located[] {
  const parent = root[key];
  return isTable(parent) ? Object.keys(parent).flatMap((name) => childTable(parent, [...path, key], name)) : [];
}
