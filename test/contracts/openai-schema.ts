import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

/** Data files that are no part of the repository; tests that need them are skipped without them. */
export const FIXTURES = resolve(import.meta.dirname, "../..", process.env["MODELWRIGHT_FIXTURES"] ?? "../shared");
const DESCRIPTION = resolve(FIXTURES, "contracts/openai-openapi.json");
export const hasOpenaiSchema = existsSync(DESCRIPTION);

type Schema = Record<string, unknown>;

interface Compiler {
  readonly ajv: Ajv2020;
  readonly compiled: Map<string, ValidateFunction>;
}
const compilers = new Map<boolean, Compiler>();

/** `closed`: properties that no schema names are errors, at every depth. */
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
  const description = JSON.parse(readFileSync(DESCRIPTION, "utf8")) as { components: { schemas: Schema } };
  const { schemas } = description.components;
  const open = closed ? membersOfAllOf(schemas) : new Set(Object.keys(schemas));
  const rewritten = Object.entries(schemas).map(([name, schema]) => [name, rewrite(schema, closed && !open.has(name))]);
  ajv.addSchema({ $id: "openai", components: { schemas: Object.fromEntries(rewritten) } });
  return ajv;
}

/** A part of an intersection sees only its own properties, so it cannot be closed by itself. */
function membersOfAllOf(schemas: Schema): Set<string> {
  const names = new Set<string>();
  const visit = (node: unknown, inAllOf: boolean): void => {
    if (Array.isArray(node)) for (const item of node) visit(item, inAllOf);
    if (typeof node !== "object" || node === null || Array.isArray(node)) return;
    const { $ref: reference } = node as Schema;
    if (inAllOf && typeof reference === "string") names.add(reference.split("/").at(-1) ?? "");
    for (const [key, value] of Object.entries(node)) visit(value, key === "allOf" || (inAllOf && key === "anyOf"));
  };
  visit(schemas, false);
  return names;
}

/** OpenAPI's `nullable` becomes a null type; unions lose their discriminator, without which their members overlap. */
function rewrite(node: unknown, closed: boolean): unknown {
  if (Array.isArray(node)) return node.map((item) => rewrite(item, closed));
  if (typeof node !== "object" || node === null) return node;
  const { nullable, discriminator: _, example: __, default: ___, oneOf, ...rest } = node as Schema;
  const schema: Schema = oneOf === undefined ? rest : { ...rest, anyOf: oneOf };
  const rewritten: Schema = {};
  for (const [key, value] of Object.entries(schema)) rewritten[key] = rewriteKeyword(key, value, schema, closed);
  const own = "properties" in schema || "allOf" in schema;
  if (closed && own && !("additionalProperties" in schema)) rewritten["unevaluatedProperties"] = false;
  return nullable === true ? { anyOf: [rewritten, { type: "null" }] } : rewritten;
}

function rewriteKeyword(key: string, value: unknown, parent: Schema, closed: boolean): unknown {
  if (key === "properties") return rewriteAll(value as Schema, closed);
  if (key === "enum" || key === "const" || key === "required") return value;
  return rewrite(value, closed && key !== "allOf" && !(key === "anyOf" && "properties" in parent));
}

function rewriteAll(schemas: Schema, closed: boolean): Schema {
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, rewrite(schema, closed)]));
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

/** Throws when a body is no legal request of `POST /chat/completions`; unknown properties are errors. */
export function validateChatRequest(body: unknown): void {
  check("CreateChatCompletionRequest", body, true);
}

/** Throws when a body is no legal request of `POST /responses`; unknown properties are errors. */
export function validateResponsesRequest(body: unknown): void {
  check("CreateResponse", body, true);
}

/** Throws when a body is no legal answer of `POST /chat/completions`. */
export function validateChatResponse(body: unknown): void {
  check("CreateChatCompletionResponse", body, false);
}

/** Throws when an event is no legal chunk of a chat stream. */
export function validateChatChunk(chunk: unknown): void {
  check("CreateChatCompletionStreamResponse", chunk, false);
}

/** Throws when a body is no legal answer of `POST /responses`. */
export function validateResponsesResponse(body: unknown): void {
  check("Response", body, false);
}

/** Throws when an event is no legal event of a responses stream. */
export function validateResponsesEvent(event: unknown): void {
  check("ResponseStreamEvent", event, false);
}
