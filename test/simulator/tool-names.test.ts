import { describe, expect, test } from "vitest";
import { entry } from "../harness/entry.ts";
import { factoryOf, simulate } from "../harness/simulated.ts";
import { WIRES } from "../harness/wires.ts";

describe.each(WIRES)("tools on the %s wire", (wire) => {
  test.each(["get-weather", "get_weather", "getWeather"])("calls %s if the prompt names it", async (name) => {
    const simulator = await simulate();
    const parameters = { type: "object", properties: { "place-name": { type: "string" } }, required: ["place-name"] };
    const tools = [{ name, description: "Weather of a place", parameters }];
    const model = factoryOf(entry(wire, simulator.url)).create();
    const { toolCalls } = await model.codegen(`Use ${name}; place name: Lisbon`, { tools });
    expect(toolCalls).toMatchObject([{ name, arguments: { "place-name": "Lisbon" } }]);
  });
});
