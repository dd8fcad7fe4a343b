import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { onTestFinished } from "vitest";
import type { LedgerSettings } from "../../src/core/ledger.ts";
import { openLedger } from "../../src/ledger/open-ledger.ts";
import { FakeClock } from "../harness/fake-clock.ts";
import { testLedger } from "../harness/ledger-contract.ts";
import { testLedgerQuestions } from "../harness/ledger-questions.ts";
import type { LedgerWorld } from "../harness/ledger-world.ts";

const SETTINGS: Omit<LedgerSettings, "path"> = {
  ...{ store: "sqlite", durability: "batch", keep: Number.POSITIVE_INFINITY, maxSpool: 1e8, users: "plain" },
};

async function sqliteWorld(): Promise<LedgerWorld> {
  const folder = mkdtempSync(join(tmpdir(), "modelwright-ledger-"));
  const path = join(folder, "deep", "ledger.db");
  const clock = new FakeClock();
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return {
    clock,
    open(settings) {
      const ledger = openLedger({ ...SETTINGS, path, ...settings }, { clock });
      onTestFinished(() => ledger.close());
      return ledger;
    },
    async expireLeases() {
      const database = new DatabaseSync(path);
      database.exec("UPDATE modelwright_owners SET until_ms = 0");
      database.close();
    },
  };
}

testLedger("the SQLite ledger", sqliteWorld);
testLedgerQuestions("the SQLite ledger", sqliteWorld);
