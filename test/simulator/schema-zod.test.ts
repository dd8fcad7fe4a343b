import { Ajv } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { exampleOf } from "../../src/simulator/schema-value.ts";
import { UnsatisfiedSchema } from "../../src/simulator/unsatisfied-schema.ts";
import { zodSchema } from "./zod-schemas.ts";

const ajv = new Ajv2020({ strict: false });
addFormats.default(ajv);

/** Ajv knows no tuples of draft 7 in its newest draft. */
function isValid(schema: object, value: unknown): boolean {
  const { items } = schema as { readonly items?: unknown };
  return (Array.isArray(items) ? new Ajv({ strict: false }) : ajv).validate(schema, value);
}

describe("example values of zod schemas", () => {
  test("satisfy random zod schemas", () => {
    fc.assert(
      fc.property(zodSchema, fc.string(), (schema, seed) => {
        const given = z.toJSONSchema(schema);
        const value = exampleOf(given, { seed, prompt: "Take 3 boxes to Lisbon", prefix: "simulated " });
        const { error } = schema.safeParse(JSON.parse(JSON.stringify(value)));
        expect({ given, value, issues: error?.issues ?? [] }).toEqual({ given, value, issues: [] });
      }),
      { numRuns: 300 },
    );
  }, 60_000);
});

describe("example values of JSON Schemas", () => {
  const text = { type: "string" };
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  const consequence = Object.fromEntries([["then", { required: ["b"] }]]);
  const node = { type: "object", properties: { next: { $ref: "#" } }, required: ["next"] };

  test.each([
    ["keys by pattern", { type: "object", patternProperties: { "^a\\d$": { type: "integer" } }, minProperties: 3 }],
    [
      "a closed object with keys by pattern",
      { patternProperties: { "^b": text }, additionalProperties: false, minProperties: 2 },
    ],
    ["contains", { type: "array", items: { type: "integer" }, contains: { minimum: 90 }, minContains: 2, maxItems: 3 }],
    ["not", { enum: ["a", "b", "c"], not: { enum: ["a", "b"] } }],
    ["if, then and else", { properties: { a: text, b: text }, if: { required: ["a"] }, ...consequence, else: false }],
    ["dependentRequired", { properties: { a: text, b: text }, required: ["a"], dependentRequired: { a: ["b", "c"] } }],
    ["dependentSchemas", { properties: { a: text }, required: ["a"], dependentSchemas: { a: { minProperties: 4 } } }],
    [
      "bounds of both parts",
      {
        allOf: [
          { type: "number", minimum: 3, maximum: 9 },
          { type: "integer", minimum: 8, maximum: 70 },
        ],
      },
    ],
    ["steps of both parts", { allOf: [{ type: "integer", multipleOf: 4 }, { multipleOf: 6 }], minimum: 1 }],
    ["patterns of both parts", { allOf: [{ type: "string", pattern: "^x" }, { pattern: "\\d$" }, { minLength: 9 }] }],
    ["a format, a length and a pattern", { type: "string", format: "email", minLength: 30, pattern: "^s" }],
    [
      "distinct members of a small enum",
      { type: "array", items: { enum: [1, 2, 3, 4] }, uniqueItems: true, minItems: 4 },
    ],
    ["distinct free strings", { type: "array", items: text, uniqueItems: true, minItems: 12 }],
    ["a draft 7 tuple", { type: "array", items: [text, { type: "null" }], additionalItems: false }],
    ["an enum beside anyOf", { enum: ["a", 1, null], anyOf: [{ type: "integer" }, { type: "boolean" }] }],
    ["oneOf that overlaps", { oneOf: [{ type: "integer" }, { type: "integer", minimum: 5 }] }],
    ["integers beyond the safe range", { type: "integer", exclusiveMinimum: 1e20 }],
    [
      "a required choice that ends",
      {
        $defs: { t: { anyOf: [{ $ref: "#" }, { type: "null" }] } },
        type: "object",
        properties: { next: { $ref: "#/$defs/t" } },
        required: ["next"],
      },
    ],
    ["an anchor", { $ref: "#word", $defs: { w: { $anchor: "word", const: "found" } } }],
  ] as const)("satisfy %s", (_, schema) => {
    for (const seed of ["a", "b", "c", "d"]) expect(isValid(schema, exampleOf(schema, { seed }))).toBe(true);
  });

  test.each([
    [
      "contradictory bounds of a number",
      { properties: { n: { type: "integer", minimum: 5, maximum: 4 } }, required: ["n"] },
      "$.n",
      "maximum 4",
    ],
    ["a type that requires itself", node, "$", "requires itself"],
    ["a reference that leads nowhere", { items: { $ref: "#/$defs/none" }, minItems: 1 }, "$[]", "#/$defs/none"],
    ["a pattern that nothing matches", { type: "string", pattern: "^(?!a)a$" }, "$", "pattern"],
    [
      "more distinct members than the enum has",
      { items: { type: "boolean" }, uniqueItems: true, minItems: 3 },
      "$",
      "uniqueItems",
    ],
    ["false", false, "$", "false"],
  ] as const)("do not exist for %s; the error has its path", (_, schema, place, problem) => {
    expect(() => exampleOf(schema)).toThrow(UnsatisfiedSchema);
    expect(() => exampleOf(schema)).toThrow(
      new RegExp(`for ${place.replace(/[$[\].]/g, "\\$&")} .*${problem.replace(/[$]/g, "\\$&")}`),
    );
  });
});
