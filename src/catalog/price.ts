import type { Price } from "../core/cost.ts";
import { fineTunedFrom, rowOf, searchOrder } from "./find-row.ts";
import { listedPrice } from "./listed-price.ts";
import { PROVIDERS } from "./providers.ts";
import { type Overlay, tableOf } from "./table.ts";

/**
 * USD per million tokens of a model at a provider, or at any provider (`price_as`); undefined if unknown. `at` matters for the
 * few prices that depend on the day or hour.
 */
export function priceOf(
  providerId: string | undefined,
  modelId: string,
  at: Date = new Date(),
  overlay?: Overlay,
): Price | undefined {
  // A fine-tuned model costs more than its base; no list has its price.
  if (fineTunedFrom(modelId.toLowerCase()) !== undefined) return undefined;
  if (providerId !== undefined) return priceAt(providerId, modelId, at, overlay);
  for (const provider of searchOrder(overlay)) {
    const row = rowOf(provider, modelId, overlay);
    const price = row && priceAt(provider, modelId, at, overlay);
    if (price !== undefined) return price;
  }
  return undefined;
}

/** Whether any provider has a price for a model id (`price_as`). */
export function isPriced(modelId: string, overlay?: Overlay): boolean {
  if (priceOf(undefined, modelId, undefined, overlay) !== undefined) return true;
  return PROVIDERS.some(({ id }) => priceOf(id, modelId, undefined, overlay) !== undefined);
}

/** Models with only a price are not in the model tables. */
function priceAt(providerId: string, modelId: string, at: Date, overlay: Overlay | undefined): Price | undefined {
  if (modelId === "") return undefined;
  const row = rowOf(providerId, modelId, overlay);
  if (row?.timedPrice === true) return listedPrice(providerId, row.id, at);
  if (row?.price !== undefined || tableOf(providerId) === undefined) return row?.price;
  if (rowOf(providerId, modelId) !== undefined) return undefined;
  const lowercase = modelId.toLowerCase();
  const listed = listedPrice(providerId, modelId, at);
  return listed === undefined && lowercase !== modelId ? priceAt(providerId, lowercase, at, overlay) : listed;
}
