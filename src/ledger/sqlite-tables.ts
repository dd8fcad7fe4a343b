import type { Clock } from "../core/clock.ts";
import { ModelError } from "../core/error.ts";
import {
  LEDGER_LEASE_MS,
  type LedgerCounter,
  type LedgerQuery,
  type LedgerRow,
  type LedgerSum,
} from "../core/ledger.ts";
import { type LedgerTables, MAX_DELETED, newerSchema, USER_KEY } from "./ledger-tables.ts";
import { PackedRows, packedRows } from "./packed-rows.ts";
import { questionSql, sumsOf } from "./question-sql.ts";
import { COLUMN_NAMES } from "./row-columns.ts";
import { SqliteThread } from "./sqlite-thread.ts";
import type { RowsStatement, Statement, StatementResult } from "./sqlite-worker.ts";
import { migrations, VERSIONS_TABLE } from "./tables.ts";

export interface SqliteTablesOptions {
  readonly path: string;
  /** Whether a commit survives a power failure. */
  readonly synced: boolean;
  /** This process. */
  readonly owner: string;
  readonly clock: Clock;
  /** Other than those of this version: for tests. */
  readonly versions?: readonly (readonly string[])[] | undefined;
}

const WHAT = "[ledger]";

/** The ledger in a SQLite database. */
export class SqliteTables implements LedgerTables {
  readonly #options: SqliteTablesOptions;
  readonly #thread: SqliteThread;
  #opened: Promise<void> | undefined;

  constructor(options: SqliteTablesOptions) {
    this.#options = options;
    this.#thread = new SqliteThread(options.path, WHAT, options.synced);
  }

  prepare(): Promise<void> {
    this.#opened ??= this.#migrate().catch((error: unknown) => {
      // The next call tries again.
      this.#opened = undefined;
      throw error;
    });
    return this.#opened;
  }

  async write(rows: readonly LedgerRow[], packed = new PackedRows()): Promise<void> {
    const first = packedRows(rows, this.#options.owner);
    const lease = rows.some(({ outcome }) => outcome === "open") ? [this.#lease()] : [];
    await this.prepare();
    await this.#thread.execute([...lease, ...[first, packed].map(writeOf)]);
  }

  async renew(): Promise<void> {
    await this.#run([this.#lease()]);
  }

  async markLost(): Promise<void> {
    const nowMs = this.#nowMs();
    await this.#run([
      {
        sql: `UPDATE modelwright_charges SET settled = 1 WHERE settled = 0 AND (call_id, attempt) IN (SELECT call_id, attempt ${DEAD})`,
        values: [nowMs],
      },
      {
        sql: `UPDATE modelwright_attempts SET outcome = 'lost', cost = reserved, estimated = 1, possibly_billed = 1
          WHERE (call_id, attempt) IN (SELECT call_id, attempt ${DEAD})`,
        values: [nowMs],
      },
      { sql: "DELETE FROM modelwright_owners WHERE until_ms <= ?1", values: [nowMs] },
    ]);
  }

  async deleteBefore(timeMs: number): Promise<void> {
    for (;;) {
      const results = await this.#run(DELETIONS.map((sql) => ({ sql, values: [timeMs] })));
      if ((results.at(-1)?.changes ?? 0) < MAX_DELETED) return;
    }
  }

  async query(question: LedgerQuery): Promise<readonly LedgerSum[]> {
    const results = await this.#run([{ ...questionSql(question, "sqlite"), rows: true }]);
    return sumsOf(results[0]?.rows ?? [], question);
  }

  async spent(family: string, member: string, reserved: boolean): Promise<bigint> {
    const results = await this.#run([
      {
        sql: "SELECT amount FROM modelwright_kept_charges WHERE family = ?1 AND member = ?2",
        values: [family, member],
        rows: true,
      },
      {
        sql: "SELECT SUM(amount) AS amount FROM modelwright_charges WHERE family = ?1 AND member = ?2 AND settled = 1",
        values: [family, member],
        rows: true,
      },
      {
        sql: `SELECT SUM(c.amount) AS amount FROM modelwright_charges c JOIN modelwright_attempts a USING (call_id, attempt)
          WHERE c.family = ?1 AND c.member = ?2 AND c.settled = 0 AND a.owner <> ?3 AND ?4`,
        values: [family, member, this.#options.owner, reserved ? 1 : 0],
        rows: true,
      },
    ]);
    return results.reduce((sum, { rows }) => sum + BigInt(rows[0]?.["amount"] ?? 0), 0n);
  }

  async counters(family: string, max: number, reserved: boolean): Promise<readonly LedgerCounter[]> {
    const values = [family, this.#options.owner, reserved ? 1 : 0, max];
    const [result] = await this.#run([{ sql: COUNTERS, values, rows: true }]);
    return (result?.rows ?? []).map(({ member, amount }) => ({ member: String(member), spent: BigInt(amount ?? 0) }));
  }

  async userKey(): Promise<string> {
    const [, found] = await this.#run([
      {
        sql: "INSERT INTO modelwright_keys (name, value) VALUES (?1, hex(randomblob(32))) ON CONFLICT DO NOTHING",
        values: [USER_KEY],
      },
      { sql: "SELECT value FROM modelwright_keys WHERE name = ?1", values: [USER_KEY], rows: true },
    ]);
    return String(found?.rows[0]?.["value"]);
  }

  async close(): Promise<void> {
    if (this.#opened !== undefined)
      await this.#run([
        { sql: "DELETE FROM modelwright_owners WHERE owner = ?1", values: [this.#options.owner] },
      ]).catch(() => {});
    await this.#thread.close();
  }

  #nowMs(): number {
    return Math.floor(this.#options.clock.now());
  }

  #lease(): Statement {
    return {
      sql: "INSERT INTO modelwright_owners (owner, until_ms) VALUES (?1, ?2) ON CONFLICT (owner) DO UPDATE SET until_ms = excluded.until_ms",
      values: [this.#options.owner, this.#nowMs() + LEDGER_LEASE_MS],
    };
  }

  async #run(statements: readonly Statement[]): Promise<readonly StatementResult[]> {
    await this.prepare();
    return this.#thread.run(statements);
  }

  /** Brings the tables to this version. Other processes wait, because the transaction locks the database. */
  async #migrate(): Promise<void> {
    const versions = this.#options.versions ?? migrations("sqlite");
    const steps = versions.flatMap((statements, at) => {
      const insert =
        "INSERT INTO modelwright_versions (version) SELECT ?1 WHERE ?1 > (SELECT COALESCE(MAX(version), 0) FROM modelwright_versions)";
      return [{ sql: insert, values: [at + 1], guards: statements.length }, ...statements.map((sql) => ({ sql }))];
    });
    const last = { sql: "SELECT MAX(version) AS version FROM modelwright_versions", rows: true };
    const results = await this.#thread.run([{ sql: VERSIONS_TABLE }, ...steps, last]);
    const found = Number(results.at(-1)?.rows[0]?.["version"]);
    if (found > versions.length)
      throw new ModelError({
        code: "state_unavailable",
        message: newerSchema(`${WHAT}: ${this.#options.path}`, found, versions.length),
      });
  }
}

