import { describe, expect, test } from "vitest";
import { Upstream } from "../../bench/measure.ts";
import type { Wire } from "../../bench/scenarios.ts";

/**
 * A share of the official SDK's CPU time that only a mistake reaches: the targets in bench/targets.ts are lower, and
 * this machine may be busy.
 */
const LIMITS: readonly { wire: Wire; call: number; delta: number }[] = [
  { wire: "openai", call: 1, delta: 1 },
  // Anthropic's SDK needs little for a delta.
  { wire: "anthropic", call: 1, delta: 1.6 },
  { wire: "google", call: 1, delta: 0.6 },
];

const COLUMNS = [
  { work: "call", inFlight: 16, count: 80, warmUp: 400 },
  { work: "stream", inFlight: 1, count: 40, warmUp: 800 },
] as const;

describe("CPU time compared with the official SDK", () => {
  test.for(LIMITS)("stays below the limits: $wire", { retry: 2 }, async ({ wire, call, delta }) => {
    await using upstream = await Upstream.start();
    const plan = { wire, scenario: "base", clients: ["modelwright", "SDK"], rounds: 5, columns: COLUMNS } as const;
    const [[calls] = [], [deltas] = []] = await upstream.measure(plan);
    expect(calls?.ratio, "of a call, 16 in flight").toBeLessThan(call);
    expect(deltas?.ratio, "of a delta").toBeLessThan(delta);
  });
});
