import { existsSync } from "node:fs";
import type { Clock } from "../core/clock.ts";
import { isModelError, ModelError } from "../core/error.ts";
import type { LedgerCounter, LedgerQuery, LedgerRow, LedgerSum } from "../core/ledger.ts";
import { type LedgerTables, USER_KEY } from "./ledger-tables.ts";
import { type PackedRows, storedRows } from "./packed-rows.ts";
import { PgMissing } from "./postgres-pool.ts";
import { NewerSchema, type PostgresTables } from "./postgres-tables.ts";
import type { StoredRow } from "./row-columns.ts";
import { SqliteThread } from "./sqlite-thread.ts";
import type { Statement, StatementResult } from "./sqlite-worker.ts";

export interface SpoolOptions {
  /** Of the SQLite database. */
  readonly path: string;
  readonly maxBytes: number;
  /** Whether a commit survives a power failure. */
  readonly synced: boolean;
  readonly owner: string;
  readonly clock: Clock;
  /** Called when rows begin to be spooled. */
  readonly onFailure?: ((error: ModelError) => void) | undefined;
}

/** While Postgres is down, it is tried again after this time, which doubles up to the longest one. */
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 30_000;
const MAX_DELIVERED = 500;

/**
 * Tables in Postgres, with a local spool for rows while it is down. Delivery is idempotent, so several processes may share a
 * spool, and one may crash at any point.
 */
export class SpooledTables implements LedgerTables {
  readonly #tables: PostgresTables;
  readonly #options: SpoolOptions;
  readonly #spool: Spool;
  #down: { readonly retryAtMs: number; readonly delayMs: number } | undefined;
  /** Whether the spool may have rows: also those of an earlier process. */
  #mayHaveRows = true;
  #delivery: Promise<void> | undefined;

  constructor(tables: PostgresTables, options: SpoolOptions) {
    this.#tables = tables;
    this.#options = options;
    this.#spool = new Spool(options);
  }

