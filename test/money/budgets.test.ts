import { describe, expect, it } from "vitest";
import { describeWith, REDIS_SERVER } from "../harness/needs.ts";
import { hasPostgres } from "../harness/postgres.ts";
import { type Plan, spendTogether } from "./processes.ts";
import { problemsOf } from "./proof.ts";
import { serverStores, sqliteStores } from "./stores.ts";

async function check(plan: Plan): Promise<void> {
  try {
    expect(problemsOf(await spendTogether(plan), plan)).toEqual([]);
  } finally {
    await plan.stores.close();
  }
}

const TEN_KILLS = { kills: 10, callers: 50 };

describe("a budget that eight processes with fifty callers spend, while ten processes are killed", () => {
  it("holds in SQLite", { timeout: 300_000 }, async () => {
    await check({ stores: await sqliteStores(), ...TEN_KILLS });
  });
});

describeWith(REDIS_SERVER, "a budget in Redis that eight processes spend, while ten are killed", () => {
  it("holds", { timeout: 300_000 }, async () => {
    await check({ stores: await serverStores({ withLedger: false }), ...TEN_KILLS });
  });
});

const THREE_KILLS = { kills: 3, callers: 10, hurry: true };

describe("the rows of eight processes, of which three are killed, agree with the provider's bill and the budget", () => {
  // Most of the time, both wait for a lease to end.
  it.concurrent.each(["sync", "batch"] as const)("in SQLite (%s)", { timeout: 120_000 }, async (durability) => {
    await check({ stores: await sqliteStores(), durability, ...THREE_KILLS });
  });
});

const SERVERS = { need: "postgres", isThere: () => hasPostgres() && REDIS_SERVER.isThere() } as const;

describeWith(
  SERVERS,
  "the rows of eight processes, of which three are killed, agree with the bill and the budget",
  () => {
    it.concurrent.each(["sync", "batch"] as const)(
      "in Redis and Postgres (%s)",
      { timeout: 120_000 },
      async (durability) => {
        await check({ stores: await serverStores({ withLedger: true }), durability, ...THREE_KILLS });
      },
    );
  },
);
