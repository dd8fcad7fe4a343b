import { asObject, asText } from "../../served/json.ts";

/** The OpenAPI subset as a JSON Schema: types in small letters, `nullable` as a type. */
export function plainSchema(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(plainSchema);
  const given = asObject(schema);
  if (given === undefined) return schema;
  const { nullable, ...rest } = given;
  const entries = Object.entries(rest).map(
    ([keyword, value]) => [keyword, keyword === "enum" ? value : plainSchema(value)] as const,
  );
  const plain = Object.fromEntries(entries);
  const type = asText(plain.type)?.toLowerCase();
  if (type === undefined) return plain;
  const bounds = Object.fromEntries(
    INTEGER_TEXTS.filter((word) => typeof plain[word] === "string").map((word) => [word, Number(plain[word])]),
  );
  return { ...plain, ...bounds, type: nullable === true ? [type, "null"] : type };
}

/** These are int64 in the API's own types, which JSON writes as texts. */
const INTEGER_TEXTS: readonly string[] = [
  "minItems",
  "maxItems",
  "minLength",
  "maxLength",
  "minProperties",
  "maxProperties",
];
