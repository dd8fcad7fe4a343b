import type { ModelError } from "../../../src/index.ts";
import { EPSILON_MS } from "../broken.ts";
import type { VirtualCaller } from "../caller.ts";
import type { EntryPlan } from "../plan.ts";
import type { AskingAttempt } from "./attempts.ts";
import type { MoneyPlan } from "./money-plan.ts";
import { budgetsOf, lineOfClaim } from "./rules.ts";

interface Lines {
  waitOf(line: string): number;
  queueOf(line: string): number;
  longest(line: string): number;
  /** Whether a provider had requested a pause by then; an attempt waits for it before it asks for admission. */
  hadPause(untilMs: number): boolean;
}

/** Whether a call was rejected for a valid reason. */
export function isExplainedByLimits(
  { code }: ModelError,
  caller: VirtualCaller,
  attempts: readonly AskingAttempt[],
  chain: readonly EntryPlan[],
  plan: MoneyPlan,
  lines: Lines,
): boolean {
  const all = attempts.flatMap(({ waits }) => waits);
  // It is unknown which attempts of a hedged call were queued.
  const unmet = attempts
    .filter(({ grantedMs }) => grantedMs === undefined)
    .map((attempt) => (caller.entry.hedgeMs === undefined ? attempt : { ...attempt, waits: all }));
  switch (code) {
    case "budget_exceeded":
      return isUnpriced(caller, chain, plan) || unmet.some((attempt) => isSpent(attempt, lines));
    case "limit_exceeded":
      return unmet.some((attempt) => isLimited(attempt, lines));
    case "state_unavailable":
      return unmet.some(({ refusals }) => refusals.at(-1)?.reason === "members");
    default:
      return false;
  }
}

/** Whether a budget rejects calls to an entry because its price is unknown. */
export function isUnpriced({ plan: caller }: VirtualCaller, chain: readonly EntryPlan[], plan: MoneyPlan): boolean {
  return chain.some((entry) => {
    const budgets = entry.price === undefined ? budgetsOf(plan, { caller, entry, key: undefined }) : [];
    return budgets.some(({ unit, unpriced }) => unit === "usd" && unpriced === "refuse");
  });
}

/** There is no room at all, or none in time. */
function isSpent(attempt: AskingAttempt, lines: Lines): boolean {
  const last = attempt.refusals.at(-1);
  return last?.reason === "exhausted" || isTooLate(attempt, "reserved", lines);
}

function isLimited(attempt: AskingAttempt, lines: Lines): boolean {
  const last = attempt.refusals.at(-1);
  if (last?.waitMs === Number.POSITIVE_INFINITY) return true;
  const isFull = (line: string) => lines.longest(line) >= lines.queueOf(line);
  return attempt.claims.some((claim) => isFull(lineOfClaim(claim))) || isTooLate(attempt, last?.reason, lines);
}

/** Whether the attempt's maximum wait had passed, or would have passed before there was room. */
function isTooLate(
  { firstMs, caller, refusals, waits }: AskingAttempt,
  reason: string | undefined,
  lines: Lines,
): boolean {
  const { deadlineAtMs = Number.POSITIVE_INFINITY } = caller ?? {};
  const beganMs = lines.hadPause(firstMs) ? (caller?.startedMs ?? firstMs) : firstMs;
  const endsMs = (line: string) => Math.min(beganMs + lines.waitOf(line), deadlineAtMs) - EPSILON_MS;
  const last = refusals.at(-1);
  if (last !== undefined && last.reason === reason && last.atMs + (last.waitMs ?? 0) >= endsMs(lineOfClaim(last.claim)))
    return true;
  return waits.some(({ line, leftMs }) => leftMs >= endsMs(line));
}
