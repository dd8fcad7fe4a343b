import type { Anthropic } from "@anthropic-ai/sdk";
import type { ModelRequest } from "../../core/request.ts";
import { isNode, resolveRef } from "../../core/schema-node.ts";
import type { Target } from "../../core/target.ts";
import { targetError } from "../../core/target-error.ts";
import type { JsonSchema, Tool } from "../../core/tool.ts";
import type { Report } from "../report.ts";
import type { Turn } from "./messages.ts";
import { isRecursive, lowerSchema } from "./schema.ts";

/** The tool whose input is the answer, for models without structured output. */
export const JSON_TOOL = "json_tool_call";

/** Whether the answer is requested as the input of a tool instead of with a schema. */
export function answersThroughTool(request: ModelRequest, target: Target): boolean {
  const format = request.settings.responseFormat;
  if (format?.type !== "json_schema") return false;
  return target.facts.capabilities.jsonSchema === false || isRecursive(format.schema);
}

export interface EncodedTools {
  readonly tools?: Anthropic.ToolUnion[];
  readonly tool_choice?: Anthropic.ToolChoice;
}

export function encodeTools(
  request: ModelRequest,
  turns: readonly Turn[],
  thinking: boolean,
  target: Target,
  report: Report,
): EncodedTools {
  const { settings } = request;
  const own = (settings.tools ?? []).map((tool) => encodeTool(tool, target, report));
  const tools: Anthropic.ToolUnion[] = [...own];
  if (settings.webSearch) tools.push(webSearchTool(settings.webSearch, report));
  if (answersThroughTool(request, target)) tools.push(jsonTool(request, target));
  if (tools.length === 0) {
    reportUnused(request, report);
    return toolsOfHistory(turns, report);
  }
  const choice = toolChoice(request, own.length, thinking, target, report);
  return { tools, ...(choice !== undefined && { tool_choice: choice }) };
}

function encodeTool(tool: Tool, target: Target, report: Report): Anthropic.Tool {
  const base = { name: tool.name, ...(tool.description !== undefined && { description: tool.description }) };
  const schema = objectSchema(tool.parameters, `the parameters of tool "${tool.name}"`, target, report);
  if (tool.strict !== true) return { ...base, input_schema: schema };
  const lowered = lowerSchema(schema);
  if (lowered.lost.length > 0) {
    report(
      `tools.${tool.name}`,
      lowered.lost,
      "description",
      "the API does not enforce these keywords of a strict tool",
    );
  }
  return { ...base, strict: true, input_schema: lowered.schema as Anthropic.Tool.InputSchema };
}

const COMBINATORS = ["anyOf", "oneOf", "allOf"] as const;

/** The API requires `type: "object"` at the root without a combinator; definitions stay where references point to. */
function objectSchema(schema: JsonSchema, what: string, target: Target, report: Report): Anthropic.Tool.InputSchema {
  const { $ref, ...beside } = schema;
  const resolved = typeof $ref === "string" ? resolveRef($ref, schema) : undefined;
  const top: JsonSchema = isNode(resolved) ? { ...beside, ...resolved } : schema;
  const type = top["type"];
  if (type !== undefined && type !== "object") {
    throw targetError(target, "invalid_request", `${what} must describe an object, not ${JSON.stringify(type)}`);
  }
  if (!COMBINATORS.some((key) => key in top)) return { ...top, type: "object" };
  report(
    "tools",
    COMBINATORS.filter((key) => key in top),
    "properties",
    `${what}: alternatives at the root are merged`,
  );
  return mergeVariants(top);
}

function mergeVariants(top: JsonSchema): Anthropic.Tool.InputSchema {
  const { anyOf, oneOf, allOf, ...rest } = top;
  const lists = [anyOf, oneOf, allOf].filter((list) => Array.isArray(list));
  const variants = lists
    .flat()
    .map((variant: unknown) => follow(variant, top))
    .filter(isNode);
  const properties = Object.assign({}, ...variants.map((variant) => variant["properties"]), rest["properties"]);
  const always = variants.map((variant) => new Set(Array.isArray(variant["required"]) ? variant["required"] : []));
  const shared = [...(always[0] ?? [])].filter((name) => always.every((names) => names.has(name)));
  const required = [...new Set([...(Array.isArray(rest["required"]) ? rest["required"] : []), ...shared])];
  return { ...rest, type: "object", properties, ...(required.length > 0 && { required }) };
}

