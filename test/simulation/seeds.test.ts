import { describe, expect, test } from "vitest";
import { liveOneHour } from "./world.ts";

const SEEDS = 200;
const PER_TEST = 25;
/** CPU time for one hour of virtual time; about 20 ms on an idle machine. */
const HOUR_TAKES_MS = 1_000;

describe("an hour of callers and failing providers keeps every promise at every step", () => {
  const firsts = Array.from({ length: SEEDS / PER_TEST }, (_, index) => index * PER_TEST);

  test.each(firsts)("seeds from %d on", async (first) => {
    for (let seed = first; seed < first + PER_TEST; seed++) {
      const start = process.threadCpuUsage();
      const report = await liveOneHour(seed);
      const replay = `seed ${seed}; replay: npm run simulate-seeds -- 1 ${seed}`;
      expect(report.broken, replay).toEqual([]);
      const { user, system } = process.threadCpuUsage(start);
      expect((user + system) / 1_000, replay).toBeLessThan(HOUR_TAKES_MS);
    }
  });
});

test.each([911607, 912318, 914839])(
  "a connection that breaks at most 5 ms before a limit is timed_out: seed %d",
  async (seed) => {
    expect((await liveOneHour(seed)).broken).toEqual([]);
  },
);

test.each([20632, 22040, 24769])(
  "a slot is offered to others as soon as a shared store refuses the rest: seed %d",
  async (seed) => {
    expect((await liveOneHour(seed)).broken).toEqual([]);
  },
);

test("the same seed reproduces the same hour", async () => {
  const [first, second] = [await liveOneHour(7), await liveOneHour(7)];
  expect(second).toEqual(first);
  // With budgets in SQLite, a cache and a ledger.
  const [third, fourth] = [await liveOneHour(9), await liveOneHour(9)];
  expect(fourth).toEqual(third);
  expect(Math.min(third.cached, third.rows)).toBeGreaterThan(0);
  expect(first.virtualMs).toBeGreaterThan(3_600_000);
  expect((await liveOneHour(8)).story).not.toEqual(first.story);
});

test("worlds contain answers, failures, extra requests, continued and cached answers, and rows of a ledger", async () => {
  let [calls, answers, requests, joined, cached, rows] = [0, 0, 0, 0, 0, 0];
  for (let seed = 1_000; seed < 1_020; seed++) {
    const report = await liveOneHour(seed);
    calls += report.calls;
    answers += report.answers;
    requests += report.requests;
    joined += report.joined;
    cached += report.cached;
    rows += report.rows;
  }
  expect(answers).toBeGreaterThan(calls * 0.2);
  expect(answers).toBeLessThan(calls * 0.8);
  expect(requests).toBeGreaterThan(calls);
  expect(joined).toBeGreaterThan(answers * 0.02);
  expect(cached).toBeGreaterThan(answers * 0.02);
  expect(rows).toBeGreaterThan(requests * 0.1);
});
