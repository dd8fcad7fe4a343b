import { catalogIds } from "../catalog/lookup.ts";
import { isPriced, priceOf } from "../catalog/price.ts";
import type { PriceConfig } from "../config/load.ts";
import { noPrice } from "../config/provider-checks.ts";
import { ConfigError } from "../core/config-error.ts";
import type { Price } from "../core/cost.ts";
import { own } from "../core/own.ts";
import { nearest } from "../core/suggest.ts";
import type { ResolveContext, ResolvedEntry } from "./resolve-context.ts";

/** Checks a `price_as` from a variable; literal values were checked when the file was loaded. */
export function checkPriceAs({ entry: { entry, priceAs }, declared }: ResolvedEntry, context: ResolveContext): void {
  const { config, overlay } = context;
  if (priceAs === undefined || declared.priceAs === priceAs) return;
  if (own(config.pricing, priceAs) !== undefined || isPriced(priceAs, overlay)) return;
  const at = config.origin(entry, "price_as");
  const suggestion = nearest(priceAs, [...Object.keys(config.pricing), ...catalogIds(undefined, overlay)]);
  throw new ConfigError([
    {
      ...{ file: config.file, line: at?.line ?? 0, column: at?.column ?? 0, path: `models.${entry}.price_as` },
      message: noPrice(priceAs),
      ...(suggestion !== undefined && { suggestion }),
    },
  ]);
}

/** The price of an entry's model: from the entry, then `[pricing]`, then the catalog; each overrides the next. */
export function priceFor({ entry, row }: ResolvedEntry, { config, overlay }: ResolveContext): Price | undefined {
  const id = entry.priceAs ?? entry.name;
  const listedAt = (provider: string | undefined, model: string) => priceOf(provider, model, undefined, overlay);
  const listed = () =>
    entry.priceAs === undefined
      ? listedAt(row?.id ?? entry.provider, entry.name)
      : (listedAt(row?.id, id) ?? listedAt(undefined, id));
  return laidOver(entry.pricing, () => laidOver(own(config.pricing, id), listed));
}

/** A table with input and output replaces the lower price; otherwise it overrides only its own keys. */
function laidOver(given: PriceConfig | undefined, below: () => Price | undefined): Price | undefined {
  if (given === undefined) return below();
  // A general cache write rate is the best estimate for one-hour writes if there is no specific one.
  const hour = given.cacheWrite === undefined ? {} : { assumed1h: given.cacheWrite };
  if (given.input !== undefined && given.output !== undefined) return { ...hour, ...given } as Price;
  const price = below();
  if (price === undefined) return undefined;
  const over = <Rates extends object>(rates: Rates): Rates => ({
    ...hour,
    ...rates,
    ...given,
  });
  const { tiers, ...rates } = price;
  return { ...over(rates), ...(tiers !== undefined && { tiers: tiers.map(over) }) };
}
