import { describe, expect, test } from "vitest";
import { AT_ONCE, entry, PATIENT } from "../harness/entry.ts";
import { JumpingClock } from "../harness/jumping-clock.ts";
import { failureOf } from "../harness/outcomes.ts";
import { factoryOf, simulate } from "../harness/simulated.ts";
import { Stopwatch } from "../harness/stopwatch.ts";

/** Only the waits between tries come to pass. */
const patient = (toml: string) => `[defaults]\n${PATIENT}\n${toml}`;

describe("retries", () => {
  const statuses: readonly (readonly [status: number, again: boolean])[] = [
    [400, false],
    [401, false],
    [402, false],
    [403, false],
    [404, false],
    [405, false],
    [408, true],
    [409, true],
    [410, false],
    [413, false],
    [415, false],
    [422, false],
    [425, true],
    [429, true],
    [500, true],
    [501, true],
    [502, true],
    [503, true],
    [504, true],
    [529, true],
  ];
  test.each(statuses)("status %d is retried: %s", async (status, again) => {
    const simulator = await simulate({ script: [{ status, body: { error: { message: "something" } } }] });
    const outcome = await factoryOf(entry("openai", simulator.url, `num_retries = 1\n${AT_ONCE}`))
      .create()
      .safeCodegen("Hi.");
    expect(simulator.requests).toHaveLength(again ? 2 : 1);
    expect(outcome.ok).toBe(again);
    if (!outcome.ok) expect(outcome.error.retryable).toBe(false);
  });

  test("does not retry an exhausted quota, but retries a rate limit", async () => {
    const simulator = await simulate({ script: [{ kind: "quota" }, { kind: "rate-limit" }] });
    const model = factoryOf(entry("openai", simulator.url, AT_ONCE)).create();
    expect((await failureOf(model.codegen("Hi."))).code).toBe("quota_exhausted");
    expect(simulator.requests).toHaveLength(1);
    await model.codegen("Hi.");
    expect(simulator.requests).toHaveLength(3);
  });

  test("waits for Retry-After in seconds, as a date or in milliseconds; jitter only adds to it", async () => {
    for (const [jitter, random] of [
      ["none", 0],
      ["full", 0.999],
    ] as const) {
      const clock = new JumpingClock();
      for (const headers of [
        { "retry-after": "2" },
        { "retry-after": new Date(clock.now() + 2000).toUTCString(), date: new Date(clock.now()).toUTCString() },
        { "retry-after-ms": "2000" },
      ]) {
        const simulator = await simulate({
          script: [{ status: 429, body: { error: { message: "slow down" } }, headers }],
        });
        const reply = await factoryOf(patient(entry("openai", simulator.url, `jitter = "${jitter}"`)), {
          clock,
          random: () => random,
        })
          .create()
          .codegen("Hi.");
        const waited = (reply.attempts[1]?.startedMs ?? 0) - (reply.attempts[0]?.durationMs ?? 0);
        expect(waited, JSON.stringify(headers)).toBeGreaterThanOrEqual(2000);
        expect(waited).toBeLessThanOrEqual(2200);
      }
    }
  });

  test("stops within 50 ms when the call is aborted during the wait", async () => {
    const simulator = await simulate({ script: [{ status: 500 }] });
    const controller = new AbortController();
    const failure = failureOf(
      factoryOf(entry("openai", simulator.url, "retry_min_wait = 30\nretry_max_wait = 30"))
        .create()
        .codegen("Hi.", { signal: controller.signal }),
    );
    await new Promise<void>((resolve) => {
      const look = () => (simulator.requests[0]?.status === 500 ? resolve() : setImmediate(look));
      look();
    });
    using watch = new Stopwatch();
    controller.abort();
    expect((await failure).code).toBe("aborted");
    expect(watch.elapsedMs).toBeLessThan(50);
    expect(simulator.requests).toHaveLength(1);
  });
});
