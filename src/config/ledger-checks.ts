import type { Finding } from "./limits.ts";
import type { Table } from "./table.ts";
import type { View } from "./view.ts";

/** Errors in `[ledger]` that involve several keys. */
export function checkLedger(view: View): Finding[] {
  const tables = view.tablesAt(["ledger"], "entry");
  const { store, url } = Object.assign({}, ...tables.map(({ table }) => table)) as Table;
  if (store !== "postgres" || url !== undefined) return [];
  const message = 'store = "postgres" needs the address of the database: add url = "env:DATABASE_URL"';
  return [{ path: [...(tables.at(-1)?.path ?? []), "store"], at: "key", message }];
}
