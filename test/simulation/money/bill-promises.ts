import type { BudgetClaim, SettledClaim } from "../../../src/core/store.ts";
import type { Broken } from "../broken.ts";
import type { WireRequest } from "../wire-request.ts";
import type { AskingAttempt } from "./attempts.ts";
import { type Bill, billOf } from "./bills.ts";
import type { BudgetPlan, MoneyPlan } from "./money-plan.ts";
import { type Asking, budgetsOf, membersOf, periodName } from "./rules.ts";

/** Compares what an attempt was booked with to what its provider bills. */
export function checkBooked(attempt: AskingAttempt, plan: MoneyPlan, broken: Broken): void {
  const { request, settled, id } = attempt;
  if (attempt.grantedMs === undefined) return;
  if (settled === undefined) broken("P8", `${id}: never settled`);
  for (const one of settled ?? []) {
    const due = request === undefined ? NOTHING : dueOf(one, billOf(request), plan);
    const isRight = due.exact ? one.used === due.least : one.used >= due.least;
    const words = `${id}: ${one.used} booked for ${one.claim.kind}, ${due.exact ? "due is" : "at least"} ${due.least}`;
    if (!isRight) broken("P8", `${words} (${request?.end}, ${request?.input} + ${request?.output} tokens)`);
  }
}

interface Due {
  readonly least: bigint;
  readonly exact: boolean;
}

const NOTHING: Due = { least: 0n, exact: true };

function dueOf({ claim }: SettledClaim, bill: Bill, plan: MoneyPlan): Due {
  if (claim.kind === "budget") return dueOfBudget(claim, bill, budgetOf(claim, plan));
  if (claim.kind !== "rate") return NOTHING;
  if (isOfRequests(claim.counter)) return { least: 1n, exact: true };
  return bill.exact ? { least: bill.tokens, exact: true } : { least: 0n, exact: false };
}

/** Usage that was not reported is booked as reserved, if it may be that much; so is usage without a price. */
function dueOfBudget(claim: BudgetClaim, bill: Bill, { unit }: BudgetPlan): Due {
  const billed = unit === "tokens" ? bill.tokens : (bill.nano ?? claim.amount);
  return bill.exact || billed < claim.amount
    ? { least: billed, exact: bill.exact }
    : { least: claim.amount, exact: false };
}

function budgetOf({ family }: BudgetClaim, { budgets }: MoneyPlan): BudgetPlan {
  const [name] = JSON.parse(family) as string[];
  return budgets.find((budget) => budget.name === name) as BudgetPlan;
}

function isOfRequests(counter: string): boolean {
  return (JSON.parse(counter) as string[])[2] === "requests";
}

/** A request with its caller and the time when it was sent. */
export interface LoggedRequest {
  readonly request: WireRequest;
  readonly asking: Asking;
  readonly attempt: AskingAttempt | undefined;
  /** Wall-clock time. */
  readonly atMs: number;
}

/** What a provider bills within a period stays below the limit, apart from reported overruns. */
export function checkPeriods(plan: MoneyPlan, log: readonly LoggedRequest[], broken: Broken): void {
  const sums = new Map<string, { budget: BudgetPlan; billed: bigint; overrun: bigint }>();
  for (const { request, asking, attempt, atMs } of log)
    for (const budget of budgetsOf(plan, asking))
      for (const member of membersOf(budget, asking)) {
        const name = `${budget.name} ${member} in ${periodName(budget, atMs)}`;
        const sum = sums.get(name) ?? { budget, billed: 0n, overrun: 0n };
        sums.set(name, sum);
        const { tokens, nano } = billOf(request);
        sum.billed += budget.unit === "tokens" ? tokens : (nano ?? 0n);
        sum.overrun += overrunOf(budget, member, attempt);
      }
  for (const [name, { budget, billed, overrun }] of sums)
    if (billed > budget.limit + (plan.greedy ? overrun : 0n))
      broken("P8", `${name}: billed ${billed} of ${budget.limit}, overruns ${overrun}`);
}

function overrunOf({ name }: BudgetPlan, member: string, attempt: AskingAttempt | undefined): bigint {
  const budgets = (attempt?.claims ?? []).filter((claim) => claim.kind === "budget");
  const index = budgets.findIndex(
    (claim) => claim.member === member && (JSON.parse(claim.family) as string[])[0] === name,
  );
  return attempt?.overruns[index] ?? 0n;
}
