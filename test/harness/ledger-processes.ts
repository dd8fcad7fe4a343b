import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { Ledger, LedgerSettings } from "../../src/core/ledger.ts";

/** One database for several processes. */
export interface ProcessWorld {
  readonly settings: LedgerSettings;
  /** Closed when the test ends. */
  open(): Ledger;
  /** Makes the lease of every process expire. */
  expireLeases(): Promise<void>;
}

const PROGRAM = join(import.meta.dirname, "../ledger/processes/append-rows.ts");

interface Appended {
  readonly count: number;
  readonly atMs: number;
}

/** Contract of a ledger that several processes share, one of which may die. */
export function testLedgerProcesses(name: string, makeWorld: () => Promise<ProcessWorld>): void {
  describe(`${name} in several processes`, () => {
    it("keeps the rows of 8 processes that start at once", async () => {
      const world = await makeWorld();
      const ends = [...Array(8)].map(() => startAppending(world.settings, "300").ended);
      expect(await Promise.all(ends)).toEqual([...Array(8)].map(() => ({ code: 0, errors: "" })));
      expect(await world.open().query()).toMatchObject([{ attempts: 2_400, usd: 2_400 }]);
    });

    it("loses at most the last 200 ms of rows when a process is killed", async () => {
      const world = await makeWorld();
      const program = startAppending(world.settings, "0", "5", "open");
      await program.reached(150);
      const { appended } = await program.kill();
      const [sum] = await world.open().query();
      const lastMs = appended.at(-1)?.atMs ?? 0;
      // The transaction itself also takes time.
      const safe = appended.filter(({ atMs }) => atMs < lastMs - 200 - WRITE_MS);
      expect(safe.length).toBeGreaterThan(10);
      expect(sum?.attempts).toBeGreaterThanOrEqual(safe.length);
      expect(sum?.attempts).toBeLessThanOrEqual(appended.length + 1);
      expect(sum).toMatchObject({ open: 1 });
      await world.expireLeases();
      expect(await world.open().query({ where: { outcome: "lost" } })).toMatchObject([{ attempts: 1, usd: 5 }]);
    });

    it('loses no row that `append` has acknowledged with durability "sync"', async () => {
      const world = await makeWorld();
      const program = startAppending({ ...world.settings, durability: "sync" }, "0");
      await program.reached(20);
      const { appended } = await program.kill();
      const [sum] = await world.open().query();
      expect(sum?.attempts).toBeGreaterThanOrEqual(appended.length);
      expect(sum?.attempts).toBeLessThanOrEqual(appended.length + 1);
    });
  });
}

const WRITE_MS = 300;

/** A process that appends rows. */
export function startAppending(settings: LedgerSettings, ...argv: readonly string[]) {
  const child = spawn(process.execPath, [PROGRAM, JSON.stringify(settings), ...argv], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [output, errors] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr.on("data", (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const closed = new Promise<number | null>((resolve) => child.once("close", resolve));
  const appended = (): readonly Appended[] =>
    output.split("\n").flatMap((line) => {
      const [, count, atMs] = /^(\d+) ([\d.]+)$/.exec(line) ?? [];
      return count === undefined ? [] : [{ count: Number(count), atMs: Number(atMs) }];
    });
  return {
    ended: closed.then((code) => ({ code, errors })),
    reached: (count: number) =>
      reached(
        child,
        () => appended().length >= count,
        () => errors,
      ),
    async kill() {
      child.kill("SIGKILL");
      await closed;
      return { appended: appended() };
    },
  };
}

async function reached(child: ChildProcess, isThere: () => boolean, errors: () => string): Promise<void> {
  while (!isThere()) {
    if (child.exitCode !== null) throw new Error(`the process ended: ${errors()}`);
    await sleep(5);
  }
}
