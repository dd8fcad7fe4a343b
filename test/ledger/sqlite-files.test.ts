import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it, onTestFinished } from "vitest";
import type { LedgerSettings } from "../../src/core/ledger.ts";
import { openLedger } from "../../src/ledger/open-ledger.ts";
import { SqliteTables } from "../../src/ledger/sqlite-tables.ts";
import { migrations } from "../../src/ledger/tables.ts";
import { FakeClock } from "../harness/fake-clock.ts";
import { testLedgerProcesses } from "../harness/ledger-processes.ts";
import { ledgerRow, openRow } from "../harness/ledger-rows.ts";

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "modelwright-ledger-"));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

const settingsFor = (path: string): LedgerSettings => ({
  ...{ store: "sqlite", path, durability: "batch", keep: Number.POSITIVE_INFINITY, maxSpool: 1e8, users: "plain" },
});

function ledgerAt(path: string, settings: Partial<LedgerSettings> = {}) {
  const failures: string[] = [];
  const clock = new FakeClock();
  const onFailure = ({ message }: Error) => failures.push(message);
  const ledger = openLedger({ ...settingsFor(path), ...settings }, { clock, onFailure });
  onTestFinished(() => ledger.close());
  return { ledger, clock, failures };
}

testLedgerProcesses("the SQLite ledger", async () => {
  const path = join(folder(), "ledger.db");
  return {
    settings: settingsFor(path),
    open: () => ledgerAt(path).ledger,
    async expireLeases() {
      const database = new DatabaseSync(path);
      database.exec("UPDATE modelwright_owners SET until_ms = 0");
      database.close();
    },
  };
});

describe("a file that cannot be used is named, with what to do", () => {
  const refusal = async (path: string) => {
    const { ledger } = ledgerAt(path);
    return ledger.query().catch((error: { code: string; message: string }) => `${error.code} ${error.message}`);
  };

  it("not a database", async () => {
    const path = join(folder(), "ledger.db");
    writeFileSync(
      path,
      "some text that is certainly longer than one hundred bytes, so that it is read as a header ".repeat(3),
    );
    expect(await refusal(path)).toBe(
      `state_unavailable [ledger]: ${path} is not a SQLite database; move it away, or set "path" to another place (SQLite: file is not a database)`,
    );
  });

  it("a damaged database", async () => {
    const path = join(folder(), "ledger.db");
    const { ledger } = ledgerAt(path);
    for (let count = 0; count < 500; count++) await ledger.append(ledgerRow());
    await ledger.close();
    const database = new DatabaseSync(path);
    database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    database.close();
    const bytes = readFileSync(path);
    bytes.fill(0xff, 4_096, bytes.length);
    writeFileSync(path, bytes);
    expect(await refusal(path)).toMatch(/ledger\.db is damaged; move it away, and the next call creates a new one/);
  });

  it("a folder that is a file", async () => {
    const place = folder();
    writeFileSync(join(place, "data"), "");
    expect(await refusal(join(place, "data", "ledger.db"))).toMatch(
      /the folder .*data cannot be created \((?:EEXIST|ENOTDIR)\); set "path" to a writable place/,
    );
  });

  it("a path that is a folder", async () => {
    const path = join(folder(), "ledger.db");
    mkdirSync(path);
    expect(await refusal(path)).toMatch(
      /ledger\.db cannot be opened; its folder must be writable, and the path must not be a folder/,
    );
  });

  it.runIf(process.platform === "linux")("a folder without write permission", async () => {
    // Nobody may create files there, not even root.
    expect(await refusal("/proc/ledger.db")).toMatch(/ledger\.db cannot be opened; its folder must be writable/);
  });
});

