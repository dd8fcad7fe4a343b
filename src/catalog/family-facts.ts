import type { Capability } from "../core/target.ts";
import { FACT_RULES } from "./facts.ts";
import { mergeFacts } from "./merge-facts.ts";
import type { ModelRow } from "./model-row.ts";

/** Applies the family rules to a row. Imported only where tables are generated. */
export function withFamilyFacts(provider: string, row: ModelRow): ModelRow {
  // The rules are about models that generate.
  if (row.embedding !== undefined) return ordered(row);
  const rules = FACT_RULES.filter((rule) => rule.providers.includes(provider) && rule.ids.test(row.id));
  const ruled = rules.reduce((merged, rule) => mergeFacts(merged, rule.facts), row);
  return ordered(ruled);
}

/** Normalizes the order of facts, and removes facts for missing capabilities. */
function ordered(row: ModelRow): ModelRow {
  const sorted = <T extends Capability | string>(list: readonly T[] | undefined) =>
    list === undefined || list.length === 0 ? undefined : [...list].sort();
  const reasons = row.cannot?.includes("reasoning") !== true;
  const {
    id,
    context,
    maxOutput,
    systemRole,
    anthropicVersion,
    dialect,
    toolResultMedia,
    embedding,
    timedPrice,
    price,
  } = row;
  const { releasedOn, deprecated, retiresOn } = row;
  return JSON.parse(
    JSON.stringify({
      id,
      context,
      maxOutput,
      can: sorted(row.can),
      cannot: sorted(row.cannot),
      reasoningWire: reasons ? row.reasoningWire : undefined,
      efforts: reasons ? row.efforts : undefined,
      lacks: sorted(row.lacks),
      lacksWithEffort: reasons ? sorted(row.lacksWithEffort) : undefined,
      oneSampler: row.oneSampler,
      systemRole,
      anthropicVersion: row.lacks?.includes("temperature") ? undefined : anthropicVersion,
      dialect,
      toolResultMedia,
      embedding,
      releasedOn,
      deprecated,
      retiresOn,
      timedPrice,
      price,
    }),
  ) as ModelRow;
}
