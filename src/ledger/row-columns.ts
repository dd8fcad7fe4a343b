import type { LedgerRow } from "../core/ledger.ts";
import type { SqlValue } from "./sqlite-worker.ts";

/** How a column is declared; in SQLite, json and boolean are text and integer. */
export type ColumnType = "text" | "bigint" | "boolean" | "json";

interface Column {
  readonly type: ColumnType;
  readonly value: (row: LedgerRow) => SqlValue | undefined;
}

/** The columns of `modelwright_attempts` besides the owner. The first two are the key. */
export const COLUMNS = {
  call_id: { type: "text", value: ({ callId }) => callId },
  attempt: { type: "bigint", value: ({ attempt }) => attempt },
  trace_id: { type: "text", value: ({ traceId }) => traceId },
  time_ms: { type: "bigint", value: ({ timeMs }) => Math.floor(timeMs) },
  entry: { type: "text", value: ({ entry }) => entry },
  provider: { type: "text", value: ({ provider }) => provider },
  model: { type: "text", value: ({ modelId }) => modelId },
  served_model: { type: "text", value: ({ servedModel }) => servedModel },
  outcome: { type: "text", value: ({ outcome }) => outcome },
  code: { type: "text", value: ({ code }) => code },
  status: { type: "bigint", value: ({ status }) => status },
  input: { type: "bigint", value: ({ usage }) => usage?.input },
  cache_read: { type: "bigint", value: ({ usage }) => usage?.cacheRead },
  cache_write: { type: "bigint", value: ({ usage }) => usage?.cacheWrite },
  output: { type: "bigint", value: ({ usage }) => usage?.output },
  reasoning: { type: "bigint", value: ({ usage }) => usage?.reasoning },
  total: { type: "bigint", value: ({ usage }) => usage?.total },
  details: { type: "json", value: ({ usage }) => usage && detailsText(usage.details) },
  service_tier: { type: "text", value: ({ serviceTier }) => serviceTier },
  cost: { type: "bigint", value: ({ cost }) => storable(cost) },
  reserved: { type: "bigint", value: ({ reserved }) => storable(reserved) },
  saved: { type: "bigint", value: ({ saved }) => storable(saved) },
  price_source: { type: "text", value: ({ priceSource }) => priceSource },
  price_date: { type: "text", value: ({ priceDate }) => priceDate },
  overrun: { type: "bigint", value: ({ overrun }) => storable(overrun) ?? LARGEST },
  estimated: { type: "boolean", value: ({ estimated }) => (estimated ? 1 : 0) },
  possibly_billed: { type: "boolean", value: ({ possiblyBilled }) => (possiblyBilled ? 1 : 0) },
  duration_ms: { type: "bigint", value: ({ durationMs }) => Math.round(durationMs) },
  first_token_ms: { type: "bigint", value: ({ firstTokenMs: ms }) => (ms === undefined ? ms : Math.round(ms)) },
  user_name: { type: "text", value: ({ user }) => user },
  tags: { type: "json", value: ({ tags }) => tagsText(tags) },
  scope: { type: "text", value: ({ scope }) => scope },
  api_key: { type: "text", value: ({ key }) => key },
} as const satisfies Readonly<Record<string, Column>>;

export const COLUMN_NAMES = Object.keys(COLUMNS) as readonly (keyof typeof COLUMNS)[];

/** Most usage has no details, and most calls have no tags. */
function detailsText(details: Readonly<Record<string, number>>): string {
  for (const _name in details) return JSON.stringify(details);
  return "{}";
}

function tagsText(tags: readonly string[]): string {
  return tags.length === 0 ? "[]" : JSON.stringify([...new Set(tags.map(cleanText))]);
}

/** Integers of both databases have 64 bits. */
const LARGEST = 2n ** 63n - 1n;

/** A larger amount counts as unknown, because a wrong one would be worse. */
function storable(amount: bigint | null | undefined): bigint | null {
  return amount === null || amount === undefined || amount > LARGEST || amount < -LARGEST ? null : amount;
}

/** A row as it is stored. */
export interface StoredRow {
  /** In the order of the columns; the last one is the process that must end the row. */
  readonly values: readonly SqlValue[];
  readonly charges: readonly StoredCharge[];
}

export interface StoredCharge {
  readonly family: string;
  readonly member: string;
  readonly amount: bigint;
}

const OUTCOME = COLUMN_NAMES.indexOf("outcome");

export function isOpen({ values }: StoredRow): boolean {
  return values[OUTCOME] === "open";
}

/** Postgres accepts neither NUL nor lone surrogates in strings, so they are replaced. */
export function cleanText(text: string): string {
  // Almost all texts are clean, and finding that out is cheaper than a copy.
  return text.isWellFormed() && !text.includes("\0") ? text : text.toWellFormed().replaceAll("\0", "\uFFFD");
}
