import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Ledger, LedgerGroup, LedgerQuery, LedgerRow } from "../../src/core/ledger.ts";
import { modelSums } from "./ledger-model.ts";
import { ledgerRow, openRow } from "./ledger-rows.ts";
import { DAY_MS, filled, HOUR_MS, type LedgerWorld, NEW_YEAR } from "./ledger-world.ts";

/** Queries that every ledger must answer. */
export function testLedgerQuestions(name: string, makeWorld: () => Promise<LedgerWorld>): void {
  const written = async (rows: readonly LedgerRow[]) => {
    const world = await makeWorld();
    return { ...world, ledger: await filled(world.open(), rows) };
  };
  const groupsOf = async (ledger: Ledger, question: LedgerQuery, count: "attempts" | "cached" = "attempts") =>
    (await ledger.query(question)).map((sum) => [...Object.values(sum.group), sum[count]]);

  describe(`${name} answers queries`, () => {
    it("is empty before the first row", async () => {
      const { ledger } = await written([]);
      expect(await ledger.query()).toMatchObject([{ group: {}, attempts: 0, usd: 0, unpriced: 0, total: 0 }]);
      expect(await ledger.query({ by: ["model"] })).toEqual([]);
      expect(await ledger.spent("f", "m")).toBe(0n);
    });

    it("sums tokens, costs and outcomes", async () => {
      const { ledger } = await written([
        ledgerRow({
          tokens: { input: 10, cacheRead: 20, cacheWrite: 30, output: 40, reasoning: 15 },
          cost: 250_000_000n,
        }),
        ledgerRow({
          outcome: "error",
          code: "timed_out",
          usage: undefined,
          cost: 0n,
          possiblyBilled: true,
          overrun: 5n,
        }),
        ledgerRow({ outcome: "aborted", estimated: true, cost: 1n }),
        ledgerRow({ outcome: "cached", attempt: 0, usage: undefined, cost: 0n, saved: 750_000_000n }),
      ]);
      expect(await ledger.query()).toEqual([
        {
          group: {},
          ...{ attempts: 3, failed: 1, open: 0, cached: 1 },
          ...{ input: 20, cacheRead: 20, cacheWrite: 30, output: 45, reasoning: 15, total: 115 },
          ...{ usd: 0.250000001, knownUsd: 0.250000001, unpriced: 0, savedUsd: 0.75, overrunUsd: 5e-9 },
          ...{ estimated: 1, possiblyBilled: 1 },
        },
      ]);
    });

    it("has no total cost if the cost of an attempt is unknown", async () => {
      const { ledger } = await written([ledgerRow({ cost: null }), ledgerRow(), ledgerRow()]);
      expect(await ledger.query()).toMatchObject([{ usd: null, knownUsd: 2, unpriced: 1 }]);
    });

    it("sums amounts that exceed 53 and 64 bits", async () => {
      const cost = 2n ** 63n - 1n;
      const tokens = { input: Number.MAX_SAFE_INTEGER, output: 0 };
      const { ledger } = await written([...Array(4)].map(() => ledgerRow({ cost, tokens })));
      const [sum] = await ledger.query();
      expect(sum).toMatchObject({
        usd: Number("36893488147.419103228"),
        input: 4 * Number.MAX_SAFE_INTEGER,
        unpriced: 0,
      });
      const odd = await written([ledgerRow({ cost: 9_007_199_254_740_993n }), ledgerRow({ cost: 2n })]);
      expect(await odd.ledger.query()).toMatchObject([{ usd: Number("9007199.254740995") }]);
    });

    it("does not treat a cost of more than 64 bits as known", async () => {
      const { ledger } = await written([ledgerRow({ cost: 2n ** 64n })]);
      expect(await ledger.query()).toMatchObject([{ usd: null, unpriced: 1 }]);
    });

    it("groups by several fields, and counts an attempt for each of its tags", async () => {
      const { ledger } = await written([
        ledgerRow({ user: "ann", tags: ["ci", "nightly"] }),
        ledgerRow({ user: "ann", tags: ["ci", "ci"] }),
        ledgerRow({ user: "bob", tags: [] }),
        ledgerRow({
          provider: "anthropic",
          modelId: "claude",
          entry: "writer",
          scope: "acme/docs",
          key: "k1",
          tags: ["ci"],
        }),
      ]);
      expect(await groupsOf(ledger, { by: ["tag", "user"] })).toEqual([
        ["ci", "ann", 2],
        ["ci", null, 1],
        ["nightly", "ann", 1],
        [null, "bob", 1],
      ]);
      expect(await groupsOf(ledger, { by: ["provider", "model", "entry"] })).toEqual([
        ["anthropic", "claude", "writer", 1],
        ["openai", "gpt-4.1", "coder", 3],
      ]);
      expect(await groupsOf(ledger, { by: ["scope"] })).toEqual([
        ["acme/docs", 1],
        [null, 3],
      ]);
      expect(await groupsOf(ledger, { by: ["key"] })).toEqual([
        ["k1", 1],
        [null, 3],
      ]);
    });

    it("groups by hours, days, weeks from Monday, and months in UTC", async () => {
      const at = (...time: [number, number, number, number?, number?]) => ledgerRow({ timeMs: Date.UTC(...time) });
      const { ledger } = await written([
        ...[
          at(2025, 11, 28, 23, 59),
          at(2025, 11, 29),
          at(2025, 11, 31, 23, 59),
          at(2026, 0, 1),
          at(2026, 0, 1, 13, 7),
        ],
        ...[at(2026, 0, 4, 23), at(2026, 0, 5)],
      ]);
      expect(await groupsOf(ledger, { by: ["month"] })).toEqual([
        ["2025-12", 3],
        ["2026-01", 4],
      ]);
      expect(await groupsOf(ledger, { by: ["week"] })).toEqual([
        ["2025-12-22", 1],
        ["2025-12-29", 5],
        ["2026-01-05", 1],
      ]);
      expect(await groupsOf(ledger, { by: ["day"], since: NEW_YEAR })).toEqual([
        ["2026-01-01", 2],
        ["2026-01-04", 1],
        ["2026-01-05", 1],
      ]);
      expect(await groupsOf(ledger, { by: ["hour"], since: NEW_YEAR, until: NEW_YEAR + DAY_MS })).toEqual([
        ["2026-01-01T00:00Z", 1],
        ["2026-01-01T13:00Z", 1],
      ]);
    });

    it("counts from `since` (inclusive) to `until` (exclusive)", async () => {
      const times = [-1, 0, 1].flatMap((offset) => [NEW_YEAR + offset, NEW_YEAR + HOUR_MS + offset]);
      const { ledger } = await written(times.map((timeMs) => ledgerRow({ timeMs })));
      const count = async (question: LedgerQuery) => (await ledger.query(question))[0]?.attempts;
      expect(await count({ since: NEW_YEAR, until: NEW_YEAR + HOUR_MS })).toBe(3);
      expect(await count({ since: new Date(NEW_YEAR) })).toBe(5);
      expect(await count({ until: new Date(NEW_YEAR) })).toBe(1);
    });

    it("selects attempts by every field, and by a tag regardless of their other tags", async () => {
      const special = ledgerRow({
        ...{ modelId: "m", provider: "p", entry: "e", user: "u", tags: ["one", "two"], scope: "s", key: "k" },
        ...{ outcome: "error", code: "timed_out" },
      });
      const { ledger } = await written([special, ledgerRow({ tags: ["two"] })]);
      const where = { model: "m", provider: "p", entry: "e", user: "u", tag: "one", scope: "s", key: "k" } as const;
      const fields = { ...where, outcome: "error", code: "timed_out" };
      for (const [field, value] of Object.entries(fields)) {
        expect(await ledger.query({ where: { [field]: value } }), field).toMatchObject([{ attempts: 1, failed: 1 }]);
        expect(await ledger.query({ where: { [field]: "other" } }), field).toMatchObject([{ attempts: 0 }]);
      }
      expect(await ledger.query({ where: fields })).toMatchObject([{ attempts: 1 }]);
      expect(await groupsOf(ledger, { by: ["tag"], where: { tag: "one" } })).toEqual([
        ["one", 1],
        ["two", 1],
      ]);
    });

    it("keeps any text", async () => {
      const texts = ['it\'s "quoted"; --', "a\u0000b", "\ud800 lone", "😀", "__proto__", "\\u0000", "%_", "\u202e", ""];
      const { ledger } = await written(
        texts.map((text) => ledgerRow({ user: text, tags: [text], provider: `p${text}` })),
      );
      const kept = texts.map((text) => text.toWellFormed().replaceAll("\0", "\ufffd")).sort();
      for (const group of ["user", "tag"] as const)
        expect((await groupsOf(ledger, { by: [group] })).map(([text]) => text)).toEqual(kept);
      expect(await ledger.query({ where: { user: 'it\'s "quoted"; --' } })).toMatchObject([{ attempts: 1 }]);
    });

    it("gives the same answers as a simple model, for any rows in any order", async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(arbitraryStep, { maxLength: 40 }), arbitraryQuestion, async (steps, question) => {
          const { ledger, open } = await written([]);
          const ledgers = [ledger, open()];
          for (const { row, by, flush } of steps) {
            const one = ledgers[by] ?? ledger;
            await (row.outcome === "open" ? one.open(row) : one.append(row));
            if (flush) await one.flush();
          }
          for (const one of ledgers) await one.flush();
          expect(await ledger.query(question)).toEqual(
            modelSums(
              steps.map(({ row }) => row),
              question,
            ),
          );
        }),
        { numRuns: 12 },
      );
    });
  });
}

