import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import type { LedgerSettings } from "../../src/core/ledger.ts";
import { openLedger } from "../../src/ledger/open-ledger.ts";
import { PostgresTables } from "../../src/ledger/postgres-tables.ts";
import { migrations } from "../../src/ledger/tables.ts";
import { FakeClock } from "../harness/fake-clock.ts";
import { startAppending, testLedgerProcesses } from "../harness/ledger-processes.ts";
import { ledgerRow, openRow } from "../harness/ledger-rows.ts";
import { describeWith } from "../harness/needs.ts";
import { hasPostgres, type PostgresServer, startPostgres } from "../harness/postgres.ts";

describeWith({ need: "postgres", isThere: hasPostgres }, "with Postgres", () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server?.stop());

  async function world() {
    const database = await server.database();
    const folder = mkdtempSync(join(tmpdir(), "modelwright-spool-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const settings: LedgerSettings = {
      ...{ store: "postgres", path: join(folder, "spool.db"), url: database.url, durability: "batch" },
      ...{ keep: Number.POSITIVE_INFINITY, maxSpool: 1e8, users: "plain" },
    };
    const clock = new FakeClock();
    const failures: string[] = [];
    const open = (more: Partial<LedgerSettings> = {}) => {
      const ledger = openLedger(
        { ...settings, ...more },
        { clock, onFailure: ({ message }) => failures.push(message) },
      );
      onTestFinished(() => ledger.close());
      return ledger;
    };
    const expireLeases = async () => {
      await database.query("UPDATE modelwright_owners SET until_ms = 0");
    };
    return { ...database, settings, clock, failures, open, expireLeases };
  }

  testLedgerProcesses("the Postgres ledger", world);

  it("keeps rows in the spool while Postgres is down, and delivers them once when it is back", async () => {
    const { proxy, open, clock, settings, failures } = await world();
    await proxy.down();
    const ledger = open();
    for (let count = 0; count < 20; count++) {
      await ledger.append(ledgerRow());
      await ledger.flush();
    }
    expect(failures).toEqual([
      expect.stringMatching(/^\[ledger\]: Postgres at .*ECONNREFUSED.*; rows are kept in .*spool\.db$/),
    ]);
    await expect(ledger.query()).rejects.toMatchObject({ code: "state_unavailable" });
    await proxy.up();
    await clock.advance(30_000);
    await ledger.append(ledgerRow());
    await ledger.flush();
    expect(await ledger.query()).toMatchObject([{ attempts: 21, usd: 21 }]);
    expect(await open({ path: `${settings.path}.other` }).query()).toMatchObject([{ attempts: 21 }]);
  });

  it("creates no spool while Postgres is up", async () => {
    const { open, settings } = await world();
    const ledger = open();
    await ledger.append(ledgerRow());
    expect(await ledger.query()).toMatchObject([{ attempts: 1 }]);
    await ledger.close();
    expect(existsSync(settings.path)).toBe(false);
  });

  it("has each row once, whenever Postgres goes down and comes back", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom("append", "open", "down", "up", "flush", "wait"), { maxLength: 30 }),
        async (steps) => {
          const { proxy, open, clock } = await world();
          const ledger = open();
          let rows = 0;
          for (const step of steps) {
            if (step === "down") await proxy.down();
            if (step === "up") await proxy.up();
            if (step === "flush") await ledger.flush();
            if (step === "wait") await clock.advance(5_000);
            if (step !== "append" && step !== "open") continue;
            const row = ledgerRow();
            if (step === "open") await ledger.open(openRow({ callId: row.callId }));
            if (step === "open" && rows % 2 === 0) await ledger.flush();
            await ledger.append(row);
            rows++;
          }
          await proxy.up();
          await clock.advance(30_000);
          expect(await ledger.query()).toMatchObject([{ attempts: rows, usd: rows, open: 0 }]);
        },
      ),
      { numRuns: 8 },
    );
  });

  it("delivers the rows of a process that crashed while Postgres was down", async () => {
    const { proxy, open, settings } = await world();
    await proxy.down();
    const program = startAppending({ ...settings, durability: "sync" }, "0", "", "open");
    await program.reached(20);
    const { appended } = await program.kill();
    await proxy.up();
    const [sum] = await open().query();
    // Its process has no lease, so its open row is lost.
    expect(sum?.attempts).toBeGreaterThanOrEqual(appended.length + 1);
    expect(sum?.attempts).toBeLessThanOrEqual(appended.length + 2);
    expect(await open().query({ where: { outcome: "lost" } })).toMatchObject([{ attempts: 1, usd: 5 }]);
  });

  it("rejects rows beyond `max_spool`", async () => {
    const { proxy, open, clock } = await world();
    await proxy.down();
    const ledger = open({ maxSpool: 40_000, durability: "sync" });
    let kept = 0;
    const fill = async () => {
      for (; ; kept++) await ledger.append(ledgerRow());
    };
    await expect(fill()).rejects.toMatchObject({ code: "state_unavailable" });
    await expect(ledger.open(openRow())).rejects.toThrow(/the spool .*spool\.db is full \(max_spool = 40000 bytes\)/);
    expect(kept).toBeGreaterThan(10);
    await proxy.up();
    await clock.advance(30_000);
    // The refused row of `append` was kept in memory; that of `open` was not sent.
    await ledger.flush();
    expect(await ledger.query()).toMatchObject([{ attempts: kept + 1, open: 0 }]);
  });

  it("hashes users while Postgres is down if it knows the key, and otherwise keeps nothing", async () => {
    const { proxy, open, clock } = await world();
    const hashed = { users: "hash", durability: "sync" } as const;
    await proxy.down();
    await expect(open(hashed).append(ledgerRow({ user: "ann" }))).rejects.toMatchObject({ code: "state_unavailable" });
    await proxy.up();
    await open(hashed).append(ledgerRow({ user: "ann" }));
    await proxy.down();
    const later = open(hashed);
    await later.append(ledgerRow({ user: "ann" }));
    await proxy.up();
    await clock.advance(30_000);
    expect(await later.query({ where: { user: "ann" } })).toMatchObject([{ attempts: 2 }]);
  });

  it("does not spool rows for tables of a newer release", async () => {
    const { open, url, settings } = await world();
    const versions = [...migrations("postgres"), ["CREATE TABLE modelwright_later (x TEXT)"]];
    const newer = new PostgresTables({ url, owner: "other", versions });
    await newer.write([ledgerRow()]);
    await newer.close();
    const ledger = open();
    await ledger.append(ledgerRow());
    await expect(ledger.flush()).rejects.toThrow(
      "the Postgres database has version 2 of its tables, and this version of modelwright knows 1; install a newer modelwright",
    );
    expect(existsSync(settings.path)).toBe(false);
  });

  it("migrates older tables, and keeps the rows", async () => {
    const { open, url, query } = await world();
    const ledger = open();
    await ledger.append(ledgerRow());
    await ledger.flush();
    const versions = [
      ...migrations("postgres"),
      ["ALTER TABLE modelwright_attempts ADD COLUMN later TEXT DEFAULT 'x'"],
    ];
    const newer = [...Array(4)].map((_, at) => new PostgresTables({ url, owner: `other ${at}`, versions }));
    for (const sums of await Promise.all(newer.map((tables) => tables.query({}))))
      expect(sums).toMatchObject([{ attempts: 1 }]);
    await Promise.all(newer.map((tables) => tables.close()));
    expect(await query("SELECT later FROM modelwright_attempts")).toEqual([{ later: "x" }]);
  });
});
