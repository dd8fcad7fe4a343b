import { factsOf } from "../catalog/lookup.ts";
import type { ProviderRow } from "../catalog/providers.ts";
import type { Overlay } from "../catalog/table.ts";
import { camelOf } from "../config/entry-config.ts";
import type { EntryConfig } from "../config/load.ts";
import { isReference } from "../config/references.ts";
import type { SettingName } from "../core/request.ts";
import { capabilitiesOf } from "../core/setting-capabilities.ts";
import type { Capabilities, Capability, ModelFacts } from "../core/target.ts";
import { rowOf } from "./entry-provider.ts";

/** The catalog's facts about an entry's model, overridden by the entry's `capabilities`. */
export function factsFor(entry: EntryConfig, row: ProviderRow | undefined, overlay: Overlay | undefined): ModelFacts {
  return withOverrides(withKind(factsOf(row?.id ?? entry.provider, entry.name, overlay)), entry.capabilities);
}

/** A model that calls tools or reasons generates answers. For others the catalog does not say. */
function withKind(facts: ModelFacts): ModelFacts {
  const { tools, reasoning } = facts.capabilities;
  const generates = facts.embedding === undefined && (tools === true || reasoning === true);
  return generates ? { ...facts, capabilities: { embeddings: false, ...facts.capabilities } } : facts;
}

/**
 * The capabilities of an entry's model, from the file and the built-in catalog only. A setting that the model or its provider
 * rejects counts as missing, one in `allow` as unknown.
 */
export function declaredCapabilities(entry: EntryConfig): Capabilities {
  const row = rowOf(entry, NONE);
  const listed = isReference(entry.name) ? NO_FACTS : factsOf(row?.id ?? entry.provider, entry.name);
  const { capabilities, lacks = [] } = withOverrides(listed, entry.capabilities);
  const refused = [...lacks, ...(row?.quirks.lacks ?? [])];
  const allowed = (entry.allow ?? []).flatMap((key) => capabilitiesOf(camelOf(key) as SettingName) ?? []);
  const missing = Object.entries(SETTING_OF).filter(([, setting]) => refused.includes(setting));
  const known = Object.entries({ ...capabilities, ...Object.fromEntries(missing.map(([name]) => [name, false])) });
  return Object.fromEntries(known.filter(([name]) => !allowed.includes(name as Capability)));
}

const NONE = { custom: new Set<string>(), overlay: undefined };
const NO_FACTS: ModelFacts = { known: false, capabilities: {} };

/** Settings of a capability; if the entry declares it, the catalog's restrictions on them are ignored. */
const SETTING_OF: Partial<Record<keyof Capabilities, SettingName>> = {
  temperature: "temperature",
  stop: "stop",
  reasoning: "reasoningEffort",
  parallelTools: "parallelToolCalls",
};

function withOverrides(facts: ModelFacts, overrides: EntryConfig["capabilities"]): ModelFacts {
  if (overrides === undefined) return facts;
  const { context, maxOutput, ...flags } = overrides;
  const given = Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined)) as Capabilities;
  const able = (Object.keys(given) as (keyof Capabilities)[])
    .filter((name) => given[name] === true)
    .map((name) => SETTING_OF[name]);
  const lacks = facts.lacks?.filter((name) => !able.includes(name));
  return {
    ...facts,
    capabilities: { ...facts.capabilities, ...given },
    lacks,
    ...(context !== undefined && { context }),
    ...(maxOutput !== undefined && { maxOutput }),
  };
}
