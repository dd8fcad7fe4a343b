import { ModelError } from "../core/error.ts";
import {
  LEDGER_LEASE_MS,
  type LedgerCounter,
  type LedgerQuery,
  type LedgerRow,
  type LedgerSum,
} from "../core/ledger.ts";
import { type LedgerTables, MAX_DELETED, newerSchema, USER_KEY } from "./ledger-tables.ts";
import { type PackedRows, storedRows } from "./packed-rows.ts";
import { type PgClient, PostgresPool } from "./postgres-pool.ts";
import { questionSql, sumsOf } from "./question-sql.ts";
import { COLUMN_NAMES, COLUMNS, isOpen, type StoredRow } from "./row-columns.ts";
import type { SqlRow, SqlValue } from "./sqlite-worker.ts";
import { migrations, VERSIONS_TABLE } from "./tables.ts";

export interface PostgresTablesOptions {
  readonly url: string;
  /** This process. */
  readonly owner: string;
  /** Other than those of this version: for tests. */
  readonly versions?: readonly (readonly string[])[] | undefined;
}

/** The ledger in Postgres. Leases are on the server's clock, because those of machines differ. */
export class PostgresTables implements LedgerTables {
  readonly #options: PostgresTablesOptions;
  readonly #pool: PostgresPool;
  #opened: Promise<void> | undefined;

  constructor(options: PostgresTablesOptions) {
    this.#options = options;
    this.#pool = new PostgresPool(options.url);
  }

