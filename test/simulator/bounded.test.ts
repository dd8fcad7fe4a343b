import { expect, it, onTestFinished } from "vitest";
import { startBounded } from "../../src/simulator/server.ts";

it("keeps only the last requests of a long run unless it is told to keep all", async () => {
  const { simulator, keepAll } = await startBounded({}, 5);
  onTestFinished(() => simulator.close());
  const ask = async (count: number) => {
    for (let request = 0; request < count; request++) await (await fetch(`${simulator.url}/v1/models`)).text();
  };
  await ask(23);
  expect(simulator.requests.length).toBe(8);
  keepAll();
  await ask(20);
  expect(simulator.requests.length).toBe(28);
});
