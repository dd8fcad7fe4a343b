import type { Price } from "../core/cost.ts";
import { exactPrice } from "./exact-price.ts";
import { fineTunedFrom, rowOf, searchOrder } from "./find-row.ts";
import { tableOf } from "./table.ts";

/**
 * USD per million tokens of a model at a provider, or anywhere when no provider is given (`price_as`); undefined when
 * nobody knows. `at` matters for the few prices that depend on the day or hour.
 */
export function priceOf(providerId: string | undefined, modelId: string, at: Date = new Date()): Price | undefined {
  // A fine-tuned model costs more than its base, by an amount no list gives.
  if (fineTunedFrom(modelId) !== undefined) return undefined;
  if (providerId !== undefined) return priceAt(providerId, modelId, at);
  for (const provider of searchOrder()) {
    const row = rowOf(provider, modelId);
    const price = row && priceAt(provider, modelId, at);
    if (price !== undefined) return price;
  }
  return undefined;
}

/** The table was generated from the price package, so the package is asked only for what the table cannot hold. */
function priceAt(providerId: string, modelId: string, at: Date): Price | undefined {
  if (modelId === "" || tableOf(providerId) === undefined) return undefined;
  const row = rowOf(providerId, modelId);
  if (row === undefined) return exactPrice(providerId, modelId, at);
  return row.timedPrice === true ? exactPrice(providerId, row.id, at) : row.price;
}
