import type { Clock } from "../core/clock.ts";
import type { StoreSize } from "../core/store.ts";
import { SqliteClient, type SqliteOptions } from "./sqlite-client.ts";
import type { Cleared, Found, Written } from "./sqlite-value-rows.ts";
import type { TextStore, WrittenText } from "./text-store.ts";

/** Texts in the file of the counters. */
export class SqliteTexts implements TextStore {
  readonly #client: SqliteClient;

  constructor(options: SqliteOptions, clock: Clock) {
    this.#client = new SqliteClient(options, clock);
  }

  async get(key: string, maxBytes: number): Promise<Found> {
    return (await this.#client.ask({ op: "get-value", key, maxBytes })) as Found;
  }

  async set(written: WrittenText): Promise<Written> {
    return (await this.#client.ask({ op: "set-value", ...written })) as Written;
  }

  async delete(key: string): Promise<StoreSize> {
    return (await this.#client.ask({ op: "delete-value", key })) as StoreSize;
  }

  async clear(prefix: string): Promise<StoreSize> {
    for (;;) {
      const { isDone, size } = (await this.#client.ask({ op: "clear-values", prefix })) as Cleared;
      if (isDone) return size;
    }
  }

  close(): Promise<void> {
    return this.#client.close();
  }
}
