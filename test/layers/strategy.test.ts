import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MemberState } from "../../src/layers/member-state.ts";
import { type Candidate, inOrder, type Strategy } from "../../src/layers/strategy.ts";

const STRATEGIES: readonly Strategy[] = [
  ...(["priority", "round_robin", "random", "weighted", "least_busy", "latency", "cost", "usage"] as const),
];

interface Named extends Candidate {
  readonly name: string;
}

function member(name: string, { weight = 1, price }: { weight?: number; price?: number } = {}): Named {
  return {
    ...{ name, weight, state: new MemberState() },
    price: () => (price === undefined ? undefined : { input: 1, output: price }),
  };
}

const order = (strategy: Strategy, members: readonly Named[], { turn = 0, random = (): number => 0, nowMs = 0 } = {}) =>
  inOrder(strategy, members, { turn, random, nowMs }).map(({ name }) => name);

test("every strategy uses every member once", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...STRATEGIES),
      fc.array(fc.record({ weight: fc.double({ min: 0.001, max: 1_000, noNaN: true }), price: fc.nat() }), {
        minLength: 1,
        maxLength: 8,
      }),
      fc.nat(),
      fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
      (strategy, shapes, turn, numbers) => {
        const members = shapes.map((shape, index) => member(String(index), shape));
        const tried = order(strategy, members, { turn, random: () => numbers.next().value as number });
        expect(tried.toSorted()).toEqual(members.map(({ name }) => name).toSorted());
      },
    ),
    { numRuns: 500 },
  );
});

describe("equal members take turns", () => {
  test.each(["round_robin", "least_busy", "latency", "cost", "usage"] as const)("by %s", (strategy) => {
    const members = [member("a"), member("b"), member("c")];
    expect([0, 1, 2, 3].map((turn) => order(strategy, members, { turn }).join(""))).toEqual([
      "abc",
      "bca",
      "cab",
      "abc",
    ]);
  });

  test("but not by priority", () => {
    expect(order("priority", [member("b"), member("a")], { turn: 1 })).toEqual(["b", "a"]);
  });
});

test("weighted draws in proportion to the remaining weights", () => {
  const members = [member("a", { weight: 3 }), member("b", { weight: 1 }), member("c", { weight: 4 })];
  const first = (number: number) => order("weighted", members, { random: () => number })[0];
  expect([0, 0.374, 0.376, 0.499, 0.501, 0.999].map(first)).toEqual(["a", "a", "b", "b", "c", "c"]);
  expect(order("weighted", members, { random: () => 0.999 })).toEqual(["c", "b", "a"]);
});

test("random ignores the weights", () => {
  const members = [member("a", { weight: 100 }), member("b")];
  expect(order("random", members, { random: () => 0.6 })).toEqual(["b", "a"]);
});

test("least_busy, latency, usage and cost put the smallest first, and members without a price last", () => {
  const members = [member("a", { price: 2 }), member("b", { price: 1 }), member("c")];
  const [a, b, c] = members as [Named, Named, Named];
  a.state.inFlight = 2;
  b.state.inFlight = 1;
  expect(order("least_busy", members)).toEqual(["c", "b", "a"]);
  a.state.spoke(20, 0);
  b.state.spoke(10, 0);
  c.state.spoke(30, 0);
  expect(order("latency", members)).toEqual(["b", "a", "c"]);
  a.state.used(5, 0);
  b.state.used(9, 0);
  expect(order("usage", members)).toEqual(["c", "a", "b"]);
  expect(order("cost", members, { turn: 2 })).toEqual(["b", "a", "c"]);
});
