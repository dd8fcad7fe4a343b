import { describe, expect, it } from "vitest";
import type { Fault } from "../../src/simulator/fault.ts";
import { FakeClock, quiet } from "../harness/fake-clock.ts";
import { eventually } from "./raw-client.ts";
import { CHAT, chatBody, type WorldOptions, world } from "./world.ts";

const LINES = "num_retries = 0\nmax_parallel = 1\npricing = { input = 1, output = 1 }";
const BUDGET = "[budgets.all]\nusd = 1\n";

/** A client that leaves; the time of the gateway stands still, so that no timer can have closed the upstream. */
async function leaving(fault: Fault, stream: boolean, until: "sent" | "headers" | "text", more: WorldOptions = {}) {
  const clock = new FakeClock();
  const made = await world({
    clock,
    lines: LINES,
    toml: BUDGET,
    factory: { clock },
    simulator: { script: [fault] },
    ...more,
  });
  const leave = new AbortController();
  const asking = made.post(CHAT, chatBody("anthropic", { stream }), {}, leave.signal);
  asking.catch(() => {});
  await eventually(() => made.simulator.requests.length === 1);
  await quiet();
  if (until === "headers") await clock.advance(15_100);
  const reader = until === "sent" ? undefined : (await asking).body?.getReader();
  if (until === "text") await reader?.read();
  const leftMs = clock.monotonic();
  leave.abort();
  await eventually(() => made.simulator.requests[0]?.closedByPeerMs !== undefined && made.log.length === 1);
  expect(clock.monotonic()).toBe(leftMs);
  return made;
}

const MOMENTS = [
  ["before the headers of a body", { delayMs: 60_000 }, false, "sent"],
  ["before the first token of a stream", { stall: { afterEvents: 0 } }, true, "sent"],
  ["after the headers, before the first token", { stall: { afterEvents: 0 } }, true, "headers"],
  ["in the middle of a stream", { stall: { afterEvents: 6 } }, true, "text"],
] as const;

describe("a client that leaves", () => {
  for (const [moment, fault, stream, until] of MOMENTS)
    it(`G01: ${moment} ends the request of the provider, and frees its slot and budget`, async () => {
      const { log, factory, post } = await leaving(fault, stream, until);
      expect(log).toMatchObject([{ left: true, code: "aborted" }]);
      const [budget] = await factory.budgets.status();
      expect(budget).toMatchObject({ reserved: 0, spent: expect.any(Number) });
      // The provider may bill what it has sent, and the prompt.
      expect(budget?.spent).toBeGreaterThan(0);
      expect(factory.usage()).toMatchObject({ calls: 1, requests: 1 });
      expect((await post(CHAT, chatBody("anthropic"))).status).toBe(200);
    });
});