describe("a write that fails", () => {
  it("is reported once, and repeated with the rows that were kept", async () => {
    const place = folder();
    const path = join(place, "ledger.db");
    mkdirSync(path);
    const { ledger, clock, failures } = ledgerAt(path);
    await ledger.append(ledgerRow());
    await clock.advance(200);
    await expect(ledger.flush()).rejects.toThrow("cannot be opened");
    await ledger.append(ledgerRow());
    await expect(ledger.flush()).rejects.toThrow("cannot be opened");
    expect(failures).toHaveLength(1);
    rmSync(path, { recursive: true });
    await ledger.flush();
    expect(await ledger.query()).toMatchObject([{ attempts: 2 }]);
  });

  it("refuses more rows than fit into memory", async () => {
    const path = join(folder(), "ledger.db");
    mkdirSync(path);
    const { ledger } = ledgerAt(path);
    for (let count = 0; count < 10_000; count++) await ledger.append(ledgerRow());
    await ledger.flush().catch(() => {});
    await expect(ledger.append(ledgerRow())).rejects.toMatchObject({ code: "state_unavailable" });
    rmSync(path, { recursive: true });
    await ledger.flush();
    await ledger.append(ledgerRow());
    expect(await ledger.query()).toMatchObject([{ attempts: 10_001 }]);
  });

  it.each([false, true])(
    "accepts a final row for an open row that it has, however full it is (in a write: %s)",
    async (writing) => {
      const path = join(folder(), "ledger.db");
      mkdirSync(path);
      const { ledger } = ledgerAt(path);
      const rows = [...Array(10_000)].map(() => openRow());
      for (const row of rows) await ledger.open(row);
      await ledger.flush().catch(() => {});
      const flushed = writing ? ledger.flush().catch(() => {}) : undefined;
      for (const { callId } of rows) expect(ledger.append(ledgerRow({ callId }))).toBeUndefined();
      await flushed;
      await expect(ledger.append(ledgerRow())).rejects.toMatchObject({ code: "state_unavailable" });
      rmSync(path, { recursive: true });
      expect(await ledger.query()).toMatchObject([{ attempts: 10_000, open: 0 }]);
    },
  );

  it('rejects `open` and `append` with durability "sync", and keeps only the row of the call that was made', async () => {
    const path = join(folder(), "ledger.db");
    mkdirSync(path);
    const { ledger } = ledgerAt(path, { durability: "sync" });
    await expect(ledger.open({ ...ledgerRow(), outcome: "open" })).rejects.toMatchObject({ code: "state_unavailable" });
    await expect(ledger.append(ledgerRow())).rejects.toMatchObject({ code: "state_unavailable" });
    rmSync(path, { recursive: true });
    expect(await ledger.query()).toMatchObject([{ attempts: 1, open: 0 }]);
  });

  it("reports how many rows are lost when it is closed before", async () => {
    const path = join(folder(), "ledger.db");
    mkdirSync(path);
    const { ledger, failures } = ledgerAt(path);
    await ledger.append(ledgerRow());
    await ledger.close();
    expect(failures.at(-1)).toMatch(
      /^\[ledger\]: 1 rows were not written before the ledger was closed: .*cannot be opened/,
    );
  });
});

describe("the version of the tables", () => {
  const tablesAt = (path: string, versions: readonly (readonly string[])[]) => {
    const tables = new SqliteTables({ path, synced: false, owner: "me", clock: new FakeClock(), versions });
    onTestFinished(() => tables.close());
    return tables;
  };
  const first = migrations("sqlite");
  const newer = [...first, ["ALTER TABLE modelwright_attempts ADD COLUMN later TEXT DEFAULT 'x'"]];

  it("is raised by a newer release, which keeps the rows", async () => {
    const path = join(folder(), "ledger.db");
    const old = tablesAt(path, first);
    await old.write([ledgerRow()]);
    await old.close();
    expect(await tablesAt(path, newer).query({})).toMatchObject([{ attempts: 1 }]);
    const database = new DatabaseSync(path);
    expect(database.prepare("SELECT later FROM modelwright_attempts").all()).toMatchObject([{ later: "x" }]);
    expect(database.prepare("SELECT version FROM modelwright_versions ORDER BY version").all()).toMatchObject([
      { version: 1 },
      { version: 2 },
    ]);
    database.close();
  });

  it("of a newer release is an error that names both versions", async () => {
    const path = join(folder(), "ledger.db");
    await tablesAt(path, newer).write([ledgerRow()]);
    const failure = tablesAt(path, first).query({});
    await expect(failure).rejects.toThrow(
      `[ledger]: ${path} has version 2 of its tables, and this version of modelwright knows 1; install a newer modelwright`,
    );
  });
});

it.each([2n ** 53n - 1n, 2n ** 53n + 1n, 2n ** 63n - 1n])("an amount of %s is stored exactly", async (cost) => {
  const path = join(folder(), "ledger.db");
  const { ledger } = ledgerAt(path);
  await ledger.append(ledgerRow({ cost }));
  await ledger.flush();
  const database = new DatabaseSync(path);
  const select = database.prepare("SELECT cost, typeof(cost) AS type FROM modelwright_attempts");
  select.setReadBigInts(true);
  expect(select.get()).toMatchObject({ cost, type: "integer" });
  database.close();
});

describe("the files of a ledger", () => {
  const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);
  const modes = (path: string) => ["", "-wal", "-shm"].map((end) => modeOf(path + end));
  const spooled = { store: "postgres", url: "postgres://127.0.0.1:9/usage" } as const;

  it.each([
    ["the database", {}],
    ["the spool of Postgres", spooled],
  ])("are readable only by their owner: %s", async (_name, settings) => {
    const path = join(folder(), "new", "ledger.db");
    const { ledger } = ledgerAt(path, settings);
    await ledger.append(ledgerRow());
    await ledger.flush();
    expect(modes(path)).toEqual(["600", "600", "600"]);
  });

  it("keep the mode of a file that exists", async () => {
    const path = join(folder(), "ledger.db");
    writeFileSync(path, "");
    chmodSync(path, 0o640);
    const { ledger } = ledgerAt(path);
    await ledger.append(ledgerRow());
    await ledger.flush();
    expect(modeOf(path)).toBe("640");
  });
});
