import type { Plan, Spending } from "./processes.ts";
import type { Served } from "./provider.ts";
import type { BookedRow } from "./stores.ts";

/**
 * What a crash may lose with durability "batch", and the time that a transaction takes: the first one of a process loads the
 * driver, connects, and looks for the tables.
 */
const BATCH_MS = 200;
const WRITE_MS = 300;
/** The store is read at intervals, by a busy machine. */
const READ_MS = 5_000;

/** What contradicts the promises about budgets and ledgers: nothing. */
export function problemsOf(spending: Spending, plan: Plan): readonly string[] {
  return [
    ...problemsOfBudget(spending, plan),
    ...(plan.durability === undefined ? [] : problemsOfLedger(spending, plan)),
  ];
}

function problemsOfBudget(spending: Spending, { kills }: Plan): readonly string[] {
  const { limit, grants, spent, bill, reserved, freedAfterMs, killedAtMs, refusals, complaints } = spending;
  const wrongRefusals = refusals.filter((text) => fits(text));
  const checks: readonly (readonly [boolean, string])[] = [
    [complaints.length === 0, `unexpected: ${complaints[0]}`],
    [killedAtMs.size === kills, `${killedAtMs.size} kills`],
    [grants.misfits === 0, `${grants.misfits} grants exceed the limit`],
    [grants.count >= spending.served.length, `${grants.count} grants for ${spending.served.length} requests`],
    [spent <= limit + overrunOf(spending), `spent ${spent} of ${limit}`],
    [bill <= spent, `the bill is ${bill}, spent is ${spent}`],
    [spent >= 0.95 * limit, `only ${spent} of ${limit} is spent`],
    [wrongRefusals.length === 0, `refused, although it fits: ${wrongRefusals[0]}`],
    [refusals.length > 0, "nothing was refused"],
    [reserved === 0, `${reserved} is still reserved`],
    [freedAfterMs <= READ_MS, `reservations are freed ${freedAfterMs} ms after the last lease`],
  ];
  return checks.flatMap(([holds, words]) => (holds ? [] : [words]));
}

function overrunOf({ rows }: Spending): number {
  return rows.reduce((sum, { overrun }) => sum + overrun, 0);
}

const REFUSAL =
  /: \$(\d+\.\d+) spent(?: and \$(\d+\.\d+) reserved by other requests)? of \$(\d+\.\d+), and this request may use up to \$(\d+\.\d+)/;

/** Whether a refusal says itself that the request fits. Its amounts are exact. */
function fits(refusal: string): boolean {
  const [, spent, reserved = "0", limit, amount] = REFUSAL.exec(refusal) ?? [];
  const nano = (usd: string | undefined) => Math.round(Number(usd) * 1e9);
  return !(nano(spent) + nano(reserved) + nano(amount) > nano(limit));
}

/** Compares the ledger with the provider's books, call by call, and with the counters, process by process. */
function problemsOfLedger(spending: Spending, plan: Plan): readonly string[] {
  const problems = [...comparisons(spending)].flatMap(([key, compared]) => {
    const missing = compared.unbooked.flatMap((request) => {
      const ageMs = ageAtKill(request, spending);
      if (plan.durability === "batch" && ageMs !== undefined && ageMs < BATCH_MS + WRITE_MS) return [];
      return `no row for ${JSON.stringify(request)}, which ended ${ageMs} ms before the kill`;
    });
    return [...compared.problems, ...missing].map((words) => `${key}: ${words}`);
  });
  return [...problems, ...problemsOfCounters(spending)];
}

function comparisons(spending: Spending): ReadonlyMap<string, Comparison> {
  const rows = grouped(spending.rows, ({ user_name, model }) => `${user_name} ${model}`);
  const served = grouped(spending.served, ({ user, model }) => `${user} ${model}`);
  const keys = new Set([...rows.keys(), ...served.keys()]);
  return new Map([...keys].map((key) => [key, compare(served.get(key) ?? [], rows.get(key) ?? [])]));
}

/** `ageAtKill` of the oldest request without a row. */
function oldestMissingMs(spending: Spending): number {
  const missing = [...comparisons(spending).values()].flatMap(({ unbooked }) => unbooked);
  return Math.max(0, ...missing.map((request) => ageAtKill(request, spending) ?? Number.POSITIVE_INFINITY));
}

interface Comparison {
  readonly problems: readonly string[];
  /** Billed requests without a row. */
  readonly unbooked: readonly Served[];
}

