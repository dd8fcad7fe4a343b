import type { Attempt, ModelFactory } from "../../../src/index.ts";
import type { Broken } from "../broken.ts";
import type { VirtualCaller } from "../caller.ts";
import type { AskingAttempt } from "../money/attempts.ts";
import { allTags } from "../money/rules.ts";
import { isSameUsd, rowOf } from "../money-promises.ts";
import type { WireRequest } from "../wire-request.ts";
import type { LedgerRow } from "./ledger-rows.ts";

export interface LedgerSide {
  readonly callers: readonly VirtualCaller[];
  /** Wall-clock time at the start of the world. */
  readonly startsAt: number;
  readonly attemptOf: (id: string) => AskingAttempt | undefined;
  /** What a budget counter has, by family and member. */
  readonly spent: (counter: string) => bigint;
}

/** Checked at the end: the ledger has a row for each attempt and each answer from the cache, and says what budgets were charged. */
export async function checkLedger(
  rows: readonly LedgerRow[],
  side: LedgerSide,
  factory: ModelFactory<Record<never, never>>,
  broken: Broken,
): Promise<void> {
  const say = (what: string) => broken("P11", what);
  const left = new Map<string, LedgerRow[]>();
  for (const row of rows) left.set(row.callId, [...(left.get(row.callId) ?? []), row]);
  for (const caller of side.callers) {
    for (const request of caller.accounted ?? caller.requests) {
      const row = taken(left.get(request.callId) ?? [], (one) => isFor(one, request, side));
      if (row === undefined) say(`${caller.plan.id}: no row for ${request.entry} at ${request.startedMs} ms`);
      else checkSent(row, request, rowOf(request, caller), say);
    }
    checkCached(
      caller,
      taken(left.get(caller.callId) ?? [], ({ attempt }) => attempt === 0),
      side,
      say,
    );
  }
  for (const row of [...left.values()].flat()) checkUnsent(row, say);
  for (const row of rows) {
    const caller = side.callers.find(({ callId }) => callId === row.callId);
    checkRow(row, caller, side, say);
  }
  checkCounters(rows, side, say);
  await checkSums(rows, factory, say);
}

type Say = (what: string) => void;

function taken(rows: LedgerRow[], fits: (row: LedgerRow) => boolean): LedgerRow | undefined {
  const at = rows.findIndex(fits);
  return at < 0 ? undefined : rows.splice(at, 1)[0];
}

function isFor({ attempt, entry, timeMs }: LedgerRow, request: WireRequest, { startsAt }: LedgerSide): boolean {
  if (attempt === 0 || entry !== request.entry) return false;
  if (request.admission !== undefined) return request.admission === `${request.callId}:${attempt}`;
  return timeMs === Math.floor(startsAt + request.startedMs);
}

function wordsOf({ callId, attempt, entry, outcome, code, tags }: LedgerRow): string {
  return `${tags[0]}, row ${callId}:${attempt} (${entry}, ${code ?? outcome})`;
}

/** The ledger and the reply say the same about an attempt. */
function checkSent(row: LedgerRow, { startedMs }: WireRequest, attempt: Attempt | undefined, say: Say): void {
  const told = attempt && {
    ...{ outcome: attempt.outcome, code: attempt.error?.code, mayBeBilled: attempt.possiblyBilled },
    ...{ input: attempt.usage?.input, output: attempt.usage?.output, total: attempt.usage?.total },
  };
  const { outcome, code, mayBeBilled, input, output, total, cost } = row;
  const kept = { outcome, code, mayBeBilled, input, output, total };
  if (JSON.stringify(kept) !== JSON.stringify(told))
    say(`${wordsOf(row)} at ${startedMs} ms: ${JSON.stringify(kept)} instead of ${JSON.stringify(told)}`);
  const due = attempt?.cost === undefined ? (attempt?.possiblyBilled ? undefined : 0n) : nanoOf(attempt.cost.usd);
  if (cost !== due) say(`${wordsOf(row)}: costs ${cost} instead of ${due}`);
}

function nanoOf(usd: number | null): bigint | undefined {
  return usd === null ? undefined : BigInt(Math.round(usd * 1e9));
}

function checkCached(caller: VirtualCaller, row: LedgerRow | undefined, { startsAt }: LedgerSide, say: Say): void {
  const { plan, reply, startedMs, isCached } = caller;
  if (isCached !== (row !== undefined)) say(`${plan.id}: answered from the cache: ${isCached}, row: ${row?.outcome}`);
  if (row === undefined) return;
  const isRight = row.outcome === "cached" && row.cost === 0n && row.charges.size === 0 && row.entry === plan.entry;
  if (!isRight) say(`${wordsOf(row)} costs ${row.cost}, charged ${row.charges.size}, for ${plan.entry}`);
  if (row.timeMs !== Math.floor(startsAt + startedMs)) say(`${wordsOf(row)} at ${row.timeMs - startsAt} ms`);
  if (reply === undefined) return;
  const saved = nanoOf(reply.cached?.savedUsd ?? null);
  if (row.saved !== saved) say(`${wordsOf(row)} saved ${row.saved} instead of ${saved}`);
}

