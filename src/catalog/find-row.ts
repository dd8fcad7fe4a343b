import { aliasOf, stemOf } from "./identity.ts";
import { mergeFacts } from "./merge-facts.ts";
import type { ModelRow } from "./model-row.ts";
import { type ModelTable, type Overlay, tableNames, tableOf } from "./table.ts";
import { VENDORS } from "./vendors.ts";

/** The row of exactly this model, by id, alias or copy, combined with an overlay. */
export function rowOf(providerId: string, modelId: string, overlay?: Overlay): ModelRow | undefined {
  const table = tableOf(providerId);
  const fresh = overlay?.table(providerId);
  if (table === undefined && fresh === undefined) return undefined;
  for (const id of namesOf(modelId)) {
    const [shipped, found] = [rowIn(table, id), rowIn(fresh, id)];
    if (found === undefined && shipped === undefined) continue;
    if (overlay === undefined || found === undefined) return shipped;
    return shipped === undefined ? completed(found, rowOf(providerId, modelId)) : combined(shipped, found, overlay);
  }
  return undefined;
}

/** Whether a table has this model, by any id. */
export function isListed(table: ModelTable, modelId: string): boolean {
  return namesOf(modelId).some((name) => rowIn(table, name) !== undefined);
}

function rowIn(table: ModelTable | undefined, id: string): ModelRow | undefined {
  return table?.byId.get(id) ?? table?.byStem.get(id);
}

/** Fills missing facts of a release that only the overlay has from the release in the tables. */
function completed(found: ModelRow, copy: ModelRow | undefined): ModelRow {
  if (copy === undefined) return found;
  const { retiresOn: _, timedPrice, price, ...facts } = copy;
  const kept = found.price === undefined ? { ...facts, price, timedPrice } : facts;
  return mergeFacts(kept as ModelRow, found);
}

/**
 * Newer facts over older ones. A built-in price that matches the newer one is kept, because it has more detail (rates for long
 * prompts and caches). A time-dependent price is not replaced by one that is not.
 */
function combined(shipped: ModelRow, found: ModelRow, { newer }: Overlay): ModelRow {
  if (!newer) return mergeFacts(found, shipped);
  const { price, ...facts } = found;
  if (price === undefined || shipped.timedPrice === true) return mergeFacts(shipped, facts);
  const agrees = price.input === shipped.price?.input && price.output === shipped.price.output;
  return mergeFacts(shipped, { ...facts, price: agrees ? { ...price, ...shipped.price } : price });
}

/** The id, then the id without a gateway prefix and without a release suffix. */
function namesOf(modelId: string): readonly string[] {
  const bare = fineTunedFrom(modelId) ?? vendorOf(modelId)[1];
  const names = [modelId, bare, aliasOf(bare), stemOf(bare), aliasOf(stemOf(bare))];
  return names.filter((name): name is string => name !== undefined && name !== "");
}

/** The id of a fine-tuned OpenAI model is `ft:BASE:ORGANIZATION:NAME:ID`. */
export function fineTunedFrom(modelId: string): string | undefined {
  return modelId.startsWith("ft:") ? modelId.split(":")[1] : undefined;
}

/** `anthropic/claude-…` -> the vendor, and the id there. */
export function vendorOf(modelId: string): readonly [string | undefined, string] {
  const slash = modelId.indexOf("/");
  const home = slash < 0 ? undefined : VENDORS.get(modelId.slice(0, slash));
  return home === undefined ? [undefined, modelId] : [home, modelId.slice(slash + 1)];
}

/** Vendors before providers that serve models of other vendors. */
export function searchOrder(overlay?: Overlay): readonly string[] {
  return [...new Set([...VENDORS.values(), ...tableNames(), ...(overlay?.names() ?? [])])];
}
