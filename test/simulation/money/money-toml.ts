import type { EntryPlan } from "../plan.ts";
import type { BudgetPlan, MatchPlan, MoneyPlan, RatePlan } from "./money-plan.ts";

/** The tables of a plan other than its entries. */
export function moneyToml({ budgets, rates }: MoneyPlan): string {
  return [...budgets.map(budgetToml), ...rates.map(rateToml)].join("\n");
}

/** The lines of an entry. */
export function entryMoneyLines({ price, maxNewTokens, rateLimit }: EntryPlan): readonly (string | false)[] {
  return [
    price !== undefined && `pricing = { input = ${price.input}, output = ${price.output} }`,
    maxNewTokens !== undefined && `max_new_tokens = ${maxNewTokens}`,
    rateLimit !== undefined && `rate_limit = { ${limitLines(rateLimit).join(", ")} }`,
  ];
}

function budgetToml(budget: BudgetPlan): string {
  const { unit, limit } = budget;
  const lines = [
    `[budgets.${budget.name}]`,
    unit === "usd" ? `usd = ${Number(limit) / 1e9}` : `tokens = ${limit}`,
    `period = "${budget.period}"`,
    `timezone = "${budget.timezone}"`,
    ...ruleLines(budget),
    `on_exceeded = "${budget.onExceeded}"`,
    unit === "usd" && `unpriced = "${budget.unpriced}"`,
    budget.maxOutput !== undefined && `max_output = ${budget.maxOutput}`,
    `max_wait = "${budget.maxWaitMs}ms"`,
    `warn_at = ${budget.warnAt}`,
    budget.maxCounters !== undefined && `max_counters = ${budget.maxCounters}`,
  ];
  return `${lines.filter((line) => line !== false).join("\n")}\n`;
}

function rateToml(rate: RatePlan): string {
  return `${[`[rate_limits.${rate.name}]`, ...ruleLines(rate), ...limitLines(rate)].join("\n")}\n`;
}

const UNITS: Readonly<Record<number, string>> = { 1000: "second", 60000: "minute", 3600000: "hour" };

function limitLines({ rates, maxParallel, onExceeded, maxWaitMs, queue }: RatePlan): readonly string[] {
  return [
    ...rates.map(({ of, limit, perMs }) => `${of}_per_${UNITS[perMs]} = ${limit}`),
    ...(maxParallel === undefined ? [] : [`max_parallel = ${maxParallel}`]),
    ...(onExceeded === "refuse" ? [`on_exceeded = "refuse"`] : [`max_wait = "${maxWaitMs}ms"`, `queue = ${queue}`]),
  ];
}

function ruleLines({ per, match }: BudgetPlan | RatePlan): readonly string[] {
  const lines = per.length === 0 ? [] : [`per = ${JSON.stringify(per)}`];
  return match === undefined || Object.keys(match).length === 0 ? lines : [...lines, matchLine(match)];
}

function matchLine(match: MatchPlan): string {
  const lists = Object.entries(match).map(([name, list]) => `${name} = ${JSON.stringify(list)}`);
  return `match = { ${lists.join(", ")} }`;
}
