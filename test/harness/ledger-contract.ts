import { describe, expect, it } from "vitest";
import type { LedgerRow, LedgerSettings } from "../../src/core/ledger.ts";
import { ledgerRow, openRow } from "./ledger-rows.ts";
import { DAY_MS, filled, type LedgerWorld, NEW_YEAR } from "./ledger-world.ts";

/** The default timeout of `expect.poll` also limits slowness. */
const AGAINST_HANGING = { timeout: 60_000 };

/** The contract of every ledger, regardless of its storage. */
export function testLedger(name: string, makeWorld: () => Promise<LedgerWorld>): void {
  const written = async (rows: readonly LedgerRow[], settings?: Partial<LedgerSettings>) => {
    const world = await makeWorld();
    return { ...world, ledger: await filled(world.open(settings), rows) };
  };

  describe(`${name} fulfills the contract of a ledger`, () => {
    it("counts a row once, however often it is appended", async () => {
      const row = ledgerRow();
      const { ledger, open } = await written([row, row]);
      await ledger.flush();
      await ledger.append({ ...row, cost: 5n });
      await open().append(row);
      expect(await open().query()).toMatchObject([{ attempts: 1 }]);
      expect(await ledger.query()).toMatchObject([{ attempts: 1, usd: 1 }]);
    });

    it.each([false, true])(
      "replaces an open row by its final row, in any order (in one transaction: %s)",
      async (together) => {
        const row = openRow({
          budgets: [
            { family: "f", member: "", amount: 900n },
            { family: "g", member: "", amount: 900n },
          ],
        });
        const final: LedgerRow = {
          ...ledgerRow({ callId: row.callId }),
          budgets: [{ family: "f", member: "", amount: 7n }],
        };
        for (const rows of [
          [row, final],
          [final, row],
          [row, row, final, row],
        ]) {
          const { ledger } = await written([]);
          for (const one of rows) {
            await (one.outcome === "open" ? ledger.open(one) : ledger.append(one));
            if (!together) await ledger.flush();
          }
          expect(await ledger.query()).toMatchObject([{ attempts: 1, open: 0, usd: 1 }]);
          expect(await ledger.spent("f", "")).toBe(7n);
          expect(await ledger.spent("g", "", "reserved")).toBe(0n);
        }
      },
    );

    it("counts open rows separately", async () => {
      const { ledger, open } = await written([ledgerRow()]);
      await ledger.open(openRow({ budgets: [{ family: "f", member: "m", amount: 30n }] }));
      expect(await ledger.query()).toMatchObject([{ attempts: 1, open: 1, usd: 1, unpriced: 0 }]);
      expect(await ledger.query({ by: ["outcome"] })).toMatchObject([
        { group: { outcome: "ok" }, attempts: 1 },
        { group: { outcome: "open" }, attempts: 0, open: 1 },
      ]);
      expect(await ledger.spent("f", "m")).toBe(0n);
      expect(await ledger.spent("f", "m", "reserved")).toBe(0n);
      expect(await open().spent("f", "m", "reserved")).toBe(30n);
      expect(await open().spent("f", "m")).toBe(0n);
    });

    it("returns the counters of a family, except the known ones, and at most the requested number", async () => {
      const charged = (...members: readonly string[]) => ({
        budgets: members.map((member) => ({ family: "f", member, amount: 7n })),
      });
      const rows = [ledgerRow(charged("ann", "bob")), ledgerRow(charged("bob", "eve"))];
      const other = { budgets: [{ family: "g", member: "zoe", amount: 1n }] };
      const { ledger, open } = await written([...rows, ledgerRow(other)]);
      await ledger.open(openRow(charged("eve")));
      await ledger.flush();
      expect(await ledger.counters("f", ["ann"], 9, "reserved")).toEqual([
        { member: "bob", spent: 14n },
        { member: "eve", spent: 7n },
      ]);
      expect(await open().counters("f", ["ann"], 9, "reserved")).toContainEqual({ member: "eve", spent: 14n });
      expect(await open().counters("f", ["ann"], 9)).toContainEqual({ member: "eve", spent: 7n });
      expect(await ledger.counters("f", ["ann"], 1)).toEqual([{ member: "bob", spent: 14n }]);
      expect(await ledger.counters("h", [], 9)).toEqual([]);
    });

    it("omits known counters of users that are stored as hashes", async () => {
      const budgets = ["ann", "bob"].map((member) => ({ family: "f", member, amount: 7n }));
      const { ledger } = await written([ledgerRow({ budgets })], { users: "hash" });
      expect(await ledger.counters("f", ["ann"], 9)).toEqual([
        { member: expect.stringMatching(/^[0-9a-f]{32}$/), spent: 7n },
      ]);
      expect(await ledger.counters("f", ["ann", "bob"], 9)).toEqual([]);
    });

    it("marks open rows of a process whose lease expired as lost, with what they may have cost", async () => {
      const { ledger, open, expireLeases } = await written([]);
      const budgets = [{ family: "f", member: "", amount: 500n }];
      const row = openRow({ reserved: 3_000_000_000n, budgets });
      await ledger.open(row);
      await ledger.open(openRow({ budgets }));
      await ledger.flush();
      const other = open();
      expect(await other.query()).toMatchObject([{ attempts: 0, open: 2 }]);
      await expireLeases();
      expect(await other.query({ by: ["outcome"] })).toMatchObject([
        {
          group: { outcome: "lost" },
          attempts: 2,
          failed: 2,
          estimated: 2,
          possiblyBilled: 2,
          usd: null,
          knownUsd: 3,
          open: 0,
        },
      ]);
      expect(await other.spent("f", "")).toBe(1_000n);
      // It was only suspended.
      await ledger.append({ ...ledgerRow({ callId: row.callId }), budgets: [{ family: "f", member: "", amount: 1n }] });
      expect(await ledger.query({ by: ["outcome"] })).toMatchObject([
        { group: { outcome: "lost" }, attempts: 1, usd: null },
        { group: { outcome: "ok" }, attempts: 1, usd: 1, estimated: 0 },
      ]);
      expect(await other.spent("f", "")).toBe(501n);
    });

    it("keeps the rows of a process open while it renews its lease", async () => {
      const { ledger, open, clock } = await written([]);
      await ledger.open(openRow());
      await ledger.flush();
      await clock.advance(25_000);
      await clock.advance(25_000);
      expect(await open().query()).toMatchObject([{ open: 1, attempts: 0 }]);
    });

    it("keeps budget charges when it deletes old rows in chunks", async () => {
      const charged = (amount: bigint) => ({
        budgets: [
          { family: "f", member: "ann", amount },
          { family: "g", member: "", amount: 1n },
        ],
      });
      const old = [...Array(2_100)].map((_, index) =>
        ledgerRow({ timeMs: NEW_YEAR - 3 * DAY_MS - index, ...charged(2n) }),
      );
      const { ledger, open, clock } = await written(old);
      const unfinished = openRow({ timeMs: NEW_YEAR - 3 * DAY_MS });
      await ledger.open(unfinished);
      await ledger.append(ledgerRow({ timeMs: clock.now(), ...charged(5n) }));
      expect(await ledger.query()).toMatchObject([{ attempts: 2_101 }]);
      const keeping = open({ keep: 2 * DAY_MS });
      await keeping.append(ledgerRow({ timeMs: clock.now(), ...charged(7n) }));
      await keeping.flush();
      await expect.poll(() => ledger.query(), AGAINST_HANGING).toMatchObject([{ attempts: 2, open: 1 }]);
      expect(await ledger.spent("f", "ann")).toBe(4_212n);
      expect(await ledger.spent("g", "")).toBe(2_102n);
      await ledger.append(ledgerRow({ callId: unfinished.callId, timeMs: unfinished.timeMs }));
      await ledger.flush();
      // Later rows are added to the sums.
      await clock.advance(3 * DAY_MS);
      await keeping.append(ledgerRow({ timeMs: clock.now() }));
      await keeping.flush();
      await expect.poll(() => ledger.query(), AGAINST_HANGING).toMatchObject([{ attempts: 1 }]);
      expect(await ledger.spent("f", "ann")).toBe(4_212n);
    });

    it("writes rows within 200 ms", async () => {
      const { ledger, open, clock } = await written([]);
      const reader = open();
      expect(ledger.append(ledgerRow())).toBeUndefined();
      expect(await reader.query()).toMatchObject([{ attempts: 0 }]);
      await clock.advance(200);
      expect(clock.pending).toBe(0);
      await expect.poll(async () => (await reader.query())[0]?.attempts, AGAINST_HANGING).toBe(1);
      expect(clock.pending).toBe(0);
    });

    it("writes 1,000 rows without waiting for more", async () => {
      const { ledger, open } = await written([]);
      const reader = open();
      for (let count = 0; count < 1_000; count++) ledger.append(ledgerRow());
      await expect.poll(async () => (await reader.query())[0]?.attempts, AGAINST_HANGING).toBe(1_000);
    });

    it("makes `append` wait when more than 10,000 rows are in memory", async () => {
      const { ledger } = await written([]);
      const results = [...Array(10_500)].map(() => ledger.append(ledgerRow()));
      expect(results.slice(0, 10_000).every((result) => result === undefined)).toBe(true);
      expect(results.slice(10_000).every((result) => result instanceof Promise)).toBe(true);
      await Promise.all(results);
      expect(await ledger.query()).toMatchObject([{ attempts: 10_500 }]);
    });

    it('resolves `open` and `append` when the row is on disk with durability "sync"', async () => {
      const { ledger, open } = await written([], { durability: "sync" });
      const reader = open();
      const row = openRow();
      await ledger.open(row);
      expect(await reader.query()).toMatchObject([{ open: 1 }]);
      await Promise.all([ledger.append(ledgerRow({ callId: row.callId })), ledger.append(ledgerRow())]);
      expect(await reader.query()).toMatchObject([{ open: 0, attempts: 2 }]);
    });

    it("writes rows that are appended after it was closed", async () => {
      const { ledger, open, clock } = await written([ledgerRow()]);
      await ledger.close();
      await ledger.append(ledgerRow());
      expect(clock.pending).toBe(0);
      await expect.poll(async () => (await open().query())[0]?.attempts, AGAINST_HANGING).toBe(2);
      expect(clock.pending).toBe(0);
    });

    it('stores users only as a hash if `users` is "hash", the same in every process', async () => {
      const hashed = { users: "hash" } as const;
      const budgets = [{ family: "f", member: "ann", amount: 9n }];
      const { ledger, open } = await written([ledgerRow({ user: "ann", budgets })], hashed);
      await ledger.flush();
      const other = open(hashed);
      await other.append(ledgerRow({ user: "ann" }));
      await other.append(ledgerRow({ user: "bob" }));
      await other.append(ledgerRow());
      const users = (await other.query({ by: ["user"] })).map(({ group, attempts }) => [group.user, attempts]);
      expect(users).toContainEqual([expect.stringMatching(/^[0-9a-f]{32}$/), 2]);
      expect(JSON.stringify(users)).not.toMatch(/ann|bob/);
      expect(await other.query({ where: { user: "ann" } })).toMatchObject([{ attempts: 2 }]);
      expect(await other.spent("f", "ann")).toBe(9n);
      expect(await open().spent("f", "ann")).toBe(0n);
    });
  });
}
