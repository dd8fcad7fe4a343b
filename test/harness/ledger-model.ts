import {
  LEDGER_GROUPS,
  type LedgerGroup,
  type LedgerQuery,
  type LedgerRow,
  type LedgerSum,
} from "../../src/core/ledger.ts";

const DAY_MS = 86_400_000;

/** What a ledger must answer, computed from the rows in the order in which they were appended. */
export function modelSums(
  appended: readonly LedgerRow[],
  { by = [], since, until, where = {} }: LedgerQuery,
): LedgerSum[] {
  const rows = [...finalRows(appended).values()].filter(
    (row) =>
      row.timeMs >= Number(since ?? Number.NEGATIVE_INFINITY) &&
      row.timeMs < Number(until ?? Number.POSITIVE_INFINITY) &&
      LEDGER_GROUPS.every((group) => {
        const wanted = (where as Partial<Record<LedgerGroup, string>>)[group];
        return wanted === undefined || valuesOf(row, group).includes(wanted);
      }),
  );
  const groups = new Map<string, LedgerRow[]>(by.length === 0 ? [["[]", []]] : []);
  for (const row of rows)
    for (const values of combinations(by.map((group) => valuesOf(row, group)))) {
      const key = JSON.stringify(values);
      groups.set(key, [...(groups.get(key) ?? []), row]);
    }
  const sorted = [...groups].map(([key, members]) => ({ values: JSON.parse(key) as (string | null)[], members }));
  sorted.sort((one, other) => {
    const at = one.values.findIndex((value, index) => value !== other.values[index]);
    const [left, right] = [one.values[at] ?? "\uffff", other.values[at] ?? "\uffff"];
    return left < right ? -1 : 1;
  });
  return sorted.map(({ values, members }) => sumOf(values, members, by));
}

function finalRows(appended: readonly LedgerRow[]): ReadonlyMap<string, LedgerRow> {
  const rows = new Map<string, LedgerRow>();
  for (const row of appended) {
    const key = `${row.callId} ${row.attempt}`;
    const known = rows.get(key);
    if (known === undefined || (known.outcome === "open" && row.outcome !== "open")) rows.set(key, row);
  }
  return rows;
}

function valuesOf(row: LedgerRow, group: LedgerGroup): readonly (string | null)[] {
  const day = new Date(row.timeMs);
  switch (group) {
    case "model":
      return [row.modelId];
    case "user":
      return [row.user ?? null];
    case "tag":
      return row.tags.length === 0 ? [null] : row.tags;
    case "outcome":
      return [row.outcome];
    case "hour":
      return [`${day.toISOString().slice(0, 13)}:00Z`];
    case "day":
      return [day.toISOString().slice(0, 10)];
    case "week":
      return [new Date(row.timeMs - ((day.getUTCDay() + 6) % 7) * DAY_MS).toISOString().slice(0, 10)];
    case "month":
      return [day.toISOString().slice(0, 7)];
    default:
      return [null];
  }
}

function combinations(lists: readonly (readonly (string | null)[])[]): readonly (readonly (string | null)[])[] {
  return lists.reduce<readonly (readonly (string | null)[])[]>(
    (all, list) => all.flatMap((values) => list.map((value) => [...values, value])),
    [[]],
  );
}

function sumOf(values: readonly (string | null)[], rows: readonly LedgerRow[], by: readonly LedgerGroup[]): LedgerSum {
  const ended = rows.filter(({ outcome }) => outcome !== "open");
  const count = (accepts: (row: LedgerRow) => boolean) => ended.filter(accepts).length;
  const usage = (name: "input" | "cacheRead" | "cacheWrite" | "output" | "reasoning" | "total") =>
    ended.reduce((sum, row) => sum + (row.usage?.[name] ?? 0), 0);
  const usd = (amount: (row: LedgerRow) => bigint | null) =>
    usdOf(ended.reduce((sum, row) => sum + (amount(row) ?? 0n), 0n));
  const unpriced = count(({ cost }) => cost === null);
  const knownUsd = usd(({ cost }) => cost);
  return {
    group: Object.fromEntries(by.map((group, at) => [group, values[at] ?? null])),
    attempts: ended.length,
    failed: count(({ outcome }) => outcome === "error"),
    open: rows.length - ended.length,
    cached: 0,
    ...{ input: usage("input"), cacheRead: usage("cacheRead"), cacheWrite: usage("cacheWrite") },
    ...{ output: usage("output"), reasoning: usage("reasoning"), total: usage("total") },
    ...{ usd: unpriced > 0 ? null : knownUsd, knownUsd, unpriced },
    ...{ savedUsd: 0, overrunUsd: usd(({ overrun }) => overrun) },
    estimated: count(({ estimated }) => estimated),
    possiblyBilled: count(({ possiblyBilled }) => possiblyBilled),
  };
}

function usdOf(nano: bigint): number {
  const digits = String(nano).padStart(10, "0");
  return Number(`${digits.slice(0, -9)}.${digits.slice(-9)}`);
}
