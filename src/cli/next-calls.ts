import { type Budget, canMatch } from "../core/budget.ts";
import type { BudgetStatus, ModelFactory } from "../index.ts";
import { configProblems } from "./config-problems.ts";
import type { Project } from "./project.ts";
import { withStandIns } from "./stand-ins.ts";

/** The least that a call to an entry reserves, in the unit of a budget. */
export interface NextCall {
  readonly entry: string;
  readonly amount: number;
}

/** What a budget would do with the next calls. */
export interface Outlook {
  /** Entries of which no call fits into what is left, unless it has a smaller `max_new_tokens`. The cheapest first. */
  readonly refused: readonly NextCall[];
  /** Whether these are all entries that the budget applies to. */
  readonly refusesAll: boolean;
  /** Whether a fallback is tried instead. */
  readonly skips: boolean;
}

type Factory = ModelFactory<Record<never, never>>;

/** The outlook of each counter, without a request. */
export async function outlooksOf(
  rows: readonly BudgetStatus[],
  project: Project,
  env: Readonly<Record<string, string | undefined>>,
): Promise<readonly Outlook[]> {
  const factory = await project.reopen({ env: withStandIns(project.config, env), readOnly: true });
  try {
    return rows.map((row) => outlookOf(row, project, factory));
  } finally {
    await factory.close();
  }
}

function outlookOf(row: BudgetStatus, project: Project, factory: Factory): Outlook {
  const budget = project.config.budgets.find(({ name }) => name === row.name);
  const amounts = entriesOf(row, budget, project).map((entry) => ({
    entry,
    amount: amountOf(entry, row, project, factory),
  }));
  const refused = amounts.filter((call): call is NextCall => call.amount !== null && call.amount > row.remaining);
  return {
    refused: refused.toSorted((left, right) => left.amount - right.amount),
    refusesAll: refused.length > 0 && refused.length === amounts.length,
    skips: budget?.onExceeded === "fallback",
  };
}

function entriesOf({ per = {} }: BudgetStatus, budget: Budget | undefined, { config }: Project): readonly string[] {
  return config.names.filter((entry) => {
    const { provider } = config.entry(entry);
    if ((per["model"] ?? entry) !== entry || (per["provider"] ?? provider) !== provider) return false;
    return budget !== undefined && canMatch(budget, { entry, provider }) && (budget.entries?.includes(entry) ?? true);
  });
}

/** No call has a shorter prompt. */
const SHORTEST = "a";

/** Null if the price is unknown, or the entry cannot be used. */
function amountOf(entry: string, { unit }: BudgetStatus, project: Project, factory: Factory): number | null {
  try {
    const output = outputOf(entry, project, factory);
    const { tokens, usd, maxUsd } = factory.get(entry).estimate(SHORTEST, output === 0 ? {} : { maxTokens: output });
    if (unit === "tokens") return tokens + output;
    return output === 0 ? usd : maxUsd;
  } catch (error) {
    if (configProblems(error) === undefined) throw error;
    return null;
  }
}

/** What admission assumes for a model without a known limit. */
const UNKNOWN_MAX_OUTPUT = 4_096;

/** The tokens of an answer that a call reserves. */
function outputOf(entry: string, { config }: Project, factory: Factory): number {
  const { maxOutput, capabilities, provider } = factory.describe(entry);
  if (capabilities.embeddings === true) return 0;
  const matching = config.budgets.filter((budget) => canMatch(budget, { entry, provider }));
  const own = config.entry(entry).maxNewTokens ?? smallest(matching.map((budget) => budget.maxOutput));
  const limit = smallest([own, maxOutput]);
  return limit ?? UNKNOWN_MAX_OUTPUT;
}

function smallest(limits: readonly (number | null | undefined)[]): number | undefined {
  const known = limits.filter((limit) => limit !== null && limit !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}
