/** Adds items to the end of a list. `push(...items)` takes each as an argument, and the stack has room for about 100,000. */
export function append<Item>(list: Item[], items: Iterable<Item>): void {
  for (const item of items) list.push(item);
}
