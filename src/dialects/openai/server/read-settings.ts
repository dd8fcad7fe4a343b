import { EFFORTS, type ModelRequest, type ResponseFormat } from "../../../core/request.ts";
import type { JsonSchema, Tool } from "../../../core/tool.ts";
import type { Fields } from "../../served/fields.ts";
import { asObject, asString, type Json } from "../../served/json.ts";
import type { OwnWire } from "../../served/own-wire.ts";
import { isPrefixKey } from "../prompt-cache-key.ts";
import { allowedNames } from "./check-request.ts";

type RequestSettings = ModelRequest["settings"];

/** Settings with the same names in both OpenAI APIs. */
export function readShared(body: Fields, own: OwnWire): RequestSettings {
  const metadata = body.json("metadata");
  return {
    temperature: body.number("temperature"),
    topP: body.number("top_p"),
    topLogprobs: body.number("top_logprobs"),
    serviceTier: body.string("service_tier"),
    user: body.string("user"),
    metadata: metadata as Readonly<Record<string, string>> | undefined,
    promptCache: readCacheKey(body, own),
  };
}

/** The key routes requests with the same prefix to the same machine. For another wire format, a new one is generated. */
function readCacheKey(body: Fields, own: OwnWire): true | undefined {
  const from = body.string("prompt_cache_key");
  if (from === undefined) return undefined;
  const reason = "a new key is generated from the instructions and the tools";
  if (!isPrefixKey(from)) own.keep("prompt_cache_key", from, { to: true, reason });
  return true;
}

export function readEffort(body: Fields | undefined, name: string): RequestSettings["reasoningEffort"] {
  return body?.oneOf(name, EFFORTS);
}

export function readVerbosity(body: Fields | undefined): RequestSettings["verbosity"] {
  return body?.oneOf("verbosity", ["low", "medium", "high"]);
}

/** `schema` has the fields of the JSON schema format; chat completions nests them. */
export function readFormat(format: Fields | undefined, schema = format): ResponseFormat | undefined {
  const type = format?.oneOf("type", ["text", "json_object", "json_schema"]);
  if (format === undefined || type === undefined) return undefined;
  if (type !== "json_schema") return { type };
  const name = schema?.string("name") ?? format.refuse("Missing required parameter.", "name");
  const strict = schema?.boolean("strict");
  const description = schema?.string("description");
  return {
    type,
    name,
    schema: (schema?.json("schema") ?? {}) as JsonSchema,
    ...(strict !== undefined && { strict }),
    ...(description !== undefined && { description }),
  };
}

/** `tool` has the fields of the function; chat completions nests them. */
export function readFunction(tool: Fields): Tool {
  const description = tool.string("description");
  return {
    name: tool.string("name") ?? tool.refuse("Missing required parameter.", "name"),
    ...(description !== undefined && { description }),
    parameters: (tool.json("parameters") ?? { type: "object", properties: {} }) as JsonSchema,
    ...(tool.boolean("strict") === true && { strict: true }),
  };
}

/** The function that stands for a custom tool: its input is one string. */
export function customFunction(tool: Fields): Tool {
  const description = tool.string("description");
  const input = { type: "string", description: formatText(tool.object("format")) };
  return {
    name: tool.string("name") ?? tool.refuse("Missing required parameter.", "name"),
    ...(description !== undefined && { description }),
    parameters: { type: "object", properties: { input }, required: ["input"] },
  };
}

export const CUSTOM_LOSS = { to: "function", reason: "another wire format gets a function with one string as input" };

/** The grammar of the input, which a function cannot enforce. */
function formatText(format: Fields | undefined): string {
  const grammar = format?.object("grammar") ?? format;
  const definition = grammar?.string("definition");
  for (const fields of [format, grammar]) fields?.takeRest();
  return definition === undefined
    ? "The input of the tool."
    : `The input of the tool. It follows this grammar:\n${definition}`;
}

const CHOICES = ["auto", "none", "required"] as const;

type ToolSettings = Pick<RequestSettings, "tools" | "toolChoice" | "parallelToolCalls">;

/** The allowed tools, and whether the model must call one. */
export function readToolChoice(body: Fields, tools: readonly Tool[], own: OwnWire): ToolSettings {
  const parallelToolCalls = body.boolean("parallel_tool_calls");
  const choice = readChoice(body, tools, own);
  if (!own.keepsTools) return { ...choice, parallelToolCalls };
  for (const name of ["tool_choice", "parallel_tool_calls"]) if (name in body.sent) own.keep(name, body.sent[name]);
  // Without functions, all that is said of tools goes to the same wire format.
  return tools.length === 0 ? {} : { ...choice, parallelToolCalls };
}

function readChoice(body: Fields, tools: readonly Tool[], own: OwnWire): ToolSettings {
  const all = tools.length === 0 ? {} : { tools };
  if (body.isString("tool_choice")) {
    const toolChoice = body.oneOf("tool_choice", CHOICES);
    if (toolChoice === "required" && tools.length === 0) own.requireTool("tool_choice");
    return { ...all, toolChoice };
  }
  const choice = body.json("tool_choice");
  if (choice === undefined) return all;
  const names = chosenNames(choice);
  const [only] = names;
  if (choice.type === "allowed_tools") return allowedTools(choice, tools, names, own);
  if (only !== undefined && names.length === 1 && tools.some(({ name }) => name === only))
    return { ...all, toolChoice: { name: only } };
  own.keep("tool_choice", choice, { reason: "only functions can be named for another wire format" });
  own.requireTool("tool_choice");
  return all;
}

/** The names in a choice; tools without a name are named by their type. */
function chosenNames(choice: Json): readonly string[] {
  const custom = asString(asObject(choice.custom)?.name);
  if (custom !== undefined) return [custom];
  const names = allowedNames(choice);
  return names.length === 0 && typeof choice.type === "string" ? [choice.type] : names;
}

/** OpenAI keeps all tools in the cached prefix and restricts the calls. Another wire format gets the allowed tools. */
function allowedTools(choice: Json, tools: readonly Tool[], names: readonly string[], own: OwnWire): ToolSettings {
  const mode = (asObject(choice.allowed_tools) ?? choice).mode === "required" ? "required" : "auto";
  const reason = "tools that are not allowed are omitted from the request";
  own.keep("tool_choice", choice, { to: mode, reason });
  own.keepTools();
  return { tools: tools.filter(({ name }) => names.includes(name)), toolChoice: mode };
}
