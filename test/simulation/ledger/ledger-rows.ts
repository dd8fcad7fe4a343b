import type { SqlRow } from "../../../src/ledger/sqlite-worker.ts";
import type { LedgerThread } from "./ledger-thread.ts";

/** A row of the ledger, as the database has it. Money in nano-USD. */
export interface LedgerRow {
  readonly callId: string;
  readonly attempt: number;
  readonly timeMs: number;
  readonly entry: string;
  readonly outcome: string;
  readonly code: string | undefined;
  readonly input: number | undefined;
  readonly output: number | undefined;
  readonly total: number | undefined;
  readonly cost: bigint | undefined;
  readonly saved: bigint | undefined;
  readonly overrun: bigint;
  readonly isEstimated: boolean;
  readonly mayBeBilled: boolean;
  readonly user: string | undefined;
  readonly tags: readonly string[];
  /** What budget counters were charged, by family and member. */
  readonly charges: ReadonlyMap<string, bigint>;
}

export function rowsOf(thread: LedgerThread): readonly LedgerRow[] {
  const charges = new Map<string, Map<string, bigint>>();
  for (const { call_id, attempt, family, member, amount, settled } of thread.rows(
    "SELECT * FROM modelwright_charges",
  )) {
    const key = `${call_id} ${attempt}`;
    const own = charges.get(key) ?? new Map<string, bigint>();
    charges.set(key, own.set(`${family} ${member}`, settled === 1n ? (amount as bigint) : -1n));
  }
  return thread
    .rows("SELECT * FROM modelwright_attempts ORDER BY call_id, attempt")
    .map((row) => rowOf(row, charges.get(`${row["call_id"]} ${row["attempt"]}`) ?? new Map()));
}

function rowOf(row: SqlRow, charges: ReadonlyMap<string, bigint>): LedgerRow {
  const number = (name: string) => (row[name] === null ? undefined : Number(row[name]));
  const text = (name: string) => (row[name] === null ? undefined : String(row[name]));
  const amount = (name: string) => (row[name] === null ? undefined : BigInt(row[name] as bigint));
  return {
    ...{ callId: String(row["call_id"]), attempt: Number(row["attempt"]), timeMs: Number(row["time_ms"]) },
    ...{ entry: String(row["entry"]), outcome: String(row["outcome"]), code: text("code") },
    ...{ input: number("input"), output: number("output"), total: number("total") },
    ...{ cost: amount("cost"), saved: amount("saved"), overrun: amount("overrun") ?? -1n },
    ...{ isEstimated: row["estimated"] === 1n, mayBeBilled: row["possibly_billed"] === 1n },
    ...{ user: text("user_name"), tags: JSON.parse(String(row["tags"])) as string[], charges },
  };
}
