import type { StoreSize } from "../core/store.ts";

/** How much a shared store keeps. */
export interface ValueBounds {
  readonly maxEntries: number;
  readonly maxBytes: number;
}

export interface WrittenText {
  readonly key: string;
  readonly text: string;
  /** Of the value, for the bounds. */
  readonly bytes: number;
  /** Positive. */
  readonly ttlMs: number;
  readonly bounds: ValueBounds;
}

/**
 * What SQLite and Redis keep for `SharedValues`: texts, and when each was last used. Every method is one atomic step and
 * rejects with StoreUnavailable. Values that have expired are deleted, a limited number by each step.
 */
export interface TextStore {
  /** Finds no text of more than `maxBytes`. */
  get(key: string, maxBytes: number): Promise<{ readonly text: string | undefined; readonly size: StoreSize }>;
  /** `evicted`: how many others were removed, at most EVICT_AT_ONCE. */
  set(written: WrittenText): Promise<{ readonly evicted: number; readonly size: StoreSize }>;
  delete(key: string): Promise<StoreSize>;
  /** Several steps, so that none takes long. */
  clear(prefix: string): Promise<StoreSize>;
  close(): Promise<void>;
}

/** Limits how long one write takes after the bounds were lowered. */
export const EVICT_AT_ONCE = 1_000;
/** Values that one step deletes because they expired, or because they are cleared. */
export const DELETE_AT_ONCE = 200;
