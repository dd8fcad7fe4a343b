import { isListed } from "../find-row.ts";
import { stemOf } from "../identity.ts";
import type { PriceRow } from "../listed-price.ts";
import type { ModelRow } from "../model-row.ts";
import { indexed } from "../table.ts";
import { enumeratedIds, packageModel, packageModels, timedPrices } from "./package-price.ts";

/** Prices that are not in the model table: of models without a row, and prices that depend on the time. */
export function priceRowsOf(provider: string, rows: readonly ModelRow[], at: Date): readonly PriceRow[] {
  const table = indexed(rows);
  const timed = new Set(rows.filter((row) => row.timedPrice === true).map((row) => row.id));
  return packageModels(provider).flatMap((model): PriceRow[] => {
    const ids = [...new Set([model.id, ...enumeratedIds(model.match)])]
      .filter((id) => timed.has(id) || !isListed(table, id))
      .filter((id) => packageModel(provider, id, at) === model);
    const prices = timedPrices(model);
    if (ids.length === 0 || prices.every(({ price }) => price === undefined)) return [];
    const copies = ["-2025-01-31", "-20250131"].map((date) => packageModel(provider, stemOf(model.id) + date, at));
    const hasCopies = ids[0] === model.id && copies.includes(model);
    return [{ ids, ...(hasCopies && { copies: true as const }), prices }];
  });
}
