import { resolve } from "node:path";
import { Worker } from "node:worker_threads";
import type { Clock } from "../core/clock.ts";
import { StoreUnavailable } from "../core/store.ts";
import type { Answer, Asked, Question, SqliteSettings } from "./sqlite-messages.ts";
import { SQLITE_WORKER } from "./sqlite-worker-file.ts";

interface Pending {
  readonly question: Question;
  resolve(value: unknown): void;
  reject(error: StoreUnavailable): void;
}

export interface SqliteOptions {
  readonly path: string;
  readonly timeoutMs: number;
  /** Maximum pages of the file; absent: until the disk is full. */
  readonly maxPages?: number | undefined;
}

interface Listener {
  /** The file can be used. */
  onReachable?(): void;
  /** Whether the thread has answered or will answer is unknown. */
  onGivenUp?(question: Question): void;
}

/**
 * Asks the thread that uses the database, so that a lock that another process holds never blocks the event loop. The clock of
 * the store is the wall clock of the machine, as the injected clock gives it.
 */
export class SqliteClient {
  readonly #settings: SqliteSettings;
  readonly #timeoutMs: number;
  readonly #clock: Clock;
  readonly #pending = new Map<number, Pending>();
  readonly #listener: Listener;
  #worker: Worker | undefined;
  #hasStarted = false;
  #lastSeq = 0;
  #isClosed = false;

  constructor({ path, timeoutMs, maxPages }: SqliteOptions, clock: Clock, listener: Listener = {}) {
    // Below the timeout, so that the thread itself reports a lock.
    this.#settings = { path: resolve(path), busyMs: timeoutMs / 2, maxPages };
    this.#timeoutMs = timeoutMs;
    this.#clock = clock;
    this.#listener = listener;
  }

  /** @throws StoreUnavailable. */
  ask(question: Question): Promise<unknown> {
    if (this.#isClosed) return Promise.reject(new StoreUnavailable(`${this.#settings.path} is closed`));
    const seq = ++this.#lastSeq;
    return new Promise((resolve, reject) => {
      const limitMs = this.#limitMs();
      const expire = () => this.#giveUp(seq, this.#lateWords(limitMs));
      // Answers that have arrived are read first: this thread may have been busy for longer than the timeout.
      const cancel = this.#clock.schedule(() => setImmediate(expire), limitMs);
      const settled = <T>(settle: (value: T) => void) => {
        return (value: T) => {
          cancel();
          this.#pending.delete(seq);
          settle(value);
        };
      };
      this.#pending.set(seq, { question, resolve: settled(resolve), reject: settled(reject) });
      try {
        this.#worker ??= this.#start();
        this.#worker.postMessage({ seq, nowMs: this.#clock.now(), question } satisfies Asked);
      } catch (error) {
        this.#fail(seq, `cannot start the thread for ${this.#settings.path}: ${(error as Error).message}`);
      }
    });
  }

  /** Waits for the answers to all earlier requests. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const worker = this.#worker;
    if (worker === undefined) return;
    worker.ref();
    await new Promise<void>((done) => {
      // A thread that waits for a lock ends later; it must not delay the end of the process.
      const cancel = this.#clock.schedule(() => void worker.terminate(), this.#limitMs());
      worker.once("exit", () => {
        cancel();
        done();
      });
      worker.postMessage("close" satisfies Asked);
    });
  }

  #start(): Worker {
    // Options of this process, such as modules to preload, are not for this thread.
    const worker = new Worker(SQLITE_WORKER, {
      ...{ workerData: this.#settings, execArgv: [], name: "modelwright-state" },
      eval: typeof SQLITE_WORKER === "string",
    });
    worker.on("message", (answers: readonly Answer[]) => this.#receive(answers));
    worker.on("error", (error) => this.#failAll(error.message));
    worker.on("exit", () => {
      if (this.#worker === worker) this.#worker = undefined;
      this.#hasStarted = false;
      this.#failAll("it ended");
    });
    // After the listeners, which undo it. A request has a timer, which keeps the process running.
    worker.unref();
    return worker;
  }

  #receive(answers: readonly Answer[]): void {
    this.#hasStarted = true;
    let isReachable = false;
    for (const answer of answers) {
      if ("failure" in answer) this.#fail(answer.seq, answer.failure);
      else {
        isReachable = true;
        this.#pending.get(answer.seq)?.resolve(answer.value);
      }
    }
    if (isReachable && !this.#isClosed) this.#listener.onReachable?.();
  }

  #giveUp(seq: number, words: string): void {
    const question = this.#pending.get(seq)?.question;
    if (question !== undefined) this.#listener.onGivenUp?.(question);
    this.#fail(seq, words);
  }

  #lateWords(limitMs: number): string {
    return `${this.#settings.path} did not answer within ${limitMs} ms; another process may hold its lock`;
  }

  /** A busy machine may take long to start a thread; that says nothing about the file. */
  #limitMs(): number {
    return this.#hasStarted ? this.#timeoutMs : this.#timeoutMs + START_MS;
  }

  #fail(seq: number, words: string): void {
    this.#pending.get(seq)?.reject(new StoreUnavailable(words));
  }

  #failAll(words: string): void {
    for (const seq of this.#pending.keys()) this.#giveUp(seq, `the thread for ${this.#settings.path} failed: ${words}`);
  }
}

const START_MS = 10_000;
