import type { Budget, Match, Per, Period, RateRule } from "../core/budget.ts";
import { deepFreeze } from "../core/deep-freeze.ts";
import { ratesOf } from "./rates.ts";
import { budgetSection, rateLimitSection } from "./schema-money.ts";
import { tableReader } from "./sections.ts";
import type { Table } from "./table.ts";

const readBudget = tableReader(budgetSection);
const readRateLimit = tableReader(rateLimitSection);

const NANO_PER_USD = 1_000_000_000;

/** Merges the tables of `[budgets.NAME]`, lowest precedence first. `modelsOf` expands aliases and groups. */
export function budgetOf(name: string, tables: readonly Table[], modelsOf: ModelsOf): Budget {
  const { usd, tokens, per = [], match, ...rest } = readBudget(...tables);
  return deepFreeze({
    ...rest,
    name,
    ...(typeof usd === "number" && { nanoUsd: BigInt(Math.round(usd * NANO_PER_USD)) }),
    ...(typeof tokens === "number" && { tokens: BigInt(tokens) }),
    period: rest.period as Period,
    per: per as readonly Per[],
    match: matchOf(match, modelsOf),
  }) as unknown as Budget;
}

/** Merges the tables of `[rate_limits.NAME]`. */
export function rateRuleOf(name: string, tables: readonly Table[], modelsOf: ModelsOf): RateRule {
  const { per = [], match, maxParallel, onExceeded, maxWait, queue, ...written } = readRateLimit(...tables);
  return deepFreeze({
    ...{ name, rates: ratesOf(written), maxParallel, onExceeded, maxWait, queue },
    ...{ per: per as readonly Per[], match: matchOf(match, modelsOf) },
  }) as unknown as RateRule;
}

type ModelsOf = (name: string) => readonly string[];

function matchOf(match: unknown, modelsOf: ModelsOf): Match | undefined {
  if (match === undefined) return undefined;
  const { models, ...others } = match as Match;
  return models === undefined ? others : { ...others, models: [...new Set(models.flatMap(modelsOf))] };
}
