import { isDated, stemOf } from "./identity.ts";
import type { ModelRow } from "./model-row.ts";
import { MODEL_TABLES } from "./models.generated.ts";

/** The models of one provider, by id and by the id without its ending. */
export interface ModelTable {
  readonly byId: ReadonlyMap<string, ModelRow>;
  readonly byStem: ReadonlyMap<string, ModelRow>;
}

/** Facts from elsewhere, laid over or under the shipped tables. */
export interface Overlay {
  /** Whether they are newer than the shipped tables: the newer of two facts wins, the older one only fills gaps. */
  readonly newer: boolean;
  table(providerId: string): ModelTable | undefined;
  /** Providers it has tables of. */
  names(): readonly string[];
}

/** Each provider's rows are text until the first question about it: parsing all of them would cost milliseconds. */
const tables = new Map<string, ModelTable>();

export function tableOf(providerId: string): ModelTable | undefined {
  const known = tables.get(providerId);
  if (known !== undefined) return known;
  if (!Object.hasOwn(MODEL_TABLES, providerId)) return undefined;
  const table = indexed(JSON.parse(MODEL_TABLES[providerId] ?? "[]") as ModelRow[]);
  tables.set(providerId, table);
  return table;
}

/** Rows come sorted by id, so the newest dated copy of a model is the last to claim its stem. */
export function indexed(rows: readonly ModelRow[]): ModelTable {
  const dated = rows.filter((row) => isDated(row.id)).map((row) => [stemOf(row.id), row] as const);
  return { byId: new Map(rows.map((row) => [row.id, row])), byStem: new Map(dated) };
}

export function tableNames(): readonly string[] {
  return Object.keys(MODEL_TABLES);
}
