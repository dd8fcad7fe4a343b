import fc from "fast-check";
import type { JsonSchema } from "../../src/core/tool.ts";

const name = fc.constantFrom("a", "b", "c");

/** JSON Schemas with the keywords people write, closed or open, with references that exist. */
const { node } = fc.letrec<{ node: JsonSchema }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.record(
      { type: fc.constant("string"), minLength: fc.nat(3), format: fc.constantFrom("email", "color") },
      { requiredKeys: ["type"] },
    ),
    fc.record(
      {
        type: fc.constantFrom("integer", "number"),
        minimum: fc.nat(9),
        exclusiveMinimum: fc.nat(9),
        multipleOf: fc.constant(2),
      },
      { requiredKeys: ["type"] },
    ),
    fc.constantFrom<JsonSchema>(
      { const: "x" },
      { enum: ["x", "y"] },
      { type: "boolean" },
      { type: ["string", "null"] },
      { const: true },
      { enum: ["x", null] },
      {},
      { $ref: "#/$defs/Named" },
    ),
    fc.record(
      { type: fc.constant("array"), items: tie("node"), maxItems: fc.nat(3), uniqueItems: fc.boolean() },
      { requiredKeys: ["type"] },
    ),
    fc.record(
      {
        type: fc.constant("object"),
        properties: fc.dictionary(name, tie("node"), { maxKeys: 3 }),
        required: fc.uniqueArray(name, { maxLength: 2 }),
        additionalProperties: fc.oneof(fc.boolean(), tie("node")),
        description: fc.constant("words"),
      },
      { requiredKeys: ["type"] },
    ),
    fc.record({ anyOf: fc.array(tie("node"), { minLength: 1, maxLength: 3 }) }),
    fc.record({ allOf: fc.array(tie("node"), { minLength: 1, maxLength: 2 }) }),
    fc.record({ not: tie("node") }),
  ),
}));

export const anySchema: fc.Arbitrary<JsonSchema> = fc.tuple(node, node).map(([root, named]) => ({
  $schema: "https://json-schema.org/draft/2020-12/schema",
  ...root,
  $defs: { Named: named },
}));

/** Values of the kind those schemas speak of. */
export const { value: anyValue } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<unknown>("x", "y", "", "long enough", null, true, 0, 1, 2.5, 9, -1),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom("a", "b", "c", "d"), tie("value"), { maxKeys: 4 }),
  ),
}));

/** Whether a validator takes the value; `undefined` where a schema refers to nothing but itself. */
export function accepts(validate: () => unknown): boolean | undefined {
  try {
    return validate() === true;
  } catch {
    return undefined;
  }
}
