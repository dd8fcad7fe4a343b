import fc from "fast-check";
import { expect, test } from "vitest";
import { RetryBudgets } from "../../src/layers/retry-budget.ts";

/** Full it allows ten retries, and each call adds a fifth of one: counted in fifths, so that nothing is rounded. */
const CAPACITY = 50;
const RETRY = 5;

const step = fc.record({ what: fc.constantFrom("call", "retry"), origin: fc.constantFrom("a", "b") });

test("property 20: the retry budget matches a reference that keeps all events, for each origin", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400, size: "max" }), (steps) => {
      const budgets = new RetryBudgets();
      const fifths = new Map<string, number>();
      for (const { what, origin } of steps) {
        const left = fifths.get(origin) ?? CAPACITY;
        if (what === "call") {
          budgets.note(origin);
          fifths.set(origin, Math.min(CAPACITY, left + 1));
        } else {
          expect(budgets.take(origin)).toBe(left >= RETRY);
          if (left >= RETRY) fifths.set(origin, left - RETRY);
        }
      }
    }),
    { numRuns: 1_000 },
  );
});

test("property 20: in any window, retries are at most ten plus a fifth of the calls", () => {
  const span = fc.tuple(fc.nat(400), fc.nat(400));
  fc.assert(
    fc.property(fc.array(fc.boolean(), { maxLength: 400, size: "max" }), span, (retries, [one, other]) => {
      const budgets = new RetryBudgets();
      const admitted = retries.map((retry) => {
        if (!retry) budgets.note("a");
        return retry && budgets.take("a");
      });
      const [from, to] = [Math.min(one, other), Math.max(one, other)];
      const calls = retries.slice(from, to).filter((retry) => !retry).length;
      expect(admitted.slice(from, to).filter(Boolean).length).toBeLessThanOrEqual(10 + calls / 5);
    }),
    { numRuns: 1_000 },
  );
});
