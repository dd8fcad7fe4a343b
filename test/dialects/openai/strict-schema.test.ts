import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { dropAddedNulls } from "../../../src/core/added-nulls.ts";
import type { JsonSchema } from "../../../src/core/tool.ts";
import { lowerToStrict } from "../../../src/dialects/openai/strict-schema.ts";

function lowered(schema: JsonSchema): { schema: JsonSchema; paths: string[] } {
  const result = lowerToStrict(schema);
  if (!result.strict) throw new Error(result.reason);
  return { schema: result.schema, paths: result.changes.map(({ path }) => path) };
}

function refusal(schema: JsonSchema): string {
  const result = lowerToStrict(schema);
  return result.strict ? "strict" : result.reason;
}

const object = (properties: JsonSchema, more: JsonSchema = {}): JsonSchema => ({ type: "object", properties, ...more });

describe("a schema for strict mode", () => {
  it("closes every object and requires every property", () => {
    const { schema, paths } = lowered(
      object({ a: { type: "string" }, b: object({ c: { type: "number" } }) }, { required: ["b"] }),
    );
    expect(schema).toEqual({
      type: "object",
      properties: {
        a: { type: ["string", "null"] },
        b: {
          type: "object",
          properties: { c: { type: ["number", "null"] } },
          required: ["c"],
          additionalProperties: false,
        },
      },
      required: ["a", "b"],
      additionalProperties: false,
    });
    expect(paths).toEqual(["properties.b.properties.c", "properties.a"]);
  });

  it("lets go of restrictions strict mode does not know, and names each", () => {
    const a = { type: "string", minLength: 2, format: "uri", pattern: "(?=x)", default: "q" };
    const { schema, paths } = lowered(object({ a, b: { type: "integer", minimum: 1 } }, { required: ["a", "b"] }));
    expect(schema).toMatchObject({ properties: { a: { type: "string" }, b: { type: "integer", minimum: 1 } } });
    expect(paths.sort()).toEqual(["default", "format", "minLength", "pattern"].map((word) => `properties.a.${word}`));
  });

  it.each<[string, JsonSchema, JsonSchema]>([
    ["an enum", { enum: ["x", "y"] }, { type: ["string", "null"], enum: ["x", "y", null] }],
    ["a constant", { const: "x" }, { anyOf: [{ const: "x", type: "string" }, { type: "null" }] }],
    ["a union", { anyOf: [{ type: "string" }] }, { anyOf: [{ type: "string" }, { type: "null" }] }],
    ["a nullable type", { type: ["string", "null"] }, { type: ["string", "null"] }],
    ["a nullable union", { anyOf: [{ type: "null" }] }, { anyOf: [{ type: "null" }] }],
    ["a reference", { $ref: "#/$defs/x" }, { anyOf: [{ $ref: "#/$defs/x" }, { type: "null" }] }],
    ["oneOf", { oneOf: [{ type: "string" }] }, { anyOf: [{ type: "string" }, { type: "null" }] }],
    [
      "a described reference",
      { allOf: [{ $ref: "#/$defs/x" }], description: "d" },
      { description: "d", anyOf: [{ $ref: "#/$defs/x" }, { type: "null" }] },
    ],
  ])("makes optional properties nullable: %s", (_, property, expected) => {
    const { schema } = lowered(object({ a: property }, { $defs: { x: { type: "string" } } }));
    expect((schema["properties"] as JsonSchema)["a"]).toEqual(expected);
  });

  it("spells out a root that is only a reference", () => {
    const node = object({ next: { $ref: "#/$defs/node" } });
    const { schema } = lowered({ $ref: "#/$defs/node", $defs: { node } });
    expect(schema).toMatchObject({ type: "object", required: ["next"], $defs: { node: { required: ["next"] } } });
  });

  it.each<[string, JsonSchema]>([
    ["an open map", object({ a: { type: "object", additionalProperties: { type: "string" } } })],
    ["a bare object", object({ a: { type: "object" } })],
    ["anything", object({ a: {} })],
    ["an array of anything", object({ a: { type: "array" } })],
    ["a tuple", object({ a: { type: "array", prefixItems: [{ type: "string" }] } })],
    ["an intersection", object({ a: { allOf: [{ type: "string" }, { type: "string" }] } })],
    ["a condition", object({ a: { type: "string", if: {} } })],
    ["an array at the root", { type: "array", items: { type: "string" } }],
    ["a union at the root", { anyOf: [object({})] }],
    ["a required unknown", object({ a: { type: "string" } }, { required: ["b"] })],
  ])("is given up for %s, with a reason", (_, schema) => {
    expect(refusal(schema)).not.toBe("strict");
    expect(refusal(schema)).not.toBe("");
  });

  it("takes what zod makes of ordinary types", () => {
    const schema = z.toJSONSchema(
      z.object({
        name: z.string().min(1),
        tags: z.array(z.string()).optional(),
        kind: z.discriminatedUnion("kind", [
          z.object({ kind: z.literal("a"), n: z.int() }),
          z.object({ kind: z.literal("b") }),
        ]),
        note: z.string().nullish(),
      }),
    ) as JsonSchema;
    const { schema: strict } = lowered(schema);
    expect(strict).toMatchObject({ required: ["name", "tags", "kind", "note"], additionalProperties: false });
    const answer = { name: "x", tags: null, kind: { kind: "b" }, note: null };
    expect(dropAddedNulls(answer, schema)).toEqual({ name: "x", kind: { kind: "b" }, note: null });
  });

  it("loses its added nulls inside a list that may be null", () => {
    const schema = z.toJSONSchema(z.nullable(z.array(z.object({ name: z.string(), nick: z.string().optional() }))));
    expect(dropAddedNulls([{ name: "x", nick: null }], schema as JsonSchema)).toEqual([{ name: "x" }]);
  });

  it("moves what strict mode does not enforce behind the description", () => {
    const schema = z.object({ word: z.string().min(3).describe("A word.") });
    expect(lowered(z.toJSONSchema(schema) as JsonSchema).schema).toMatchObject({
      properties: { word: { type: "string", description: "A word.\nminLength: 3" } },
    });
  });
});

