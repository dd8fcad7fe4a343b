import { infoOf } from "../catalog/lookup.ts";
import { findProvider, type ProviderRow } from "../catalog/providers.ts";
import { SIMULATOR } from "../config/layering.ts";
import type { EntryConfig } from "../config/load.ts";
import type { ModelFacts } from "../core/target.ts";
import { isWireName } from "../core/wire-name.ts";
import type { ResolveContext, ResolvedEntry } from "./resolve-context.ts";

/** The row whose wire and facts hold: a simulated entry keeps those of the provider it stands in for. */
export function rowOf(
  entry: EntryConfig,
  { custom, overlay }: Pick<ResolveContext, "custom" | "overlay">,
): ProviderRow | undefined {
  if (custom.has(entry.provider)) return undefined;
  if (entry.provider !== SIMULATOR) return findProvider(entry.provider);
  const stoodFor = entry.simulatedProvider ?? infoOf(entry.name, overlay)?.provider;
  return stoodFor === undefined ? undefined : findProvider(stoodFor);
}

/** The wire of an entry: the one it names, that of its provider, or the one its model needs there. */
export function dialectFor(
  { entry, row, simulated }: ResolvedEntry,
  facts: ModelFacts,
  { custom }: Pick<ResolveContext, "custom">,
): string {
  const named = entry.customLlmProvider;
  // The simulator speaks no wire that code brought along.
  if (named !== undefined && (!simulated || isWireName(named))) return named;
  if (custom.has(entry.provider)) return entry.provider;
  if (row === undefined) return "openai";
  return row.wireByModel === true && named === undefined ? (facts.dialect ?? row.dialect) : row.dialect;
}

/**
 * The wire for requests with tools, where it is another one. Behind an address of one's own may be a server that has only
 * the usual wire.
 */
export function toolsDialectFor({ entry, row }: ResolvedEntry, facts: ModelFacts, dialect: string): string | undefined {
  const fixed = entry.customLlmProvider !== undefined || entry.baseUrl !== undefined;
  return fixed || row?.wireByModel !== true || dialect !== row.dialect ? undefined : facts.toolsDialect;
}
