import { deepMerge } from "./layering.ts";
import type { Finding } from "./limits.ts";
import { isTable, type Table } from "./table.ts";
import type { View } from "./view.ts";

/** Errors in `[cache]` that involve several keys. */
export function checkCache(view: View): Finding[] {
  const tables = view.tablesAt(["cache"], "entry");
  const { semantic } = tables.map(({ table }) => table).reduce<Table>((below, above) => deepMerge(below, above), {});
  if (!isTable(semantic) || semantic.model !== undefined) return [];
  const path = [...(tables.findLast(({ table }) => table.semantic !== undefined)?.path ?? []), "semantic"];
  return [{ path, at: "key", message: 'the semantic cache needs the model of the embeddings: add model = "NAME"' }];
}
