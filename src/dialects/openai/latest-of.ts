/**
 * Servers give few things one name or one place. Of more than this, only the latest are compared: comparing with all of them
 * would cost quadratic time.
 */
export const MOST_COMPARED = 64;

/** The last item that fits, among the latest ones. */
export function latestOf<Item>(items: readonly Item[], fits: (item: Item) => boolean): Item | undefined {
  const least = Math.max(0, items.length - MOST_COMPARED);
  for (let at = items.length - 1; at >= least; at--) {
    const item = items[at];
    if (item !== undefined && fits(item)) return item;
  }
  return undefined;
}
