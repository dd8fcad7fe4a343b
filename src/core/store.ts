/** Key/value storage with a time to live and an atomic counter; used by the result cache. */
export interface Store {
  get(key: string): Promise<unknown>;
  set(key: string, value: unknown, ttlMs: number): Promise<void>;
  /** Adds atomically and returns the new value; the first addition starts the time to live. */
  add(key: string, amount: number, ttlMs: number): Promise<number>;
  delete(key: string): Promise<void>;
}
