import type { Clock } from "../core/clock.ts";
import { isModelError, ModelError } from "../core/error.ts";
import {
  LEDGER_LEASE_MS,
  type Ledger,
  type LedgerCounter,
  type LedgerQuery,
  type LedgerRow,
  type LedgerSettings,
  type LedgerSum,
} from "../core/ledger.ts";
import type { LedgerTables } from "./ledger-tables.ts";

export interface BufferOptions extends Pick<LedgerSettings, "durability" | "keep"> {
  readonly clock: Clock;
  /** Called when rows cannot be written, once until they can be again. */
  readonly onFailure?: ((error: ModelError) => void) | undefined;
}

/** Rows in memory; beyond, `append` waits. */
export const MAX_BUFFERED_ROWS = 10_000;
/** Rows of one transaction. */
const MAX_BATCH_ROWS = 1_000;
/** With durability "batch", rows are written this late at most. */
export const BATCH_MS = 200;
/** After a failed write, rows are not written before this time unless `flush` or `close` is called. */
const RETRY_MS = 1_000;
const RENEW_MS = LEDGER_LEASE_MS / 3;
const MARK_LOST_MS = LEDGER_LEASE_MS;
const DELETE_MS = 3_600_000;

const NONE: ReadonlySet<string> = new Set();
const NO_WAITERS: readonly Waiter[] = [];

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: ModelError) => void;
}

interface BufferedRow {
  readonly key: string;
  readonly row: LedgerRow;
  readonly waiters: readonly Waiter[];
}

/** A ledger that writes rows in batches. */
export class BufferedLedger implements Ledger {
  readonly #tables: LedgerTables;
  readonly #options: BufferOptions;
  /** By call and attempt: the final row of an attempt replaces its open row before it is written. */
  #rows = new Map<string, BufferedRow>();
  /** Keys of the rows that are being written. */
  #inTransaction: ReadonlySet<string> = NONE;
  /** Final rows that are still to come. */
  readonly #coming = new Set<Promise<void>>();
  /** Callers that wait for room. */
  readonly #queue: (() => void)[] = [];
  /** Open rows of this process, whose lease must be renewed. */
  readonly #open = new Set<string>();
  #writing: Promise<void> | undefined;
  #cancelTimer: (() => void) | undefined;
  #cancelRenewal: (() => void) | undefined;
  #failure: { readonly error: ModelError; readonly atMs: number } | undefined;
  #markedAtMs = Number.NEGATIVE_INFINITY;
  #marking: Promise<void> | undefined;
  #deletedAtMs = Number.NEGATIVE_INFINITY;
  #isPrepared = false;
  #closed = false;

  constructor(tables: LedgerTables, options: BufferOptions) {
    this.#tables = tables;
    this.#options = options;
  }

