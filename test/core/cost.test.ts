import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addCost, type Cost, costOf, NanoSum, NO_COST, nanoCost, type Price } from "../../src/core/cost.ts";
import { addUsage, NO_USAGE, usageOf } from "../../src/core/usage.ts";

describe("usage", () => {
  it("sums to a total, with reasoning as a part of the output", () => {
    expect(
      usageOf({
        input: 27,
        cacheRead: 100,
        cacheWrite: 30,
        output: 47,
        reasoning: 12,
        details: { audio: 3, image: 0, none: null },
      }),
    ).toEqual({
      input: 27,
      cacheRead: 100,
      cacheWrite: 30,
      output: 47,
      reasoning: 12,
      total: 204,
      estimated: false,
      details: { audio: 3 },
    });
  });

  const wild = fc.oneof(fc.integer({ min: -10, max: 1_000_000 }), fc.double(), fc.constant(undefined));

  it("is never negative or NaN, and sums to its total, for any report", () => {
    fc.assert(
      fc.property(wild, wild, wild, wild, wild, (input, cacheRead, cacheWrite, output, reasoning) => {
        fc.pre(
          [input, cacheRead, cacheWrite, output].every(
            (value) => Math.abs(value ?? 0) < 1e12 || !Number.isFinite(value),
          ),
        );
        const usage = usageOf({ input: input as number, cacheRead, cacheWrite, output: output as number, reasoning });
        expect(usage.total).toBe(usage.input + usage.cacheRead + usage.cacheWrite + usage.output);
        for (const count of [usage.input, usage.cacheRead, usage.cacheWrite, usage.output, usage.reasoning])
          expect(Number.isInteger(count) && count >= 0).toBe(true);
        expect(usage.reasoning).toBeLessThanOrEqual(usage.output);
      }),
    );
  });

  it("adds field by field, and is estimated if a part is", () => {
    const sum = addUsage(
      usageOf({ input: 1, output: 2, details: { audio: 1 } }),
      usageOf({ input: 3, cacheRead: 4, output: 5, estimated: true, details: { audio: 2, image: 1 } }),
    );
    expect(sum).toEqual({
      input: 4,
      cacheRead: 4,
      cacheWrite: 0,
      output: 7,
      reasoning: 0,
      total: 15,
      estimated: true,
      details: { audio: 3, image: 1 },
    });
    expect(addUsage(NO_USAGE, sum)).toEqual(sum);
  });
});

