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
import { Lease } from "./lease.ts";
import type { LedgerTables } from "./ledger-tables.ts";
import { type RowBatch, RowBuffer, type Waiter } from "./row-buffer.ts";

export interface BufferOptions extends Pick<LedgerSettings, "durability" | "keep"> {
  readonly clock: Clock;
  /** Called when rows cannot be written, once until they can be again. */
  readonly onFailure?: ((error: ModelError) => void) | undefined;
}

/** With durability "batch", rows are written this late at most. */
export const BATCH_MS = 200;
/** After a failed write, rows are not written before this time unless `flush` or `close` is called. */
const RETRY_MS = 1_000;
const MARK_LOST_MS = LEDGER_LEASE_MS;
const DELETE_MS = 3_600_000;

/** A ledger that writes rows in batches. */
export class BufferedLedger implements Ledger {
  readonly #tables: LedgerTables;
  readonly #options: BufferOptions;
  readonly #rows = new RowBuffer();
  readonly #lease: Lease;
  /** When the oldest row must be written, on the monotonic clock. */
  #dueAtMs: number | undefined;
  /** Final rows that are still to come. */
  readonly #coming = new Set<Promise<void>>();
  /** Callers that wait for room. */
  readonly #queue: (() => void)[] = [];
  #writing: Promise<void> | undefined;
  #cancelTimer: (() => void) | undefined;
  #failure: { readonly error: ModelError; readonly atMs: number } | undefined;
  #markedAtMs = Number.NEGATIVE_INFINITY;
  #marking: Promise<void> | undefined;
  #maintenance: Promise<void> | undefined;
  #deletedAtMs = Number.NEGATIVE_INFINITY;
  #isPrepared = false;
  #closed = false;

  constructor(tables: LedgerTables, options: BufferOptions) {
    this.#tables = tables;
    this.#options = options;
    // The next renewal or write reports the problem.
    this.#lease = new Lease(options.clock, () => void tables.renew().catch(() => {}));
  }

  open(row: LedgerRow): Promise<void> | void {
    return this.#addOpen(keyOf(row), row);
  }

  append(row: LedgerRow | Promise<LedgerRow>): Promise<void> | void {
    if ("then" in row) return this.#appendLater(row);
    const key = keyOf(row);
    this.#lease.release(key);
    return this.#addFinal(key, row);
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
    this.#lease.end();
    await Promise.all(this.#coming);
    this.#stopTimer();
    await this.#writing;
    do await this.#write();
    while (this.#rows.size > 0 && this.#failure === undefined);
    if (this.#rows.size > 0) this.#options.onFailure?.(lostRows(this.#rows.size, this.#failure?.error));
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

  #addOpen(key: string, row: LedgerRow): Promise<void> | void {
    if (!this.#rows.hasRoom && !this.#rows.hasOpen(key)) return this.#whenFree(() => this.#addOpen(key, row));
    if (this.#options.durability === "sync") return this.#written((waiter) => this.#rows.addOpen(key, row, waiter));
    this.#rows.addOpen(key, row);
    this.#writeLater();
    return undefined;
  }

  /** A row that replaces an open one needs no room: without it, that one would be lost later. */
  #addFinal(key: string, row: LedgerRow): Promise<void> | void {
    if (!this.#rows.hasRoom && !this.#rows.hasOpen(key)) return this.#whenFree(() => this.#addFinal(key, row));
    if (this.#options.durability === "sync") return this.#written((waiter) => this.#rows.addFinal(key, row, waiter));
    this.#rows.addFinal(key, row);
    this.#writeLater();
    return undefined;
  }

  #written(add: (waiter: Waiter) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      add({ resolve, reject });
      this.#start();
    });
  }

  #whenFree(add: () => Promise<void> | void): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure.error);
    return this.#room().then(add);
  }

  #room(): Promise<void> {
    return new Promise((resolve) => {
      this.#queue.push(resolve);
      this.#start();
    });
  }

  #writeLater(): void {
    if (this.#writing !== undefined) {
      this.#dueAtMs ??= this.#options.clock.monotonic() + BATCH_MS;
      return;
    }
    if (this.#failure !== undefined) this.#retry(this.#failure.atMs);
    else if (this.#closed || this.#rows.hasFullBatch) this.#start();
    else if (this.#cancelTimer === undefined) this.#schedule();
  }

  #schedule(): void {
    this.#prepare();
    const { clock } = this.#options;
    const nowMs = clock.monotonic();
    this.#cancelTimer = clock.schedule(
      () => {
        this.#cancelTimer = undefined;
        this.#start();
      },
      (this.#dueAtMs ?? nowMs + BATCH_MS) - nowMs,
    );
  }

  #retry(failedAtMs: number): void {
    if (this.#closed || this.#options.clock.monotonic() - failedAtMs >= RETRY_MS) this.#start();
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

  /** Writes all rows that are in memory now (all, once it is closed), or until a transaction fails. Never rejects. */
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
    this.#dueAtMs = undefined;
    let { openSize, finalSize } = this.#rows;
    const isDue = () => this.#closed || openSize > 0 || finalSize > 0 || this.#rows.hasFullBatch;
    while (this.#rows.size > 0 && isDue()) {
      const batch = this.#rows.begin();
      if (!(await this.#commit(batch))) break;
      openSize = Math.min(openSize - batch.open.length, this.#rows.openSize);
      finalSize -= batch.final?.rows.size ?? 0;
    }
    if (this.#closed) await this.#closeTables();
    else if (this.#failure === undefined) this.#startMaintenance();
  }

  async #closeTables(): Promise<void> {
    await this.#maintenance;
    await this.#tables.close().catch(() => {});
  }

  async #commit(batch: RowBatch): Promise<boolean> {
    const { open, final } = batch;
    try {
      await this.#tables.write(
        open.map(([, { row }]) => row),
        final?.rows,
      );
    } catch (error) {
      this.#failed(error);
      return false;
    }
    this.#failure = undefined;
    for (const attempt of this.#rows.commit(batch)) this.#lease.hold(attempt);
    this.#admit();
    return true;
  }

  #failed(cause: unknown): void {
    const error = asUnavailable(cause);
    const { durability, clock, onFailure } = this.#options;
    if (this.#failure === undefined) onFailure?.(error);
    this.#failure = { error, atMs: clock.monotonic() };
    this.#rows.fail(error, durability === "batch");
    this.#admit();
  }

  /** Lets callers that wait for room try again. */
  #admit(): void {
    for (const retry of this.#queue.splice(0)) retry();
  }

  /** Not part of a write: rows that end meanwhile would wait for it, and be lost in a crash. */
  #startMaintenance(): void {
    this.#maintenance ??= this.#maintain().finally(() => {
      this.#maintenance = undefined;
    });
  }

  /** Work that is due at times, and whose failure is met again by the next write. Never rejects. */
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
}

/** A new string must be hashed, so the first attempt has none. */
function keyOf({ callId, attempt }: LedgerRow): string {
  return attempt === 1 ? callId : `${callId} ${attempt}`;
}

function lostRows(count: number, cause: ModelError | undefined): ModelError {
  const message = `[ledger]: ${count} rows were not written before the ledger was closed: ${cause?.message}`;
  return new ModelError({ code: "state_unavailable", message, cause });
}

function asUnavailable(error: unknown): ModelError {
  if (isModelError(error)) return error;
  return new ModelError({ code: "state_unavailable", message: `[ledger]: ${String(error)}`, cause: error });
}
