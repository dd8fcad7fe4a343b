import type { Attempt } from "../core/attempt.ts";
import { type Budget, canMatch, type Match, type Per, type Rate, type RateRule } from "../core/budget.ts";
import type { TimeSpan } from "../core/calendar.ts";
import type { Call } from "../core/call.ts";
import { keyNameOf, userOf } from "../core/caller.ts";
import { totalNano } from "../core/cost.ts";
import type { ModelRequest } from "../core/request.ts";
import type { BudgetClaim, Claim, RateClaim, SettledClaim, SlotClaim } from "../core/store.ts";
import type { Target } from "../core/target.ts";
import { unboundedUse, unpriced } from "./admission-errors.ts";
import type { BudgetPeriods } from "./budget-periods.ts";
import type { WorstCase } from "./worst-case.ts";

/** The budgets and rate limits of one configuration. */
export interface Rules {
  readonly budgets: readonly Budget[];
  readonly rates: readonly RateRule[];
}

interface TargetRules extends Rules {
  /** Whether they apply to all calls of the target: none of them asks for tags, users or keys. */
  readonly forAll: boolean;
}

/** One claim of an attempt, with the rule that it comes from. */
export type Charge =
  | { readonly claim: BudgetClaim; readonly budget: Budget }
  | { readonly claim: RateClaim; readonly rule: RateRule; readonly rate: Rate }
  | { readonly claim: SlotClaim; readonly rule: RateRule }
  /** The slots of an entry's `max_parallel`, which are counted by each process. */
  | { readonly claim: SlotClaim; readonly target: Target };

export type SpentBefore = (family: string, member: string) => Promise<bigint>;

/** Chooses the rules that apply to an attempt, and their claims. */
export class Charges {
  readonly #rules: Rules;
  readonly #periods: BudgetPeriods;
  /** What the ledger has for a counter that the store does not have; absent without a ledger. */
  readonly #spentBefore: SpentBefore | undefined;
  /** Questions to the ledger that have no answer yet: every waiting attempt needs the same one. */
  readonly #asked = new Map<string, Promise<bigint>>();
  /** The rules that can apply to a target. */
  readonly #ofTarget = new WeakMap<Target, TargetRules>();

  constructor(rules: Rules, periods: BudgetPeriods, spentBefore?: SpentBefore) {
    this.#rules = rules;
    this.#periods = periods;
    this.#spentBefore = spentBefore;
  }

  /** The budgets and limits that apply to a call. */
  rulesFor(call: Call): Rules {
    const ofTarget = this.#rulesOf(call.target);
    if (ofTarget.forAll) return ofTarget;
    const { budgets, rates } = ofTarget;
    const applies = ({ match }: { readonly match?: Match | undefined }) => match === undefined || matches(match, call);
    const charges = (budget: Budget) =>
      budget.alsoFor === undefined
        ? applies(budget)
        : budget.alsoFor.includes(call.input.gatewayKey ?? "") || (canMatch(budget, call.target) && applies(budget));
    return { budgets: budgets.filter(charges), rates: rates.filter(applies) };
  }

  /**
   * The claims of an attempt with this worst case: budgets first, because an exhausted one refuses without a wait.
   * @throws ModelError `budget_exceeded` if the price of the request is unknown and a budget does not allow that.
   */
  async of(call: Call, rules: Rules, worst: WorstCase, nowMs: number): Promise<readonly Charge[]> {
    const known = this.atOnce(call, rules, worst, nowMs);
    if (known !== undefined) return known;
    const spans = new Map<Budget, TimeSpan>();
    for (const budget of rules.budgets) spans.set(budget, await this.#periods.at(budget, nowMs));
    return this.#chargesIn((budget) => spans.get(budget), call, rules, worst) ?? [];
  }

  /** The same, if the periods of all budgets are known already. */
  atOnce(call: Call, rules: Rules, worst: WorstCase, nowMs: number): readonly Charge[] | undefined {
    return this.#chargesIn((budget) => this.#periods.current(budget, nowMs), call, rules, worst);
  }

  #chargesIn(
    spanOf: (budget: Budget) => TimeSpan | undefined,
    call: Call,
    { budgets, rates }: Rules,
    worst: WorstCase,
  ): readonly Charge[] | undefined {
    const charges: Charge[] = [];
    for (const budget of budgets) {
      const amount = amountOf(budget, worst, call.target);
      const span = spanOf(budget);
      if (span === undefined) return undefined;
      const { startsMs, endsMs } = span;
      const family = familyOf(budget, startsMs);
      const limit = limitOf(budget);
      const { maxCounters: maxMembers } = budget;
      const seed = this.#spentBefore === undefined ? 0n : undefined;
      for (const member of membersOf(budget.per, call)) {
        const claim = { kind: "budget", family, member, startsMs, endsMs, limit, amount, maxMembers, seed } as const;
        charges.push({ budget, claim });
      }
    }
    for (const rule of rates) for (const member of membersOf(rule.per, call)) addLimits(charges, rule, member, worst);
    return charges;
  }