function follow(node: unknown, root: JsonSchema): unknown {
  return isNode(node) && typeof node["$ref"] === "string" ? resolveRef(node["$ref"], root) : node;
}

function jsonTool(request: ModelRequest, target: Target): Anthropic.Tool {
  const format = request.settings.responseFormat;
  if (format?.type !== "json_schema") throw targetError(target, "invalid_request", "the answer has no schema");
  const silent: Report = () => {};
  return {
    name: JSON_TOOL,
    description: format.description ?? "Give the answer by calling this tool exactly once.",
    input_schema: objectSchema(format.schema, "the schema of the answer", target, silent),
  };
}

const USES_BY_SIZE = { low: 1, medium: 5, high: 10 } as const;

function webSearchTool(
  search: Exclude<ModelRequest["settings"]["webSearch"], undefined | false>,
  report: Report,
): Anthropic.WebSearchTool20250305 {
  const options = search === true ? {} : search;
  const bySize = options.contextSize === undefined ? undefined : USES_BY_SIZE[options.contextSize];
  const uses = options.maxUses ?? bySize;
  if (bySize !== undefined) {
    const reason = "the messages wire has no context size, only a search limit";
    report("web_search", search, { maxUses: uses }, reason);
  }
  return { type: "web_search_20250305", name: "web_search", ...(uses !== undefined && { max_uses: uses }) };
}

/** Tool settings have no effect without tools. */
function reportUnused({ settings }: ModelRequest, report: Report): void {
  const { toolChoice: wanted, parallelToolCalls } = settings;
  const reason = "the request has no tools";
  if (wanted !== undefined && wanted !== "none" && wanted !== "auto") report("tool_choice", wanted, undefined, reason);
  if (parallelToolCalls !== undefined) report("parallel_tool_calls", parallelToolCalls, undefined, reason);
}

/** The API rejects tool calls in a history if their tools are not declared. */
function toolsOfHistory(turns: readonly Turn[], report: Report): EncodedTools {
  const names = new Set<string>();
  for (const { content } of turns) for (const block of content) if (block.type === "tool_use") names.add(block.name);
  if (names.size === 0) return {};
  const tools = [...names].map((name) => ({ name, input_schema: { type: "object" as const } }));
  report("tools", undefined, [...names], "the messages have tool calls, so their tools must be declared");
  return { tools, tool_choice: { type: "none" } };
}

/** The API's words for the choice of a tool. */
const CHOICES = { auto: "auto", none: "none", required: "any" } as const;

/** What a word of the API stands for; `undefined` for the choice of one tool, and for words that it does not have. */
export function toolChoiceOf(word: string): keyof typeof CHOICES | undefined {
  const names = Object.keys(CHOICES) as (keyof typeof CHOICES)[];
  return names.find((name) => CHOICES[name] === word);
}

function toolChoice(
  request: ModelRequest,
  ownTools: number,
  thinking: boolean,
  target: Target,
  report: Report,
): Anthropic.ToolChoice | undefined {
  const { toolChoice: wanted, parallelToolCalls } = request.settings;
  const single = parallelToolCalls === false && ownTools > 0 ? { disable_parallel_tool_use: true } : {};
  if (parallelToolCalls === false && ownTools === 0)
    report("parallel_tool_calls", false, undefined, "the request has no functions");
  if (answersThroughTool(request, target) && typeof wanted !== "object") {
    if (thinking) return { type: "auto", ...single };
    return ownTools > 0 && wanted !== "none"
      ? { type: "any", ...single }
      : { type: "tool", name: JSON_TOOL, ...single };
  }
  if (wanted === "none") return { type: "none" };
  if (wanted === undefined || wanted === "auto") {
    return wanted === "auto" || "disable_parallel_tool_use" in single ? { type: "auto", ...single } : undefined;
  }
  if (thinking) {
    report("tool_choice", wanted, "auto", "a tool cannot be forced while thinking is on");
    return { type: "auto", ...single };
  }
  return wanted === "required" ? { type: CHOICES.required, ...single } : { type: "tool", name: wanted.name, ...single };
}
