import type { Price } from "../core/cost.ts";
import { aliasOf, stemOf } from "./identity.ts";
import { PRICE_TABLES } from "./prices.generated.ts";

/** A price and when it applies: from a day (ISO date), or between two times of day (UTC, end exclusive). */
export interface TimedPrice {
  readonly from?: string;
  readonly hours?: readonly [start: string, end: string];
  /** Absent if the price is not per token. */
  readonly price?: Price | undefined;
}

/** One model in the generated table: its ids at the provider, the price package's id first. */
export interface PriceRow {
  readonly ids: readonly string[];
  /** Dated copies of the first id cost the same. */
  readonly copies?: true;
  readonly prices: readonly TimedPrice[];
}

interface PriceTable {
  readonly byId: ReadonlyMap<string, PriceRow>;
  readonly byStem: ReadonlyMap<string, PriceRow>;
}

/** The price of exactly this model, at this time, for models with time-dependent prices or in no other table. */
export function listedPrice(providerId: string, modelId: string, at: Date): Price | undefined {
  const table = priceTableOf(providerId);
  const id = modelId.toLowerCase();
  const row = table?.byId.get(modelId) ?? table?.byId.get(id) ?? table?.byStem.get(stem(id));
  return row === undefined ? undefined : priceAt(row.prices, at);
}

function priceAt(prices: readonly TimedPrice[], at: Date): Price | undefined {
  const last = prices.findLast((price) => holds(price, at)) ?? prices[0];
  return last?.price;
}

function holds({ from, hours }: TimedPrice, at: Date): boolean {
  if (from !== undefined) return at.toISOString() >= from;
  if (hours === undefined) return true;
  const [start, end] = hours;
  const now = at.toISOString().slice("2026-01-01T".length, "2026-01-01T00:00".length);
  return start <= end ? now >= start && now < end : now >= start || now < end;
}

/** Parsed on first use of a provider, like the model tables. */
const tables = new Map<string, PriceTable>();

function priceTableOf(providerId: string): PriceTable | undefined {
  const known = tables.get(providerId);
  if (known !== undefined) return known;
  if (!Object.hasOwn(PRICE_TABLES, providerId)) return undefined;
  const table = indexed(JSON.parse(PRICE_TABLES[providerId] ?? "[]") as PriceRow[]);
  tables.set(providerId, table);
  return table;
}

function indexed(rows: readonly PriceRow[]): PriceTable {
  const byId = new Map<string, PriceRow>();
  const byStem = new Map<string, PriceRow>();
  for (const row of rows) {
    const [first = ""] = row.ids;
    if (row.copies === true) byStem.set(stem(first.toLowerCase()), row);
    byId.set(first.toLowerCase(), row);
    for (const id of row.ids) byId.set(id, row);
  }
  return { byId, byStem };
}

function stem(id: string): string {
  return stemOf(aliasOf(id) ?? id);
}
