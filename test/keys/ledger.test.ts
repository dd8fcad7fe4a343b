import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished } from "vitest";
import { type Clock, systemClock } from "../../src/core/clock.ts";
import { keyTest } from "./key-test.ts";
import { entry, factoryOf, PROMPT, simulate } from "./world.ts";

const DAY_MS = 86_400_000;

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "keys-"));
  onTestFinished(() => rmSync(made, { recursive: true }));
  return made;
}

/** A factory with a ledger that answers. */
async function ledgerFactory(toml: string, clock: Partial<Clock> = {}) {
  const baseDir = folder();
  const simulator = await simulate();
  const factory = factoryOf(`${toml}\n${entry("openai", simulator)}`, { baseDir, clock });
  return { factory, model: factory.create(), baseDir, simulator };
}

keyTest("ledger", async () => {
  const { factory, model } = await ledgerFactory("[ledger]");
  await model.codegen(PROMPT);
  expect(await factory.ledger.query()).toMatchObject([{ attempts: 1 }]);
  const without = await ledgerFactory("");
  await without.model.codegen(PROMPT);
  await expect(without.factory.ledger.query()).rejects.toThrow("add a [ledger] table");
});

keyTest("ledger.store", async () => {
  const { factory, model, baseDir } = await ledgerFactory('[ledger]\nstore = "sqlite"');
  await model.codegen(PROMPT);
  await factory.close();
  expect(existsSync(join(baseDir, ".modelwright/ledger.db"))).toBe(true);
  const postgres = await ledgerFactory('[ledger]\nstore = "postgres"\nurl = "postgres://127.0.0.1:9/usage"');
  await expect(postgres.factory.ledger.query()).rejects.toThrow("Postgres at 127.0.0.1:9/usage: connect ECONNREFUSED");
});

keyTest("ledger.path", async () => {
  const { factory, model, baseDir } = await ledgerFactory('[ledger]\npath = "data/usage.db"');
  await model.codegen(PROMPT);
  await factory.close();
  expect(existsSync(join(baseDir, "data/usage.db"))).toBe(true);
});

keyTest("ledger.url", async () => {
  const { factory, baseDir } = await ledgerFactory(
    '[ledger]\nstore = "postgres"\nurl = "postgres://ann:geheim-9x7@127.0.0.1:9/usage"',
  );
  const failure = factory.ledger.query();
  await expect(failure).rejects.toThrow("127.0.0.1:9/usage");
  await expect(failure).rejects.not.toThrow("geheim");
  expect(() =>
    factoryOf('[ledger]\nstore = "postgres"\n[models.a]\nname = "m"\nprovider = "simulator"', { baseDir }),
  ).toThrow('add url = "env:DATABASE_URL"');
});

keyTest("ledger.durability", async () => {
  const rowsAfterCall = async (durability: string) => {
    const { model, baseDir } = await ledgerFactory(`[ledger]\ndurability = "${durability}"`);
    await model.codegen(PROMPT);
    const path = join(baseDir, ".modelwright/ledger.db");
    if (!existsSync(path)) return 0;
    const database = new DatabaseSync(path);
    const isThere =
      database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'modelwright_attempts'").all().length > 0;
    const count = "SELECT COUNT(*) AS count FROM modelwright_attempts WHERE outcome = 'ok'";
    const [row] = isThere ? database.prepare(count).all() : [];
    database.close();
    return row?.["count"] ?? 0;
  };
  expect(await rowsAfterCall("sync")).toBe(1);
  expect(await rowsAfterCall("batch")).toBe(0);
});

keyTest("ledger.keep", async () => {
  const attemptsAfter = async (keep: string) => {
    let laterMs = 0;
    const now = () => systemClock.now() + laterMs;
    const monotonic = () => systemClock.monotonic() + laterMs;
    const { factory, model } = await ledgerFactory(`[ledger]\nkeep = "${keep}"`, { now, monotonic });
    await model.codegen(PROMPT);
    await factory.ledger.flush();
    laterMs = 2 * DAY_MS;
    await model.codegen(PROMPT);
    await factory.ledger.flush();
    return (await factory.ledger.query())[0]?.attempts;
  };
  expect(await attemptsAfter("1d")).toBe(1);
  expect(await attemptsAfter("36h")).toBe(1);
  expect(await attemptsAfter("3d")).toBe(2);
  expect(await attemptsAfter("forever")).toBe(2);
});

keyTest("ledger.max_spool", async () => {
  const attempt = async (maxSpool: string) => {
    const lines = `durability = "sync"\nmax_spool = ${maxSpool}`;
    const down = `[ledger]\nstore = "postgres"\nurl = "postgres://127.0.0.1:9/usage"\n${lines}`;
    const { model, simulator } = await ledgerFactory(down);
    const outcome = await model.safeCodegen(PROMPT);
    return [outcome.ok ? "ok" : outcome.error.message, simulator.requests.length];
  };
  expect(await attempt('"1MiB"')).toEqual(["ok", 1]);
  expect(await attempt("1_000")).toEqual([expect.stringMatching(/the spool .* is full \(max_spool = 1000 bytes\)/), 0]);
});

keyTest("ledger.users", async () => {
  const users = async (lines: string) => {
    const { factory, model } = await ledgerFactory(`[ledger]\n${lines}`);
    await model.codegen(PROMPT, { user: "ann" });
    expect(await factory.ledger.query({ where: { user: "ann" } })).toMatchObject([{ attempts: 1 }]);
    return (await factory.ledger.query({ by: ["user"] })).map(({ group }) => group.user);
  };
  expect(await users('users = "plain"')).toEqual(["ann"]);
  expect(await users('users = "hash"')).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/)]);
});
