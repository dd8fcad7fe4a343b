import { latestOf, MAX_COMPARED } from "./latest-of.ts";

interface Listed {
  readonly index: number | undefined;
  readonly finished: boolean;
}

const ANY = (): boolean => true;

/** Items with a common key, in the order in which they started. */
export class ItemList<Item extends Listed> {
  readonly #items: Item[] = [];
  readonly #byIndex = new Map<number | undefined, Item[]>();
  /** All unfinished items, and some finished ones. */
  readonly #open: Item[] = [];

  add(item: Item): void {
    this.#items.push(item);
    this.#open.push(item);
    const there = this.#byIndex.get(item.index);
    if (there === undefined) this.#byIndex.set(item.index, [item]);
    else there.push(item);
  }

  last(fits: (item: Item) => boolean = ANY): Item | undefined {
    return latestOf(this.#items, fits);
  }

  lastAt(index: number | undefined, fits: (item: Item) => boolean): Item | undefined {
    return latestOf(this.#byIndex.get(index) ?? [], fits);
  }

  lastOpen(fits: (item: Item) => boolean = ANY): Item | undefined {
    this.#forgetFinished();
    return latestOf(this.#open, (item) => !item.finished && fits(item));
  }

  /** The only unfinished item that fits. */
  onlyOpen(fits: (item: Item) => boolean = ANY): Item | undefined {
    this.#forgetFinished();
    const [only, second] = this.#open.slice(-MAX_COMPARED).filter((item) => !item.finished && fits(item));
    return second === undefined ? only : undefined;
  }

  [Symbol.iterator](): Iterator<Item> {
    return this.#items.values();
  }

  #forgetFinished(): void {
    while (this.#open.at(-1)?.finished === true) this.#open.pop();
  }
}