/** The requests and rows of one call and model. */
function compare(served: readonly Served[], rows: readonly BookedRow[]): Comparison {
  const problems: string[] = [];
  const billed = served.filter((request) => request.billed > 0);
  for (const row of rows) {
    problems.push(...problemsOfRow(row));
    if (row.outcome !== "ok") continue;
    const found = billed.findIndex((request) => request.isComplete && request.billed === row.cost);
    if (found < 0) problems.push(`an ok row of ${row.cost}, but ${JSON.stringify(served)}`);
    else billed.splice(found, 1);
  }
  const possible = rows.filter((row) => row.outcome !== "ok" && row.possibly_billed === 1);
  const largest = Math.max(0, ...billed.map((request) => request.billed));
  for (const { outcome, cost } of possible)
    if (outcome === "lost" && (cost ?? 0) < largest) problems.push(`a lost row of ${cost} for a bill of ${largest}`);
  return { problems, unbooked: billed.slice(possible.length) };
}

function problemsOfRow({ outcome, cost, reserved, estimated, possibly_billed, charged }: BookedRow): readonly string[] {
  if (outcome === "open") return ["a row is open"];
  if (outcome === "ok")
    return estimated === 0 && charged === cost ? [] : [`an ok row of ${cost} is estimated or charged as ${charged}`];
  if (outcome !== "lost")
    return charged !== null && cost !== null && charged >= cost ? [] : [`charged ${charged} for ${cost}`];
  const isLost = cost !== null && cost === reserved && cost === charged && estimated === 1 && possibly_billed === 1;
  return isLost ? [] : [`a lost row of ${cost}, reserved ${reserved}, charged ${charged}`];
}

/**
 * How long before the kill of its process a request ended, in milliseconds; 0 if it was in flight, and undefined if its process
 * was not killed. Time in which the process could not run does not count.
 */
function ageAtKill({ user, endedMs }: Served, { killedAtMs, beats }: Spending): number | undefined {
  const killedMs = killedAtMs.get(processOf(user));
  if (killedMs === undefined) return undefined;
  if (endedMs === undefined) return 0;
  const missedMs = beats.get(processOf(user))?.missedMs(endedMs, killedMs) ?? 0;
  return Math.round(killedMs - endedMs - missedMs);
}

/** The rows of a process that was not killed add up to its counter. */
function problemsOfCounters({ rows, spentBy, killedAtMs }: Spending): readonly string[] {
  const charged = new Map<string, number>();
  for (const row of rows) {
    const name = processOf(row.user_name);
    charged.set(name, (charged.get(name) ?? 0) + (row.charged ?? 0));
  }
  return [...spentBy].flatMap(([name, spent]) => {
    const sum = charged.get(name) ?? 0;
    return killedAtMs.has(name) || sum === spent ? [] : [`${name}: ${sum} in rows, ${spent} in its counter`];
  });
}

function processOf(user: string): string {
  return user.split("-")[0] ?? "";
}

function grouped<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}

/** Amounts in USD. */
export function summaryOf(spending: Spending, plan: Plan) {
  const usd = (nano: number) => Number((nano / 1e9).toFixed(4));
  const { limit, grants, spent, bill, reserved, freedAfterMs, rows, served, killedAtMs, refusals } = spending;
  const sum = (of: (row: BookedRow) => number | null) => usd(rows.reduce((total, row) => total + (of(row) ?? 0), 0));
  const billedBy = (killed: boolean) =>
    usd(
      served.filter(({ user }) => killedAtMs.has(processOf(user)) === killed).reduce((t, { billed }) => t + billed, 0),
    );
  return {
    ...{ limit: usd(limit), spent: usd(spent), usedShare: Number((spent / limit).toFixed(4)), bill: usd(bill) },
    ...{ grants: grants.count, peak: usd(grants.peak), grantsThatExceed: grants.misfits, requests: served.length },
    ...{
      refused: refusals.length,
      killed: killedAtMs.size,
      reserved: usd(reserved),
      freedAfterMs: Math.round(freedAfterMs),
    },
    billOfKilled: billedBy(true),
    ...(plan.durability !== undefined && {
      ...{ rows: rows.length, lost: rows.filter(({ outcome }) => outcome === "lost").length },
      ...{
        rowsCost: sum(({ cost }) => cost),
        oldestMissingMs: oldestMissingMs(spending),
        rowsCharged: sum(({ charged }) => charged),
        overrun: sum(({ overrun }) => overrun),
      },
    }),
  };
}
