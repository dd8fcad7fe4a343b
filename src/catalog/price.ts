import type { Price } from "../core/cost.ts";
import { fineTunedFrom, rowOf, searchOrder } from "./find-row.ts";
import { listedPrice } from "./listed-price.ts";
import { PROVIDERS } from "./providers.ts";
import { type Overlay, tableOf } from "./table.ts";

/**
 * USD per million tokens of a model at a provider, or anywhere when no provider is given (`price_as`); undefined when
 * is unknown. `at` matters for the few prices that depend on the day or hour.
 */
export function priceOf(
  providerId: string | undefined,
  modelId: string,
  at: Date = new Date(),
  overlay?: Overlay,
): Price | undefined {
  // A fine-tuned model costs more than its base, by an amount no list gives.
  if (fineTunedFrom(modelId.toLowerCase()) !== undefined) return undefined;
  if (providerId !== undefined) return priceAt(providerId, modelId, at, overlay);
  for (const provider of searchOrder(overlay)) {
    const row = rowOf(provider, modelId, overlay);
    const price = row && priceAt(provider, modelId, at, overlay);
    if (price !== undefined) return price;
  }
  return undefined;
}

/** Whether anybody lists a price of a model id, as `price_as` looks for it. */
export function isPriced(modelId: string, overlay?: Overlay): boolean {
  if (priceOf(undefined, modelId, undefined, overlay) !== undefined) return true;
  return PROVIDERS.some(({ id }) => priceOf(id, modelId, undefined, overlay) !== undefined);
}

/** Models that are known by their price alone are in no table of facts. */
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
