import { Ajv } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { exampleOf } from "../../src/simulator/schema-value.ts";

const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats.default(ajv);

type Schema = Readonly<Record<string, unknown>>;

const bounds = fc
  .tuple(fc.integer({ min: -1000, max: 1000 }), fc.nat({ max: 500 }))
  .map(([low, span]) => ({ low, high: low + span }));

const integerSchema: fc.Arbitrary<Schema> = fc.oneof(
  fc.constant({ type: "integer" }),
  bounds.map(({ low, high }) => ({ type: "integer", minimum: low, maximum: high })),
  bounds.map(({ low, high }) => ({ type: "integer", exclusiveMinimum: low, exclusiveMaximum: high + 2 })),
  fc
    .tuple(bounds, fc.integer({ min: 1, max: 9 }))
    .map(([{ low, high }, step]) => ({ type: "integer", minimum: low, maximum: high + step, multipleOf: step })),
);

const numberSchema: fc.Arbitrary<Schema> = fc.oneof(
  bounds.map(({ low, high }) => ({ type: "number", minimum: low, maximum: high })),
  bounds.map(({ low, high }) => ({ type: "number", exclusiveMinimum: low, exclusiveMaximum: high + 0.001 })),
  bounds.map(({ low }) => ({ type: "number", maximum: low })),
);

const stringSchema: fc.Arbitrary<Schema> = fc.oneof(
  fc.constant({ type: "string" }),
  fc
    .tuple(fc.nat({ max: 40 }), fc.nat({ max: 40 }))
    .map(([least, span]) => ({ type: "string", minLength: least, maxLength: least + span })),
  fc
    .constantFrom("date", "date-time", "time", "duration", "email", "hostname", "ipv4", "ipv6", "uri", "uuid", "regex")
    .map((format) => ({ type: "string", format })),
  fc
    .constantFrom(
      "^[A-Z]{3}$",
      "^\\d{4}-\\d{2}$",
      "^(foo|bar)+$",
      "^#?[0-9a-f]{6}$",
      "[a-z]{2,5}\\.[a-z]+",
      "^\\w+@\\w+$",
    )
    .map((pattern) => ({ type: "string", pattern })),
);

const leaf: fc.Arbitrary<Schema> = fc.oneof(
  integerSchema,
  numberSchema,
  stringSchema,
  fc.constant({ type: "boolean" }),
  fc.constant({ type: "null" }),
  fc.constant({ type: ["string", "null"] }),
  fc
    .array(fc.oneof(fc.string(), fc.integer(), fc.boolean()), { minLength: 1, maxLength: 4 })
    .map((values) => ({ enum: values })),
  fc.jsonValue().map((value) => ({ const: JSON.parse(JSON.stringify(value)) as unknown })),
);

const { schema } = fc.letrec<{ schema: Schema; object: Schema; array: Schema; choice: Schema }>((tie) => ({
  schema: fc.oneof({ depthSize: "small", withCrossShrink: true }, leaf, tie("object"), tie("array"), tie("choice")),
  object: fc
    .tuple(fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), tie("schema"), { maxKeys: 4 }), fc.boolean(), fc.nat())
    .map(([properties, closed, cut]) => ({
      type: "object",
      properties,
      required: Object.keys(properties).slice(0, cut % 5),
      ...(closed && { additionalProperties: false }),
    })),
  array: fc
    .tuple(tie("schema"), fc.nat({ max: 3 }), fc.nat({ max: 3 }))
    .map(([items, least, span]) => ({ type: "array", items, minItems: least, maxItems: least + span })),
  choice: fc.oneof(
    fc.array(tie("schema"), { minLength: 1, maxLength: 3 }).map((anyOf) => ({ anyOf })),
    tie("object").map((part) => ({
      allOf: [part, { type: "object", properties: { extra: { type: "string" } }, required: [] }],
    })),
  ),
}));

/** allOf beside a closed object can have no value at all; those are left out. */
function isOpen(candidate: Schema): boolean {
  return (
    !JSON.stringify(candidate).includes('"allOf"') ||
    !JSON.stringify(candidate).includes('"additionalProperties":false')
  );
}

