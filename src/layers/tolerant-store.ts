import { type Cancellation, unlessCancelled } from "../core/cancellation.ts";
import type { Logger } from "../core/logger.ts";
import type { ValueStore } from "../core/store.ts";

/** A store that never fails a call: if it fails, nothing is found and nothing is stored, and the log says so once. */
export class TolerantStore {
  readonly #store: ValueStore;
  readonly #logger: Logger;
  #isDown = false;

  constructor(store: ValueStore, logger: Logger) {
    this.#store = store;
    this.#logger = logger;
  }

  /** Rejects only if the call is cancelled. */
  get(key: string, cancellation: Cancellation): Promise<unknown> {
    return unlessCancelled(
      this.#attempt("read", () => this.#store.get(key)),
      cancellation,
    );
  }

  /** Whether the value was stored. */
  async set(key: string, value: unknown, ttlMs: number): Promise<boolean> {
    const isStored = this.#attempt("write", async () => {
      await this.#store.set(key, value, ttlMs);
      return true;
    });
    return (await isStored) ?? false;
  }

  async #attempt<T>(operation: "read" | "write", run: () => Promise<T>): Promise<T | undefined> {
    try {
      const value = await run();
      if (this.#isDown) this.#logger.info("the cache can be used again");
      this.#isDown = false;
      return value;
    } catch (error) {
      if (!this.#isDown) this.#logger.warn(`the cache failed to ${operation} an answer`, { reason: String(error) });
      this.#isDown = true;
      return undefined;
    }
  }
}
