import { asObject, asString, type Json } from "../dialects/served/json.ts";

const BOUND =
  /\b(minimum|maximum|exclusiveMinimum|exclusiveMaximum|multipleOf|minLength|maxLength|minItems|maxItems): (-?\d+(?:\.\d+)?)/g;

/** The value types of keywords; other text in a description was not written by a client that converted a schema. */
const KINDS: Readonly<Record<string, (value: unknown) => boolean>> = {
  ...kinds(
    "minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength minItems maxItems minProperties maxProperties minContains maxContains",
    (value) => typeof value === "number",
  ),
  ...kinds("pattern format", (value) => typeof value === "string"),
  ...kinds("required prefixItems enum allOf anyOf oneOf", Array.isArray),
  ...kinds("properties patternProperties dependentRequired dependentSchemas", (value) => asObject(value) !== undefined),
  ...kinds("propertyNames contains not if then else items additionalProperties", isSchema),
  uniqueItems: (value) => typeof value === "boolean",
  const: () => true,
};

function kinds(names: string, isKind: (value: unknown) => boolean): Record<string, (value: unknown) => boolean> {
  return Object.fromEntries(names.split(" ").map((name) => [name, isKind]));
}

function isSchema(value: unknown): boolean {
  return typeof value === "boolean" || Array.isArray(value) || asObject(value) !== undefined;
}

const known = new WeakMap<Json, Json>();

/**
 * If a wire format does not support a keyword, clients write it into the description, where models follow it. So does the
 * simulator. The same schema returns the same object.
 */
export function withDescribedBounds(schema: Json): Json {
  const found = known.get(schema);
  if (found !== undefined) return found;
  const described = read(schema);
  known.set(schema, described);
  return described;
}

function read(schema: Json): Json {
  const description = asString(schema.description);
  if (description === undefined) return schema;
  const told = description.split("\n").flatMap((line) => keywordsOf(line) ?? boundsIn(line));
  if (told.length === 0) return schema;
  const isFirst = ([keyword]: readonly [string, unknown], index: number) =>
    isWeaker(schema, keyword) && told.findIndex(([other]) => other === keyword) === index;
  const lowered = Object.fromEntries(told.filter(isFirst));
  const again = told.filter((one, index) => !isFirst(one, index)).map(([keyword, value]) => ({ [keyword]: value }));
  const all = [...(Array.isArray(schema.allOf) ? schema.allOf : []), ...again];
  return { ...schema, ...lowered, ...(all.length > 0 && { allOf: all }) };
}

/** Clients write a map as a closed object and a larger `minItems` as 1 for some wire formats. */
function isWeaker(schema: Json, keyword: string): boolean {
  return !(keyword in schema) || (keyword === "additionalProperties" && schema[keyword] === false);
}

function boundsIn(line: string): readonly (readonly [string, unknown])[] {
  return [...line.matchAll(BOUND)].map(([, keyword = "", value]) => [keyword, Number(value)] as const);
}

/** A line that consists of `keyword: JSON, keyword: JSON`. */
function keywordsOf(line: string): readonly (readonly [string, unknown])[] | undefined {
  const found: [string, unknown][] = [];
  for (let at = 0; at < line.length; ) {
    const keyword = /^(?:, )?(?:allOf\[\d+\]\.)?([A-Za-z]+): /.exec(line.slice(at, at + 60));
    if (keyword === null) return undefined;
    const start = at + keyword[0].length;
    at = endOfJson(line, start);
    const [, name = ""] = keyword;
    const value = parsed(line.slice(start, at));
    if (value === undefined) return undefined;
    if (KINDS[name]?.(value) === true) found.push([name, value]);
  }
  return found.length === 0 ? undefined : found;
}

const TOKEN = /"(?:[^"\\]|\\.)*"|[[{]|[\]}]|, (?=(?:allOf\[\d+\]\.)?[A-Za-z]+: )/g;

/** The end of the JSON value at `start`: the next comma between keywords, outside strings and brackets. */
function endOfJson(line: string, start: number): number {
  let depth = 0;
  for (const { 0: token, index } of line.slice(start).matchAll(TOKEN)) {
    if (token.startsWith(", ") && depth === 0) return start + index;
    if (token === "[" || token === "{") depth += 1;
    if (token === "]" || token === "}") depth -= 1;
  }
  return line.length;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
