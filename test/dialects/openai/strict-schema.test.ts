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

  it("drops keywords that strict mode does not support, and reports each", () => {
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

  it("inlines a root that is only a reference", () => {
    const node = object({ next: { $ref: "#/$defs/node" } });
    const { schema } = lowered({ $ref: "#/$defs/node", $defs: { node } });
    expect(schema).toMatchObject({ type: "object", required: ["next"], $defs: { node: { required: ["next"] } } });
  });

  it.each<[string, JsonSchema]>([
    ["an open map", object({ a: { type: "object", additionalProperties: { type: "string" } } })],
    ["a bare object", object({ a: { type: "object" } })],
    ["an empty schema", object({ a: {} })],
    ["an array without items", object({ a: { type: "array" } })],
    ["a tuple", object({ a: { type: "array", prefixItems: [{ type: "string" }] } })],
    ["an intersection", object({ a: { allOf: [{ type: "string" }, { type: "string" }] } })],
    ["a condition", object({ a: { type: "string", if: {} } })],
    ["an array at the root", { type: "array", items: { type: "string" } }],
    ["a union at the root", { anyOf: [object({})] }],
    ["an undefined required property", object({ a: { type: "string" } }, { required: ["b"] })],
  ])("is rejected for %s, with a reason", (_, schema) => {
    expect(refusal(schema)).not.toBe("strict");
    expect(refusal(schema)).not.toBe("");
  });

  it("accepts what zod generates for common types", () => {
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

  it("drops added nulls inside a nullable array", () => {
    const schema = z.toJSONSchema(z.nullable(z.array(z.object({ name: z.string(), nick: z.string().optional() }))));
    expect(dropAddedNulls([{ name: "x", nick: null }], schema as JsonSchema)).toEqual([{ name: "x" }]);
  });

  it("drops added nulls in nested unions, including recursive ones", () => {
    const tree: z.ZodType = z.object({
      name: z.string(),
      get next() {
        return z.optional(tree);
      },
      get either() {
        return z.union([z.union([tree, z.string()]), z.number()]);
      },
    });
    const schema = z.object({ tree: z.union([z.union([tree, z.string()]), z.number()]) });
    const inner = { name: "b", either: 1 };
    const written = { tree: { name: "a", next: { ...inner, next: null }, either: { ...inner, next: null } } };
    expect(dropAddedNulls(written, z.toJSONSchema(schema) as JsonSchema)).toEqual({
      tree: { name: "a", next: inner, either: inner },
    });
  });

  it("drops added nulls according to the union member that the value matches", () => {
    const schema = z.union([
      z.object({ size: z.string(), note: z.string().optional() }),
      z.object({ size: z.number(), note: z.string().nullable() }),
    ]);
    const read = (value: unknown) => dropAddedNulls(value, z.toJSONSchema(schema) as JsonSchema);
    expect(read({ size: "L", note: null })).toEqual({ size: "L" });
    expect(read({ size: 4, note: null })).toEqual({ size: 4, note: null });
  });

  it("drops added nulls when other union members are enums or constants", () => {
    const schema = z.object({
      size: z.union([z.enum(["S", "M"]), z.literal(5), z.object({ width: z.number(), unit: z.string().optional() })]),
    });
    const json = z.toJSONSchema(schema) as JsonSchema;
    const untyped = JSON.parse(JSON.stringify(json).replaceAll(/"type":"(?:string|number)","(enum|const)"/g, '"$1"'));
    for (const one of [json, untyped])
      expect(dropAddedNulls({ size: { width: 1, unit: null } }, one)).toEqual({ size: { width: 1 } });
  });

  it("drops added nulls in a recursive union of identical members without reading each level twice", () => {
    const name = { type: "string" };
    const link = { $ref: "#/$defs/link" };
    const member = { type: "object", properties: { name, next: link, more: name }, required: ["next"] };
    const schema = { $defs: { link: { anyOf: [member, { ...member }, { type: "null" }] } }, ...link };
    let written: unknown = null;
    for (let depth = 0; depth < 60; depth += 1) written = { name: null, next: written, more: depth };
    const read = dropAddedNulls(written, schema) as { next: unknown };
    expect(JSON.stringify(read)).not.toContain("name");
  });

  it("appends keywords that strict mode does not enforce to the description", () => {
    const schema = z.object({ word: z.string().min(3).describe("A word.") });
    expect(lowered(z.toJSONSchema(schema) as JsonSchema).schema).toMatchObject({
      properties: { word: { type: "string", description: "A word.\nminLength: 3" } },
    });
  });
});

const ajv = new Ajv2020({ strict: false });
const valid = (schema: JsonSchema, value: unknown) => ajv.validate(schema, value);

/** A value, and what the model writes for it in strict mode: every property, null for those that are missing. */
interface Answer {
  readonly plain: unknown;
  readonly written: unknown;
}

interface Sample {
  readonly schema: JsonSchema;
  readonly answer: fc.Arbitrary<Answer>;
}

function sample(schema: JsonSchema, value: fc.Arbitrary<unknown>): Sample {
  return { schema, answer: value.map((plain) => ({ plain, written: plain })) };
}

const leaf: fc.Arbitrary<Sample> = fc.constantFrom(
  sample({ type: "string" }, fc.string()),
  sample({ type: "integer", minimum: 0 }, fc.nat()),
  sample({ type: "boolean" }, fc.boolean()),
  sample({ enum: ["x", "y"] }, fc.constantFrom("x", "y")),
  sample({ const: 5 }, fc.constant(5)),
  sample({ type: ["string", "null"] }, fc.option(fc.string())),
  sample({ anyOf: [{ type: "string" }, { type: "number" }] }, fc.oneof(fc.string(), fc.integer())),
);

/** Schemas with values that match them. */
const { node } = fc.letrec<{ node: Sample; object: Sample; array: Sample; union: Sample }>((tie) => ({
  node: fc.oneof({ depthSize: "small" }, leaf, tie("object"), tie("array"), tie("union")),
  array: tie("node").map((item) => ({
    schema: { type: "array", items: item.schema },
    answer: fc.array(item.answer, { maxLength: 3 }).map((items) => ({
      plain: items.map(({ plain }) => plain),
      written: items.map(({ written }) => written),
    })),
  })),
  union: fc.array(tie("node"), { minLength: 2, maxLength: 3 }).map((members) => ({
    schema: { anyOf: members.map(({ schema }) => schema) },
    answer: fc.oneof(...members.map(({ answer }) => answer)),
  })),
  object: fc
    .dictionary(fc.constantFrom("a", "b", "c", "d"), fc.tuple(tie("node"), fc.boolean()), { maxKeys: 4 })
    .map((properties) => {
      const entries = Object.entries(properties);
      const required = entries.filter(([, [, needed]]) => needed).map(([name]) => name);
      const answers = Object.fromEntries(entries.map(([name, [{ answer }]]) => [name, answer]));
      return {
        schema: {
          type: "object",
          properties: Object.fromEntries(entries.map(([name, [{ schema }]]) => [name, schema])),
          required,
          additionalProperties: false,
        },
        answer: fc.record(answers, { requiredKeys: required }).map((record) => ({
          plain: Object.fromEntries(Object.entries(record).map(([name, { plain }]) => [name, plain])),
          written: Object.fromEntries(entries.map(([name]) => [name, record[name]?.written ?? null])),
        })),
      };
    }),
}));
const root = node.filter(({ schema }) => schema["type"] === "object");

describe("for any schema", () => {
  it("lowering is idempotent", () => {
    fc.assert(
      fc.property(root, ({ schema }) => {
        const once = lowered(schema).schema;
        expect(lowered(once)).toEqual({ schema: once, paths: [] });
      }),
    );
  });

  it("values filled with nulls match the lowered schema, and match the original once the nulls are dropped", () => {
    const pair = root.chain(({ schema, answer }) => fc.tuple(fc.constant(schema), answer));
    fc.assert(
      fc.property(pair, ([schema, { plain, written }]) => {
        expect(valid(schema, plain)).toBe(true);
        expect(valid(lowered(schema).schema, written)).toBe(true);
        const read = dropAddedNulls(written, schema);
        expect(valid(schema, read)).toBe(true);
      }),
    );
  });
});
