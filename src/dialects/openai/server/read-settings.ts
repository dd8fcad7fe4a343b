import type { Adjustment } from "../../../core/attempt.ts";
import { EFFORTS, type ModelRequest, type ResponseFormat } from "../../../core/request.ts";
import type { JsonSchema, Tool } from "../../../core/tool.ts";
import type { Fields } from "../../served/fields.ts";
import { asObject, type Json } from "../../served/json.ts";
import { isPrefixKey } from "../prompt-cache-key.ts";
import { allowedNames } from "./check-request.ts";

type RequestSettings = ModelRequest["settings"];

/** Settings with the same names in both OpenAI APIs. */
export function readShared(body: Fields, adjustments: Adjustment[]): RequestSettings {
  const metadata = body.json("metadata");
  return {
    temperature: body.number("temperature"),
    topP: body.number("top_p"),
    topLogprobs: body.number("top_logprobs"),
    serviceTier: body.string("service_tier"),
    user: body.string("user"),
    metadata: metadata as Readonly<Record<string, string>> | undefined,
    parallelToolCalls: body.boolean("parallel_tool_calls"),
    promptCache: readCacheKey(body, adjustments),
  };
}

/** The key routes requests with the same prefix to the same machine. A new one is generated for the target. */
function readCacheKey(body: Fields, adjustments: Adjustment[]): true | undefined {
  const from = body.string("prompt_cache_key");
  if (from === undefined) return undefined;
  if (isPrefixKey(from)) return true;
  const reason = "a new key is generated from the instructions and the tools";
  adjustments.push({ setting: "prompt_cache_key", from, to: true, reason });
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

const CHOICES = ["auto", "none", "required"] as const;

/** The allowed tools, and whether the model must call one. */
export function readToolChoice(
  body: Fields,
  tools: readonly Tool[],
  adjustments: Adjustment[],
): Pick<RequestSettings, "tools" | "toolChoice"> {
  const all = tools.length === 0 ? {} : { tools };
  if (body.isString("tool_choice")) return { ...all, toolChoice: body.oneOf("tool_choice", CHOICES) };
  const choice = body.json("tool_choice");
  if (choice === undefined) return all;
  const names = allowedNames(choice);
  const [only] = names;
  if (choice.type === "allowed_tools") return allowedTools(choice, tools, names, adjustments);
  if (only !== undefined && names.length === 1) return { ...all, toolChoice: { name: only } };
  const reason = "only functions are supported in tool_choice";
  adjustments.push({ setting: "tool_choice", from: choice, to: undefined, reason });
  return all;
}

/** OpenAI keeps all tools in the cached prefix and restricts the calls. We omit the tools that are not allowed. */
function allowedTools(
  choice: Json,
  tools: readonly Tool[],
  names: readonly string[],
  adjustments: Adjustment[],
): Pick<RequestSettings, "tools" | "toolChoice"> {
  const mode = (asObject(choice.allowed_tools) ?? choice).mode === "required" ? "required" : "auto";
  const reason = "tools that are not allowed are omitted from the request";
  adjustments.push({ setting: "tool_choice", from: choice, to: mode, reason });
  return { tools: tools.filter(({ name }) => names.includes(name)), toolChoice: mode };
}