const ajv = new Ajv2020({ strict: false });
const valid = (schema: JsonSchema, value: unknown) => ajv.validate(schema, value);

interface Sample {
  readonly schema: JsonSchema;
  readonly value: fc.Arbitrary<unknown>;
}

const leaf: fc.Arbitrary<Sample> = fc.constantFrom<Sample>(
  { schema: { type: "string" }, value: fc.string() },
  { schema: { type: "integer", minimum: 0 }, value: fc.nat() },
  { schema: { type: "boolean" }, value: fc.boolean() },
  { schema: { enum: ["x", "y"] }, value: fc.constantFrom("x", "y") },
  { schema: { const: 5 }, value: fc.constant(5) },
  { schema: { type: ["string", "null"] }, value: fc.option(fc.string()) },
  { schema: { anyOf: [{ type: "string" }, { type: "number" }] }, value: fc.oneof(fc.string(), fc.integer()) },
);

/** Schemas with values they accept. */
const { node } = fc.letrec<{ node: Sample; object: Sample; array: Sample }>((tie) => ({
  node: fc.oneof({ depthSize: "small" }, leaf, tie("object"), tie("array")),
  array: tie("node").map((item) => ({
    schema: { type: "array", items: item.schema },
    value: fc.array(item.value, { maxLength: 3 }),
  })),
  object: fc
    .dictionary(fc.constantFrom("a", "b", "c", "d"), fc.tuple(tie("node"), fc.boolean()), { maxKeys: 4 })
    .map((properties) => {
      const entries = Object.entries(properties);
      const required = entries.filter(([, [, needed]]) => needed).map(([name]) => name);
      const values = Object.fromEntries(entries.map(([name, [sample]]) => [name, sample.value]));
      return {
        schema: {
          type: "object",
          properties: Object.fromEntries(entries.map(([name, [sample]]) => [name, sample.schema])),
          required,
          additionalProperties: false,
        },
        value: fc.record(values, { requiredKeys: required }).map((record) => ({ ...record })),
      };
    }),
}));
const root = node.filter(({ schema }) => schema["type"] === "object");

/** What strict mode makes the model write: every property, null where there is nothing. */
function filled(value: unknown, schema: JsonSchema): unknown {
  if (Array.isArray(value)) return value.map((item) => filled(item, schema["items"] as JsonSchema));
  if (typeof value !== "object" || value === null) return value;
  const properties = Object.entries(schema["properties"] as Record<string, JsonSchema>);
  return Object.fromEntries(
    properties.map(([name, property]) => [
      name,
      name in value ? filled((value as Record<string, unknown>)[name], property) : null,
    ]),
  );
}

describe("for any schema", () => {
  it("lowering twice is lowering once", () => {
    fc.assert(
      fc.property(root, ({ schema }) => {
        const once = lowered(schema).schema;
        expect(lowered(once)).toEqual({ schema: once, paths: [] });
      }),
    );
  });

  it("values of the original are accepted once filled with nulls, and come back without them", () => {
    const pair = root.chain((sample) => fc.tuple(fc.constant(sample.schema), sample.value));
    fc.assert(
      fc.property(pair, ([schema, value]) => {
        expect(valid(schema, value)).toBe(true);
        const written = filled(value, schema);
        expect(valid(lowered(schema).schema, written)).toBe(true);
        const read = dropAddedNulls(written, schema);
        expect(valid(schema, read)).toBe(true);
      }),
    );
  });
});
