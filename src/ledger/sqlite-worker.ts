/** One part of a transaction. */
export type Statement = SqlStatement | RowsStatement;

export interface SqlStatement {
  readonly sql: string;
  readonly values?: readonly SqlValue[];
  /** The rows it returns are needed. */
  readonly rows?: boolean;
  /** If it changed nothing, so many of the next statements are skipped. */
  readonly guards?: number;
}

/** Writes rows with their charges. A row that is not written keeps the charges that it has. */
export interface RowsStatement {
  readonly cells: PackedCells;
  /** Its values are those of a row. */
  readonly writeRow: string;
  /** Its values are the first two of a row. */
  readonly deleteCharges: string;
  /** Its values: family, member, the first two of the row, the amount, and 1 if the row is final. */
  readonly writeCharge: string;
}

/**
 * Rows in typed arrays. Of each row: the number of its charges, its values, the last of which is absent if the row is final, then
 * family, member and amount of each charge.
 */
export interface PackedCells {
  readonly size: number;
  /** The number of values of each row. */
  readonly width: number;
  readonly cells: Float64Array;
  /** Of each cell: 0 is null, 1 a number, 2 an index into `texts`, 3 the same for the digits of an integer above 2^53. */
  readonly kinds: Uint8Array;
  readonly texts: readonly string[];
}

export type SqlValue = string | number | bigint | null;
export type SqlRow = Readonly<Record<string, SqlValue>>;

/** The result of a statement: its rows, if they are needed, and how many rows it changed. */
export interface StatementResult {
  readonly rows: readonly SqlRow[];
  readonly changes: number;
}

export interface WorkerRequest {
  readonly id: number;
  /** One transaction; undefined closes the database. */
  readonly transaction: Transaction | undefined;
}

/** Statements in the form that is cheap to copy to another thread. */
export interface Transaction {
  /** The different texts of the statements. */
  readonly texts: readonly string[];
  /** The place of the text, and the statement's values, rows and guards. */
  readonly steps: readonly (readonly [number, readonly SqlValue[], boolean, number] | RowsStatement)[];
  /** Whether results are sent back. */
  readonly answered: boolean;
}

export function transactionOf(statements: readonly Statement[], answered: boolean): Transaction {
  const places = new Map<string, number>();
  const steps = statements.map((statement) => {
    if ("cells" in statement) return statement;
    const { sql, values = [], rows = false, guards = 0 } = statement;
    let place = places.get(sql);
    if (place === undefined) {
      place = places.size;
      places.set(sql, place);
    }
    return [place, values, rows, guards] as const;
  });
  return { texts: [...places.keys()], steps, answered };
}

export interface WorkerResponse {
  readonly id: number;
  readonly results?: readonly StatementResult[];
  readonly failure?: SqliteFailure;
}

/** SQLite's result code, https://sqlite.org/rescode.html, and its message. */
export interface SqliteFailure {
  readonly code: number;
  readonly message: string;
}

export interface WorkerOptions {
  readonly path: string;
  /** Whether a commit survives a power failure. */
  readonly synced: boolean;
  readonly busyMs: number;
}

/**
 * The program of the worker: executes transactions in the order of the requests. Its text is evaluated there, because a
 * separate file would not survive bundlers, so it must not refer to anything outside of itself.
 */
