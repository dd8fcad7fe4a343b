import { expect, it } from "vitest";
import { factoryOf } from "../harness/simulated.ts";

it("keeps the last requests only, until somebody asks for the simulator of a factory", async () => {
  const factory = factoryOf('[models.m]\nname = "gpt-4.1"\nprovider = "simulator"\n');
  const model = factory.get("m");
  const ask = async (calls: number) => {
    for (let left = calls; left > 0; left -= 50)
      await Promise.all(Array.from({ length: Math.min(50, left) }, () => model.codegen("Hello")));
  };
  await ask(2_050);
  const simulator = await factory.simulator();
  expect(simulator.requests.length).toBe(1_050);
  await ask(1_000);
  expect(simulator.requests.length).toBe(2_050);
});
