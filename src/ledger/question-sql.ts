import {
  LEDGER_FIELDS,
  type LedgerField,
  type LedgerGroup,
  type LedgerPeriod,
  type LedgerQuery,
  type LedgerSum,
} from "../core/ledger.ts";
import type { SqlRow, SqlValue } from "./sqlite-worker.ts";
import type { Sql } from "./tables.ts";

export interface Question {
  readonly sql: string;
  readonly values: readonly SqlValue[];
}

const FIELD_COLUMNS: Readonly<Record<LedgerField, string>> = {
  model: "a.model",
  provider: "a.provider",
  entry: "a.entry",
  user: "a.user_name",
  tag: "t.value",
  scope: "a.scope",
  key: "a.api_key",
  outcome: "a.outcome",
  code: "a.code",
};

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Periods as numbers: hours and days since 1970, weeks since the Monday before, and months as 202601. */
const PERIOD_COLUMNS: Readonly<Record<Sql, Readonly<Record<LedgerPeriod, string>>>> = {
  sqlite: {
    hour: `a.time_ms / ${HOUR_MS}`,
    day: `a.time_ms / ${DAY_MS}`,
    week: `(a.time_ms / ${DAY_MS} + 3) / 7`,
    month: "CAST(strftime('%Y%m', a.time_ms / 1000, 'unixepoch') AS INTEGER)",
  },
  postgres: {
    hour: `a.time_ms / ${HOUR_MS}`,
    day: `a.time_ms / ${DAY_MS}`,
    week: `(a.time_ms / ${DAY_MS} + 3) / 7`,
    month: "to_char(to_timestamp(a.time_ms / 1000) AT TIME ZONE 'UTC', 'YYYYMM')::bigint",
  },
};

const TAGS: Readonly<Record<Sql, { readonly join: string; readonly has: (value: string) => string }>> = {
  sqlite: {
    join: "LEFT JOIN json_each(a.tags) t ON TRUE",
    has: (value) => `EXISTS (SELECT 1 FROM json_each(a.tags) j WHERE j.value = ${value})`,
  },
  postgres: {
    join: "LEFT JOIN LATERAL jsonb_array_elements_text(a.tags) t(value) ON TRUE",
    has: (value) => `a.tags @> jsonb_build_array(${value}::text)`,
  },
};

const ENDED = "a.outcome NOT IN ('open', 'cached', 'similar')";
const COUNTS = {
  attempts: ENDED,
  failed: "a.outcome IN ('error', 'lost')",
  open: "a.outcome = 'open'",
  cached: "a.outcome IN ('cached', 'similar')",
  unpriced: `${ENDED} AND a.cost IS NULL`,
  estimated: `${ENDED} AND a.estimated = 1`,
  possibly_billed: `${ENDED} AND a.possibly_billed = 1`,
} as const;
const SUMS = [
  "input",
  "cache_read",
  "cache_write",
  "output",
  "reasoning",
  "total",
  "cost",
  "saved",
  "overrun",
] as const;

const NOT_OPEN = "a.outcome <> 'open'";
/** SQLite's sums overflow at 64 bits, so it sums halves. */
const HALF = 2n ** 32n;
const SUM_COLUMNS: Readonly<Record<Sql, (name: string) => string>> = {
  sqlite: (name) =>
    `SUM(a.${name} >> 32) FILTER (WHERE ${NOT_OPEN}) AS ${name}_high, SUM(a.${name} & 4294967295) FILTER (WHERE ${NOT_OPEN}) AS ${name}_low`,
  postgres: (name) => `SUM(a.${name}) FILTER (WHERE ${NOT_OPEN})::text AS ${name}_low`,
};

