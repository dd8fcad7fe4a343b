import { cacheToml } from "./cache/cache-plan.ts";
import { ledgerToml } from "./ledger/ledger-plan.ts";
import { entryMoneyLines, moneyToml } from "./money/money-toml.ts";
import { stateToml } from "./money/state-plan.ts";
import type { EntryPlan, WorldPlan } from "./plan.ts";

/** The models.toml of a plan. */
export function tomlOf({ entries, money, cache, ledger, state }: WorldPlan): string {
  const tables = [
    state && stateToml(state),
    cache && cacheToml(cache),
    ledger && ledgerToml(ledger),
    money && moneyToml(money),
    ...entries.map(entryToml),
  ];
  return tables.filter((table) => table !== undefined).join("\n");
}

function entryToml(entry: EntryPlan): string {
  const { breaker, retryOn } = entry;
  const lines = [
    `[models.${entry.name}]`,
    `name = "${entry.name}-model"`,
    `provider = "${entry.name}"`,
    `base_url = "http://${entry.name}.test"`,
    `api_key = ${JSON.stringify(entry.keys)}`,
    ...entryMoneyLines(entry),
    `num_retries = ${entry.numRetries}`,
    `jitter = "${entry.jitter}"`,
    `timeout = "${entry.timeoutMs}ms"`,
    `idle_timeout = "${entry.idleMs}ms"`,
    entry.firstTokenMs !== undefined && `first_token_timeout = "${entry.firstTokenMs}ms"`,
    entry.deadlineMs !== undefined && `deadline = "${entry.deadlineMs}ms"`,
    entry.maxParallel !== undefined && `max_parallel = ${entry.maxParallel}`,
    entry.maxParallel !== undefined && entry.queue !== undefined && `queue = ${entry.queue}`,
    breaker === undefined
      ? "circuit_breaker = false"
      : `circuit_breaker = { threshold = ${breaker.threshold}, half_open_after = "${breaker.halfOpenMs}ms"${breaker.windowMs === undefined ? "" : `, window = "${breaker.windowMs}ms"`} }`,
    `on_break = "${entry.onBreak}"`,
    `continue_on_length = ${entry.continueOnLength}`,
    entry.hedgeMs !== undefined && `hedge_after = "${entry.hedgeMs}ms"`,
    retryOn !== undefined && `retry_on = { ${Object.entries(retryOn).map(([code, count]) => `${code} = ${count}`)} }`,
    `fallback_models = ${JSON.stringify(entry.fallbacks)}`,
    `content_policy_fallbacks = ${JSON.stringify(entry.policyFallbacks)}`,
  ];
  return `${lines.filter((line) => line !== false).join("\n")}\n`;
}