export function serveSqlite(): void {
  const { parentPort, workerData } = process.getBuiltinModule("node:worker_threads");
  const { path, synced, busyMs } = workerData as WorkerOptions;
  // Node 22 warns on stderr that SQLite is experimental.
  process.emitWarning = () => {};
  const { DatabaseSync } = process.getBuiltinModule("node:sqlite");
  const BUSY = 5;
  const MAX_PREPARED = 50;
  type Database = InstanceType<typeof DatabaseSync>;
  let open: Database | undefined;
  const prepared = new Map<string, ReturnType<Database["prepare"]>>();

  const asFailure = (error: unknown): SqliteFailure => {
    const { errcode, message } = error as { errcode?: number; message?: string };
    return { code: (errcode ?? 1) % 256, message: message ?? String(error) };
  };
  // Changing the journal mode does not wait for other processes, whatever the timeout is.
  const patiently = (run: () => void) => {
    const sleeper = new Int32Array(new SharedArrayBuffer(4));
    for (let tries = 0; ; tries++) {
      try {
        return run();
      } catch (error) {
        if (asFailure(error).code !== BUSY || tries * 20 > busyMs) throw error;
        Atomics.wait(sleeper, 0, 0, 20);
      }
    }
  };
  const database = (): Database => {
    if (open !== undefined) return open;
    const opened = new DatabaseSync(path, { timeout: busyMs });
    try {
      patiently(() => opened.exec("PRAGMA journal_mode = WAL"));
      opened.exec(`PRAGMA synchronous = ${synced ? "FULL" : "NORMAL"}`);
    } catch (error) {
      opened.close();
      throw error;
    }
    open = opened;
    return opened;
  };
  const statementOf = (sql: string) => {
    const known = prepared.get(sql);
    if (known !== undefined) return known;
    if (prepared.size >= MAX_PREPARED) prepared.clear();
    const statement = database().prepare(sql);
    statement.setReadBigInts(true);
    prepared.set(sql, statement);
    return statement;
  };
  const valueAt = ({ cells, kinds, texts }: PackedCells, at: number): SqlValue => {
    const cell = cells[at] as number;
    const kind = kinds[at] as number;
    if (kind < 2) return kind === 0 ? null : cell;
    const text = texts[cell] as string;
    return kind === 2 ? text : BigInt(text);
  };
  const writeRows = ({ cells: packed, ...sql }: RowsStatement) => {
    const [writeRow, deleteCharges, writeCharge] = [
      statementOf(sql.writeRow),
      statementOf(sql.deleteCharges),
      statementOf(sql.writeCharge),
    ];
    const { size, width, cells } = packed;
    const values: SqlValue[] = new Array(width).fill(null);
    let at = 0;
    for (let row = 0; row < size; row++) {
      let charges = cells[at++] as number;
      for (let column = 0; column < width; column++) values[column] = valueAt(packed, at++);
      const [callId = null, attempt = null] = values;
      const isWritten = Number(writeRow.run(...values).changes) > 0;
      if (isWritten) deleteCharges.run(callId, attempt);
      for (; charges > 0; charges--, at += 3) {
        if (!isWritten) continue;
        const [family, member, amount] = [valueAt(packed, at), valueAt(packed, at + 1), valueAt(packed, at + 2)];
        writeCharge.run(family, member, callId, attempt, amount, values[width - 1] === null ? 1 : 0);
      }
    }
    return size;
  };
  const execute = ({ texts, steps }: Transaction): StatementResult[] => {
    const results: StatementResult[] = [];
    let skipped = 0;
    for (const step of steps) {
      if (!Array.isArray(step)) {
        results.push({ rows: [], changes: writeRows(step as RowsStatement) });
        continue;
      }
      const [place, values, rows, guards] = step as Exclude<typeof step, RowsStatement>;
      if (skipped > 0) {
        skipped -= 1;
        results.push({ rows: [], changes: 0 });
        continue;
      }
      const statement = statementOf(texts[place] as string);
      if (rows) results.push({ rows: statement.all(...values) as SqlRow[], changes: 0 });
      else {
        const changes = Number(statement.run(...values).changes);
        if (changes === 0) skipped = guards;
        results.push({ rows: [], changes });
      }
    }
    return results;
  };
  const transact = (transaction: Transaction): StatementResult[] => {
    database().exec("BEGIN IMMEDIATE");
    try {
      const results = execute(transaction);
      database().exec("COMMIT");
      return results;
    } catch (error) {
      // A failed COMMIT may have ended it.
      if (open?.isTransaction === true) open.exec("ROLLBACK");
      throw error;
    }
  };
  const respond = ({ id, transaction }: WorkerRequest): WorkerResponse => {
    try {
      if (transaction !== undefined) {
        const results = transact(transaction);
        return transaction.answered ? { id, results } : { id };
      }
      prepared.clear();
      open?.close();
      open = undefined;
      return { id, results: [] };
    } catch (error) {
      return { id, failure: asFailure(error) };
    }
  };
  parentPort?.on("message", (request: WorkerRequest) => parentPort.postMessage(respond(request)));
}
