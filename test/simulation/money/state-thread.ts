import { DatabaseSync } from "node:sqlite";
import type { Clock } from "../../../src/core/clock.ts";
import { StoreUnavailable } from "../../../src/core/store.ts";
import { SqliteClient } from "../../../src/stores/sqlite-client.ts";
import { SqliteOperations, UnanswerableRequest } from "../../../src/stores/sqlite-operations.ts";
import { SCHEMA_CHANGES } from "../../../src/stores/sqlite-schema.ts";

/**
 * What the thread of `[state] store = "sqlite"` does, in this thread, with a database in memory. Messages of a real thread
 * arrive at any time, and virtual time does not wait for them.
 */
export class StateThread {
  readonly #database = new DatabaseSync(":memory:");
  readonly #operations: SqliteOperations;

  constructor() {
    for (const change of SCHEMA_CHANGES) this.#database.exec(change);
    this.#operations = new SqliteOperations(this.#database);
  }

  /** Replaces the threads of all stores; returns a function that ends that. */
  replace(clock: Clock): () => void {
    const { ask, close } = SqliteClient.prototype;
    SqliteClient.prototype.ask = async (question) =>
      structuredClone(this.#answer(structuredClone(question), clock.now()));
    SqliteClient.prototype.close = async () => {};
    return () => {
      Object.assign(SqliteClient.prototype, { ask, close });
      this.#database.close();
    };
  }

  /** One transaction for each question: all questions of an instant have the same time. */
  #answer(question: Parameters<SqliteOperations["answer"]>[0], nowMs: number): unknown {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      this.#operations.begin(nowMs);
      return this.#operations.answer(question, nowMs);
    } catch (error) {
      if (error instanceof UnanswerableRequest) throw new StoreUnavailable(error.message);
      throw error;
    } finally {
      this.#database.exec("COMMIT");
    }
  }
}
