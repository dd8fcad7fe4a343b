import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { Worker } from "node:worker_threads";
import { createDatabaseFile } from "../core/database-file.ts";
import { ModelError } from "../core/error.ts";
import { type SqliteProblem, sqliteError } from "./sqlite-error.ts";
import {
  type Statement,
  type StatementResult,
  serveSqlite,
  type Transaction,
  transactionOf,
  type WorkerOptions,
  type WorkerRequest,
  type WorkerResponse,
} from "./sqlite-worker.ts";

interface Waiting {
  readonly resolve: (results: readonly StatementResult[]) => void;
  readonly reject: (error: ModelError) => void;
}

/** `__name` is called in functions that some bundlers rewrite. */
const PROGRAM = `const __name = (target) => target; (${serveSqlite})();`;

/** SQLite's name of a database without a file. */
const IN_MEMORY = ":memory:";

/** How long a transaction waits for other processes. */
const BUSY_MS = 10_000;

/** A SQLite database in a thread of its own, opened by the first transaction. It keeps the process alive only while it works. */
export class SqliteThread {
  readonly #options: WorkerOptions;
  readonly #what: string;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #requests = 0;

  /** `what` names the database in errors. */
  constructor(path: string, what: string, synced: boolean) {
    this.#options = { path, synced, busyMs: BUSY_MS };
    this.#what = what;
  }

  /**
   * Executes the statements in one transaction.
   * @throws ModelError `state_unavailable`.
   */
  run(statements: readonly Statement[]): Promise<readonly StatementResult[]> {
    return this.#request(transactionOf(statements, true));
  }

  /** The same, without results. */
  async execute(statements: readonly Statement[]): Promise<void> {
    await this.#request(transactionOf(statements, false));
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    if (worker === undefined) return;
    await this.#request(undefined).catch(() => {});
    this.#worker = undefined;
    await worker.terminate();
  }

  #request(transaction: Transaction | undefined): Promise<readonly StatementResult[]> {
    return new Promise((resolve, reject) => {
      const worker = this.#started();
      const id = ++this.#requests;
      this.#waiting.set(id, { resolve, reject });
      worker.ref();
      worker.postMessage({ id, transaction } satisfies WorkerRequest);
    });
  }

  #started(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    this.#makeFolder();
    if (this.#options.path !== IN_MEMORY) createDatabaseFile(this.#options.path);
    const worker = new Worker(PROGRAM, { eval: true, workerData: this.#options, execArgv: [] });
    worker.on("message", (response: WorkerResponse) => this.#settle(response));
    worker.on("error", (error) => this.#fail(worker, String(error)));
    worker.on("exit", () => this.#fail(worker, "its thread ended"));
    this.#worker = worker;
    return worker;
  }

  #makeFolder(): void {
    const folder = dirname(this.#options.path);
    try {
      mkdirSync(folder, { recursive: true });
    } catch (cause) {
      const { code = String(cause) } = cause as NodeJS.ErrnoException;
      throw new ModelError({
        code: "state_unavailable",
        message: `${this.#what}: the folder ${folder} cannot be created (${code}); set "path" to a writable place`,
        cause,
      });
    }
  }

  #settle({ id, results, failure }: WorkerResponse): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (this.#waiting.size === 0) this.#worker?.unref();
    if (failure === undefined) waiting?.resolve(results ?? []);
    else waiting?.reject(this.#error(failure));
  }

  #fail(worker: Worker, message: string): void {
    if (this.#worker === worker) this.#worker = undefined;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(this.#error({ code: 1, message }));
  }

  #error(failure: Omit<SqliteProblem, "path" | "what">): ModelError {
    return sqliteError({ ...failure, path: this.#options.path, what: this.#what });
  }
}
