import { type $ZodType, toJSONSchema } from "zod/v4/core";
import { ModelError } from "../core/error.ts";
import type { JsonSchema } from "../core/tool.ts";

/** A schema of a validation library; zod 3, zod 4, zod/mini, valibot and arktype have this property. */
interface Standard {
  readonly "~standard": {
    readonly vendor: string;
    readonly jsonSchema?: { readonly input: (options: { readonly target: "draft-2020-12" }) => JsonSchema };
  };
}

/** Whether a value is a schema of a validation library, not JSON Schema. */
export function isStandardSchema(value: unknown): value is Standard {
  const type = typeof value;
  return value !== null && (type === "object" || type === "function") && "~standard" in (value as object);
}

/**
 * The JSON Schema of the input that `schema` accepts (the input side of transforms and codecs).
 * @throws ModelError `invalid_request` that names `what` and the field that JSON cannot represent.
 */
export function jsonSchemaOf(schema: unknown, what: string): JsonSchema {
  if (!isStandardSchema(schema))
    throw refused(`${what} needs a zod schema, or another Standard Schema with JSON Schema output`);
  try {
    const { $schema: _, ...json } = isZod(schema) ? zodJson(schema, what) : libraryJson(schema, what);
    return json;
  } catch (cause) {
    if (cause instanceof ModelError) throw cause;
    const words = cause instanceof Error ? cause.message : String(cause);
    throw refused(`${what}: the schema cannot be converted to JSON Schema: ${words}`, cause);
  }
}

function isZod(schema: unknown): schema is $ZodType {
  return typeof (schema as { _zod?: unknown })._zod === "object";
}

function libraryJson({ "~standard": { vendor, jsonSchema } }: Standard, what: string): JsonSchema {
  if (jsonSchema !== undefined) return jsonSchema.input({ target: "draft-2020-12" });
  throw refused(`${what}: ${HOW_TO_CONVERT[vendor] ?? `this ${vendor} schema has no JSON Schema output`}`);
}

const HOW_TO_CONVERT: Readonly<Record<string, string>> = {
  // zod 4 schemas have `_zod` and are handled separately.
  zod: 'this is a zod 3 schema; modelwright needs zod 4 (import it from "zod" 4 or from "zod/v4")',
  valibot: "wrap this valibot schema in toStandardJsonSchema() of @valibot/to-json-schema",
};

/** zod/mini schemas have no conversion method, so all zod schemas are converted here, with the same rules. */
function zodJson(schema: $ZodType, what: string): JsonSchema {
  return toJSONSchema(schema, {
    io: "input",
    unrepresentable: ({ zodSchema, path, message }) => {
      const { type, coerce } = zodSchema._zod.def as { readonly type: string; readonly coerce?: boolean };
      const coerced = coerce === true ? COERCED[type] : undefined;
      if (coerced !== undefined) return coerced;
      const field = fieldOf(path);
      const way = INSTEAD[type];
      const words = way === undefined ? message : `JSON has no ${type}${way}`;
      throw refused(
        `${what}: the schema${field === "" ? "" : ` at "${field}"`} cannot be converted to JSON Schema: ${words}`,
      );
    },
  }) as JsonSchema;
}

/** The JSON Schema for the input of a coercion. */
const COERCED: Readonly<Record<string, JsonSchema>> = {
  date: { type: "string", format: "date-time" },
  bigint: { type: "string", pattern: "^-?[0-9]+$" },
};

const INSTEAD: Readonly<Record<string, string>> = {
  date: "; use z.coerce.date()",
  bigint: "; use z.coerce.bigint()",
  map: "; use z.record()",
  set: "; use z.array()",
  undefined: "; make the field optional with .optional()",
  void: "; make the field optional with .optional()",
  nan: "; use z.number()",
  symbol: "; use z.string()",
  function: "; omit the field",
};

/** `["properties", "events", "items", "properties", "at"]` is `events[].at`. */
function fieldOf(path: readonly (string | number)[]): string {
  let field = "";
  for (let at = 0; at < path.length; at++) {
    if (path[at] === "properties") field += `${field === "" ? "" : "."}${path[++at]}`;
    else if (path[at] === "items" || path[at] === "prefixItems") field += "[]";
    else if (path[at] === "additionalProperties") field += "{}";
  }
  return field;
}

function refused(message: string, cause?: unknown): ModelError {
  return new ModelError({ code: "invalid_request", message, ...(cause !== undefined && { cause }) });
}
