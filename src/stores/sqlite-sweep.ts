import { KEEP_AFTER_PERIOD_MS } from "../core/store.ts";
import type { SqliteRows } from "./sqlite-rows.ts";

/** Deletes rows that have no effect anymore, once a minute and in small chunks, so that no transaction takes long. */
export class SqliteSweep {
  readonly #rows: SqliteRows;
  #nextMs = 0;

  constructor(rows: SqliteRows) {
    this.#rows = rows;
  }

  run(nowMs: number): void {
    if (nowMs < this.#nextMs) return;
    const now = BigInt(Math.floor(nowMs));
    const forget = "DELETE FROM reservation WHERE id IN (SELECT id FROM reservation WHERE forget_ms <= ? LIMIT ?)";
    const deleted = [
      this.#deleteCounters(now - BigInt(KEEP_AFTER_PERIOD_MS)),
      this.#rows.run(forget, now, CHUNK),
      this.#deleteTimes("bucket", "full_at_ms", now),
      this.#deleteTimes("pause", "until_ms", now),
    ];
    this.#nextMs = deleted.some((rows) => rows === CHUNK) ? nowMs : nowMs + SWEEP_EVERY_MS;
  }

  /** Of the family that ended first. */
  #deleteCounters(endedMs: bigint): number {
    const find = "SELECT name FROM family WHERE ends_ms <= ? ORDER BY ends_ms LIMIT 1";
    const name = this.#rows.one(find, endedMs)?.["name"];
    if (name === undefined) return 0;
    const members = "SELECT member FROM counter WHERE family = ?1 LIMIT ?2";
    const deleted = this.#rows.run(
      `DELETE FROM counter WHERE family = ?1 AND member IN (${members})`,
      name as string,
      CHUNK,
    );
    if (deleted < CHUNK) this.#rows.run("DELETE FROM family WHERE name = ?", name as string);
    // There may be more families.
    return CHUNK;
  }

  #deleteTimes(table: "bucket" | "pause", column: string, now: bigint): number {
    const select = `SELECT counter FROM ${table} WHERE ${column} <= ? LIMIT ?`;
    return this.#rows.run(`DELETE FROM ${table} WHERE counter IN (${select})`, now, CHUNK);
  }
}

const SWEEP_EVERY_MS = 60_000;
const CHUNK = 200;
