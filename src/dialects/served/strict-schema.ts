import { asArray, asObject, asObjects, type Json } from "./json.ts";

/**
 * Why a schema is not valid in OpenAI's strict mode (each object closed, every property required), or `undefined`.
 * https://platform.openai.com/docs/guides/structured-outputs#supported-schemas
 */
export function strictSchemaProblem(schema: unknown, path: readonly string[] = []): string | undefined {
  const object = asObject(schema);
  if (object === undefined) return undefined;
  return objectProblem(object, path) ?? nestedProblem(object, path);
}

function objectProblem(schema: Json, path: readonly string[]): string | undefined {
  const properties = asObject(schema.properties);
  if (schema.type !== "object" && properties === undefined) return undefined;
  const context = `In context=(${path.map((name) => `'${name}'`).join(", ")})`;
  if (schema.additionalProperties !== false) {
    return `${context}, 'additionalProperties' is required to be supplied and to be false.`;
  }
  const required = asArray(schema.required);
  const missing = Object.keys(properties ?? {}).find((name) => !required.includes(name));
  if (missing === undefined) return undefined;
  return `${context}, 'required' is required to be supplied and to be an array including every key in properties. Missing '${missing}'.`;
}

function nestedProblem(schema: Json, path: readonly string[]): string | undefined {
  for (const [name, child] of children(schema)) {
    const problem = strictSchemaProblem(child, [...path, ...name]);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function children(schema: Json): readonly (readonly [readonly string[], unknown])[] {
  const named = (keyword: string) =>
    Object.entries(asObject(schema[keyword]) ?? {}).map(([name, child]) => [[keyword, name], child] as const);
  const listed = asObjects(schema.anyOf).map((child, index) => [["anyOf", String(index)], child] as const);
  return [...named("properties"), ...named("$defs"), ...named("definitions"), ...listed, [["items"], schema.items]];
}
