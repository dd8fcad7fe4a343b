import type { Config } from "../config/load.ts";
import { type Budget, canMatch, type Match, pathOf } from "../core/budget.ts";
import { usdText, worstCost } from "../core/cost.ts";
import { outputBound } from "../core/output-bound.ts";
import { nearest } from "../core/suggest.ts";
import type { Target } from "../core/target.ts";
import type { LintFinding } from "./lint-finding.ts";

/** A budget should hold at least so many requests of the largest size. */
const MIN_REQUESTS = 10n;
/** A short prompt, because a budget cannot know the prompts. */
const PROMPT_TOKENS = 1_000;

/** What was spent is rebuilt from the ledger; without one, a restart or a flush of the store forgets it. */
function withoutLedger(config: Config): readonly LintFinding[] {
  const [budget] = config.budgets;
  if (budget === undefined || config.ledger !== undefined) return [];
  const when = config.state.store === "memory" ? "the process ends" : "the store loses its data";
  const message = `what the budgets have spent is lost when ${when}; add a [ledger] table`;
  const path = pathOf(budget);
  return [{ severity: "warning", model: "", ...config.placeOf(path), path: path.join("."), message }];
}

/** The provider that a rule without matching entries may mean. */
function meant({ match }: { readonly match?: Match | undefined }, targets: readonly Target[]): string {
  const used = new Set(targets.map(({ provider }) => provider));
  const unknown = match?.providers?.find((name) => !used.has(name));
  const near = unknown === undefined ? undefined : nearest(unknown, used);
  return near === undefined ? "" : `; did you mean the provider "${near}"?`;
}

/** Rate limits that match no entry. `discovered` are models without an entry. */
export function rateLimitFindings(
  config: Config,
  targets: readonly Target[],
  discovered: readonly Target[],
): readonly LintFinding[] {
  return config.rateLimits
    .filter((rule) => ![...targets, ...discovered].some((target) => canMatch(rule, target)))
    .map((rule) => ({
      ...{ severity: "warning" as const, model: "" },
      ...config.placeOf(["rate_limits", rule.name, "match"]),
      path: `rate_limits.${rule.name}.match`,
      message: `rate limit "${rule.name}" matches no entry${meant(rule, targets)}`,
    }));
}

/**
 * Budgets that match no entry, refuse an entry because its price is unknown, or are too small for its answers. `discovered` are
 * models without an entry.
 */
export function budgetFindings(
  config: Config,
  targets: readonly Target[],
  discovered: readonly Target[],
): readonly LintFinding[] {
  const findings = config.budgets.flatMap((budget) => {
    const matching = targets.filter(
      (target) => canMatch(budget, target) && (budget.entries?.includes(target.entry) ?? true),
    );
    const report = (target: Target | undefined, key: string, message: string): LintFinding => ({
      ...{ severity: "warning", model: target?.entry ?? "" },
      ...config.placeOf([...pathOf(budget), key]),
      ...{ path: [...pathOf(budget), key].join("."), message },
    });
    if (matching.length === 0 && !discovered.some((target) => canMatch(budget, target)))
      return [report(undefined, "match", `budget "${budget.name}" matches no entry${meant(budget, targets)}`)];
    return matching.flatMap((target) => {
      const problem = problemOf(budget, target);
      return problem === undefined ? [] : [report(target, problem.key, problem.message)];
    });
  });
  return [...findings, ...withoutLedger(config)];
}

function problemOf(budget: Budget, target: Target): { readonly key: string; readonly message: string } | undefined {
  const { name, nanoUsd, tokens, unpriced } = budget;
  const price = target.price();
  const { settings, extraBody } = target;
  const limited = { maxNewTokens: settings.maxNewTokens ?? budget.maxOutput };
  const output = outputBound({ settings: limited, samples: 1, extraBody }, target);
  if (typeof output === "string") {
    const message = `budget "${name}" refuses calls to "${target.entry}", because ${output} is not a positive integer, so their answers have no limit; set it, or unpriced = "allow"`;
    return unpriced === "allow" ? undefined : { key: tokens === undefined ? "usd" : "tokens", message };
  }
  const small = (limit: string, request: string, holdsNone: boolean) => {
    const count = holdsNone ? "no request" : `fewer than ${MIN_REQUESTS} requests`;
    return `budget "${name}" (${limit}) holds ${count} of "${target.entry}", which may cost up to ${request} each; set max_new_tokens, or max_output of the budget`;
  };
  if (tokens !== undefined) {
    const most = BigInt(PROMPT_TOKENS + output);
    return most * MIN_REQUESTS > tokens
      ? { key: "tokens", message: small(`${tokens} tokens`, `${most} tokens`, most > tokens) }
      : undefined;
  }
  if (price === undefined) {
    const message = `budget "${name}" refuses calls to "${target.entry}", because its price is unknown; add [models.${target.entry}.pricing], price_as, or unpriced = "allow"`;
    return unpriced === "allow" ? undefined : { key: "usd", message };
  }
  const most = worstCost(price, PROMPT_TOKENS, output, false);
  const limit = nanoUsd ?? 0n;
  return most * MIN_REQUESTS > limit
    ? { key: "usd", message: small(`$${usdText(limit)}`, `$${usdText(most)}`, most > limit) }
    : undefined;
}
