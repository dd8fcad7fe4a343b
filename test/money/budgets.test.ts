import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { describeWith, REDIS_SERVER } from "../harness/needs.ts";
import { RedisServer } from "../harness/redis-server.ts";
import { LIMIT_USD, type Spending, spendTogether } from "./processes.ts";

const KILLS = 10;

function check({ spent, billed, reserved, peak, kills, complaints }: Spending): void {
  expect(complaints).toEqual([]);
  expect(kills).toBe(KILLS);
  expect(peak).toBeLessThanOrEqual(LIMIT_USD + 1e-9);
  expect(billed).toBeLessThanOrEqual(LIMIT_USD);
  expect(spent).toBeLessThanOrEqual(LIMIT_USD + 1e-9);
  expect(spent).toBeGreaterThanOrEqual(0.95 * LIMIT_USD);
  expect(reserved).toBe(0);
}

describe("a budget that eight processes with fifty callers spend, while ten processes are killed", () => {
  it("holds in SQLite", { timeout: 300_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), "modelwright-budget-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    check(await spendTogether(`store = "sqlite"\npath = "${join(folder, "state.db")}"`, KILLS));
  });
});

describeWith(REDIS_SERVER, "a budget in Redis that eight processes spend, while ten are killed", () => {
  it("holds", { timeout: 300_000 }, async () => {
    const server = await RedisServer.start("--maxmemory-policy", "noeviction");
    onTestFinished(() => server.remove());
    check(await spendTogether(`store = "redis"\nurl = "${server.url}"`, KILLS));
  });
});