/** Admitted, but not sent. */
function checkUnsent(row: LedgerRow, say: Say): void {
  const isFree = row.cost === 0n && !row.mayBeBilled && [...row.charges.values()].every((amount) => amount === 0n);
  if (!isFree || (row.outcome !== "aborted" && row.outcome !== "error"))
    say(`${wordsOf(row)}: no request for a row of ${row.cost}`);
}

/** What every row has. */
function checkRow(row: LedgerRow, caller: VirtualCaller | undefined, { attemptOf }: LedgerSide, say: Say): void {
  if (row.outcome === "open" || row.outcome === "lost") say(`${wordsOf(row)} at the end`);
  const { plan } = caller ?? {};
  if (plan === undefined || row.user !== plan.user || row.tags.join() !== allTags(plan).join())
    say(`${wordsOf(row)} of ${row.user}, ${row.tags}, for ${plan?.id}`);
  const attempt = attemptOf(`${row.callId}:${row.attempt}`);
  const booked = (attempt?.settled ?? []).filter(({ claim }) => claim.kind === "budget");
  if (booked.length !== row.charges.size) say(`${wordsOf(row)}: ${row.charges.size} charges for ${booked.length}`);
  let overrun = 0n;
  for (const { claim, used } of booked) {
    if (claim.kind !== "budget") continue;
    const amount = row.charges.get(`${claim.family} ${claim.member}`);
    if (amount !== used) say(`${wordsOf(row)}: charged ${amount} for ${used} booked`);
    const isUsd = isInUsd(claim.family);
    checkCharge(row, isUsd ? row.cost : total(row), { used, reserved: claim.amount }, say);
    const above = attempt?.overruns[attempt.claims.filter(({ kind }) => kind === "budget").indexOf(claim)] ?? 0n;
    if (isUsd && above > overrun) overrun = above;
  }
  if (row.overrun !== overrun) say(`${wordsOf(row)}: overrun ${row.overrun} instead of ${overrun}`);
}

function isInUsd(family: string): boolean {
  return (JSON.parse(family) as string[])[1] === "usd";
}

function total({ total: tokens, mayBeBilled }: LedgerRow): bigint | undefined {
  if (tokens !== undefined) return BigInt(tokens);
  return mayBeBilled ? undefined : 0n;
}

/** A budget is charged what the row costs; for a broken answer, up to twice that or all that was reserved. */
function checkCharge(row: LedgerRow, cost: bigint | undefined, { used, reserved }: Charged, say: Say): void {
  if (cost === undefined ? used === reserved : used === cost) return;
  const twice = cost !== undefined && 2n * cost < reserved ? 2n * cost : reserved;
  const mayBeMore = cost !== undefined && row.mayBeBilled && row.isEstimated && cost < reserved;
  if (mayBeMore && (used === twice || used === reserved)) return;
  say(`${wordsOf(row)}: charged ${used} of ${reserved} for ${cost}`);
}

interface Charged {
  readonly used: bigint;
  readonly reserved: bigint;
}

/** The rows of a counter add up to it. */
function checkCounters(rows: readonly LedgerRow[], { spent }: LedgerSide, say: Say): void {
  const sums = new Map<string, bigint>();
  for (const { charges } of rows)
    for (const [counter, amount] of charges) sums.set(counter, (sums.get(counter) ?? 0n) + amount);
  for (const [counter, sum] of sums)
    if (sum !== spent(counter)) say(`${counter}: ${sum} in rows, ${spent(counter)} spent`);
}

async function checkSums(
  rows: readonly LedgerRow[],
  factory: ModelFactory<Record<never, never>>,
  say: Say,
): Promise<void> {
  const [sum] = await factory.ledger.query();
  const { cost } = factory.usage();
  const attempts = rows.filter(({ attempt }) => attempt > 0).length;
  if (rows.length > 0 && (sum?.attempts !== attempts || sum.cached !== rows.length - attempts || sum.open !== 0))
    say(`${JSON.stringify(sum)} for ${attempts} attempts and ${rows.length - attempts} cached`);
  if (!isSameUsd(sum?.usd ?? null, rows.length === 0 ? (sum?.usd ?? null) : cost.usd, 1e-9))
    say(`${sum?.usd} USD in the ledger, ${cost.usd} in the totals`);
}
