/**
 * Maximum number of items with one name or index that are compared, the latest ones; comparing with all of them would take
 * quadratic time.
 */
export const MAX_COMPARED = 64;

/** The last item that fits, among the latest items. */
export function latestOf<Item>(items: readonly Item[], fits: (item: Item) => boolean): Item | undefined {
  const least = Math.max(0, items.length - MAX_COMPARED);
  for (let at = items.length - 1; at >= least; at--) {
    const item = items[at];
    if (item !== undefined && fits(item)) return item;
  }
  return undefined;
}
