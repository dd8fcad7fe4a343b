import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { StandardSchema } from "../../src/index.ts";
import { entry } from "../harness/entry.ts";
import { factoryOf, simulate } from "../harness/simulated.ts";
import { WIRES } from "../harness/wires.ts";
import { zodSchema } from "./zod-schemas.ts";

const tree: z.ZodType = z.object({
  children: z.array(z.string()),
  get next() {
    return z.optional(tree);
  },
});

describe.each(WIRES)("object() against the simulator, on the %s wire", (wire) => {
  test("satisfies random zod schemas, also if the wire supports only a part of them", async () => {
    const simulator = await simulate();
    const model = factoryOf(entry(wire, simulator.url)).create();
    await fc.assert(
      fc.asyncProperty(zodSchema, fc.string({ minLength: 1 }), async (schema, word) => {
        const { object } = await model.object(schema as StandardSchema, `Fill it in: ${word}`);
        expect(schema.safeParse(object).error?.issues).toBeUndefined();
      }),
      { numRuns: 100 },
    );
  }, 60_000);

  test.each([
    ["a record with enum keys", z.record(z.enum(["a", "b"]), z.int().min(3))],
    ["a record with keys by pattern", z.record(z.string().regex(/^k_\d$/), z.boolean())],
    ["a tuple with a rest", z.tuple([z.string(), z.int()], z.boolean())],
    ["a look-ahead", z.object({ word: z.string().regex(/^(?=.*\d)(?=.*[A-Z]).{8,}$/) })],
    ["a length and a format", z.object({ mail: z.email().min(30), day: z.iso.date(), clock: z.iso.time() })],
    ["distinct bounds", z.object({ size: z.number().gt(3).lt(3.5), many: z.array(z.string().min(20)).min(3).max(3) })],
    ["a tree in a union within a union", z.union([z.union([tree, z.string()]), z.number()])],
    ["a literal that is no string", z.object({ yes: z.literal(true), none: z.null() })],
  ] as const)("satisfies %s", async (_, schema) => {
    const simulator = await simulate();
    const { object } = await factoryOf(entry(wire, simulator.url))
      .create()
      .object(schema as StandardSchema, "Fill it.");
    expect((schema as z.ZodType).safeParse(object).error?.issues).toBeUndefined();
  });
});
