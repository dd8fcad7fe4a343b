import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { JsonSchema } from "../../../src/core/tool.ts";
import { lowerSchema } from "../../../src/dialects/google/schema.ts";
import { accepts, anySchema, anyValue } from "../schemas.ts";

const ALLOWED = new Set([
  ...["type", "format", "title", "description", "enum", "items", "prefixItems", "minItems", "maxItems"],
  ...["minimum", "maximum", "anyOf", "properties", "additionalProperties", "required", "propertyOrdering"],
]);

function foreignKeywords(node: unknown): string[] {
  if (typeof node !== "object" || node === null) return [];
  return Object.entries(node).flatMap(([key, value]) => {
    const own = ALLOWED.has(key) ? [] : [key];
    if (key === "properties") return [...own, ...Object.values(value as object).flatMap(foreignKeywords)];
    if (key === "anyOf" || key === "prefixItems") return [...own, ...(value as unknown[]).flatMap(foreignKeywords)];
    return key === "items" || key === "additionalProperties" ? [...own, ...foreignKeywords(value)] : own;
  });
}

const open = (schema: JsonSchema) => lowerSchema(schema, { closed: false });
const closed = (schema: JsonSchema) => lowerSchema(schema, { closed: true });

describe("the schema subset of Gemini", () => {
  it("property 22: uses only allowed keywords for any schema", () => {
    fc.assert(
      fc.property(anySchema, (schema) => {
        expect(foreignKeywords(closed(schema).schema)).toEqual([]);
        expect(JSON.stringify(open(schema).schema)).not.toContain('"additionalProperties":');
      }),
      { numRuns: 1_000 },
    );
  });

  it("property 22: does not change a schema that was already lowered", () => {
    fc.assert(
      fc.property(anySchema, (schema) => {
        const { schema: once } = closed(schema);
        expect(closed(once)).toEqual({ schema: once, lost: [] });
      }),
      { numRuns: 1_000 },
    );
  });

  it("property 22: reports when it accepts more than the original", () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    fc.assert(
      fc.property(anySchema, anyValue, fc.boolean(), (schema, value, asTool) => {
        const { schema: lowered, lost } = asTool ? open(schema) : closed(schema);
        const original = accepts(() => ajv.validate(schema, value));
        if (original === false && accepts(() => ajv.validate(lowered, value))) expect(lost).not.toEqual([]);
      }),
      { numRuns: 1_000 },
    );
  });

  it("inlines references and stops where a schema repeats", () => {
    const node = { type: "object", properties: { name: { type: "string" }, next: { $ref: "#/$defs/Node" } } };
    const { schema, lost } = open({ $ref: "#/$defs/Node", $defs: { Node: node } });
    expect(schema).toEqual({
      type: "object",
      properties: {
        name: { type: "string" },
        next: { type: "object", description: "Has the same form as Node around it." },
      },
    });
    expect(lost).toEqual(["$.properties.next.$ref"]);
  });

  it("terminates for definitions that are cyclic, dangling, or double at every level", () => {
    const $defs: Record<string, unknown> = {
      A: { $ref: "#/$defs/B" },
      B: { $ref: "#/$defs/A" },
      D40: { type: "string" },
    };
    for (let level = 0; level < 40; level++) {
      const next = { $ref: `#/$defs/D${level + 1}` };
      $defs[`D${level}`] = { type: "object", properties: { left: next, right: next } };
    }
    for (const $ref of ["#/$defs/A", "#/$defs/Missing", "https://elsewhere/schema", "#/$defs/D0"]) {
      expect(open({ $ref, $defs }).lost.length).toBeGreaterThan(0);
    }
  });

  it.each<[JsonSchema, JsonSchema]>([
    [{ const: "a" }, { type: "string", enum: ["a"] }],
    [{ enum: ["a", null] }, { type: ["string", "null"], enum: ["a"] }],
    [{ type: "string", nullable: true }, { type: ["string", "null"] }],
    [
      { type: "integer", exclusiveMinimum: 0 },
      { type: "integer", minimum: 1 },
    ],
    [{ oneOf: [{ type: "string" }, { type: "null" }] }, { anyOf: [{ type: "string" }, { type: "null" }] }],
    [
      { allOf: [{ type: "object", properties: { a: {} }, required: ["a"] }, { properties: { b: {} } }] },
      { type: "object", properties: { a: {}, b: {} }, required: ["a"] },
    ],
  ])("converts %o to %o without a loss", (schema, expected) => {
    const { schema: lowered, lost } = open(schema);
    expect(lowered).toEqual(expected);
    expect(lost).toEqual([]);
  });

  it("moves unsupported keywords into the description and reports them", () => {
    const { schema, lost } = open({ type: "string", description: "A name.", minLength: 2, format: "email" });
    expect(schema).toEqual({ type: "string", description: 'A name.\nminLength: 2, format: "email"' });
    expect(lost).toEqual(["$.minLength", "$.format"]);
  });
});
