import { isDeepStrictEqual } from "node:util";
import { catalogIds } from "../catalog/lookup.ts";
import { CATALOG_DATE } from "../catalog/models.generated.ts";
import { isPriced, priceOf } from "../catalog/price.ts";
import type { Overlay } from "../catalog/table.ts";
import type { PriceConfig } from "../config/load.ts";
import { noPrice } from "../config/provider-checks.ts";
import { ConfigError } from "../core/config-error.ts";
import type { Price } from "../core/cost.ts";
import { own } from "../core/own.ts";
import { nearest } from "../core/suggest.ts";
import type { PriceOrigin } from "../core/target.ts";
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

/** A price and where it comes from. */
export interface ListedPrice extends PriceOrigin {
  readonly price: Price;
}

/** The price of an entry's model: from the entry, then `[pricing]`, then the catalog; each overrides the next. */
export function priceFor({ entry, row }: ResolvedEntry, { config, overlay }: ResolveContext): ListedPrice | undefined {
  const id = entry.priceAs ?? entry.name;
  const listed = () =>
    entry.priceAs === undefined
      ? catalogPrice(row?.id ?? entry.provider, entry.name, overlay)
      : (catalogPrice(row?.id, id, overlay) ?? catalogPrice(undefined, id, overlay));
  return laidOver(entry.pricing, () => laidOver(own(config.pricing, id), listed));
}

function catalogPrice(provider: string | undefined, id: string, overlay: Overlay | undefined): ListedPrice | undefined {
  const price = priceOf(provider, id, undefined, overlay);
  if (price === undefined) return undefined;
  const isShipped = overlay === undefined || isDeepStrictEqual(price, priceOf(provider, id));
  return { price, source: CATALOG, date: isShipped ? CATALOG_DATE : overlay.asOf };
}

const FILE = "models.toml";
const CATALOG = "catalog";

/** A table with input and output replaces the lower price; otherwise it overrides only its own keys. */
function laidOver(given: PriceConfig | undefined, below: () => ListedPrice | undefined): ListedPrice | undefined {
  if (given === undefined) return below();
  // A general cache write rate is the best estimate for one-hour writes if there is no specific one.
  const hour = given.cacheWrite === undefined ? {} : { assumed1h: given.cacheWrite };
  if (given.input !== undefined && given.output !== undefined)
    return { price: { ...hour, ...given } as Price, source: FILE };
  const lower = below();
  if (lower === undefined) return undefined;
  const over = <Rates extends object>(rates: Rates): Rates => ({
    ...hour,
    ...rates,
    ...given,
  });
  const { tiers, ...rates } = lower.price;
  const price = { ...over(rates), ...(tiers !== undefined && { tiers: tiers.map(over) }) };
  return { ...lower, price, source: lower.source === CATALOG ? `${FILE}, ${CATALOG}` : lower.source };
}
