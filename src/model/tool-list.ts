import { either, FLAG, FUNCTION, invalidOption, MILLISECONDS } from "../core/check-options.ts";
import type { ToolInput, ToolsInput } from "../core/option-values.ts";

/** The fields that only `run` needs. */
export const EXECUTION_RULES = { execute: FUNCTION, timeoutMs: MILLISECONDS, needsApproval: either(FLAG, FUNCTION) };
const RUN_FIELDS = Object.keys(EXECUTION_RULES);

type Fields = Readonly<Record<string, unknown>>;

/**
 * Tools as an array, each with its name; an object has the names as keys.
 * @throws ModelError `invalid_request` if a tool in an object has another name than its key.
 */
export function toolList(tools: ToolsInput): readonly ToolInput[];
export function toolList(tools: unknown): unknown;
export function toolList(tools: unknown): unknown {
  if (typeof tools !== "object" || tools === null || Array.isArray(tools)) return tools;
  return Object.entries(tools).map(([key, tool]: [string, unknown]) => {
    if (typeof tool !== "object" || tool === null) return tool;
    const name = nameOf(tool as Fields) ?? key;
    if (name !== key)
      throw invalidOption(`tools.${key}: the tool has the name "${String(name)}"; in an object, the key is its name`);
    return "function" in tool ? tool : { ...tool, name };
  });
}

/** Without what only `run` needs; a tool that has nothing of it is returned as it is. */
export function definitionOf(tool: unknown): unknown {
  if (typeof tool !== "object" || tool === null) return tool;
  const { inputSchema, ...rest } = tool as Fields;
  if (inputSchema === undefined && !RUN_FIELDS.some((field) => field in tool)) return tool;
  const kept = Object.entries(rest).filter(([field, value]) => !RUN_FIELDS.includes(field) && value !== undefined);
  return {
    ...Object.fromEntries(kept),
    ...(inputSchema !== undefined && rest["parameters"] === undefined && { parameters: inputSchema }),
  };
}

/** The name of a tool, flat or in OpenAI's format. */
function nameOf(tool: Fields): unknown {
  return (tool["function"] as Fields | undefined)?.["name"] ?? tool["name"];
}
