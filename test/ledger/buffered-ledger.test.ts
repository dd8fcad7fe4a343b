import { expect, it } from "vitest";
import type { LedgerRow } from "../../src/core/ledger.ts";
import { BATCH_MS, BufferedLedger, type BufferOptions } from "../../src/ledger/buffered-ledger.ts";
import type { LedgerTables } from "../../src/ledger/ledger-tables.ts";
import type { PackedRows } from "../../src/ledger/packed-rows.ts";
import { FakeClock } from "../harness/fake-clock.ts";
import { ledgerRow, openRow } from "../harness/ledger-rows.ts";
import { aWhile } from "../harness/waits.ts";

/** Tables whose transactions, and whose search for lost rows, end when the test says so. */
class HeldTables implements Partial<LedgerTables> {
  readonly transactions: { rows: number; end(error?: Error): void }[] = [];
  readonly marked = Promise.withResolvers<void>();
  written = 0;
  isClosed = false;

  write(rows: readonly LedgerRow[], packed?: PackedRows): Promise<void> {
    const count = rows.length + (packed?.size ?? 0);
    return new Promise((resolve, reject) => {
      const end = (error?: Error) => {
        if (error !== undefined) return reject(error);
        this.written += count;
        resolve();
      };
      this.transactions.push({ rows: count, end });
    });
  }

  async prepare(): Promise<void> {}
  async renew(): Promise<void> {}
  markLost(): Promise<void> {
    return this.marked.promise;
  }
  async deleteBefore(): Promise<void> {}
  async close(): Promise<void> {
    this.isClosed = true;
  }
}

function setUp(durability: BufferOptions["durability"]) {
  const tables = new HeldTables();
  const failures: string[] = [];
  const onFailure = ({ message }: Error) => void failures.push(message);
  const clock = new FakeClock();
  const options = { durability, keep: Number.POSITIVE_INFINITY, clock, onFailure };
  return { tables, failures, clock, ledger: new BufferedLedger(tables as unknown as LedgerTables, options) };
}

it("is closed when a row that came during the last transaction is written, too", async () => {
  const { tables, failures, ledger } = setUp("batch");
  void ledger.append(ledgerRow());
  const closed = ledger.close();
  await aWhile();
  void ledger.append(ledgerRow());
  tables.transactions[0]?.end();
  await aWhile();
  tables.transactions[1]?.end();
  await closed;
  expect(tables.written).toBe(2);
  expect(failures).toEqual([]);
});

it("rejects all pending rows when a transaction fails", async () => {
  const { tables, ledger } = setUp("sync");
  const first = ledger.append(ledgerRow());
  await aWhile();
  const others = [ledger.append(ledgerRow()), ledger.open(openRow())];
  tables.transactions[0]?.end(new Error("disk full"));
  const outcomes = await Promise.allSettled([first, ...others]);
  expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
  const flushed = ledger.flush();
  await aWhile();
  tables.transactions[1]?.end();
  await aWhile();
  tables.transactions[2]?.end();
  await flushed;
  expect(tables.written, "calls that were made").toBe(2);
});

it("does not write an open row that its final row has replaced", async () => {
  const { tables, ledger } = setUp("batch");
  const final = ledgerRow();
  void ledger.open(openRow({ callId: final.callId }));
  void ledger.append(final);
  const flushed = ledger.flush();
  await aWhile();
  tables.transactions[0]?.end();
  await flushed;
  expect(tables.transactions.map(({ rows }) => rows)).toEqual([1]);
});

it("writes rows in time while lost rows are searched for, and is closed after that", async () => {
  const { tables, clock, ledger } = setUp("batch");
  for (let transaction = 0; transaction < 2; transaction++) {
    void ledger.append(ledgerRow());
    await clock.advance(BATCH_MS);
    expect(tables.transactions).toHaveLength(transaction + 1);
    tables.transactions[transaction]?.end();
    await aWhile();
  }
  const closed = ledger.close();
  await aWhile();
  expect(tables.isClosed).toBe(false);
  tables.marked.resolve();
  await closed;
  expect(tables.isClosed).toBe(true);
});

it("flushes old rows although newer ones come in between", async () => {
  const { tables, ledger } = setUp("batch");
  for (let row = 0; row < 3_000; row++) void ledger.append(ledgerRow());
  const flushed = ledger.flush().then(() => tables.written);
  for (let transaction = 0; transaction < 3; transaction++) {
    await aWhile();
    for (let row = 0; row < 1_000; row++) void ledger.open(openRow());
    tables.transactions[transaction]?.end();
  }
  await aWhile();
  tables.transactions[3]?.end();
  expect(await flushed).toBeGreaterThanOrEqual(3_000);
  expect(tables.transactions.slice(0, 3).map(({ rows }) => rows)).toEqual([1_000, 2_000, 2_000]);
});