const HALF_DAYS = fc.integer({ min: -60, max: 60 }).map((count) => NEW_YEAR + (count * DAY_MS) / 2);
const small = (...values: readonly string[]) => fc.constantFrom(...values);
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const tokens = fc.integer({ min: 0, max: 1_000_000 });
const amount = fc.bigInt({ min: 0n, max: 2n ** 62n });

/** Everything about an attempt is derived from its call and number, as one attempt has one final row. */
const arbitraryRow: fc.Arbitrary<LedgerRow> = fc
  .record({
    callId: small("a", "b", "c", "d", "e", "f"),
    attempt: fc.integer({ min: 1, max: 2 }),
    isOpen: fc.boolean(),
  })
  .chain(({ callId, attempt, isOpen }) =>
    fc
      .record({
        ...{ timeMs: HALF_DAYS, modelId: small("m", "n"), user: optional(small("ann", "bob")) },
        ...{ tags: fc.uniqueArray(small("x", "y", "z")), cost: fc.option(amount), overrun: amount },
        ...{
          outcome: fc.constantFrom("ok", "error", "aborted"),
          estimated: fc.boolean(),
          possiblyBilled: fc.boolean(),
        },
        tokens: fc.record({ input: tokens, cacheRead: tokens, cacheWrite: tokens, output: tokens, reasoning: tokens }),
      })
      .map((values) => {
        const row = ledgerRow({ ...values, outcome: values.outcome as LedgerRow["outcome"], callId, attempt });
        return isOpen ? openRow({ ...row, outcome: "open", cost: null, usage: undefined, overrun: 0n }) : row;
      }),
  );

const arbitraryStep = fc.record({ row: arbitraryRow, by: fc.integer({ min: 0, max: 1 }), flush: fc.constant(true) });

const GROUPS: readonly LedgerGroup[] = ["model", "user", "tag", "outcome", "day", "week", "month", "hour"];
const arbitraryQuestion: fc.Arbitrary<LedgerQuery> = fc.record({
  by: fc.uniqueArray(fc.constantFrom(...GROUPS), { maxLength: 3 }),
  since: optional(HALF_DAYS),
  until: optional(HALF_DAYS),
  where: fc.record({ user: optional(small("ann", "bob")), tag: optional(small("x", "y")) }),
});
