import { join } from "node:path";
import { expect, it } from "vitest";
import type { StateSettings } from "../../src/core/budget.ts";
import type { CounterStore } from "../../src/core/store.ts";
import { endOf, program } from "./child-programs.ts";

const PROCESSES = 8;
const CALLERS = 50;
const AMOUNT = 123_456_789n;
const FITS = 1_000n;

/** Contract of stores that several processes use at the same time. */
export function testProcesses(settingsOf: () => StateSettings, open: (settings: StateSettings) => CounterStore): void {
  it(`never grants ${PROCESSES} processes with ${CALLERS} callers each more than the limit`, async () => {
    const settings = settingsOf();
    // The last amount does not fit.
    const limit = AMOUNT * FITS + AMOUNT / 2n;
    const argument = JSON.stringify({ settings, callers: CALLERS, limit: String(limit), amount: String(AMOUNT) });
    const file = join(import.meta.dirname, "../stores/processes/spend.ts");
    const ends = await Promise.all(Array.from({ length: PROCESSES }, () => endOf(program(file, [argument]))));
    expect(ends.map(({ code, stderr }) => ({ code, stderr }))).toEqual(ends.map(() => ({ code: 0, stderr: "" })));
    const results = ends.map(({ stdout }) => JSON.parse(stdout) as { granted: number; tooMuch: number });
    expect(results.map(({ tooMuch }) => tooMuch)).toEqual(results.map(() => 0));
    const granted = results.reduce((sum, result) => sum + BigInt(result.granted), 0n);
    expect(granted * AMOUNT).toBeLessThanOrEqual(limit);
    expect(granted).toBeGreaterThanOrEqual((FITS * 95n) / 100n);
    const store = open(settings);
    expect(await store.levels("shared")).toEqual([{ member: "", spent: granted * AMOUNT, reserved: 0n }]);
    const all = {
      id: "all slots",
      owner: "test",
      leaseMs: 1_000,
      claims: [{ kind: "slot", counter: "s", limit: 1 }] as const,
    };
    expect(await store.admit(all)).toMatchObject({ ok: true });
    await store.settle({ id: all.id, claims: [{ claim: all.claims[0], used: 0n }] });
    await store.close();
  });
}
