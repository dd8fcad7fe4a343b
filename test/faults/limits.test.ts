import { expect } from "vitest";
import { failureOf } from "../harness/outcomes.ts";
import { faultTest, modelAt, serving } from "./host.ts";

const CALLS = 200;
/** Retries a client may make beyond a fifth of its calls. */
const BURST = 10;

faultTest("R12", "200 concurrent 429s do not cause a retry storm", async () => {
  const server = await serving({
    attempts: [
      [
        ["status", 429],
        ["json", { error: { message: "slow down" } }],
      ],
    ],
  });
  const model = modelAt(server, 'num_retries = 3\nretry_min_wait = "50ms"');
  const errors = await Promise.all(Array.from({ length: CALLS }, () => failureOf(model.codegen("Hello"))));
  expect(new Set(errors.map(({ code }) => code))).toEqual(new Set(["rate_limited"]));
  expect(server.requests.length).toBeLessThanOrEqual(CALLS * 1.2 + BURST);
  expect(server.requests.length).toBeGreaterThan(CALLS);
});

faultTest("R12", "the waits before retries are spread over their full range", async () => {
  const server = await serving({
    attempts: [
      ...Array.from(
        { length: 10 },
        () =>
          [
            ["status", 429],
            ["json", { error: {} }],
          ] as const,
      ),
      [["okjson"]],
    ],
  });
  let seed = 1;
  const random = () => {
    seed = (seed * 16_807) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  const model = modelAt(server, 'num_retries = 3\nretry_min_wait = "250ms"', { random });
  await Promise.all(Array.from({ length: 10 }, () => model.codegen("Hello")));
  const lastRefusalMs = server.requests[9]?.arrivedMs ?? Number.NaN;
  const retries = server.requests.slice(10).map(({ arrivedMs }) => arrivedMs - lastRefusalMs);
  expect(retries.length).toBe(10);
  const bins = new Map<number, number>();
  for (const ms of retries) bins.set(Math.floor(ms / 100), (bins.get(Math.floor(ms / 100)) ?? 0) + 1);
  expect(bins.size, "not all at once").toBeGreaterThanOrEqual(3);
});