  /** The same, with what was spent before the store began to count. */
  seeded(charges: readonly Charge[]): Promise<readonly Charge[]> {
    return Promise.all(
      charges.map(async (charge) => {
        if (!("budget" in charge)) return charge;
        const { claim, budget } = charge;
        return { budget, claim: { ...claim, seed: await this.#seedOf(claim) } };
      }),
    );
  }

  #seedOf(claim: BudgetClaim): Promise<bigint> {
    const counter = lineOf(claim);
    let seed = this.#asked.get(counter);
    if (seed === undefined) {
      seed = (this.#spentBefore?.(claim.family, claim.member) ?? Promise.resolve(0n)).finally(() =>
        this.#asked.delete(counter),
      );
      this.#asked.set(counter, seed);
    }
    return seed;
  }

  #rulesOf(target: Target): TargetRules {
    let rules = this.#ofTarget.get(target);
    if (rules === undefined) {
      const { rateLimit } = target.policy;
      const own: readonly RateRule[] =
        rateLimit === undefined ? [] : [{ ...rateLimit, name: `models.${target.entry}`, per: [] }];
      const budgets = this.#rules.budgets.filter((budget) => budget.alsoFor !== undefined || canMatch(budget, target));
      const rates = [...this.#rules.rates.filter((rule) => canMatch(rule, target)), ...own];
      const forAll = budgets.every(({ match, alsoFor }) => alsoFor === undefined && asksNothing(match));
      rules = { budgets, rates, forAll: forAll && rates.every(({ match }) => asksNothing(match)) };
      this.#ofTarget.set(target, rules);
    }
    return rules;
  }
}

const families = new WeakMap<Budget, { readonly startsMs: number; readonly family: string }>();

/** Names the budget with its definition and period, so that a changed definition starts at zero. */
export function familyOf(budget: Budget, startsMs: number): string {
  const known = families.get(budget);
  if (known?.startsMs === startsMs) return known.family;
  const { name, tokens, period, timezone, per } = budget;
  const unit = tokens === undefined ? "usd" : "tokens";
  const family = JSON.stringify([name, unit, period, timezone, [...per].sort(), startsMs]);
  families.set(budget, { startsMs, family });
  return family;
}

/** In nano-USD or tokens. */
export function limitOf({ nanoUsd, tokens }: Budget): bigint {
  return nanoUsd ?? tokens ?? 0n;
}

/** @throws ModelError `budget_exceeded` if the amount is unknown and the budget does not allow that. */
function amountOf(budget: Budget, worst: WorstCase, target: Target): bigint {
  const allows = budget.unpriced === "allow";
  const amount = budget.tokens === undefined ? worst.cost : worst.tokens;
  if (typeof amount === "string") {
    if (allows) return 0n;
    throw unpriced(target, budget, amount);
  }
  const unbounded = allows ? undefined : worst.unbounded;
  if (unbounded !== undefined) throw unboundedUse(target, budget, unbounded);
  return amount;
}

function addLimits(charges: Charge[], rule: RateRule, member: string, worst: WorstCase): void {
  for (const rate of rule.rates) {
    const { of, limit, perMs } = rate;
    const counter = JSON.stringify(["rate", rule.name, of, perMs, member]);
    const amount = of === "requests" ? 1 : worst.expectedPrompt;
    charges.push({ rule, rate, claim: { kind: "rate", counter, limit, perMs, amount } });
  }
  if (rule.maxParallel === undefined) return;
  const counter = JSON.stringify(["slots", rule.name, member]);
  charges.push({ rule, claim: { kind: "slot", counter, limit: rule.maxParallel } });
}

/** Whether a rule that matches a target applies to all its calls. */
function asksNothing({ tags, users, gatewayKeys }: Match = {}): boolean {
  return tags === undefined && users === undefined && gatewayKeys === undefined;
}

/** Tags, user and key of the call; models and providers are matched once for a target. */
function matches({ tags, users, gatewayKeys }: Match, call: Call): boolean {
  if (gatewayKeys !== undefined && !gatewayKeys.includes(call.input.gatewayKey ?? "")) return false;
  if (tags !== undefined && !call.input.tags.some((tag) => tags.includes(tag))) return false;
  return users === undefined || users.includes(userOf(call) ?? "");
}

/** The members that a call is counted under: one, or, with several tags or scopes, each of them. */
function membersOf(per: readonly Per[], call: Call): readonly string[] {
  if (per.length === 0) return WHOLE;
  let members: readonly (readonly string[])[] = [[]];
  for (const name of [...per].sort()) {
    const values = valuesOf(name, call);
    members = members.flatMap((member) => values.map((value) => [...member, value]));
  }
  return members.map((member) => (member.length === 1 ? (member[0] ?? "") : JSON.stringify(member)));
}

const WHOLE: readonly string[] = [""];

/** Calls without a value share one counter. */
function valuesOf(per: Per, call: Call): readonly string[] {
  const { target, input } = call;
  switch (per) {
    case "user":
      return [userOf(call) ?? ""];
    case "tag":
      return input.tags.length === 0 ? WHOLE : [...new Set(input.tags)];
    case "scope":
      return input.scopes === undefined || input.scopes.length === 0 ? WHOLE : input.scopes;
    case "key":
      return [keyNameOf(call) ?? ""];
    case "model":
      return [target.entry];
    case "provider":
      return [target.provider];
  }
}

/**
 * What an attempt used; `undefined` if it was not sent. An unknown cost is booked as it was reserved; so is an answer that the
 * provider may have generated although nothing of it arrived, unless what is known of it costs more.
 */
export function usedBy(charge: Charge, attempt: Attempt | undefined, unseen: boolean): SettledClaim {
  const { claim } = charge;
  return { claim, used: attempt === undefined ? 0n : amountUsed(charge, attempt, unseen) };
}

function amountUsed(charge: Charge, attempt: Attempt, unseen: boolean): bigint {
  if ("budget" in charge) {
    const { claim, budget } = charge;
    const { possiblyBilled, usage, cost } = attempt;
    const reported = budget.tokens === undefined ? cost : usage;
    if (reported === undefined) return possiblyBilled ? claim.amount : 0n;
    const known = budget.tokens === undefined ? (totalNano(cost) ?? claim.amount) : BigInt(usage?.total ?? 0);
    if (unseen && usage?.estimated === true) return known > claim.amount ? known : claim.amount;
    return possiblyBilled && reported.estimated ? withUnseen(known, claim.amount) : known;
  }
  if (!("rate" in charge)) return 0n;
  return charge.rate.of === "requests" ? 1n : tokensOf(attempt, BigInt(charge.claim.amount));
}

/** What was generated after the last event that arrived is unknown: as much again, within the reservation. */
function withUnseen(known: bigint, reserved: bigint): bigint {
  if (known >= reserved) return known;
  return 2n * known < reserved ? 2n * known : reserved;
}

function tokensOf({ usage, possiblyBilled }: Attempt, reserved: bigint): bigint {
  if (usage !== undefined) return BigInt(usage.total);
  return possiblyBilled ? reserved : 0n;
}

/** Identifies what a claim waits for. */
export function lineOf(claim: Claim): string {
  return claim.kind === "budget" ? `${claim.family} ${claim.member}` : claim.counter;
}

/** The request with the smallest `max_output` of the budgets, if it has no limit of its own. */
export function withMaxOutput(request: ModelRequest, target: Target, budgets: readonly Budget[]) {
  if (request.settings.maxNewTokens !== undefined || request.embedding !== undefined) return undefined;
  let chosen: Budget | undefined;
  for (const budget of budgets)
    if (budget.maxOutput !== undefined && budget.maxOutput < (chosen?.maxOutput ?? Number.POSITIVE_INFINITY))
      chosen = budget;
  const maxOutput = chosen?.maxOutput;
  if (chosen === undefined || maxOutput === undefined) return undefined;
  const maxNewTokens = Math.min(maxOutput, target.facts.maxOutput ?? maxOutput);
  const adjustment = {
    setting: "max_new_tokens",
    from: undefined,
    to: maxNewTokens,
    reason: `max_output of budget "${chosen.name}"`,
  };
  return { request: { ...request, settings: { ...request.settings, maxNewTokens } }, adjustment };
}
