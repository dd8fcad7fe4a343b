import { MemoryStore } from "../../../src/stores/memory.ts";
import { RUNNING } from "../running.ts";

/** Receives everything that is read from and written to the store of a cache, with the call that does it. */
export interface ValueWatcher {
  /** Called when the store is read; the result is called with the value. */
  reading(key: string, caller: string | undefined): (value: unknown) => void;
  writing(key: string, value: unknown, ttlMs: number, caller: string | undefined): void;
}

/** Returns a function that ends the watch. */
export function watchValues(watcher: ValueWatcher): () => void {
  const store = MemoryStore.prototype;
  const { get, set } = store;
  store.get = function (this: MemoryStore, key) {
    const read = watcher.reading(key, RUNNING.getStore());
    const value = get.call(this, key);
    value.then(read, () => {});
    return value;
  };
  store.set = function (this: MemoryStore, key, value, ttlMs) {
    watcher.writing(key, value, ttlMs, RUNNING.getStore());
    return set.call(this, key, value, ttlMs);
  };
  return () => Object.assign(store, { get, set });
}
