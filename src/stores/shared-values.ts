import type { Clock } from "../core/clock.ts";
import type { BoundedStore, StoreSize } from "../core/store.ts";
import { StoreUnavailable } from "../core/store.ts";
import type { TextStore, ValueBounds } from "./text-store.ts";
import { CHECKSUM_DIGITS, textOf, valueIn } from "./value-text.ts";

export interface SharedValuesOptions extends ValueBounds {
  /** Larger values are neither stored nor read. Default: `maxBytes`. */
  readonly maxValueBytes?: number;
  /** Called when this process removed values to make room for another. */
  readonly onEvicted?: (count: number) => void;
}

/** How long a store that failed is left alone, so that calls do not wait for it again and again. */
const PAUSE_MS = 5_000;

/** Values in a store that several processes use. */
export class SharedValues implements BoundedStore {
  readonly #open: () => Promise<TextStore>;
  readonly #options: SharedValuesOptions;
  readonly #clock: Clock;
  #store: Promise<TextStore> | undefined;
  #isClosed = false;
  #size: StoreSize = { entries: 0, bytes: 0 };
  #failure: { readonly error: StoreUnavailable; readonly untilMs: number } | undefined;

  constructor(open: () => Promise<TextStore>, options: SharedValuesOptions, clock: Clock) {
    this.#open = open;
    this.#options = options;
    this.#clock = clock;
  }

  async get(key: string): Promise<unknown> {
    const found = await this.#step((store) => store.get(key, this.#maxValueBytes + CHECKSUM_DIGITS));
    if (found === undefined) return undefined;
    this.#size = found.size;
    return found.text === undefined ? undefined : valueIn(found.text);
  }

  async set(key: string, value: unknown, ttlMs: number): Promise<void> {
    const json = JSON.stringify(value);
    const bytes = Buffer.byteLength(json);
    if (bytes > this.#maxValueBytes || ttlMs <= 0) return this.delete(key);
    const { onEvicted, maxEntries, maxBytes } = this.#options;
    const bounds = { maxEntries, maxBytes };
    const written = await this.#step((store) => store.set({ key, text: textOf(json), bytes, ttlMs, bounds }));
    if (written === undefined) return;
    this.#size = written.size;
    if (written.evicted > 0) onEvicted?.(written.evicted);
  }

  async delete(key: string): Promise<void> {
    this.#size = (await this.#step((store) => store.delete(key))) ?? this.#size;
  }

  async clear(prefix: string): Promise<void> {
    this.#size = (await this.#step((store) => store.clear(prefix))) ?? this.#size;
  }

  size(): StoreSize {
    return this.#size;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const store = await this.#store?.catch(() => undefined);
    await store?.close();
  }

  get #maxValueBytes(): number {
    const { maxBytes, maxValueBytes = maxBytes } = this.#options;
    return Math.min(maxBytes, maxValueBytes);
  }

  /** Nothing, if the store is closed. */
  async #step<T>(run: (store: TextStore) => Promise<T>): Promise<T | undefined> {
    if (this.#isClosed) return undefined;
    if (this.#failure !== undefined && this.#clock.monotonic() < this.#failure.untilMs) throw this.#failure.error;
    try {
      this.#store ??= this.#open();
      const answer = await run(await this.#store);
      this.#failure = undefined;
      return answer;
    } catch (error) {
      if (this.#isClosed) return undefined;
      if (error instanceof StoreUnavailable) this.#failure = { error, untilMs: this.#clock.monotonic() + PAUSE_MS };
      throw error;
    }
  }
}
