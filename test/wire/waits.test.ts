import { describe, expect, onTestFinished, test } from "vitest";
import { ModelFactory } from "../../src/index.ts";
import { modelAt, serving } from "../harness/ask.ts";
import { AT_ONCE, entry, PATIENT } from "../harness/entry.ts";
import { JumpingClock } from "../harness/jumping-clock.ts";
import { failureOf as failureIn, failureOf } from "../harness/outcomes.ts";
import { simulate } from "../harness/simulated.ts";
import { WIRES } from "../harness/wires.ts";

const DAY_MS = 86_400_000;

/** Records the requested waits, except for the limits of PATIENT. */
class NotingClock extends JumpingClock {
  readonly waits: number[] = [];

  override schedule(run: () => void, delayMs: number): () => void {
    if (delayMs < 600_000) this.waits.push(delayMs);
    return super.schedule(run, delayMs);
  }
}

describe.each(WIRES)("a rate limit on the %s wire", (wire) => {
  test.each([
    [
      "a header",
      () => ({
        headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(Date.now() + DAY_MS) },
        body: "{}",
      }),
    ],
    [
      "its body",
      () => ({
        body: JSON.stringify({
          error: {
            message: "free-models-per-day",
            metadata: { headers: { "X-RateLimit-Reset": Date.now() + DAY_MS } },
          },
        }),
      }),
    ],
    [
      "its words",
      () => ({ body: JSON.stringify({ error: { message: "Limit reached, please try again in 24h0m0s." } }) }),
    ],
  ])("that resets tomorrow according to %s is not retried", async (_, said) => {
    const server = await serving(() => ({ status: 429, ...said() }));
    const error = await failureOf(modelAt(wire, server.origin, "num_retries = 3").codegen("Hello"));
    expect(server.requests).toHaveLength(1);
    expect(["rate_limited", "quota_exhausted"]).toContain(error.code);
    expect(Math.abs((error.retryAfterMs ?? 0) - DAY_MS)).toBeLessThan(60_000);
  });

  test("is in the error's rateLimit", async () => {
    const headers = {
      "x-ratelimit-limit-requests": "20",
      "x-ratelimit-remaining-requests": "0",
      "x-ratelimit-reset-requests": "1s",
    };
    const server = await serving(() => ({ status: 429, headers, body: "{}" }));
    const error = await failureOf(modelAt(wire, server.origin).codegen("Hello"));
    expect(error.rateLimit).toEqual({ requests: { limit: 20, remaining: 0, resetMs: 1_000 } });
  });

  test("ends after the scripted 50 ms", async () => {
    const simulator = await simulate({ script: [{ kind: "rate-limit", retryAfter: 0.05 }] });
    const clock = new NotingClock();
    const factory = ModelFactory.parse(entry(wire, simulator.url, `${AT_ONCE}\n${PATIENT}`), {
      env: {},
      clock,
      random: () => 0,
    });
    onTestFinished(() => factory.close());
    await factory.create().codegen("Hello");
    expect(simulator.requests).toHaveLength(2);
    expect(clock.waits).toEqual([50]);
    simulator.script({ kind: "rate-limit", retryAfter: 0.05, times: 9 });
    const error = await failureIn(factory.create().codegen("Hello"));
    expect(error.retryAfterMs).toBe(50);
  });
});
