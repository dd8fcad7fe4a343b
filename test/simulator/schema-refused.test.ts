import { describe, expect, test } from "vitest";
import { entry } from "../harness/entry.ts";
import { failureOf } from "../harness/outcomes.ts";
import { factoryOf, simulate } from "../harness/simulated.ts";
import { WIRES } from "../harness/wires.ts";

/** Nothing is 5 and at most 4. */
const IMPOSSIBLE = {
  type: "object",
  properties: { size: { type: "integer", minimum: 5, maximum: 4 } },
  required: ["size"],
  additionalProperties: false,
} as const;

describe.each(WIRES)("a schema without a value, on the %s wire", (wire) => {
  test("is rejected with the path and the keyword", async () => {
    const simulator = await simulate();
    const model = factoryOf(entry(wire, simulator.url)).create();
    const format = { type: "json_schema", name: "size", schema: IMPOSSIBLE } as const;
    const error = await failureOf(model.codegen("How large?", { responseFormat: format }));
    expect([error.code, error.status]).toEqual(["invalid_request", 400]);
    expect(error.message).toContain("the simulator cannot make an answer: no value was found for $.size");
    expect(simulator.requests).toHaveLength(1);
  });

  test("is ignored if the answer is scripted", async () => {
    const simulator = await simulate({ answers: () => ({ text: '{"size":5}' }) });
    const model = factoryOf(entry(wire, simulator.url)).create();
    const format = { type: "json_schema", name: "size", schema: IMPOSSIBLE } as const;
    expect((await model.codegen("How large?", { responseFormat: format })).text).toBe('{"size":5}');
  });
});
