import { asObject, asString } from "../../served/json.ts";

/** Converts the OpenAPI subset to JSON Schema: lower-case types, `nullable` as the type `null`. */
export function plainSchema(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(plainSchema);
  const given = asObject(schema);
  if (given === undefined) return schema;
  const { nullable, ...rest } = given;
  const entries = Object.entries(rest).map(
    ([keyword, value]) => [keyword, keyword === "enum" ? value : plainSchema(value)] as const,
  );
  const plain = Object.fromEntries(entries);
  const type = asString(plain.type)?.toLowerCase();
  if (type === undefined) return plain;
  const bounds = Object.fromEntries(
    INT64_KEYWORDS.filter((word) => typeof plain[word] === "string").map((word) => [word, Number(plain[word])]),
  );
  return { ...plain, ...bounds, type: nullable === true ? [type, "null"] : type };
}

/** These are int64 in the API, which are strings in its JSON. */
const INT64_KEYWORDS: readonly string[] = [
  "minItems",
  "maxItems",
  "minLength",
  "maxLength",
  "minProperties",
  "maxProperties",
];
