import { infoOf } from "../catalog/lookup.ts";
import { findProvider, type ProviderRow } from "../catalog/providers.ts";
import { SIMULATOR } from "../config/layering.ts";
import type { EntryConfig } from "../config/load.ts";
import type { ModelFacts } from "../core/target.ts";
import { isWireName } from "../core/wire-name.ts";
import type { ResolveContext, ResolvedEntry } from "./resolve-context.ts";

/** The provider row for wire format and facts; a simulated entry keeps that of the provider it replaces. */
export function rowOf(
  entry: EntryConfig,
  { custom, overlay }: Pick<ResolveContext, "custom" | "overlay">,
): ProviderRow | undefined {
  if (custom.has(entry.provider)) return undefined;
  if (entry.provider !== SIMULATOR) return findProvider(entry.provider);
  const stoodFor = entry.simulatedProvider ?? infoOf(entry.name, overlay)?.provider;
  return stoodFor === undefined ? undefined : findProvider(stoodFor);
}

/** The wire format of an entry: its own, its provider's, or the one that its model requires. */
export function dialectFor(
  { entry, row, simulated }: ResolvedEntry,
  facts: ModelFacts,
  { custom }: Pick<ResolveContext, "custom">,
): string {
  const named = entry.customLlmProvider;
  // The simulator does not support custom dialects.
  if (named !== undefined && (!simulated || isWireName(named))) return named;
  if (custom.has(entry.provider)) return entry.provider;
  if (row === undefined) return "openai";
  return row.wireByModel === true && named === undefined ? (facts.dialect ?? row.dialect) : row.dialect;
}

/**
 * The wire format for requests with tools, if it is another one. Not for a custom `base_url`, whose server may support only the
 * default format.
 */
export function toolsDialectFor({ entry, row }: ResolvedEntry, facts: ModelFacts, dialect: string): string | undefined {
  const fixed = entry.customLlmProvider !== undefined || entry.baseUrl !== undefined;
  return fixed || row?.wireByModel !== true || dialect !== row.dialect ? undefined : facts.toolsDialect;
}
