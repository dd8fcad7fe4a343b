import { readFileSync } from "node:fs";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { fixture, hasFixtures } from "./fixtures.ts";

const DESCRIPTION = "contracts/openai-openapi.json";
export const hasOpenaiSchema = hasFixtures(DESCRIPTION);

type Schema = Record<string, unknown>;

interface Compiler {
  readonly ajv: Ajv2020;
  readonly compiled: Map<string, ValidateFunction>;
}
const compilers = new Map<boolean, Compiler>();

/** `closed`: properties that are not in any schema are errors, at every depth. */
function compile(name: string, closed: boolean): ValidateFunction {
  let compiler = compilers.get(closed);
  if (compiler === undefined) {
    compiler = { ajv: createAjv(closed), compiled: new Map() };
    compilers.set(closed, compiler);
  }
  let validate = compiler.compiled.get(name);
  if (validate === undefined) {
    validate = compiler.ajv.compile({
      $ref: `openai#/components/schemas/${name}`,
      ...(closed && { unevaluatedProperties: false }),
    });
    compiler.compiled.set(name, validate);
  }
  return validate;
}

function createAjv(closed: boolean): Ajv2020 {
  const ajv = new Ajv2020({ strict: false, allErrors: true, unevaluated: true, logger: false });
  (addFormats as unknown as (ajv: Ajv2020) => void)(ajv);
  ajv.addFormat("uri", () => true);
  const description = JSON.parse(readFileSync(fixture(DESCRIPTION), "utf8")) as { components: { schemas: Schema } };
  const schemas: Schema = {};
  for (const [name, schema] of Object.entries(description.components.schemas)) {
    schemas[name] = rewrite(schema, closed ? "closed" : "open");
    if (closed) schemas[`${name}${PART}`] = rewrite(schema, "part");
  }
  ajv.addSchema({ $id: "openai", components: { schemas } });
  return ajv;
}

/**
 * open: unknown properties are allowed. closed: they are errors. part: errors below the object, but not in the object
 * itself, because it is part of an intersection and sees only its own properties.
 */
type Openness = "open" | "closed" | "part";
const PART = ".part";

/** OpenAPI's `nullable` becomes a null type; unions lose their discriminator, without which their members overlap. */
function rewrite(node: unknown, openness: Openness): unknown {
  if (Array.isArray(node)) return node.map((item) => rewrite(item, openness));
  if (typeof node !== "object" || node === null) return node;
  const { nullable, discriminator: _, example: __, default: ___, oneOf, ...rest } = node as Schema;
  const schema: Schema = oneOf === undefined ? rest : { ...rest, anyOf: oneOf };
  const rewritten: Schema = {};
  for (const [key, value] of Object.entries(schema)) rewritten[key] = rewriteKeyword(key, value, schema, openness);
  // The description requires a property of LocalShellToolCallOutput that it does not list.
  if (Array.isArray(schema["required"]) && "properties" in rewritten)
    rewritten["properties"] = {
      ...Object.fromEntries((schema["required"] as string[]).map((name) => [name, {}])),
      ...(rewritten["properties"] as Schema),
    };
  const composed = "properties" in schema || "allOf" in schema;
  if (openness === "closed" && composed && !("additionalProperties" in schema))
    rewritten["unevaluatedProperties"] = false;
  return nullable === true ? { anyOf: [rewritten, { type: "null" }] } : rewritten;
}

function rewriteKeyword(key: string, value: unknown, parent: Schema, openness: Openness): unknown {
  const below = openness === "open" ? "open" : "closed";
  switch (key) {
    case "enum":
    case "const":
    case "required":
      return value;
    case "$ref":
      return openness === "part" ? `${value}${PART}` : value;
    case "properties":
      return rewriteAll(value as Schema, below);
    case "allOf":
      return rewrite(value, openness === "open" ? "open" : "part");
    case "anyOf":
      return rewrite(value, openness === "closed" && "properties" in parent ? "part" : openness);
    default:
      return rewrite(value, below);
  }
}

function rewriteAll(schemas: Schema, openness: Openness): Schema {
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, rewrite(schema, openness)]));
}

function check(name: string, value: unknown, closed: boolean): void {
  const validate = compile(name, closed);
  if (validate(value)) return;
  const errors = (validate.errors ?? []).map(
    (error) => `${error.instancePath || "/"} ${error.message} ${JSON.stringify(error.params)}`,
  );
  const seen = [...new Set(errors)].slice(0, 20).join("\n");
  throw new Error(`not a legal ${name}:\n${seen}\n${JSON.stringify(value).slice(0, 2_000)}`);
}

/** Throws if a body is not a valid request of `POST /chat/completions`; unknown properties are errors. */
export function validateChatRequest(body: unknown): void {
  check("CreateChatCompletionRequest", body, true);
}

/** Throws if a body is not a valid request of `POST /responses`; unknown properties are errors. */
export function validateResponsesRequest(body: unknown): void {
  check("CreateResponse", body, true);
}

/** Throws if a body is not a valid request of `POST /embeddings`; unknown properties are errors. */
export function validateEmbeddingRequest(body: unknown): void {
  check("CreateEmbeddingRequest", body, true);
}

/** Throws if a body is not a valid response of `POST /chat/completions`. */
export function validateChatResponse(body: unknown): void {
  check("CreateChatCompletionResponse", body, false);
}

/** Throws if an event is not a valid chunk of a chat stream. */
export function validateChatChunk(chunk: unknown): void {
  check("CreateChatCompletionStreamResponse", chunk, false);
}

/** Throws if a body is not a valid response of `POST /responses`. */
export function validateResponsesResponse(body: unknown): void {
  check("Response", body, false);
}

/** Throws if an event is not a valid event of a responses stream. */
export function validateResponsesEvent(event: unknown): void {
  check("ResponseStreamEvent", event, false);
}

/** Throws if a body is not a valid response of `POST /embeddings`. */
export function validateEmbeddingResponse(body: unknown): void {
  check("CreateEmbeddingResponse", body, false);
}

/** Throws if a body is not a valid response of `GET /models`. */
export function validateModelList(body: unknown): void {
  check("ListModelsResponse", body, false);
}

/** Throws if a body is not a valid response of `GET /models/{id}`. */
export function validateModel(body: unknown): void {
  check("Model", body, false);
}

/** Throws if a body is not a valid error. */
export function validateError(body: unknown): void {
  check("ErrorResponse", body, false);
}