  open(row: LedgerRow): Promise<void> | void {
    const key = keyOf(row);
    this.#open.add(key);
    this.#renewLater();
    return this.#add(row, key)?.catch((error: unknown) => {
      this.#ended(key);
      throw error;
    });
  }

  append(row: LedgerRow | Promise<LedgerRow>): Promise<void> | void {
    if ("then" in row) return this.#appendLater(row);
    const key = keyOf(row);
    this.#ended(key);
    return this.#add(row, key);
  }

  #appendLater(row: Promise<LedgerRow>): Promise<void> | void {
    const appended = row.then((known) => this.append(known));
    const quiet: Promise<void> = appended.catch(() => {}).finally(() => this.#coming.delete(quiet));
    this.#coming.add(quiet);
    return this.#options.durability === "sync" ? appended : undefined;
  }

  async query(question: LedgerQuery = {}): Promise<readonly LedgerSum[]> {
    await this.#settled();
    return this.#tables.query(question);
  }

  async spent(family: string, member: string, including?: "reserved"): Promise<bigint> {
    await this.#settled();
    return this.#tables.spent(family, member, including === "reserved");
  }

  async counters(
    family: string,
    known: readonly string[],
    max: number,
    including?: "reserved",
  ): Promise<readonly LedgerCounter[]> {
    await this.#settled();
    const members = new Set(known);
    const found = await this.#tables.counters(family, max + members.size, including === "reserved");
    return found.filter(({ member }) => !members.has(member)).slice(0, max);
  }

  async flush(): Promise<void> {
    await Promise.all(this.#coming);
    this.#stopTimer();
    await this.#writing;
    await this.#write();
    if (this.#failure !== undefined && this.#rows.size > 0) throw this.#failure.error;
  }

  /** Rows that are appended later are written, too: calls that are in flight now end a moment later. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#stopRenewal();
    await Promise.all(this.#coming);
    this.#stopTimer();
    await this.#writing;
    await this.#write();
    if (this.#rows.size > 0) this.#options.onFailure?.(lostRows(this.#rows.size, this.#failure?.error));
  }

  #ended(key: string): void {
    this.#open.delete(key);
    if (this.#open.size === 0) this.#stopRenewal();
  }

  /** Everything is written, and rows of dead processes are lost. */
  async #settled(): Promise<void> {
    if (this.#rows.size > 0 || this.#coming.size > 0 || this.#writing !== undefined) await this.flush();
    await this.#markLost();
  }

  #markLost(): Promise<void> {
    this.#markedAtMs = this.#options.clock.monotonic();
    this.#marking ??= this.#tables.markLost().finally(() => {
      this.#marking = undefined;
    });
    return this.#marking;
  }

  /** A row that replaces a buffered one needs no room: without it, that one would be lost later. */
  #add(row: LedgerRow, key: string): Promise<void> | void {
    const hasRoom = this.#rows.size + this.#inTransaction.size < MAX_BUFFERED_ROWS;
    if (hasRoom || this.#rows.has(key) || this.#inTransaction.has(key)) return this.#put(row, key);
    if (this.#failure !== undefined) return Promise.reject(this.#failure.error);
    return this.#room().then(() => this.#add(row, key));
  }

  #room(): Promise<void> {
    return new Promise((resolve) => {
      this.#queue.push(resolve);
      this.#start();
    });
  }

  #put(row: LedgerRow, key: string): Promise<void> | void {
    const known = this.#rows.get(key);
    const kept = known === undefined || known.row.outcome === "open" ? row : known.row;
    if (this.#options.durability === "batch") {
      this.#rows.set(key, { key, row: kept, waiters: NO_WAITERS });
      if (this.#closed) this.#start();
      else this.#writeLater();
      return undefined;
    }
    return new Promise((resolve, reject) => {
      this.#rows.set(key, { key, row: kept, waiters: [...(known?.waiters ?? []), { resolve, reject }] });
      this.#start();
    });
  }

  #writeLater(): void {
    if (this.#cancelTimer !== undefined || this.#writing !== undefined) return;
    const { clock } = this.#options;
    this.#prepare();
    if (this.#failure !== undefined) {
      if (clock.monotonic() - this.#failure.atMs >= RETRY_MS) this.#start();
    } else
      this.#cancelTimer = clock.schedule(() => {
        this.#cancelTimer = undefined;
        this.#start();
      }, BATCH_MS);
  }

  /** At the first row, so that its transaction does not wait for a connection: what is not written is lost in a crash. */
  #prepare(): void {
    if (this.#isPrepared) return;
    this.#isPrepared = true;
    // The transaction meets the same problem, and reports it.
    this.#tables.prepare().catch(() => {});
  }

  #stopTimer(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #start(): void {
    this.#stopTimer();
    void this.#write();
  }

  /** Writes until the buffer is empty or a transaction fails. Never rejects. */
  #write(): Promise<void> {
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
      if (this.#rows.size === 0 || this.#failure !== undefined) return;
      if (this.#closed || this.#options.durability === "sync") this.#start();
      else this.#writeLater();
    });
    return this.#writing;
  }

  async #writeAll(): Promise<void> {
    while (this.#rows.size > 0) if (!(await this.#writeBatch())) break;
    if (this.#closed) await this.#tables.close().catch(() => {});
    else if (this.#failure === undefined) await this.#maintain();
  }

  async #writeBatch(): Promise<boolean> {
    const batch = this.#take();
    this.#inTransaction = new Set(batch.map(({ key }) => key));
    try {
      await this.#tables.write(batch.map(({ row }) => row));
    } catch (error) {
      this.#failed(batch, error);
      return false;
    }
    this.#inTransaction = NONE;
    this.#failure = undefined;
    for (const { waiters } of batch) for (const { resolve } of waiters) resolve();
    this.#admit();
    return true;
  }

  #take(): readonly BufferedRow[] {
    const batch: BufferedRow[] = [];
    for (const [key, buffered] of this.#rows) {
      if (batch.length === MAX_BATCH_ROWS) break;
      batch.push(buffered);
      this.#rows.delete(key);
    }
    return batch;
  }

  /** Rows of calls that were made are kept for the next try. An open row that nobody may rely on is not. */
  #failed(batch: readonly BufferedRow[], cause: unknown): void {
    const error = asUnavailable(cause);
    const { durability, clock, onFailure } = this.#options;
    const isKept = ({ row }: BufferedRow) => durability === "batch" || row.outcome !== "open";
    const newer = this.#rows;
    this.#rows = new Map(batch.filter(isKept).map(({ key, row }) => [key, { key, row, waiters: NO_WAITERS }]));
    for (const [key, buffered] of newer) this.#rows.set(key, buffered);
    this.#inTransaction = NONE;
    if (this.#failure === undefined) onFailure?.(error);
    this.#failure = { error, atMs: clock.monotonic() };
    for (const { waiters } of batch) for (const { reject } of waiters) reject(error);
    this.#admit();
  }

  /** Lets callers that wait for room try again. */
  #admit(): void {
    for (const retry of this.#queue.splice(0)) retry();
  }

  /** Work that is due at times, and whose failure is met again by the next write. */
  async #maintain(): Promise<void> {
    const { clock, keep } = this.#options;
    const nowMs = clock.monotonic();
    try {
      if (nowMs - this.#markedAtMs >= MARK_LOST_MS) await this.#markLost();
      if (keep !== Number.POSITIVE_INFINITY && nowMs - this.#deletedAtMs >= DELETE_MS) {
        this.#deletedAtMs = nowMs;
        await this.#tables.deleteBefore(Math.floor(clock.now() - keep));
      }
    } catch (error) {
      this.#options.onFailure?.(asUnavailable(error));
    }
  }

  /** While attempts are open, which keeps the process alive anyway. */
  #renewLater(): void {
    if (this.#cancelRenewal !== undefined || this.#closed) return;
    this.#cancelRenewal = this.#options.clock.schedule(() => {
      this.#cancelRenewal = undefined;
      if (this.#open.size === 0) return;
      this.#renewLater();
      // The next renewal or write reports the problem.
      this.#tables.renew().catch(() => {});
    }, RENEW_MS);
  }

  #stopRenewal(): void {
    this.#cancelRenewal?.();
    this.#cancelRenewal = undefined;
  }
}

function keyOf({ callId, attempt }: LedgerRow): string {
  return `${callId} ${attempt}`;
}

function lostRows(count: number, cause: ModelError | undefined): ModelError {
  const message = `[ledger]: ${count} rows were not written before the ledger was closed: ${cause?.message}`;
  return new ModelError({ code: "state_unavailable", message, cause });
}

function asUnavailable(error: unknown): ModelError {
  if (isModelError(error)) return error;
  return new ModelError({ code: "state_unavailable", message: `[ledger]: ${String(error)}`, cause: error });
}
