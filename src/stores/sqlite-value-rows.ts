import type { StoreSize } from "../core/store.ts";
import type { Question } from "./sqlite-messages.ts";
import type { SqliteRows } from "./sqlite-rows.ts";
import { DELETE_AT_ONCE, EVICT_AT_ONCE, type ValueBounds } from "./text-store.ts";

export interface Found {
  readonly text: string | undefined;
  readonly size: StoreSize;
}

export interface Written {
  readonly evicted: number;
  readonly size: StoreSize;
}

export interface Cleared {
  readonly isDone: boolean;
  readonly size: StoreSize;
}

type Ask<Op> = Extract<Question, { readonly op: Op }>;

/** The rows of values. Triggers count them and delete their texts. */
export class SqliteValueRows {
  readonly #rows: SqliteRows;

  constructor(rows: SqliteRows) {
    this.#rows = rows;
  }

  get({ key, maxBytes }: Ask<"get-value">, nowMs: number): Found {
    this.#deleteExpired(nowMs);
    // Changing a row writes all of it again, so texts have a table of their own.
    const find =
      "SELECT id, text FROM value JOIN value_text USING (id) WHERE key = ? AND expires_ms > ? AND octet_length(text) <= ?";
    const row = this.#rows.one(find, key, nowMs, maxBytes);
    if (row !== undefined)
      this.#rows.run("UPDATE value SET used = ? WHERE id = ?", this.#nextUse(), row["id"] as bigint);
    return { text: row?.["text"] as string | undefined, size: this.#size() };
  }

  set({ key, text, bytes, ttlMs, bounds }: Ask<"set-value">, nowMs: number): Written {
    this.#deleteExpired(nowMs);
    this.#rows.run("DELETE FROM value WHERE key = ?", key);
    const add = "INSERT INTO value (key, bytes, used, expires_ms) VALUES (?, ?, ?, ?) RETURNING id";
    const row = this.#rows.one(add, key, bytes, this.#nextUse(), nowMs + ttlMs);
    this.#rows.run("INSERT INTO value_text VALUES (?, ?)", row?.["id"] as bigint, text);
    return { evicted: this.#makeRoom(bounds, nowMs), size: this.#size() };
  }

  delete(key: string): StoreSize {
    this.#rows.run("DELETE FROM value WHERE key = ?", key);
    return this.#size();
  }

  clear(prefix: string): Cleared {
    const select = "SELECT id FROM value WHERE key >= ?1 AND substr(key, 1, length(?1)) = ?1 LIMIT ?2";
    const deleted = this.#rows.run(`DELETE FROM value WHERE id IN (${select})`, prefix, DELETE_AT_ONCE);
    return { isDone: deleted < DELETE_AT_ONCE, size: this.#size() };
  }

  #makeRoom({ maxEntries, maxBytes }: ValueBounds, nowMs: number): number {
    let evicted = 0;
    for (let removed = 0; removed < EVICT_AT_ONCE; removed++) {
      const { entries, bytes } = this.#size();
      if (entries <= maxEntries && bytes <= maxBytes) break;
      const oldest = "DELETE FROM value WHERE id = (SELECT id FROM value ORDER BY used LIMIT 1) RETURNING expires_ms";
      const row = this.#rows.one(oldest);
      if (row !== undefined && Number(row["expires_ms"]) > nowMs) evicted++;
    }
    return evicted;
  }

  #deleteExpired(nowMs: number): void {
    const select = "SELECT id FROM value WHERE expires_ms <= ? ORDER BY expires_ms LIMIT ?";
    this.#rows.run(`DELETE FROM value WHERE id IN (${select})`, nowMs, DELETE_AT_ONCE);
  }

  #nextUse(): bigint {
    return this.#rows.one("UPDATE value_total SET uses = uses + 1 RETURNING uses")?.["uses"] as bigint;
  }

  #size(): StoreSize {
    const total = this.#rows.one("SELECT entries, bytes FROM value_total");
    return { entries: Number(total?.["entries"] ?? 0), bytes: Number(total?.["bytes"] ?? 0) };
  }
}