describe("cost", () => {
  const sonnet: Price = { input: 3, output: 15, cacheRead: 0.3, cacheWrite: 3.75, cacheWrite1h: 6 };

  it.each([
    ["plain", { input: 1_000, output: 500 }, sonnet, 0.0105],
    ["read from cache", { input: 27, cacheRead: 100_000, output: 47 }, sonnet, 0.030786],
    ["written to cache", { input: 0, cacheWrite: 10_000, output: 0 }, sonnet, 0.0375],
    [
      "written for an hour and for five minutes",
      { input: 0, cacheWrite: 10_000, output: 0, details: { cacheWrite1h: 4_000, cacheWrite5m: 6_000 } },
      sonnet,
      0.0465,
    ],
    [
      "without a price for the cache",
      { input: 0, cacheRead: 1_000, cacheWrite: 1_000, output: 0 },
      { input: 2, output: 8 },
      0.004,
    ],
    [
      "above a tier",
      { input: 200_001, output: 1_000 },
      { input: 1.25, output: 10, tiers: [{ above: 200_000, input: 2.5, output: 15 }] },
      0.5150025,
    ],
    [
      "at a tier",
      { input: 200_000, output: 1_000 },
      { input: 1.25, output: 10, tiers: [{ above: 200_000, input: 2.5, output: 15 }] },
      0.26,
    ],
    [
      "a tier by the whole prompt",
      { input: 1, cacheRead: 200_000, output: 0 },
      { input: 1, output: 1, cacheRead: 0.1, tiers: [{ above: 200_000, input: 2, output: 2, cacheRead: 0.2 }] },
      0.040002,
    ],
    ["one token of a very cheap model", { input: 1, output: 0 }, { input: 0.01, output: 0.01 }, 0.00000001],
  ] as const)("of tokens %s is exact", (_, counts, price, usd) => {
    expect(costOf(usageOf(counts), price).usd).toBe(usd);
  });

  it("is null, never 0, without a price", () => {
    expect(costOf(usageOf({ input: 1, output: 1 }), undefined)).toEqual({
      usd: null,
      breakdown: null,
      estimated: false,
    });
  });

  const tokens = fc.nat(2_000_000);
  const rate = fc.nat(100_000).map((cents) => cents / 1_000);

  it("is the sum of its parts to the nano-dollar", () => {
    fc.assert(
      fc.property(
        tokens,
        tokens,
        tokens,
        tokens,
        rate,
        rate,
        rate,
        (input, cacheRead, cacheWrite, output, priceIn, priceOut, priceRead) => {
          const usage = usageOf({ input, cacheRead, cacheWrite, output });
          const price = { input: priceIn, output: priceOut, cacheRead: priceRead };
          const nano = nanoCost(usage, price);
          const { usd, breakdown } = costOf(usage, price);
          const whole = Object.values(nano ?? {}).reduce((sum, part) => sum + BigInt(part), 0n);
          expect(BigInt(Math.round((usd as number) * 1e9))).toBe(whole);
          const parts = Object.values(breakdown as Record<string, number>).reduce(
            (sum, part) => sum + BigInt(Math.round(part * 1e9)),
            0n,
          );
          expect(parts).toBe(whole);
        },
      ),
    );
  });

  it("is exact at any number of tokens and any price", () => {
    const counts = fc.oneof(fc.nat(1_000), fc.nat(2_000_000), fc.maxSafeNat());
    const rates = fc.oneof(
      rate,
      fc.nat(100_000_000).map((nano) => nano / 1e9),
      fc.nat(10_000),
    );
    const exact = (count: number, price: number) =>
      (BigInt(count) * BigInt(Math.round(price * 1e9)) + 500_000n) / 1_000_000n;
    fc.assert(
      fc.property(counts, counts, rates, rates, (input, output, priceIn, priceOut) => {
        const usage = { ...NO_USAGE, input, output };
        const nano = nanoCost(usage, { input: priceIn, output: priceOut });
        expect(BigInt(nano?.input ?? -1)).toBe(exact(input, priceIn));
        expect(BigInt(nano?.output ?? -1)).toBe(exact(output, priceOut));
        const sum = new NanoSum();
        for (let times = 0; nano !== undefined && times < 2; times++) sum.add(nano);
        expect(BigInt(sum.input)).toBe(2n * exact(input, priceIn));
      }),
    );
  });

  it("of many attempts adds up exactly, in any order", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(tokens, tokens), { maxLength: 50 }), (counts) => {
        const costs = counts.map(([input, output]) =>
          costOf(usageOf({ input, output }), { input: 0.123, output: 0.457 }),
        );
        const sum = (list: readonly Cost[]) => list.reduce(addCost, NO_COST).usd as number;
        expect(sum(costs)).toBe(sum([...costs].reverse()));
        expect(BigInt(Math.round(sum(costs) * 1e9))).toBe(
          costs.reduce((total, { usd }) => total + BigInt(Math.round((usd as number) * 1e9)), 0n),
        );
      }),
    );
  });

  it("does not drift over a hundred thousand additions of a tenth", () => {
    const tenth = costOf(usageOf({ input: 100_000, output: 0 }), { input: 1, output: 1 });
    let total: Cost = NO_COST;
    for (let index = 0; index < 100_000; index++) total = addCost(total, tenth);
    expect(total.usd).toBe(10_000);
  });

  it("is unknown if a part is", () => {
    const known = costOf(usageOf({ input: 1, output: 1 }), sonnet);
    expect(addCost(known, costOf(usageOf({ input: 1, output: 1 }), undefined)).usd).toBeNull();
  });

  it("is null without a cache rate for a long prompt", () => {
    const tiered: Price = { ...sonnet, tiers: [{ above: 200_000, input: 6, output: 22.5 }] };
    const written = (prompt: number, cacheWrite1h: number, cacheWrite5m = 0) => {
      const details = { cacheWrite1h, cacheWrite5m };
      return costOf(usageOf({ input: prompt, cacheWrite: cacheWrite1h + cacheWrite5m, output: 0, details }), tiered)
        .usd;
    };
    expect(written(0, 200_000)).toBe(1.2);
    expect(written(0, 200_001)).toBeNull();
    expect(written(200_001, 0, 1)).toBeNull();
    expect(written(200_001, 0)).toBe(1.200006);
    expect(costOf(usageOf({ input: 200_001, cacheRead: 1, output: 0 }), tiered).usd).toBeNull();
  });

  it("is null for one-hour writes without a rate", () => {
    const details = { cacheWrite1h: 10 };
    const usage = usageOf({ input: 0, cacheWrite: 10, output: 0, details });
    expect(costOf(usage, { input: 1, output: 1, cacheWrite: 1 }).usd).toBeNull();
  });

  it("is estimated for one-hour writes at an assumed rate", () => {
    const price = { input: 1, output: 1, cacheWrite: 1.25, assumed1h: 1.25 };
    const written = (name: string) =>
      usageOf({ input: 0, cacheWrite: 1_000_000, output: 0, details: { [name]: 1_000_000 } });
    expect(costOf(written("cacheWrite1h"), price)).toMatchObject({ usd: 1.25, estimated: true });
    expect(costOf(written("cacheWrite1h"), { ...price, cacheWrite1h: 2 })).toMatchObject({ usd: 2, estimated: false });
    expect(costOf(written("cacheWrite5m"), price)).toMatchObject({ usd: 1.25, estimated: false });
  });

  it("never charges more cache writes than there were", () => {
    const usage = usageOf({ input: 0, cacheWrite: 100, output: 0, details: { cacheWrite5m: 100, cacheWrite1h: 100 } });
    expect(nanoCost(usage, { input: 1, output: 1, cacheWrite: 1 })?.cacheWrite).toBe(100_000);
  });
});
