import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { JsonSchema } from "../../../src/core/tool.ts";
import { isRecursive, lowerSchema } from "../../../src/dialects/anthropic/schema.ts";
import { accepts, anySchema, anyValue } from "../schemas.ts";

const UNSUPPORTED = [
  "minLength",
  "maxLength",
  "minimum",
  "maximum",
  "exclusiveMinimum",
  "multipleOf",
  "maxItems",
  "pattern",
  "oneOf",
  "$schema",
  "not",
];

function keywordsOf(schema: unknown): Set<string> {
  const found = new Set<string>();
  const walk = (node: unknown): void => {
    if (Array.isArray(node)) for (const child of node) walk(child);
    else if (typeof node === "object" && node !== null) {
      for (const [key, child] of Object.entries(node)) {
        found.add(key);
        if (key === "properties" || key === "$defs") for (const one of Object.values(child as object)) walk(one);
        else if (key !== "enum" && key !== "const" && key !== "default") walk(child);
      }
    }
  };
  walk(schema);
  return found;
}

describe("the output schema of the messages API", () => {
  it("has no keyword that the API rejects, for any input", () => {
    fc.assert(
      fc.property(anySchema, (schema) => {
        const keywords = keywordsOf(lowerSchema(schema).schema);
        expect(UNSUPPORTED.filter((keyword) => keywords.has(keyword))).toEqual([]);
      }),
    );
  });

  it("does not change a schema that was already lowered", () => {
    fc.assert(
      fc.property(anySchema, (schema) => {
        const once = lowerSchema(schema);
        expect(lowerSchema(once.schema)).toEqual({ schema: once.schema, lost: [] });
      }),
    );
  });

  it("reports when it accepts more than the original", () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    fc.assert(
      fc.property(anySchema, anyValue, (schema, value) => {
        const { schema: lowered, lost } = lowerSchema(schema);
        const original = accepts(() => ajv.validate(schema, value));
        if (original === false && accepts(() => ajv.validate(lowered, value))) expect(lost).not.toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it("moves unsupported keywords into the description", () => {
    const { schema, lost } = lowerSchema({
      type: "object",
      properties: { name: { type: "string", description: "The name.", minLength: 2, format: "email" } },
    });
    expect(schema).toEqual({
      type: "object",
      properties: { name: { type: "string", format: "email", description: "The name.\nminLength: 2" } },
      additionalProperties: false,
    });
    expect(lost).toEqual(["$.properties.name.minLength"]);
  });

  it("keeps references and definitions, and finds the recursive ones", () => {
    const tree: JsonSchema = {
      type: "object",
      properties: { children: { type: "array", items: { $ref: "#" } } },
    };
    expect(isRecursive(tree)).toBe(true);
    expect(lowerSchema(tree).lost).toEqual([]);
    expect(isRecursive({ $ref: "#/$defs/A", $defs: { A: { $ref: "#/$defs/B" }, B: { type: "string" } } })).toBe(false);
  });

  it("takes linear time for definitions that double at every level", () => {
    const $defs: Record<string, unknown> = { D40: { type: "string" } };
    for (let level = 0; level < 40; level++) {
      const next = { $ref: `#/$defs/D${level + 1}` };
      $defs[`D${level}`] = { type: "object", properties: { left: next, right: next } };
    }
    expect(isRecursive({ $ref: "#/$defs/D0", $defs })).toBe(false);
  });
});
