import type {
  BaseChatModelCallOptions,
  BindToolsInput,
  ToolChoice as LangChainChoice,
} from "@langchain/core/language_models/chat_models";
import { convertToOpenAITool, isLangChainTool } from "@langchain/core/utils/function_calling";
import { invalidOption } from "../../core/check-options.ts";
import { kindOf } from "../../core/invalid-input.ts";
import type { ToolInput } from "../../core/option-values.ts";
import type { ResponseFormat } from "../../core/request.ts";
import type { ToolChoice } from "../../core/tool.ts";
import type { CallOptions } from "../../model/options.ts";
import { withoutDialect } from "../reply-facts.ts";

/** Options of a call of the chat model. */
export type ChatModelwrightCallOptions = BaseChatModelCallOptions & {
  tools?: BindToolsInput[];
  response_format?: ResponseFormat;
  /** Options of modelwright, such as `{ user: "ann", maxNewTokens: 500 }`; LangChain's own options take precedence. */
  modelwright?: CallOptions;
};

/** The part of the options that LangChain passes on. */
type GivenOptions = Pick<
  ChatModelwrightCallOptions,
  "stop" | "signal" | "tools" | "tool_choice" | "response_format" | "modelwright"
>;

export function callOptionsOf(given: GivenOptions): CallOptions {
  const { stop, signal, tools, tool_choice, response_format: responseFormat, modelwright } = given;
  if (modelwright?.samples !== undefined)
    throw invalidOption("modelwright.samples: LangChain reads one answer for each call; use batch");
  return {
    ...modelwright,
    ...(stop !== undefined && { stop }),
    ...(signal !== undefined && { signal }),
    ...(responseFormat !== undefined && { responseFormat }),
    ...(tools !== undefined && toolsOf(tools)),
    ...(tool_choice !== undefined && { toolChoice: choiceOf(tool_choice) }),
  };
}

function toolsOf(tools: unknown): Pick<CallOptions, "tools"> {
  if (!Array.isArray(tools)) throw invalidOption(`tools: expected an array, got ${kindOf(tools)}`);
  return tools.length === 0 ? {} : { tools: tools.map((tool, index) => toolOf(tool, `tools[${index}]`)) };
}

/** A tool of LangChain, or in the format of OpenAI or Anthropic. */
function toolOf(tool: BindToolsInput, path: string): ToolInput {
  if (typeof tool !== "object" || tool === null) throw invalidOption(`${path}: expected a tool, got ${kindOf(tool)}`);
  if (isLangChainTool(tool)) {
    const { name, description, parameters } = convertToOpenAITool(tool).function;
    return { name, ...(description !== undefined && { description }), parameters: withoutDialect(parameters ?? {}) };
  }
  const { input_schema: schema, cache_control: _, ...rest } = tool as Record<string, unknown>;
  return (schema === undefined ? tool : { ...rest, parameters: schema }) as ToolInput;
}

/** "any" is LangChain's word for required; objects are OpenAI's or Anthropic's. */
function choiceOf(choice: LangChainChoice): ToolChoice {
  if (choice === null || (typeof choice !== "string" && typeof choice !== "object"))
    throw invalidOption(`tool_choice: expected a string or an object, got ${kindOf(choice)}`);
  if (typeof choice === "string") {
    if (choice === "any") return "required";
    return choice === "auto" || choice === "none" || choice === "required" ? choice : { name: choice };
  }
  const { type, name, function: named } = choice as { type?: string; name?: string; function?: { name?: string } };
  return named?.name === undefined && name === undefined
    ? choiceOf(type ?? "auto")
    : { name: named?.name ?? name ?? "" };
}
