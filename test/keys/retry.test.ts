import { expect } from "vitest";
import type { Fault } from "../../src/simulator/server.ts";
import { PATIENT } from "../harness/entry.ts";
import { keyTest } from "./key-test.ts";
import { type Asked, ask, entry, JumpingClock, simulate } from "./world.ts";

interface Waited extends Asked {
  readonly waits: readonly number[];
}

/** One call against a provider that does what the script says; no wait is real. */
async function waited(lines: string, script: readonly Fault[], random = 0.5): Promise<Waited> {
  const simulator = await simulate({ script });
  const clock = new JumpingClock();
  const asked = await ask(simulator, entry("openai", simulator, `${PATIENT}\n${lines}`), {
    options: { clock, random: () => random },
  });
  return { ...asked, waits: clock.waits };
}

const always = (kind: NonNullable<Fault["kind"]>, rest: Fault = {}): readonly Fault[] => [
  { kind, ...rest, times: Number.POSITIVE_INFINITY },
];
const EXACT = 'jitter = "none"';

keyTest("models.*.num_retries", async () => {
  for (const retries of [0, 2])
    expect((await waited(`num_retries = ${retries}`, always("server"))).requests).toHaveLength(1 + retries);
});

keyTest("models.*.max_retries", async () => {
  for (const retries of [0, 2])
    expect((await waited(`max_retries = ${retries}`, always("server"))).requests).toHaveLength(1 + retries);
});

keyTest("models.*.retry_min_wait", async () => {
  for (const [wait, ms] of [
    ['"200ms"', 200],
    ["4", 4000],
  ] as const) {
    const { waits } = await waited(`${EXACT}\nnum_retries = 1\nretry_min_wait = ${wait}`, always("server"));
    expect(waits).toEqual([ms]);
  }
});

keyTest("models.*.retry_max_wait", async () => {
  const growing = (most: number) =>
    waited(
      `${EXACT}\nnum_retries = 4\nretry_min_wait = 1\nretry_multiplier = 3\nretry_max_wait = ${most}`,
      always("server"),
    );
  expect((await growing(5)).waits).toEqual([1000, 3000, 5000, 5000]);
  expect((await growing(20)).waits).toEqual([1000, 3000, 9000, 20_000]);
});

keyTest("models.*.retry_multiplier", async () => {
  for (const [multiplier, waits] of [
    [1, [1000, 1000, 1000]],
    [2, [1000, 2000, 4000]],
  ] as const)
    expect(
      (
        await waited(
          `${EXACT}\nnum_retries = 3\nretry_min_wait = 1\nretry_multiplier = ${multiplier}`,
          always("server"),
        )
      ).waits,
    ).toEqual(waits);
});

keyTest("models.*.jitter", async () => {
  const jittered = async (jitter: string, random: number) =>
    (await waited(`num_retries = 2\nretry_min_wait = 1\njitter = ${jitter}`, always("server"), random)).waits;
  for (const word of ['"none"', "false"]) expect(await jittered(word, 0.25)).toEqual([1000, 2000]);
  for (const word of ['"full"', "true"]) expect(await jittered(word, 0.25)).toEqual([250, 500]);
  expect(await jittered('"decorrelated"', 0)).toEqual([1000, 1000]);
  expect(await jittered('"decorrelated"', 0.5)).toEqual([1000, 2000]);
});

keyTest("models.*.retry_on", async () => {
  const count = async (lines: string, kind: NonNullable<Fault["kind"]>) =>
    (await waited(`num_retries = 3\n${lines}`, always(kind))).requests.length;
  expect(await count("", "server")).toBe(4);
  expect(await count('retry_on = ["rate_limited"]', "server")).toBe(1);
  expect(await count('retry_on = ["rate_limited"]', "rate-limit")).toBe(4);
  expect(await count("retry_on = { server_error = 1, rate_limited = 5 }", "server")).toBe(2);
  expect(await count("retry_on = { server_error = 1, rate_limited = 5 }", "rate-limit")).toBe(6);
  // A code the table never retries, asked for by name.
  expect(await count('retry_on = ["forbidden"]', "forbidden")).toBe(4);
  expect(await count("retry_on = { quota_exhausted = 1 }", "quota")).toBe(2);
});

keyTest("models.*.max_retry_after", async () => {
  const told = (most: string) =>
    waited(`num_retries = 1\nmax_retry_after = ${most}`, [{ kind: "rate-limit", retryAfter: 30 }], 0);
  const patient = await told('"60s"');
  expect(patient.waits).toEqual([30_000]);
  expect(patient.requests).toHaveLength(2);
  const hasty = await told("10");
  expect(hasty.error?.code).toBe("rate_limited");
  expect(hasty.requests).toHaveLength(1);
});
