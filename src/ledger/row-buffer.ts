import type { ModelError } from "../core/error.ts";
import type { LedgerRow } from "../core/ledger.ts";
import { PackedRows } from "./packed-rows.ts";

/** A caller that waits until its row is written. */
export interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: ModelError) => void;
}

/** Rows in memory, without those that replace others. */
const MAX_ROWS = 10_000;
/** Final rows of one transaction, and open ones. */
const MAX_BATCH_ROWS = 1_000;

interface OpenRow {
  readonly row: LedgerRow;
  readonly waiters: readonly Waiter[];
}

interface FinalRows {
  readonly rows: PackedRows;
  readonly waiters: Waiter[];
}

/** The rows of one transaction. */
export interface RowBatch {
  readonly open: readonly (readonly [string, OpenRow])[];
  readonly final: FinalRows | undefined;
}

const NO_WAITERS: readonly Waiter[] = [];

/** Rows that are not written yet. They stay here until their transaction is known to have succeeded. */
export class RowBuffer {
  /** By call and attempt. Most attempts end before their open row is written, and then it is not needed. */
  readonly #open = new Map<string, OpenRow>();
  readonly #final: FinalRows[] = [];
  #finalRows = 0;
  #batch: RowBatch | undefined;
  /** Of the last batch, as a hint for the next one. */
  #used = 0;

  get openSize(): number {
    return this.#open.size;
  }

  get finalSize(): number {
    return this.#finalRows;
  }

  get size(): number {
    return this.#open.size + this.#finalRows;
  }

  get hasRoom(): boolean {
    return this.size < MAX_ROWS;
  }

  /** Whether it has so many rows that one transaction has no room for more. */
  get hasFullBatch(): boolean {
    return (this.#final[0]?.rows.size ?? 0) >= MAX_BATCH_ROWS;
  }

  hasOpen(key: string): boolean {
    return this.#open.has(key);
  }

  addOpen(key: string, row: LedgerRow, waiter?: Waiter): void {
    const { waiters = NO_WAITERS } = this.#open.get(key) ?? {};
    this.#open.set(key, { row, waiters: waiter === undefined ? waiters : [...waiters, waiter] });
  }

  /** Replaces the open row of its attempt. */
  addFinal(key: string, row: LedgerRow, waiter?: Waiter): void {
    const opened = this.#open.get(key);
    if (opened !== undefined) this.#open.delete(key);
    const { rows, waiters } = this.#lastFinal();
    rows.add(row);
    this.#finalRows += 1;
    if (waiter !== undefined) waiters.push(...(opened?.waiters ?? []), waiter);
  }

  /** The rows of the next transaction, until it ends. */
  begin(): RowBatch {
    const open = firstOf(this.#open, MAX_BATCH_ROWS);
    this.#batch = { open, final: this.#final[0] };
    return this.#batch;
  }

  /** Returns the attempts of open rows that are written now, and have no final row yet. */
  commit(batch: RowBatch): readonly string[] {
    this.#batch = undefined;
    const open = batch.open.filter((entry) => this.#remove(entry));
    if (batch.final !== undefined) {
      this.#final.shift();
      this.#finalRows -= batch.final.rows.size;
      this.#used = batch.final.rows.used;
    }
    for (const { resolve } of waitersOf(batch)) resolve();
    return open.map(([key]) => key);
  }

  /**
   * Rejects everyone who waits, also for rows that came during the failed transaction. Rows of calls that were made stay for
   * the next one; open rows that nobody may rely on do not.
   */
  fail(error: ModelError, keepsOpen: boolean): void {
    this.#batch = undefined;
    const waiting = [...this.#open.values(), ...this.#final].flatMap(({ waiters }) => waiters);
    if (!keepsOpen) this.#open.clear();
    for (const { waiters } of this.#final) waiters.length = 0;
    for (const { reject } of waiting) reject(error);
  }

  /** False if a final row has replaced it. */
  #remove([key, opened]: readonly [string, OpenRow]): boolean {
    return this.#open.get(key) === opened && this.#open.delete(key);
  }

  /** What is being written does not change. */
  #lastFinal(): FinalRows {
    const last = this.#final.at(-1);
    if (last !== undefined && last !== this.#batch?.final && last.rows.size < MAX_BATCH_ROWS) return last;
    const next: FinalRows = { rows: new PackedRows(this.#used), waiters: [] };
    this.#final.push(next);
    return next;
  }
}

function firstOf<K, V>(map: ReadonlyMap<K, V>, max: number): readonly (readonly [K, V])[] {
  const entries: (readonly [K, V])[] = [];
  for (const entry of map) {
    if (entries.length === max) break;
    entries.push(entry);
  }
  return entries;
}

function waitersOf({ open, final }: RowBatch): readonly Waiter[] {
  return [...open.flatMap(([, { waiters }]) => waiters), ...(final?.waiters ?? [])];
}
