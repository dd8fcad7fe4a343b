import { COLUMN_NAMES, COLUMNS, type ColumnType } from "./row-columns.ts";

/*
 * Tables of both databases. `charges` has what each attempt was charged to budget counters; `kept_charges` has the sums of
 * deleted attempts. `owners` has the processes with open rows.
 */

export type Sql = "sqlite" | "postgres";

const TYPES: Readonly<Record<Sql, Readonly<Record<ColumnType, string>>>> = {
  sqlite: { text: "TEXT", bigint: "INTEGER", boolean: "INTEGER", json: "TEXT" },
  postgres: { text: "TEXT", bigint: "BIGINT", boolean: "BIGINT", json: "JSONB" },
};
const REQUIRED: ReadonlySet<string> = new Set([
  ...["call_id", "attempt", "trace_id", "time_ms", "entry", "provider", "model", "outcome", "overrun"],
  ...["estimated", "possibly_billed", "duration_ms", "tags"],
]);

export const VERSIONS_TABLE = "CREATE TABLE IF NOT EXISTS modelwright_versions (version BIGINT PRIMARY KEY)";

/** The statements that lead from each version of the schema to the next. Never change one that was released. */
export function migrations(sql: Sql): readonly (readonly string[])[] {
  return [firstVersion(sql)];
}

function firstVersion(sql: Sql): readonly string[] {
  const columns = COLUMN_NAMES.map((name) => {
    const required = REQUIRED.has(name) ? " NOT NULL" : "";
    return `${name} ${TYPES[sql][COLUMNS[name].type]}${required}`;
  });
  return [
    `CREATE TABLE modelwright_attempts (${columns.join(", ")}, owner TEXT, PRIMARY KEY (call_id, attempt))`,
    "CREATE INDEX modelwright_attempts_time ON modelwright_attempts (time_ms)",
    "CREATE INDEX modelwright_attempts_open ON modelwright_attempts (owner) WHERE outcome = 'open'",
    `CREATE TABLE modelwright_charges (family TEXT NOT NULL, member TEXT NOT NULL, call_id TEXT NOT NULL,
      attempt BIGINT NOT NULL, amount BIGINT NOT NULL, settled BIGINT NOT NULL,
      PRIMARY KEY (family, member, call_id, attempt))`,
    "CREATE INDEX modelwright_charges_attempt ON modelwright_charges (call_id, attempt)",
    `CREATE TABLE modelwright_kept_charges (family TEXT NOT NULL, member TEXT NOT NULL, amount BIGINT NOT NULL,
      PRIMARY KEY (family, member))`,
    "CREATE TABLE modelwright_owners (owner TEXT PRIMARY KEY, until_ms BIGINT NOT NULL)",
    "CREATE TABLE modelwright_keys (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
  ];
}
