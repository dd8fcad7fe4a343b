import { isDated, stemOf } from "./identity.ts";
import type { ModelRow } from "./model-row.ts";
import { MODEL_TABLES } from "./models.generated.ts";

/** The models of one provider, by id and by id without its suffix. */
export interface ModelTable {
  readonly byId: ReadonlyMap<string, ModelRow>;
  readonly byStem: ReadonlyMap<string, ModelRow>;
}

/** Facts from another source, combined with the built-in tables. */
export interface Overlay {
  /** Whether it is newer than the built-in tables: newer facts take precedence, older ones only fill gaps. */
  readonly newer: boolean;
  /** Day of its newest fact, ISO format. */
  readonly asOf: string | undefined;
  table(providerId: string): ModelTable | undefined;
  /** Providers with a table. */
  names(): readonly string[];
}

/** Rows of a provider are parsed on first use; parsing all of them would take milliseconds. */
const tables = new Map<string, ModelTable>();

export function tableOf(providerId: string): ModelTable | undefined {
  const known = tables.get(providerId);
  if (known !== undefined) return known;
  if (!Object.hasOwn(MODEL_TABLES, providerId)) return undefined;
  const table = indexed(JSON.parse(MODEL_TABLES[providerId] ?? "[]") as ModelRow[]);
  tables.set(providerId, table);
  return table;
}

/** Rows are sorted by id, so the newest dated copy of a model gets its stem. */
export function indexed(rows: readonly ModelRow[]): ModelTable {
  const dated = rows.filter((row) => isDated(row.id)).map((row) => [stemOf(row.id), row] as const);
  return { byId: new Map(rows.map((row) => [row.id, row])), byStem: new Map(dated) };
}

export function tableNames(): readonly string[] {
  return Object.keys(MODEL_TABLES);
}
