import type { Clock } from "../core/clock.ts";
import type { BoundedStore, StoreSize } from "../core/store.ts";

interface Entry {
  /** JSON: a copy that costs less to keep and to read than an object. */
  readonly text: string;
  readonly bytes: number;
  readonly expiresMs: number;
}

export interface MemoryBounds {
  readonly maxEntries: number;
  /** Of the values as JSON. Default: no limit. */
  readonly maxBytes?: number;
  /** Called when a value is removed to make room for another. */
  readonly onEvicted?: (count: number) => void;
}

/** Keeps copies of values in memory; evicts the least recently used one. A value larger than the store is not kept. */
export class MemoryStore implements BoundedStore {
  readonly #entries = new Map<string, Entry>();
  readonly #bounds: MemoryBounds;
  readonly #clock: Clock;
  #bytes = 0;

  constructor(bounds: number | MemoryBounds, clock: Clock) {
    this.#bounds = typeof bounds === "number" ? { maxEntries: bounds } : bounds;
    this.#clock = clock;
  }

  async get(key: string): Promise<unknown> {
    const entry = this.#living(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return JSON.parse(entry.text);
  }

  async set(key: string, value: unknown, ttlMs: number): Promise<void> {
    const text = JSON.stringify(value);
    const bytes = Buffer.byteLength(text);
    this.#remove(key);
    if (bytes > this.#maxBytes) return;
    this.#entries.set(key, { text, bytes, expiresMs: this.#clock.monotonic() + ttlMs });
    this.#bytes += bytes;
    this.#makeRoom();
  }

  async delete(key: string): Promise<void> {
    this.#remove(key);
  }

  async clear(prefix: string): Promise<void> {
    for (const key of this.#entries.keys()) if (key.startsWith(prefix)) this.#remove(key);
  }

  /** Number and size of the values that have not expired. */
  size(): StoreSize {
    for (const key of this.#entries.keys()) this.#living(key);
    return { entries: this.#entries.size, bytes: this.#bytes };
  }

  async close(): Promise<void> {}

  get #maxBytes(): number {
    return this.#bounds.maxBytes ?? Number.POSITIVE_INFINITY;
  }

  #makeRoom(): void {
    const now = this.#clock.monotonic();
    for (const [oldest, { expiresMs }] of this.#entries) {
      if (this.#entries.size <= this.#bounds.maxEntries && this.#bytes <= this.#maxBytes) break;
      this.#remove(oldest);
      if (expiresMs > now) this.#bounds.onEvicted?.(1);
    }
  }

  #living(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.expiresMs > this.#clock.monotonic()) return entry;
    this.#remove(key);
    return undefined;
  }

  #remove(key: string): void {
    this.#bytes -= this.#entries.get(key)?.bytes ?? 0;
    this.#entries.delete(key);
  }
}
