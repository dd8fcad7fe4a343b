import { aliasOf, stemOf } from "./identity.ts";
import { mergeFacts } from "./merge-facts.ts";
import type { ModelRow } from "./model-row.ts";
import { type ModelTable, type Overlay, tableNames, tableOf } from "./table.ts";
import { VENDORS } from "./vendors.ts";

/** The row of exactly this model: its id, another name for it, or a copy of it; with what an overlay knows. */
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

/** Whether a table has this model, under any name. */
export function isListed(table: ModelTable, modelId: string): boolean {
  return namesOf(modelId).some((name) => rowIn(table, name) !== undefined);
}

function rowIn(table: ModelTable | undefined, id: string): ModelRow | undefined {
  return table?.byId.get(id) ?? table?.byStem.get(id);
}

/** A release that only the overlay has takes what it does not say from the release that the tables have. */
function completed(found: ModelRow, copy: ModelRow | undefined): ModelRow {
  if (copy === undefined) return found;
  const { retiresOn: _, timedPrice, price, ...facts } = copy;
  const kept = found.price === undefined ? { ...facts, price, timedPrice } : facts;
  return mergeFacts(kept as ModelRow, found);
}

/**
 * The newer facts over the older ones. A shipped price that a newer one agrees with says more (rates of long prompts, of
 * caches), and one that depends on the hour is not replaced by one that does not.
 */
function combined(shipped: ModelRow, found: ModelRow, { newer }: Overlay): ModelRow {
  if (!newer) return mergeFacts(found, shipped);
  const { price, ...facts } = found;
  if (price === undefined || shipped.timedPrice === true) return mergeFacts(shipped, facts);
  const agrees = price.input === shipped.price?.input && price.output === shipped.price.output;
  return mergeFacts(shipped, { ...facts, price: agrees ? { ...price, ...shipped.price } : price });
}

/** The id itself first, then without what a gateway puts before it and what a release puts after it. */
function namesOf(modelId: string): readonly string[] {
  const bare = fineTunedFrom(modelId) ?? vendorOf(modelId)[1];
  const names = [modelId, bare, aliasOf(bare), stemOf(bare), aliasOf(stemOf(bare))];
  return names.filter((name): name is string => name !== undefined && name !== "");
}

/** OpenAI names a fine-tuned model `ft:BASE:ORGANIZATION:NAME:ID`. */
export function fineTunedFrom(modelId: string): string | undefined {
  return modelId.startsWith("ft:") ? modelId.split(":")[1] : undefined;
}

/** `anthropic/claude-…` -> the provider that makes it, and the id it has there. */
export function vendorOf(modelId: string): readonly [string | undefined, string] {
  const slash = modelId.indexOf("/");
  const home = slash < 0 ? undefined : VENDORS.get(modelId.slice(0, slash));
  return home === undefined ? [undefined, modelId] : [home, modelId.slice(slash + 1)];
}

/** Vendors before providers that host other vendors' models. */
export function searchOrder(overlay?: Overlay): readonly string[] {
  return [...new Set([...VENDORS.values(), ...tableNames(), ...(overlay?.names() ?? [])])];
}