/** The SQL of a question, with one row for each group. */
export function questionSql({ by = [], since, until, where = {} }: LedgerQuery, sql: Sql): Question {
  const values: SqlValue[] = [];
  const given = (value: SqlValue) => `${sql === "sqlite" ? "?" : "$"}${values.push(value)}`;
  const periods = PERIOD_COLUMNS[sql];
  const groups = by.map((group) => (isField(group) ? FIELD_COLUMNS[group] : periods[group]));
  const conditions = [
    ...(since === undefined ? [] : [`a.time_ms >= ${given(Math.ceil(Number(since)))}`]),
    ...(until === undefined ? [] : [`a.time_ms < ${given(Math.ceil(Number(until)))}`]),
    ...LEDGER_FIELDS.flatMap((field) => {
      const value = where[field];
      if (value === undefined) return [];
      return [field === "tag" ? TAGS[sql].has(given(value)) : `${FIELD_COLUMNS[field]} = ${given(value)}`];
    }),
  ];
  const columns = [
    ...groups.map((group, at) => `${group} AS group_${at}`),
    ...Object.entries(COUNTS).map(([name, condition]) => `COUNT(*) FILTER (WHERE ${condition}) AS ${name}`),
    ...SUMS.map(SUM_COLUMNS[sql]),
  ];
  const positions = groups.map((_, at) => at + 1);
  const lines = [
    `SELECT ${columns.join(", ")} FROM modelwright_attempts a`,
    ...(by.includes("tag") ? [TAGS[sql].join] : []),
    ...(conditions.length === 0 ? [] : [`WHERE ${conditions.join(" AND ")}`]),
    ...(groups.length === 0 ? [] : [`GROUP BY ${positions.join(", ")}`]),
  ];
  return { sql: lines.join(" "), values };
}

function isField(group: LedgerGroup): group is LedgerField {
  return (LEDGER_FIELDS as readonly string[]).includes(group);
}

/** The sums in the order of their groups; groups without a value last. */
export function sumsOf(rows: readonly SqlRow[], { by = [] }: LedgerQuery): readonly LedgerSum[] {
  const sums = rows.map((row) => sumOf(row, by));
  return sums.sort((left, right) => {
    for (const group of by) {
      const order = compared(left.group[group], right.group[group]);
      if (order !== 0) return order;
    }
    return 0;
  });
}

function compared(left: string | null | undefined, right: string | null | undefined): number {
  if (left === right) return 0;
  if (typeof left !== "string") return 1;
  if (typeof right !== "string") return -1;
  return left < right ? -1 : 1;
}

function sumOf(row: SqlRow, by: readonly LedgerGroup[]): LedgerSum {
  const count = (name: keyof typeof COUNTS) => Number(row[name] ?? 0);
  const sum = (name: (typeof SUMS)[number]) =>
    BigInt(row[`${name}_high`] ?? 0) * HALF + BigInt(row[`${name}_low`] ?? 0);
  const [knownUsd, unpriced] = [usdOf(sum("cost")), count("unpriced")];
  return {
    group: Object.fromEntries(by.map((group, at) => [group, groupName(group, row[`group_${at}`] ?? null)])),
    ...{ attempts: count("attempts"), failed: count("failed"), open: count("open"), cached: count("cached") },
    input: Number(sum("input")),
    cacheRead: Number(sum("cache_read")),
    cacheWrite: Number(sum("cache_write")),
    output: Number(sum("output")),
    reasoning: Number(sum("reasoning")),
    total: Number(sum("total")),
    ...{ usd: unpriced > 0 ? null : knownUsd, knownUsd, unpriced },
    ...{ savedUsd: usdOf(sum("saved")), overrunUsd: usdOf(sum("overrun")) },
    ...{ estimated: count("estimated"), possiblyBilled: count("possibly_billed") },
  };
}

const NANO_PER_USD = 1_000_000_000n;

/** Rounds once: a division of numbers would round twice. */
function usdOf(nano: bigint): number {
  return Number(`${nano / NANO_PER_USD}.${String(nano % NANO_PER_USD).padStart(9, "0")}`);
}

function groupName(group: LedgerGroup, value: SqlValue): string | null {
  if (value === null || isField(group)) return value === null ? null : String(value);
  return PERIOD_NAMES[group](Number(value));
}

const dayName = (day: number) => new Date(day * DAY_MS).toISOString().slice(0, 10);
const PERIOD_NAMES: Readonly<Record<LedgerPeriod, (value: number) => string>> = {
  hour: (hour) => `${new Date(hour * HOUR_MS).toISOString().slice(0, 16)}Z`,
  day: dayName,
  week: (week) => dayName(week * 7 - 3),
  month: (month) => `${String(month).slice(0, 4)}-${String(month).slice(4)}`,
};