  prepare(): Promise<void> {
    this.#opened ??= this.#pool
      .with((client) => this.#migrate(client))
      .catch((error: unknown) => {
        this.#opened = undefined;
        throw error;
      });
    return this.#opened;
  }

  write(rows: readonly LedgerRow[], packed?: PackedRows): Promise<void> {
    return this.writeStored(storedRows(rows, packed, this.#options.owner));
  }

  async writeStored(rows: readonly StoredRow[]): Promise<void> {
    // In one order everywhere: processes that write the same rows must not wait for each other in a circle.
    const sorted = [...lastOf(rows)]
      .map(([key, row]) => ({ row, key }))
      .sort((one, other) => (one.key < other.key ? -1 : 1));
    await this.prepare();
    const records = sorted.map(({ row: { values } }) => recordOf(values));
    const charges = sorted.flatMap(({ row }) => chargesOf(row));
    const values = [JSON.stringify(records), JSON.stringify(charges), this.#options.owner, rows.some(isOpen)];
    await this.#pool.with((client) => client.query(WRITE, values));
  }

  async renew(): Promise<void> {
    await this.#query(RENEW, [this.#options.owner]);
  }

  async markLost(): Promise<void> {
    await this.#query(MARK_LOST);
    await this.#query(`DELETE FROM modelwright_owners WHERE until_ms <= ${NOW_MS}`);
  }

  async deleteBefore(timeMs: number): Promise<void> {
    for (;;) {
      const [row] = await this.#query(DELETE_OLD, [timeMs, MAX_DELETED]);
      if (Number(row?.["count"]) < MAX_DELETED) return;
    }
  }

  async query(question: LedgerQuery): Promise<readonly LedgerSum[]> {
    const { sql, values } = questionSql(question, "postgres");
    return sumsOf(await this.#query(sql, values), question);
  }

  async spent(family: string, member: string, reserved: boolean): Promise<bigint> {
    const [row] = await this.#query(SPENT, [family, member, this.#options.owner, reserved]);
    return BigInt(row?.["amount"] ?? 0);
  }

  async counters(family: string, max: number, reserved: boolean): Promise<readonly LedgerCounter[]> {
    const rows = await this.#query(COUNTERS, [family, this.#options.owner, reserved, max]);
    return rows.map(({ member, amount }) => ({ member: String(member), spent: BigInt(amount ?? 0) }));
  }

  async userKey(): Promise<string> {
    await this.#query(
      `INSERT INTO modelwright_keys (name, value) VALUES ($1, replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''))
        ON CONFLICT DO NOTHING`,
      [USER_KEY],
    );
    const [row] = await this.#query("SELECT value FROM modelwright_keys WHERE name = $1", [USER_KEY]);
    return String(row?.["value"]);
  }

  async close(): Promise<void> {
    if (this.#opened !== undefined)
      await this.#query("DELETE FROM modelwright_owners WHERE owner = $1", [this.#options.owner]).catch(() => {});
    this.#opened = undefined;
    await this.#pool.close();
  }

  async #query(sql: string, values: readonly unknown[] = []): Promise<readonly SqlRow[]> {
    await this.prepare();
    return this.#pool.with(async (client) => (await client.query(sql, values)).rows);
  }

  /** Brings the tables to this version; only one process at a time. */
  async #migrate(client: PgClient): Promise<void> {
    const versions = this.#options.versions ?? migrations("postgres");
    await client.query("BEGIN");
    await client.query("SELECT pg_advisory_xact_lock($1)", [MIGRATION_LOCK]);
    await client.query(VERSIONS_TABLE);
    const { rows } = await client.query("SELECT COALESCE(MAX(version), 0) AS version FROM modelwright_versions");
    const found = Number(rows[0]?.["version"]);
    if (found > versions.length)
      throw new NewerSchema({
        code: "state_unavailable",
        message: newerSchema("[ledger]: the Postgres database", found, versions.length),
      });
    for (const [at, statements] of versions.entries()) {
      if (at < found) continue;
      for (const sql of statements) await client.query(sql);
      await client.query("INSERT INTO modelwright_versions (version) VALUES ($1)", [at + 1]);
    }
    await client.query("COMMIT");
  }
}

/** Rows cannot be kept for later: this program cannot write them into these tables. */
export class NewerSchema extends ModelError {}

/** Any number that other programs are unlikely to lock. */
const MIGRATION_LOCK = 7_236_511_902;
const NOW_MS = "(EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::bigint";

const RENEW = renewal("$1");

const MARK_LOST = `WITH gone AS (
    UPDATE modelwright_attempts SET outcome = 'lost', cost = reserved, estimated = 1, possibly_billed = 1
    WHERE outcome = 'open' AND owner NOT IN (SELECT owner FROM modelwright_owners WHERE until_ms > ${NOW_MS})
    RETURNING call_id, attempt)
  UPDATE modelwright_charges c SET settled = 1 FROM gone WHERE c.call_id = gone.call_id AND c.attempt = gone.attempt`;

/** One statement, so that of several processes each saves what it deletes. */
const DELETE_OLD = `WITH old AS (
    DELETE FROM modelwright_attempts WHERE (call_id, attempt) IN (
      SELECT call_id, attempt FROM modelwright_attempts WHERE time_ms < $1 AND outcome <> 'open'
      ORDER BY time_ms, call_id, attempt LIMIT $2 FOR UPDATE SKIP LOCKED)
    RETURNING call_id, attempt),
  charged AS (
    DELETE FROM modelwright_charges c USING old WHERE c.call_id = old.call_id AND c.attempt = old.attempt
    RETURNING c.family, c.member, c.amount),
  saved AS (
    INSERT INTO modelwright_kept_charges AS kept (family, member, amount)
    SELECT family, member, SUM(amount)::bigint FROM charged GROUP BY family, member ORDER BY family, member
    ON CONFLICT (family, member) DO UPDATE SET amount = kept.amount + excluded.amount)
  SELECT COUNT(*)::text AS count FROM old`;

const SPENT = `SELECT (
    COALESCE((SELECT amount FROM modelwright_kept_charges WHERE family = $1 AND member = $2), 0)
    + COALESCE((SELECT SUM(amount) FROM modelwright_charges WHERE family = $1 AND member = $2 AND settled = 1), 0)
    + COALESCE((SELECT SUM(c.amount) FROM modelwright_charges c JOIN modelwright_attempts a USING (call_id, attempt)
      WHERE c.family = $1 AND c.member = $2 AND c.settled = 0 AND a.owner <> $3 AND $4::boolean), 0))::text AS amount`;

const COUNTERS = `SELECT member, SUM(amount)::text AS amount FROM (
    SELECT member, amount FROM modelwright_kept_charges WHERE family = $1
    UNION ALL SELECT member, amount FROM modelwright_charges WHERE family = $1 AND settled = 1
    UNION ALL SELECT c.member, c.amount FROM modelwright_charges c JOIN modelwright_attempts a USING (call_id, attempt)
      WHERE c.family = $1 AND c.settled = 0 AND a.owner <> $2 AND $3::boolean
  ) AS counted GROUP BY member ORDER BY member LIMIT $4`;

const NAMES: readonly string[] = [...COLUMN_NAMES, "owner"];
const TYPED = [...COLUMN_NAMES.map((name) => `${name} ${typeOf(name)}`), "owner text"];

/** A final row replaces an open or lost one; nothing replaces a final row, and an open row replaces nothing. */
const WRITE_ROWS = `INSERT INTO modelwright_attempts (${NAMES.join(", ")})
  SELECT ${NAMES.join(", ")} FROM json_to_recordset($1::json) AS given(${TYPED.join(", ")})
  ON CONFLICT (call_id, attempt) DO UPDATE SET ${NAMES.slice(2)
    .map((name) => `${name} = excluded.${name}`)
    .join(", ")}
  WHERE modelwright_attempts.outcome IN ('open', 'lost') AND excluded.outcome NOT IN ('open', 'lost')
  RETURNING call_id, attempt`;

const CHARGE = ["family text", "member text", "call_id text", "attempt bigint", "amount bigint", "settled bigint"];

/**
 * One statement, because each takes a round trip, and what is not written is lost in a crash. Charges of rows that did not
 * change are not written, and those of an open row go with it.
 */
const WRITE = `WITH renewed AS (${renewal("$3", "$4::boolean")}),
  written AS (${WRITE_ROWS}),
  charges AS (
    SELECT family, member, call_id, attempt, SUM(amount)::bigint AS amount, MAX(settled) AS settled
    FROM json_to_recordset($2::json) AS given(${CHARGE.join(", ")}) JOIN written USING (call_id, attempt)
    GROUP BY family, member, call_id, attempt),
  deleted AS (
    DELETE FROM modelwright_charges c USING written w WHERE c.call_id = w.call_id AND c.attempt = w.attempt
      AND (c.family, c.member, c.call_id, c.attempt) NOT IN (SELECT family, member, call_id, attempt FROM charges))
  INSERT INTO modelwright_charges (family, member, call_id, attempt, amount, settled)
  SELECT family, member, call_id, attempt, amount, settled FROM charges ORDER BY call_id, attempt, family, member
  ON CONFLICT (family, member, call_id, attempt) DO UPDATE SET amount = excluded.amount, settled = excluded.settled`;

function renewal(owner: string, condition = "true"): string {
  return `INSERT INTO modelwright_owners (owner, until_ms)
    SELECT ${owner}::text, ${NOW_MS} + ${LEDGER_LEASE_MS} WHERE ${condition}
    ON CONFLICT (owner) DO UPDATE SET until_ms = excluded.until_ms`;
}

function typeOf(name: keyof typeof COLUMNS): string {
  const { type } = COLUMNS[name];
  if (type === "boolean") return "bigint";
  return type === "json" ? "jsonb" : type;
}

/** One row for each attempt, because one statement cannot write a row twice: the final one, if there is one. */
function lastOf(rows: readonly StoredRow[]): ReadonlyMap<string, StoredRow> {
  const last = new Map<string, StoredRow>();
  for (const row of rows) {
    const key = keyOf(row.values);
    const known = last.get(key);
    if (known === undefined || (isOpen(known) && !isOpen(row))) last.set(key, row);
  }
  return last;
}

function keyOf([callId, attempt]: readonly SqlValue[]): string {
  return `${callId} ${attempt}`;
}

/** Columns with JSON are given as JSON; integers as text, because numbers of JSON lose digits. */
function recordOf(values: readonly SqlValue[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    NAMES.map((name, at) => {
      const value = values[at] ?? null;
      const isJson = name in COLUMNS && COLUMNS[name as keyof typeof COLUMNS].type === "json";
      if (isJson && typeof value === "string") return [name, JSON.parse(value)];
      return [name, typeof value === "bigint" ? String(value) : value];
    }),
  );
}

function chargesOf(row: StoredRow): readonly Readonly<Record<string, unknown>>[] {
  const [callId, attempt] = row.values;
  const settled = isOpen(row) ? 0 : 1;
  return row.charges.map(({ family, member, amount }) => ({
    ...{ family, member, call_id: callId, attempt: Number(attempt), amount: String(amount), settled },
  }));
}
