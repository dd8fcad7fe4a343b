import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, onTestFinished } from "vitest";
import type { LedgerSettings } from "../../src/core/ledger.ts";
import { openLedger } from "../../src/ledger/open-ledger.ts";
import { FakeClock } from "../harness/fake-clock.ts";
import { testLedger } from "../harness/ledger-contract.ts";
import { testLedgerQuestions } from "../harness/ledger-questions.ts";
import type { LedgerWorld } from "../harness/ledger-world.ts";
import { describeWith } from "../harness/needs.ts";
import { hasPostgres, type PostgresServer, startPostgres } from "../harness/postgres.ts";

const SETTINGS: Omit<LedgerSettings, "path" | "url"> = {
  ...{ store: "postgres", durability: "batch", keep: Number.POSITIVE_INFINITY, maxSpool: 1e8, users: "plain" },
};

describeWith({ need: "postgres", isThere: hasPostgres }, "with Postgres", () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server?.stop());

  async function postgresWorld(): Promise<LedgerWorld> {
    const database = await server.database();
    const folder = mkdtempSync(join(tmpdir(), "modelwright-spool-"));
    const path = join(folder, "spool.db");
    const clock = new FakeClock();
    onTestFinished(() => rmSync(folder, { recursive: true }));
    return {
      clock,
      open(settings) {
        const ledger = openLedger({ ...SETTINGS, path, url: database.url, ...settings }, { clock });
        onTestFinished(() => ledger.close());
        return ledger;
      },
      async expireLeases() {
        await database.query("UPDATE modelwright_owners SET until_ms = 0");
      },
    };
  }

  testLedger("the Postgres ledger", postgresWorld);
  testLedgerQuestions("the Postgres ledger", postgresWorld);
});
