import { SqliteThread } from "../../../src/ledger/sqlite-thread.ts";
import {
  type SqlRow,
  type Statement,
  serveSqlite,
  transactionOf,
  type WorkerRequest,
  type WorkerResponse,
} from "../../../src/ledger/sqlite-worker.ts";

/**
 * The program of the ledger's thread, in this thread, with a database in memory. Messages of a real thread arrive at any time,
 * and virtual time does not wait for them.
 */
export class LedgerThread {
  readonly #ask: (statements: readonly Statement[]) => WorkerResponse;

  constructor() {
    this.#ask = started();
  }

  /** Replaces the threads of all ledgers; returns a function that ends that. */
  replace(): () => void {
    const { run, execute, close } = SqliteThread.prototype;
    SqliteThread.prototype.run = async (statements) => structuredClone(this.#run(statements));
    SqliteThread.prototype.execute = async (statements) => void this.#run(statements);
    SqliteThread.prototype.close = async () => {};
    return () => Object.assign(SqliteThread.prototype, { run, execute, close });
  }

  rows(sql: string): readonly SqlRow[] {
    return this.#run([{ sql, rows: true }])[0]?.rows ?? [];
  }

  #run(statements: readonly Statement[]) {
    const { results = [], failure } = this.#ask(structuredClone(statements));
    if (failure !== undefined) throw new Error(failure.message);
    return results;
  }
}

/** Starts the program with a port of its own. */
function started(): (statements: readonly Statement[]) => WorkerResponse {
  const { getBuiltinModule, emitWarning } = process;
  let receive: (request: WorkerRequest) => void = () => {};
  let response: WorkerResponse = { id: 0 };
  const parentPort = {
    on: (_event: string, listener: (request: WorkerRequest) => void) => {
      receive = listener;
    },
    postMessage: (message: WorkerResponse) => {
      response = message;
    },
  };
  const threads = { parentPort, workerData: { path: ":memory:", synced: false, busyMs: 0 } };
  const modules = (name: string) => (name === "node:worker_threads" ? threads : getBuiltinModule(name));
  Object.assign(process, { getBuiltinModule: modules });
  try {
    serveSqlite();
  } finally {
    Object.assign(process, { getBuiltinModule, emitWarning });
  }
  return (statements) => {
    receive({ id: 1, transaction: transactionOf(statements, true) });
    return response;
  };
}
