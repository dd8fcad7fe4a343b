import type { BudgetClaim } from "../../../src/core/store.ts";
import type { Broken } from "../broken.ts";
import type { WireRequest } from "../wire-request.ts";
import type { AskingAttempt } from "./attempts.ts";
import { type Bill, boundsOf, mostTokensOf, tokensOf } from "./bills.ts";
import type { BudgetPlan, MoneyPlan } from "./money-plan.ts";
import { type Asking, budgetsOf, claimWords, expectedClaims, periodName } from "./rules.ts";

/** Maximum output of an unknown model. */
const UNKNOWN_MAX_OUTPUT = 4_096;

/** Checked when a request is sent: it has reserved everything that it needs, and enough of it. */
export function checkAdmitted(
  plan: MoneyPlan,
  asking: Asking,
  request: WireRequest,
  attempt: AskingAttempt | undefined,
  nowMs: number,
  broken: Broken,
): void {
  const { caller, entry } = asking;
  const say = (what: string) => broken("P8", `${caller.id} ${request.admission} to ${entry.name}: ${what}`);
  const expected = expectedClaims(plan, asking).join(", ");
  const isHeld = attempt?.grantedMs !== undefined && attempt.settled === undefined;
  const claims = isHeld ? attempt.claims : [];
  const held = claims.map(claimWords).sort().join(", ");
  if (held !== expected) say(`holds [${held}] instead of [${expected}]`);
  if (isHeld && attempt.request !== undefined) say("a second request with one admission");
  const sent = expectedOutput(plan, asking);
  if (request.maxNewTokens !== sent) say(`max_new_tokens ${request.maxNewTokens} instead of ${sent}`);
  for (const claim of claims) {
    if (claim.kind === "rate" && (claim.amount < 1 || claim.amount > mostTokensOf(request.texts)))
      say(`${claim.amount} for ${claim.counter}`);
    if (claim.kind !== "budget") continue;
    const budget = plan.budgets.find(({ name }) => claimWords(claim).startsWith(`budget ${name} `)) as BudgetPlan;
    checkAmount(budget, claim, request, say);
    checkPeriod(budget, claim, nowMs, say);
  }
}

/** The limit of the call or the entry, or the lowest that a budget sets. */
function expectedOutput(plan: MoneyPlan, asking: Asking): number | undefined {
  const own = asking.caller.maxNewTokens ?? asking.entry.maxNewTokens;
  if (own !== undefined) return own;
  const outputs = budgetsOf(plan, asking).flatMap(({ maxOutput }) => maxOutput ?? []);
  return outputs.length === 0 ? undefined : Math.min(...outputs);
}

function checkAmount(budget: BudgetPlan, claim: BudgetClaim, request: WireRequest, say: Say): void {
  const { texts, maxNewTokens: output = UNKNOWN_MAX_OUTPUT } = request;
  const tokens = { leastInput: tokensOf(texts), mostInput: mostTokensOf(texts), output };
  const { least, most } = boundsOf(tokens, request);
  const amount = (bill: Bill) => (budget.unit === "tokens" ? bill.tokens : (bill.nano ?? 0n));
  if (claim.amount < amount(least) || claim.amount > amount(most) + 1n)
    say(`reserves ${claim.amount} in ${budget.name}, between ${amount(least)} and ${amount(most)}`);
  if (claim.limit !== budget.limit) say(`limit ${claim.limit} of ${budget.name}`);
}

function checkPeriod(budget: BudgetPlan, { startsMs, endsMs }: BudgetClaim, nowMs: number, say: Say): void {
  const now = periodName(budget, nowMs);
  const last = endsMs === Number.POSITIVE_INFINITY ? nowMs : endsMs - 1;
  if (periodName(budget, startsMs) !== now || periodName(budget, last) !== now)
    say(`${budget.name} in ${startsMs} to ${endsMs}, which is not ${now}`);
  if (budget.period === "total") return;
  if (periodName(budget, startsMs - 1) === now || periodName(budget, endsMs) === now)
    say(`${budget.name}: ${now} is longer than ${startsMs} to ${endsMs}`);
}

type Say = (what: string) => void;
