import type { StructuredOutputMethodOptions } from "@langchain/core/language_models/base";
import type { AIMessage, BaseMessage } from "@langchain/core/messages";
import { JsonOutputKeyToolsParser } from "@langchain/core/output_parsers/openai_tools";
import type { ChatGeneration } from "@langchain/core/outputs";
import { type Runnable, RunnableLambda } from "@langchain/core/runnables";
import { toJsonSchema } from "@langchain/core/utils/json_schema";
import { dropAddedNulls } from "../../core/added-nulls.ts";
import { invalidOption } from "../../core/check-options.ts";
import type { StandardSchema } from "../../core/standard-schema.ts";
import type { JsonSchema } from "../../core/tool.ts";
import { argumentCheck, type Checked } from "../../model/argument-check.ts";
import { jsonMistake } from "../../model/json-mistake.ts";
import { formatName, jsonText, repeats } from "../../model/object.ts";
import { isStandardSchema } from "../../model/schema-json.ts";
import { withoutDialect } from "../reply-facts.ts";
import type { ChatModelwrightCallOptions } from "./call.ts";
import { unreadable } from "./unreadable.ts";

interface Structured {
  /** Options that ask for the object. */
  readonly bound: Pick<ChatModelwrightCallOptions, "tools" | "tool_choice" | "response_format">;
  /** Reads the object of an answer. */
  readonly parser: Runnable<BaseMessage, Record<string, unknown>>;
}

interface Wanted {
  readonly schema: unknown;
  readonly json: JsonSchema;
  readonly name: string;
}

type Fields = Record<string, unknown>;

/**
 * How to ask for an object of a schema of zod, a Standard Schema, or JSON Schema.
 * @throws ModelError `invalid_request` for something else.
 */
export function structured(schema: unknown, config: StructuredOutputMethodOptions<boolean>): Structured {
  const { method = "jsonSchema" } = config;
  const json = jsonOf(schema);
  const name = formatName(config.name ?? json["title"]);
  const wanted: Wanted = { schema, json, name };
  if (method === "functionCalling") {
    const tool = { type: "function", function: { name, description: describedBy(json), parameters: json } };
    const parser = new CallParser(wanted) as unknown as Structured["parser"];
    return { bound: { tools: [tool], tool_choice: name }, parser };
  }
  if (method !== "jsonSchema" && method !== "jsonMode")
    throw invalidOption(
      `withStructuredOutput: unknown method "${method}"; expected jsonSchema, jsonMode or functionCalling`,
    );
  const strict = config.strict === undefined ? {} : { strict: config.strict };
  const response_format =
    method === "jsonMode"
      ? ({ type: "json_object" } as const)
      : ({ type: "json_schema", name, schema: json, ...strict } as const);
  const parser = RunnableLambda.from<BaseMessage, Fields>((message) => objectInText(message as AIMessage, wanted));
  return { bound: { response_format }, parser };
}

function jsonOf(schema: unknown): JsonSchema {
  if ((typeof schema !== "object" && typeof schema !== "function") || schema === null || Array.isArray(schema))
    throw invalidOption("withStructuredOutput: needs a schema of zod, a Standard Schema, or JSON Schema");
  try {
    return withoutDialect(toJsonSchema(schema as never));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw invalidOption(`withStructuredOutput: the schema cannot be converted to JSON Schema: ${why}`);
  }
}

function describedBy({ description }: Readonly<Record<string, unknown>>): string {
  return typeof description === "string" ? description : "The answer.";
}

async function objectInText(message: AIMessage, wanted: Wanted): Promise<Fields> {
  const json = jsonText(message.text);
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw unreadable(message, `not JSON: ${jsonMistake(message.text, json)}`);
  }
  return validObject(value, message, wanted);
}

/** The parser of LangChain does not fail if another tool was called, and does not validate with JSON Schema. */
class CallParser extends JsonOutputKeyToolsParser<Fields> {
  readonly #wanted: Wanted;

  constructor(wanted: Wanted) {
    super({ keyName: wanted.name, returnSingle: true });
    this.#wanted = wanted;
  }

  override async parseResult(generations: ChatGeneration[]): Promise<Fields> {
    const message = generations[0]?.message as AIMessage;
    const call = message.tool_calls?.find(({ name }) => name === this.#wanted.name);
    if (call === undefined) throw unreadable(message, `no call of the tool "${this.#wanted.name}"`);
    return validObject(call.args, message, this.#wanted);
  }
}

async function validObject(value: unknown, message: AIMessage, wanted: Wanted): Promise<Fields> {
  const checked = await check(value, wanted).catch((cause: unknown) => {
    throw unreadable(message, "the validation threw an error, see cause", cause);
  });
  if (checked.ok) return checked.args as Fields;
  throw unreadable(message, repeats(checked.problem, value) ? "it is not valid" : checked.problem);
}

async function check(given: unknown, { schema, json, name }: Wanted): Promise<Checked> {
  if (!isStandardSchema(schema)) return argumentCheck(json, name)(given);
  const result = await (schema as unknown as StandardSchema)["~standard"].validate(dropAddedNulls(given, json));
  if (result.issues === undefined) return { ok: true, args: result.value };
  return { ok: false, problem: result.issues.map(({ message }) => message).join("; ") };
}