  async prepare(): Promise<void> {
    if (!this.#isDown()) await this.#tables.prepare();
  }

  async write(rows: readonly LedgerRow[], packed?: PackedRows): Promise<void> {
    const stored = storedRows(rows, packed, this.#options.owner);
    if (this.#isDown()) return this.#keep(stored);
    try {
      await this.#tables.writeStored(stored);
    } catch (error) {
      this.#noteDown(error);
      return this.#keep(stored);
    }
    this.#down = undefined;
    await this.#deliver().catch((error: unknown) => this.#noteDown(error));
  }

  async renew(): Promise<void> {
    if (!this.#isDown()) await this.#tables.renew();
  }

  /** Delivers first: the spool may have open rows of a process that crashed. */
  async markLost(): Promise<void> {
    if (this.#isDown()) return;
    await this.#deliver();
    await this.#tables.markLost();
  }

  async deleteBefore(timeMs: number): Promise<void> {
    if (!this.#isDown()) await this.#tables.deleteBefore(timeMs);
  }

  async query(question: LedgerQuery): Promise<readonly LedgerSum[]> {
    await this.#deliver();
    return this.#tables.query(question);
  }

  async spent(family: string, member: string, reserved: boolean): Promise<bigint> {
    await this.#deliver();
    return this.#tables.spent(family, member, reserved);
  }

  async counters(family: string, max: number, reserved: boolean): Promise<readonly LedgerCounter[]> {
    await this.#deliver();
    return this.#tables.counters(family, max, reserved);
  }

  async userKey(): Promise<string> {
    const known = await this.#spool.readKey();
    if (known !== undefined) return known;
    const key = await this.#tables.userKey();
    await this.#spool.keepKey(key);
    return key;
  }

  async close(): Promise<void> {
    if (!this.#isDown()) await this.#deliver().catch(() => {});
    await Promise.all([this.#tables.close(), this.#spool.close()]);
  }

  #isDown(): boolean {
    return this.#down !== undefined && this.#options.clock.monotonic() < this.#down.retryAtMs;
  }

  #noteDown(error: unknown): void {
    if (error instanceof PgMissing || error instanceof NewerSchema || !isModelError(error)) throw error;
    const { clock, onFailure, path } = this.#options;
    const delayMs = Math.min(this.#down === undefined ? FIRST_RETRY_MS : this.#down.delayMs * 2, LONGEST_RETRY_MS);
    if (this.#down === undefined)
      onFailure?.(new ModelError({ code: "state_unavailable", message: `${error.message}; rows are kept in ${path}` }));
    this.#down = { retryAtMs: clock.monotonic() + delayMs, delayMs };
  }

  async #keep(rows: readonly StoredRow[]): Promise<void> {
    this.#mayHaveRows = true;
    await this.#spool.add(rows);
  }

  #deliver(): Promise<void> {
    this.#delivery ??= this.#deliverAll().finally(() => {
      this.#delivery = undefined;
    });
    return this.#delivery;
  }

  async #deliverAll(): Promise<void> {
    while (this.#mayHaveRows) {
      // Rows that are added from now on set it again.
      this.#mayHaveRows = false;
      const rows = await this.#spool.first(MAX_DELIVERED);
      if (rows.length === 0) return;
      this.#mayHaveRows = true;
      await this.#tables.writeStored(rows.map(({ row }) => row));
      await this.#spool.delete(rows.map(({ id }) => id));
    }
  }
}

interface SpooledRow {
  readonly id: number;
  readonly row: StoredRow;
}

const TABLES = [
  "CREATE TABLE IF NOT EXISTS modelwright_spool (id INTEGER PRIMARY KEY, body TEXT NOT NULL)",
  "CREATE TABLE IF NOT EXISTS modelwright_keys (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
];
const SIZE =
  "(SELECT (pages.page_count - free.freelist_count) * size.page_size FROM pragma_page_count() pages, pragma_freelist_count() free, pragma_page_size() size)";

/** Rows in a SQLite database, which is created by the first one. */
class Spool {
  readonly #path: string;
  readonly #maxBytes: number;
  readonly #thread: SqliteThread;
  #created = false;

  constructor({ path, maxBytes, synced }: SpoolOptions) {
    this.#path = path;
    this.#maxBytes = maxBytes;
    this.#thread = new SqliteThread(path, "[ledger]: the spool", synced);
  }

  async add(rows: readonly StoredRow[]): Promise<void> {
    const bodies = JSON.stringify(rows.map((row) => JSON.stringify(row, bigintAsText)));
    const [result] = await this.#run([
      {
        sql: `INSERT INTO modelwright_spool (body) SELECT value FROM json_each(?1) WHERE ?2 + ${SIZE} <= ?3`,
        values: [bodies, Buffer.byteLength(bodies), this.#maxBytes],
      },
    ]);
    if (result?.changes === rows.length) return;
    throw new ModelError({
      code: "state_unavailable",
      message: `[ledger]: Postgres is down, and the spool ${this.#path} is full (max_spool = ${this.#maxBytes} bytes)`,
    });
  }

  async first(limit: number): Promise<readonly SpooledRow[]> {
    if (!existsSync(this.#path)) return [];
    const sql = "SELECT id, body FROM modelwright_spool ORDER BY id LIMIT ?1";
    const [result] = await this.#run([{ sql, values: [limit], rows: true }]);
    return (result?.rows ?? []).map(({ id, body }) => ({ id: Number(id), row: readRow(String(body)) }));
  }

  async delete(ids: readonly number[]): Promise<void> {
    const sql = "DELETE FROM modelwright_spool WHERE id IN (SELECT value FROM json_each(?1))";
    await this.#run([{ sql, values: [JSON.stringify(ids)] }]);
  }

  async readKey(): Promise<string | undefined> {
    if (!existsSync(this.#path)) return undefined;
    const sql = "SELECT value FROM modelwright_keys WHERE name = ?1";
    const [result] = await this.#run([{ sql, values: [USER_KEY], rows: true }]);
    const value = result?.rows[0]?.["value"];
    return value === undefined ? undefined : String(value);
  }

  async keepKey(key: string): Promise<void> {
    const sql = "INSERT INTO modelwright_keys (name, value) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    await this.#run([{ sql, values: [USER_KEY, key] }]);
  }

  close(): Promise<void> {
    return this.#thread.close();
  }

  async #run(statements: readonly Statement[]): Promise<readonly StatementResult[]> {
    const before = this.#created ? [] : TABLES.map((sql) => ({ sql }));
    const results = await this.#thread.run([...before, ...statements]);
    this.#created = true;
    return results.slice(before.length);
  }
}

function bigintAsText(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}

function readRow(body: string): StoredRow {
  const { values, charges } = JSON.parse(body) as StoredRow;
  return { values, charges: charges.map((charge) => ({ ...charge, amount: BigInt(charge.amount) })) };
}
