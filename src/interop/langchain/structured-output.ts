import type { StructuredOutputMethodOptions } from "@langchain/core/language_models/base";
import { createContentParser, createFunctionCallingParser } from "@langchain/core/language_models/structured_output";
import type { BaseMessage } from "@langchain/core/messages";
import { type Runnable, RunnableLambda } from "@langchain/core/runnables";
import { toJsonSchema } from "@langchain/core/utils/json_schema";
import { invalidOption } from "../../core/check-options.ts";
import { formatName } from "../../model/object.ts";
import { structuredText, withoutDialect } from "../reply-facts.ts";
import type { ChatModelwrightCallOptions } from "./call.ts";

interface Structured {
  /** Options that ask for the object. */
  readonly bound: Pick<ChatModelwrightCallOptions, "tools" | "tool_choice" | "response_format">;
  /** Reads the object of an answer. */
  readonly parser: Runnable<BaseMessage, Record<string, unknown>>;
}

type Schema = Parameters<typeof createContentParser>[0];

/** How to ask for an object of a schema of zod, a Standard Schema, or JSON Schema. */
export function structured(schema: unknown, config: StructuredOutputMethodOptions<boolean>): Structured {
  const { method = "jsonSchema" } = config;
  const json = withoutDialect(toJsonSchema(schema as never));
  const name = formatName(config.name ?? json["title"]);
  if (method === "functionCalling") {
    const tool = { type: "function", function: { name, description: describedBy(json), parameters: json } };
    const parser = createFunctionCallingParser(schema as Schema, name);
    return { bound: { tools: [tool], tool_choice: name }, parser: parser as unknown as Structured["parser"] };
  }
  if (method !== "jsonSchema" && method !== "jsonMode")
    throw invalidOption(
      `withStructuredOutput: unknown method "${method}"; expected jsonSchema, jsonMode or functionCalling`,
    );
  const plain = RunnableLambda.from((message: BaseMessage) => structuredText(message.text, json) ?? message.text);
  const strict = config.strict === undefined ? {} : { strict: config.strict };
  const response_format =
    method === "jsonMode"
      ? ({ type: "json_object" } as const)
      : ({ type: "json_schema", name, schema: json, ...strict } as const);
  return {
    bound: { response_format },
    parser: plain.pipe(createContentParser(schema as Schema)) as Structured["parser"],
  };
}

function describedBy({ description }: Readonly<Record<string, unknown>>): string {
  return typeof description === "string" ? description : "The answer.";
}
