import fc from "fast-check";
import { expect, it } from "vitest";
import type { AdmitRequest, Claim, CounterStore, RateClaim } from "../../src/core/store.ts";
import { MemoryCounters } from "../../src/stores/memory-counters.ts";
import {
  admission,
  budget,
  counterStores,
  type MakeCounters,
  pauseOf,
  rate,
  settlement,
  slot,
} from "./counters-claims.ts";
import type { FakeClock } from "./fake-clock.ts";

type Step =
  | { readonly do: "admit"; readonly claims: readonly Claim[]; readonly probe: boolean }
  | { readonly do: "settle"; readonly which: number; readonly used: number }
  | { readonly do: "pause"; readonly counter: string; readonly ms: number }
  | { readonly do: "advance"; readonly ms: number };

const RUNS = 30;

/** Compares a store with simpler implementations. */
export function testAgreement(make: MakeCounters): void {
  const fresh = counterStores(make);

  it("gives the same replies as the memory store, to the millisecond", async () => {
    const { store, clock } = await fresh();
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { maxLength: 40 }), async (steps) => {
        const pair = { store, memory: new MemoryCounters(clock), clock, admitted: [] };
        const names = { run: ++run, startMs: clock.now() };
        for (const step of steps) {
          const [reply, expected] = await repliesTo(inRun(step, names), pair);
          expect(reply).toEqual(expected);
        }
        for (const family of FAMILIES) {
          const name = `${family}${run}`;
          expect(await sorted(store, name)).toEqual(await sorted(pair.memory, name));
        }
      }),
      { numRuns: RUNS },
    );
  });

  it("fills a bucket like a level that rises with time, to the millisecond", async () => {
    const { store, clock } = await fresh();
    let run = 0;
    await fc.assert(
      fc.asyncProperty(anyBucket, fc.array(anyDraw, { maxLength: 30 }), async (anyName, draws) => {
        const bucket = { ...anyName, counter: `bucket${++run}` };
        let level = bucket.limit;
        for (const { amount, ms } of draws) {
          await clock.advance(ms);
          level = Math.min(bucket.limit, level + (ms * bucket.limit) / bucket.perMs);
          const reply = await store.admit(admission([{ ...bucket, amount }]));
          const missingMs = ((amount - level) * bucket.perMs) / bucket.limit;
          if (reply.ok) {
            expect(missingMs).toBeLessThan(0.2);
            level -= amount;
          } else if (amount > bucket.limit) expect(reply.waitMs).toBe(Number.POSITIVE_INFINITY);
          else expect(Math.abs((reply.waitMs ?? 0) - missingMs)).toBeLessThanOrEqual(1);
        }
      }),
      { numRuns: RUNS },
    );
  });
}

const FAMILIES = ["team", "other"];
const COUNTERS = ["one", "two"];

const anyAmount = fc.oneof(fc.bigInt(0n, 60n), fc.bigInt(0n, 9_000_000_000_000_000n));
const anyBudget = fc
  .record({
    family: fc.constantFrom(...FAMILIES),
    member: fc.constantFrom("", "ann", "ben", "carl"),
    limit: fc.constantFrom(0n, 100n, 5_000_000_000n, 9_000_000_000_000_000n),
    amount: anyAmount,
    seed: fc.option(anyAmount, { nil: undefined }),
    maxMembers: fc.constantFrom(2, 100),
    startsMs: fc.constantFrom(0, -5_000, 5_000),
    // After the start of a sequence.
    endsMs: fc.constantFrom(40_000, 86_400_000, Number.POSITIVE_INFINITY),
  })
  .map((values) => budget(values));
const anyRate = fc
  .record({
    counter: fc.constantFrom(...COUNTERS),
    limit: fc.constantFrom(1, 3, 7, 60, 90_000, 2_000_000),
    perMs: fc.constantFrom(1_000, 60_000, 3_600_000, 86_400_000),
    amount: fc.oneof(fc.integer({ min: 0, max: 8 }), fc.integer({ min: 0, max: 100_000 })),
  })
  .map((values) => rate(values));
const anyClaim: fc.Arbitrary<Claim> = fc.oneof(
  anyBudget,
  anyRate,
  fc.record({ limit: fc.integer({ min: 0, max: 3 }), counter: fc.constantFrom(...COUNTERS) }).map((values) => {
    return slot(values.limit, values.counter);
  }),
  fc.constantFrom(...COUNTERS).map((counter) => pauseOf(counter)),
);

/** Leases are longer than any sequence, because the memory store has none. */
const anyMs = fc.oneof(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 0, max: 50_000 }));

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("admit" as const),
      claims: fc.uniqueArray(anyClaim, { maxLength: 4, selector: counterOf }),
      probe: fc.nat(5).map((die) => die === 0),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("settle" as const), which: fc.nat(), used: fc.nat(100_000) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("pause" as const), counter: fc.constantFrom(...COUNTERS), ms: anyMs }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("advance" as const), ms: anyMs }) },
);

function counterOf(claim: Claim): string {
  return claim.kind === "budget" ? `${claim.family} ${claim.member}` : `${claim.kind} ${claim.counter}`;
}

interface Names {
  readonly run: number;
  readonly startMs: number;
}

/** All sequences use one store, each with its own names. */
function inRun(step: Step, { run, startMs }: Names): Step {
  if (step.do === "pause") return { ...step, counter: `${step.counter}${run}` };
  if (step.do !== "admit") return step;
  const claims = step.claims.map((claim) => {
    if (claim.kind !== "budget") return { ...claim, counter: `${claim.counter}${run}` };
    const span = { startsMs: startMs + claim.startsMs, endsMs: startMs + claim.endsMs };
    return { ...claim, family: `${claim.family}${run}`, ...span };
  });
  return { ...step, claims };
}

interface Pair {
  readonly store: CounterStore;
  readonly memory: CounterStore;
  readonly clock: FakeClock;
  readonly admitted: AdmitRequest[];
}

async function repliesTo(step: Step, { store, memory, clock, admitted }: Pair): Promise<readonly unknown[]> {
  switch (step.do) {
    case "admit": {
      const request = admission(step.claims, { leaseMs: 1e10, probe: step.probe });
      const replies = [await store.admit(request), await memory.admit(request)];
      if (replies[1]?.ok && !step.probe) admitted.push(request);
      return replies;
    }
    case "settle": {
      const request = admitted[step.which % Math.max(1, admitted.length)];
      if (request === undefined) return [];
      const settled = settlement(request, BigInt(step.used));
      return [await store.settle(settled), await memory.settle(settled)];
    }
    case "pause":
      return [await store.pause(step.counter, step.ms), await memory.pause(step.counter, step.ms)];
    case "advance":
      await clock.advance(step.ms);
      return [];
  }
}

async function sorted(store: CounterStore, family: string): Promise<readonly object[]> {
  const levels = await store.levels(family);
  return [...levels].sort((left, right) => (left.member < right.member ? -1 : 1));
}

const anyBucket: fc.Arbitrary<RateClaim> = fc
  .record({ limit: fc.integer({ min: 1, max: 100_000 }), perMs: fc.constantFrom(1_000, 60_000, 3_600_000) })
  .map((values) => rate(values));
const anyDraw = fc.record({ amount: fc.nat(100_000), ms: anyMs });
