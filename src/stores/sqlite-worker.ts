// The thread that uses the database: SQLite blocks while it waits for the disk or for the lock of another process.
import type { DatabaseSync } from "node:sqlite";
import * as threads from "node:worker_threads";
import { failureOf, openDatabase, rollBack } from "./sqlite-database.ts";
import type { Answer, Asked, SqliteSettings } from "./sqlite-messages.ts";
import { SqliteOperations, UnanswerableRequest } from "./sqlite-operations.ts";

const { parentPort, workerData, receiveMessageOnPort } = threads;

/** Questions of one transaction. */
const MAX_BATCH = 256;

type Request = Exclude<Asked, "close">;

interface Opened {
  readonly database: DatabaseSync;
  readonly operations: SqliteOperations;
}

class SqliteThread {
  readonly #sqlite: typeof import("node:sqlite");
  readonly #settings: SqliteSettings;
  #opened: Opened | undefined;

  constructor(sqlite: typeof import("node:sqlite"), settings: SqliteSettings) {
    this.#sqlite = sqlite;
    this.#settings = settings;
  }

  /** All questions that wait are answered by one transaction: its cost is the same for one and for many. */
  take(port: threads.MessagePort, first: Asked): void {
    const batch: Request[] = [];
    let next: Asked | undefined = first;
    while (next !== undefined && next !== "close") {
      batch.push(next);
      next = batch.length < MAX_BATCH ? receiveMessageOnPort(port)?.message : undefined;
    }
    if (batch.length > 0) port.postMessage(this.#answers(batch));
    if (next !== "close") return;
    this.#close();
    port.close();
  }

  #answers(batch: readonly Request[]): readonly Answer[] {
    try {
      const { database, operations } = this.#open();
      database.exec("BEGIN IMMEDIATE");
      operations.begin(Math.max(...batch.map(({ nowMs }) => nowMs)));
      const answers = batch.map((request) => answerTo(request, operations));
      database.exec("COMMIT");
      return answers;
    } catch (error) {
      const failure = this.#failure(error);
      return batch.map(({ seq }) => ({ seq, failure }));
    }
  }

  #open(): Opened {
    if (this.#opened === undefined) {
      const database = openDatabase(this.#sqlite, this.#settings);
      this.#opened = { database, operations: new SqliteOperations(database) };
    }
    return this.#opened;
  }

  #failure(error: unknown): string {
    const { words, reopen } = failureOf(error, this.#settings.path);
    if (this.#opened !== undefined) rollBack(this.#opened.database);
    if (reopen) this.#close();
    return words;
  }

  #close(): void {
    this.#opened?.database.close();
    this.#opened = undefined;
  }
}

function answerTo({ seq, nowMs, question }: Request, operations: SqliteOperations): Answer {
  try {
    return { seq, value: operations.answer(question, nowMs) };
  } catch (error) {
    if (error instanceof UnanswerableRequest) return { seq, failure: error.message };
    throw error;
  }
}

async function start(port: threads.MessagePort): Promise<void> {
  // Node prints a warning when node:sqlite is loaded, for as long as the module is experimental.
  process.removeAllListeners("warning");
  process.on("warning", () => {});
  const thread = new SqliteThread(await import("node:sqlite"), workerData as SqliteSettings);
  port.on("message", (asked: Asked) => thread.take(port, asked));
  // The thread has started.
  port.postMessage([] satisfies readonly Answer[]);
}

if (parentPort !== null) void start(parentPort);
