import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Redis } from "ioredis";
import { startPostgres } from "../harness/postgres.ts";
import { RedisServer } from "../harness/redis-server.ts";
import { type GrantWatch, watchRedis, watchSqlite } from "./grants.ts";

export type Durability = "sync" | "batch";

/** A row of the ledger with what its budgets were charged, in nano-USD. */
export interface BookedRow {
  readonly user_name: string;
  readonly tags: string;
  readonly model: string;
  readonly attempt: number;
  readonly outcome: "open" | "ok" | "error" | "aborted" | "lost";
  readonly cost: number | null;
  readonly reserved: number | null;
  readonly overrun: number;
  readonly estimated: number;
  readonly possibly_billed: number;
  /** Of the budget `each`, which has a counter for each process. */
  readonly charged: number | null;
}

/** Where processes that share a budget keep their state and their ledger. */
export interface Stores {
  /** Keys of `[state]`. */
  readonly state: string;
  /** Keys of `[ledger]`. */
  readonly ledger: string;
  /** Watches the grants of the budget `all`, whose counters exist. */
  watch(limit: number): Promise<GrantWatch>;
  rows(): Promise<readonly BookedRow[]>;
  /** Ends the lease of every process. */
  endLeases(): Promise<void>;
  close(): Promise<void>;
}

const ROWS = `SELECT user_name, tags, a.model, a.attempt, outcome, cost, reserved, overrun, estimated, possibly_billed,
  c.amount AS charged FROM modelwright_attempts a LEFT JOIN modelwright_charges c
  ON c.call_id = a.call_id AND c.attempt = a.attempt AND c.family LIKE '["each"%' ORDER BY a.call_id, a.attempt`;

const END_LEASES = "UPDATE modelwright_owners SET until_ms = 0";

/** `[state]` and `[ledger]` in SQLite. */
export async function sqliteStores(): Promise<Stores> {
  const folder = mkdtempSync(join(tmpdir(), "modelwright-money-"));
  const [state, ledger] = [join(folder, "state.db"), join(folder, "ledger.db")];
  const run = (path: string, sql: string) => {
    const database = new DatabaseSync(path, { timeout: 10_000 });
    try {
      return database.prepare(sql).all();
    } finally {
      database.close();
    }
  };
  return {
    state: `store = "sqlite"\npath = "${state}"`,
    ledger: `store = "sqlite"\npath = "${ledger}"`,
    watch: async (limit) => watchSqlite(state, limit),
    rows: async () => run(ledger, ROWS) as unknown as BookedRow[],
    async endLeases() {
      run(state, "UPDATE owner SET until_ms = 0");
      run(ledger, END_LEASES);
    },
    close: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** `[state]` in Redis, and `[ledger]` in Postgres if it is needed. */
export async function serverStores({ withLedger }: { readonly withLedger: boolean }): Promise<Stores> {
  const folder = mkdtempSync(join(tmpdir(), "modelwright-money-"));
  const redis = await RedisServer.start("--maxmemory-policy", "noeviction");
  const postgres = withLedger ? await startPostgres() : undefined;
  const closing: (() => unknown)[] = [];
  const database = await postgres?.database((close) => closing.push(close));
  const query = async (sql: string) => (await database?.query(sql)) ?? [];
  return {
    state: `store = "redis"\nurl = "${redis.url}"`,
    ledger: `store = "postgres"\nurl = "${database?.url}"\npath = "${join(folder, "spool.db")}"`,
    watch: (limit) => watchRedis(redis.url, limit),
    async rows() {
      const rows = await query(ROWS);
      return rows.map((row) => ({
        ...row,
        ...numbersIn(row),
        tags: JSON.stringify(row["tags"]),
      })) as unknown as BookedRow[];
    },
    async endLeases() {
      const client = new Redis(redis.url);
      await client.zunionstore("{modelwright}:leases", 1, "{modelwright}:leases", "WEIGHTS", 0);
      client.disconnect();
      await query(END_LEASES);
    },
    async close() {
      for (const close of closing) await close();
      await postgres?.stop();
      await redis.remove();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const NUMBERS = ["attempt", "cost", "reserved", "overrun", "estimated", "possibly_billed", "charged"];

/** The driver returns 64-bit integers as strings. */
function numbersIn(row: Readonly<Record<string, unknown>>) {
  return Object.fromEntries(NUMBERS.map((name) => [name, row[name] === null ? null : Number(row[name])]));
}
