import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

/** Data files that are no part of the repository; tests that need them are skipped without them. */
export const FIXTURES = resolve(import.meta.dirname, "../..", process.env["MODELWRIGHT_FIXTURES"] ?? "../shared");
const DESCRIPTION = resolve(FIXTURES, "contracts/openai-openapi.json");
export const hasOpenaiSchema = existsSync(DESCRIPTION);

type Schema = Record<string, unknown>;

let compiler: { ajv: Ajv2020; compiled: Map<string, ValidateFunction> } | undefined;

function compile(name: string): ValidateFunction {
  compiler ??= { ajv: createAjv(), compiled: new Map() };
  let validate = compiler.compiled.get(name);
  if (validate === undefined) {
    const reference = `openai#/components/schemas/${name}`;
    validate = compiler.ajv.compile({ $ref: reference, unevaluatedProperties: false });
    compiler.compiled.set(name, validate);
  }
  return validate;
}

function createAjv(): Ajv2020 {
  const ajv = new Ajv2020({ strict: false, allErrors: true, unevaluated: true, validateFormats: true });
  (addFormats as unknown as (ajv: Ajv2020) => void)(ajv);
  ajv.addFormat("uri", () => true);
  const description = JSON.parse(readFileSync(DESCRIPTION, "utf8")) as { components: { schemas: Schema } };
  ajv.addSchema({ $id: "openai", components: { schemas: rewriteAll(description.components.schemas) } });
  return ajv;
}

function rewriteAll(schemas: Schema): Schema {
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, rewrite(schema)]));
}

/** OpenAPI's `nullable` becomes a null type, its discriminator goes, and its closed objects stay as they are. */
function rewrite(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(rewrite);
  if (typeof node !== "object" || node === null) return node;
  const { nullable, discriminator: _, example: __, ...rest } = node as Schema;
  const rewritten = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, rewrite(value)])) as Schema;
  if (Array.isArray(rewritten["oneOf"])) {
    // Members of a union overlap once the discriminator is gone.
    rewritten["anyOf"] = rewritten["oneOf"];
    delete rewritten["oneOf"];
  }
  return nullable === true ? { anyOf: [rewritten, { type: "null" }] } : rewritten;
}

function check(name: string, value: unknown): void {
  const validate = compile(name);
  if (validate(value)) return;
  const errors = (validate.errors ?? []).map(
    (error) => `${error.instancePath || "/"} ${error.message} ${JSON.stringify(error.params)}`,
  );
  throw new Error(
    `not a legal ${name}:\n${[...new Set(errors)].slice(0, 20).join("\n")}\n${JSON.stringify(value).slice(0, 2_000)}`,
  );
}

/** Throws when a body is no legal request of `POST /chat/completions`; unknown properties are errors. */
export function validateChatRequest(body: unknown): void {
  check("CreateChatCompletionRequest", body);
  refuseUnknown("a message", (body as { messages: unknown[] }).messages, CHAT_MESSAGE_KEYS);
}

/** Throws when a body is no legal request of `POST /responses`; unknown properties are errors. */
export function validateResponsesRequest(body: unknown): void {
  check("CreateResponse", body);
  const { input } = body as { input: unknown };
  if (Array.isArray(input)) refuseUnknown("an item", input, ITEM_KEYS);
}

/** Throws when a body is no legal answer of `POST /chat/completions`. */
export function validateChatResponse(body: unknown): void {
  check("CreateChatCompletionResponse", body);
}

/** Throws when an event is no legal chunk of a chat stream. */
export function validateChatChunk(chunk: unknown): void {
  check("CreateChatCompletionStreamResponse", chunk);
}

/** Throws when a body is no legal answer of `POST /responses`. */
export function validateResponsesResponse(body: unknown): void {
  check("Response", body);
}

/** Throws when an event is no legal event of a responses stream. */
export function validateResponsesEvent(event: unknown): void {
  check("ResponseStreamEvent", event);
}

/** The description leaves objects below the first level open; these are the keys our wire may put there. */
const CHAT_MESSAGE_KEYS = new Set(["role", "content", "name", "tool_calls", "tool_call_id", "refusal", "audio"]);
const ITEM_KEYS = new Set([
  ...["type", "role", "content", "phase", "id", "call_id", "name", "arguments", "output"],
  ...["summary", "encrypted_content", "status"],
]);

function refuseUnknown(what: string, objects: readonly unknown[], known: ReadonlySet<string>): void {
  for (const object of objects) {
    for (const key of Object.keys(object as Schema))
      if (!known.has(key)) throw new Error(`${what} has the unknown key ${key}`);
  }
}
