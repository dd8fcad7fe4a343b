import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { faultServer } from "../../src/testing/index.ts";
import { modelAt } from "../harness/ask.ts";
import { failureOf } from "../harness/outcomes.ts";

/** Measured several times, because a busy machine can delay any single one. */
const TIMES = 9;

async function median(measure: () => Promise<number>): Promise<number> {
  const seen: number[] = [];
  for (let time = 0; time < TIMES; time++) seen.push(await measure());
  return seen.sort((left, right) => left - right)[TIMES >> 1] as number;
}

const DELTA = ["data", { choices: [{ index: 0, delta: { content: "par" }, finish_reason: null }] }] as const;
const PEERS = {
  "that accepts and says nothing": [["hang"]],
  "that sends its headers and nothing more": [["sse"], ["hang"]],
  "that stops in the middle of its answer": [["sse"], DELTA, ["hang"]],
  "that only pings": [["sse"], ["repeat", 100, ["raw", ": ping\n\n"], 10]],
  "that asks to wait": [
    ["status", 429, { "retry-after": "20" }],
    ["json", { error: { message: "wait" } }],
  ],
} as const;

describe.each(Object.entries(PEERS))("with a server %s", (_, script) => {
  const serving = () => faultServer({ attempts: [script as never] });

  test("an abort settles the call within 20 ms", async () => {
    await using server = await serving();
    const took = await median(async () => {
      const controller = new AbortController();
      const model = modelAt("openai", server.origin, "num_retries = 3");
      const failed = failureOf(model.stream("Hello", { signal: controller.signal }).reply);
      await pause(60);
      const startMs = performance.now();
      controller.abort();
      expect((await failed).code).toBe("aborted");
      return performance.now() - startMs;
    });
    expect(took).toBeLessThan(20);
  });

  test("a deadline ends the call within 50 ms", async () => {
    await using server = await serving();
    const late = await median(async () => {
      const startMs = performance.now();
      const model = modelAt("openai", server.origin, 'deadline = "120ms"\nnum_retries = 3');
      const error = await failureOf(model.stream("Hello").reply);
      expect(["timed_out", "rate_limited"]).toContain(error.code);
      return performance.now() - startMs - 120;
    });
    expect(late).toBeLessThan(50);
  });
});
