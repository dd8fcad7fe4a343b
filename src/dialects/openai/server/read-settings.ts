import type { Adjustment } from "../../../core/attempt.ts";
import { EFFORTS, type ModelRequest, type ResponseFormat } from "../../../core/request.ts";
import type { JsonSchema, Tool } from "../../../core/tool.ts";
import type { Fields } from "../../served/fields.ts";
import { asObject, type Json } from "../../served/json.ts";
import { isPrefixKey } from "../prompt-cache-key.ts";
import { allowedNames } from "./check-request.ts";

type RequestSettings = ModelRequest["settings"];

/** What both APIs of OpenAI spell alike. */
export function readShared(body: Fields, adjustments: Adjustment[]): RequestSettings {
  const metadata = body.json("metadata");
  return {
    temperature: body.number("temperature"),
    topP: body.number("top_p"),
    topLogprobs: body.number("top_logprobs"),
    serviceTier: body.text("service_tier"),
    user: body.text("user"),
    metadata: metadata as Readonly<Record<string, string>> | undefined,
    parallelToolCalls: body.flag("parallel_tool_calls"),
    promptCache: readCacheKey(body, adjustments),
  };
}

/** The key serves to send requests with one prefix to one machine, and is made anew for the model that answers. */
function readCacheKey(body: Fields, adjustments: Adjustment[]): true | undefined {
  const from = body.text("prompt_cache_key");
  if (from === undefined) return undefined;
  if (isPrefixKey(from)) return true;
  const reason = "a key is made of the instructions and the tools";
  adjustments.push({ setting: "prompt_cache_key", from, to: true, reason });
  return true;
}

export function readEffort(body: Fields | undefined, name: string): RequestSettings["reasoningEffort"] {
  return body?.word(name, EFFORTS);
}

export function readVerbosity(body: Fields | undefined): RequestSettings["verbosity"] {
  return body?.word("verbosity", ["low", "medium", "high"]);
}

/** `schema` has the fields of a JSON schema format, which one API nests. */
export function readFormat(format: Fields | undefined, schema = format): ResponseFormat | undefined {
  const type = format?.word("type", ["text", "json_object", "json_schema"]);
  if (format === undefined || type === undefined) return undefined;
  if (type !== "json_schema") return { type };
  const name = schema?.text("name") ?? format.refuse("Missing required parameter.", "name");
  const strict = schema?.flag("strict");
  const description = schema?.text("description");
  return {
    type,
    name,
    schema: (schema?.json("schema") ?? {}) as JsonSchema,
    ...(strict !== undefined && { strict }),
    ...(description !== undefined && { description }),
  };
}

/** `tool` has the fields of a function, which one API nests. */
export function readFunction(tool: Fields): Tool {
  const description = tool.text("description");
  return {
    name: tool.text("name") ?? tool.refuse("Missing required parameter.", "name"),
    ...(description !== undefined && { description }),
    parameters: (tool.json("parameters") ?? { type: "object", properties: {} }) as JsonSchema,
    ...(tool.flag("strict") === true && { strict: true }),
  };
}

const WORDS = ["auto", "none", "required"] as const;

/** The tools that may be called, and whether one must be. */
export function readToolChoice(
  body: Fields,
  tools: readonly Tool[],
  adjustments: Adjustment[],
): Pick<RequestSettings, "tools" | "toolChoice"> {
  const all = tools.length === 0 ? {} : { tools };
  if (body.holdsString("tool_choice")) return { ...all, toolChoice: body.word("tool_choice", WORDS) };
  const choice = body.json("tool_choice");
  if (choice === undefined) return all;
  const names = allowedNames(choice);
  const [only] = names;
  if (choice.type === "allowed_tools") return allowedTools(choice, tools, names, adjustments);
  if (only !== undefined && names.length === 1) return { ...all, toolChoice: { name: only } };
  const reason = "only functions can be chosen";
  adjustments.push({ setting: "tool_choice", from: choice, to: undefined, reason });
  return all;
}

/** The list restricts the tools and leaves them in the cached prefix; here the others are left out. */
function allowedTools(
  choice: Json,
  tools: readonly Tool[],
  names: readonly string[],
  adjustments: Adjustment[],
): Pick<RequestSettings, "tools" | "toolChoice"> {
  const mode = (asObject(choice.allowed_tools) ?? choice).mode === "required" ? "required" : "auto";
  const reason = "tools that may not be called are left out of the request";
  adjustments.push({ setting: "tool_choice", from: choice, to: mode, reason });
  return { tools: tools.filter(({ name }) => names.includes(name)), toolChoice: mode };
}