describe("example values of a JSON Schema", () => {
  it("satisfy random schemas", () => {
    fc.assert(
      fc.property(schema.filter(isOpen), fc.string(), fc.string(), (given, prompt, seed) => {
        const value = exampleOf(given, { prompt, seed, prefix: "simulated " });
        expect({ given, value, errors: ajv.validate(given, value) ? [] : ajv.errors }).toEqual({
          given,
          value,
          errors: [],
        });
      }),
      { numRuns: 1000 },
    );
  });

  it("are the same for the same prompt and seed", () => {
    fc.assert(
      fc.property(schema, fc.string(), (given, prompt) => {
        expect(exampleOf(given, { prompt })).toEqual(exampleOf(given, { prompt }));
      }),
    );
  });

  it("are finite for recursive schemas, referenced through $defs or the root", () => {
    const tree = {
      $ref: "#/$defs/node",
      $defs: {
        node: {
          type: "object",
          properties: {
            name: { type: "string" },
            children: { type: "array", items: { $ref: "#/$defs/node" } },
            parent: { anyOf: [{ $ref: "#" }, { type: "null" }] },
          },
          required: ["name", "children", "parent"],
        },
      },
    };
    expect(ajv.validate(tree, exampleOf(tree))).toBe(true);
  });

  it("satisfy JSON Schemas from zod", () => {
    const person = z.object({
      id: z.uuid(),
      email: z.email(),
      born: z.iso.date(),
      seen: z.iso.datetime(),
      site: z.url(),
      code: z.string().regex(/^[A-Z]{2}-\d{3}$/),
      age: z.int().positive().max(120),
      score: z.number().gt(0).lt(1),
      role: z.enum(["admin", "user"]),
      pair: z.tuple([z.string(), z.number()]),
      tags: z.array(z.string().min(3).max(8)).min(2).max(4),
      settings: z.record(z.string(), z.boolean()),
      shape: z.discriminatedUnion("kind", [
        z.object({ kind: z.literal("circle"), radius: z.number() }),
        z.object({ kind: z.literal("box"), side: z.number() }),
      ]),
      note: z.string().nullable().optional(),
    });
    for (const seed of ["a", "b", "c"])
      expect(person.safeParse(exampleOf(z.toJSONSchema(person), { seed })).error).toBeUndefined();
  });

  it("satisfy draft 7, with definitions and exclusive bounds as numbers", () => {
    const given = {
      $schema: "http://json-schema.org/draft-07/schema#",
      definitions: { odd: { type: "integer", exclusiveMinimum: 2, exclusiveMaximum: 4 } },
      type: "object",
      properties: { three: { $ref: "#/definitions/odd" } },
      required: ["three"],
    };
    const value = exampleOf(given);
    expect([new Ajv().validate(given, value), value]).toEqual([true, { three: 3 }]);
  });

  it("use words and numbers from the prompt", () => {
    const given = {
      type: "object",
      properties: {
        city: { type: "string" },
        days: { type: "integer", maximum: 14 },
        email: { type: "string", format: "email" },
        query: { type: "string" },
      },
      required: ["city", "days", "email"],
    };
    expect(exampleOf(given, { prompt: "Forecast for Lisbon over 5 days" })).toMatchObject({
      city: "Lisbon",
      days: 5,
      query: "Forecast for Lisbon over 5 days",
    });
    expect(
      exampleOf(
        { type: "object", properties: { path: { type: "string" } } },
        { prompt: 'read the file "src/index.ts"' },
      ),
    ).toEqual({ path: "src/index.ts" });
  });

  it.each(["a'b", "a:b", "a.b", "(a", "a\\b", "a&b", "a/b", "[a]", "ä$", "\u{1F600}"])(
    "use values from the prompt for properties of any name, such as %s",
    (name) => {
      const given = { type: "object", properties: { [name]: { type: "string" } }, required: [name] };
      expect(exampleOf(given, { prompt: `Set it: x ${name}: Lisbon` })).toHaveProperty([name]);
    },
  );

  it("differ within an array if the schema allows it", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (prompt, seed) => {
        const { tags, flags, kinds, same } = exampleOf(
          z.toJSONSchema(
            z.object({
              tags: z.array(z.string()).min(2),
              flags: z.array(z.boolean()).min(2).max(2),
              kinds: z.array(z.object({ kind: z.string() })).length(3),
              same: z.array(z.literal(1)).length(2),
            }),
          ),
          { prompt, seed, prefix: "simulated " },
        ) as Record<string, unknown[]>;
        expect([tags, kinds].map((list) => new Set(list?.map((item) => JSON.stringify(item))).size)).toEqual([2, 3]);
        expect([flags, same]).toEqual([expect.any(Array), [1, 1]]);
      }),
    );
  });
});