const COUNTERS = `SELECT member, SUM(amount) AS amount FROM (
    SELECT member, amount FROM modelwright_kept_charges WHERE family = ?1
    UNION ALL SELECT member, amount FROM modelwright_charges WHERE family = ?1 AND settled = 1
    UNION ALL SELECT c.member, c.amount FROM modelwright_charges c JOIN modelwright_attempts a USING (call_id, attempt)
      WHERE c.family = ?1 AND c.settled = 0 AND a.owner <> ?2 AND ?3
  ) GROUP BY member ORDER BY member LIMIT ?4`;

/** Open rows of processes without a valid lease. */
const DEAD =
  "FROM modelwright_attempts WHERE outcome = 'open' AND owner NOT IN (SELECT owner FROM modelwright_owners WHERE until_ms > ?1)";

const OLD = `(SELECT call_id, attempt FROM modelwright_attempts WHERE time_ms < ?1 AND outcome <> 'open'
  ORDER BY time_ms, call_id, attempt LIMIT ${MAX_DELETED})`;

const DELETIONS = [
  `INSERT INTO modelwright_kept_charges (family, member, amount)
    SELECT family, member, SUM(amount) FROM modelwright_charges WHERE (call_id, attempt) IN ${OLD} GROUP BY family, member
    ON CONFLICT (family, member) DO UPDATE SET amount = amount + excluded.amount`,
  `DELETE FROM modelwright_charges WHERE (call_id, attempt) IN ${OLD}`,
  `DELETE FROM modelwright_attempts WHERE (call_id, attempt) IN ${OLD}`,
];

const WITH_OWNER: readonly string[] = [...COLUMN_NAMES, "owner"];
const CHANGED = WITH_OWNER.slice(2).map((name) => `${name} = excluded.${name}`);

/** A final row replaces an open or lost one; nothing replaces a final row, and an open row replaces nothing. */
const WRITE_ROW = `INSERT INTO modelwright_attempts (${WITH_OWNER.join(", ")}) VALUES (${WITH_OWNER.map(() => "?").join(", ")})
  ON CONFLICT (call_id, attempt) DO UPDATE SET ${CHANGED.join(", ")}
  WHERE modelwright_attempts.outcome IN ('open', 'lost') AND excluded.outcome NOT IN ('open', 'lost')`;
const DELETE_CHARGES = "DELETE FROM modelwright_charges WHERE call_id = ?1 AND attempt = ?2";
const WRITE_CHARGE =
  "INSERT INTO modelwright_charges (family, member, call_id, attempt, amount, settled) VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE SET amount = amount + excluded.amount";

function writeOf(rows: PackedRows): RowsStatement {
  return { cells: rows.cells(), writeRow: WRITE_ROW, deleteCharges: DELETE_CHARGES, writeCharge: WRITE_CHARGE };
}
