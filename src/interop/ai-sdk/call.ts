import type {
  LanguageModelV4CallOptions,
  LanguageModelV4FunctionTool,
  LanguageModelV4ProviderTool,
  SharedV4Warning,
} from "@ai-sdk/provider";
import { invalidOption } from "../../core/check-options.ts";
import type { Message } from "../../core/message.ts";
import type { ResponseFormat } from "../../core/request.ts";
import type { JsonSchema, Tool, ToolChoice } from "../../core/tool.ts";
import { formatName } from "../../model/object.ts";
import type { CallOptions } from "../../model/options.ts";
import { withoutDialect } from "../reply-facts.ts";
import { ownOptions } from "./part-metadata.ts";
import { messagesOf } from "./prompt.ts";
import { objectAt } from "./prompt-check.ts";

/** A call of the AI SDK as a call of a model. */
export interface ReadCall {
  readonly messages: readonly Message[];
  readonly options: CallOptions;
  readonly tools: readonly Tool[];
  /** The schema of the answer. */
  readonly schema: JsonSchema | undefined;
  readonly warnings: readonly SharedV4Warning[];
}

/** @throws ModelError `unsupported` or `invalid_request` for what cannot be sent. */
export function readCall(given: LanguageModelV4CallOptions, streaming: boolean): ReadCall {
  const warnings: SharedV4Warning[] = [];
  const messages = messagesOf(given.prompt, warnings);
  const tools = toolsOf(given.tools ?? [], warnings);
  const format = formatOf(given.responseFormat, streaming, warnings);
  const own = ownOptions(given.providerOptions);
  if (own["samples"] !== undefined)
    throw invalidOption("providerOptions.modelwright.samples: the AI SDK reads one answer for each call");
  const options = defined({
    ...settingsOf(given),
    ...(tools.length > 0 && { tools, toolChoice: choiceOf(given.toolChoice) }),
    responseFormat: format,
    extraHeaders: headersOf(given.headers, own["extraHeaders"]),
    signal: given.abortSignal,
    raw: given.includeRawChunks || undefined,
  });
  const schema = format?.type === "json_schema" ? format.schema : undefined;
  return { messages, options: { ...own, ...options }, tools, schema, warnings };
}

function settingsOf(given: LanguageModelV4CallOptions): CallOptions {
  const { temperature, topP, topK, presencePenalty, frequencyPenalty, seed, reasoning } = given;
  return {
    ...{ temperature, topP, topK, presencePenalty, frequencyPenalty, seed },
    maxNewTokens: given.maxOutputTokens,
    stop: given.stopSequences,
    reasoningEffort: reasoning === "provider-default" ? undefined : reasoning,
  };
}

/** The properties that are given: `undefined` would hide an option of `providerOptions`. */
function defined(options: CallOptions): CallOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function toolsOf(
  given: readonly (LanguageModelV4FunctionTool | LanguageModelV4ProviderTool)[],
  warnings: SharedV4Warning[],
): Tool[] {
  return given.flatMap((tool, index) => {
    objectAt(tool, `tools[${index}]`);
    if (tool.type === "provider") {
      const details = "use the web_search option of the entry, or extra_body for other tools of the provider";
      warnings.push({ type: "unsupported", feature: `provider-defined tool ${tool.id}`, details });
      return [];
    }
    if (tool.inputExamples !== undefined)
      warnings.push({ type: "unsupported", feature: `inputExamples of tool ${tool.name}` });
    const { name, description, inputSchema, strict } = tool;
    objectAt(inputSchema, `tools[${index}].inputSchema`);
    const parameters = withoutDialect(inputSchema);
    return [{ name, ...(description !== undefined && { description }), parameters, ...(strict && { strict }) }];
  });
}

/** "auto" is the AI SDK's default, so that the entry's own `tool_choice` applies. */
function choiceOf(choice: LanguageModelV4CallOptions["toolChoice"]): ToolChoice | undefined {
  if (choice === undefined || choice.type === "auto") return undefined;
  return choice.type === "tool" ? { name: choice.toolName } : choice.type;
}

function formatOf(
  format: LanguageModelV4CallOptions["responseFormat"],
  streaming: boolean,
  warnings: SharedV4Warning[],
): ResponseFormat | undefined {
  if (format?.type !== "json") return undefined;
  if (format.schema === undefined) return { type: "json_object" };
  const schema = withoutDialect(format.schema);
  const { name = schema["title"], description } = format;
  // Strict mode would add nulls for optional properties, and text that was streamed cannot be corrected.
  const isLoose = streaming && hasOptional(schema);
  if (isLoose) {
    const details = "the schema has optional properties, so that the provider does not enforce it in a stream";
    warnings.push({ type: "compatibility", feature: "responseFormat", details });
  }
  return {
    ...{ type: "json_schema", name: formatName(name), schema },
    ...(description !== undefined && { description }),
    ...(isLoose && { strict: false }),
  };
}

/** Whether an object in the schema has a property that it does not require. */
function hasOptional(schema: unknown): boolean {
  if (typeof schema !== "object" || schema === null) return false;
  if (Array.isArray(schema)) return schema.some(hasOptional);
  const { properties, required } = schema as { readonly properties?: unknown; readonly required?: unknown };
  if (typeof properties === "object" && properties !== null) {
    const names: readonly unknown[] = Array.isArray(required) ? required : [];
    if (Object.keys(properties).some((name) => !names.includes(name))) return true;
  }
  return Object.values(schema).some(hasOptional);
}

/** The AI SDK adds its own name to every call; a name that the caller gave stays. */
const AI_SDK_AGENT = /^ai\/[\w.-]+$/;

/** The headers of a call, with those of `providerOptions`. */
export function headersOf(
  headers: LanguageModelV4CallOptions["headers"],
  own: unknown,
): Readonly<Record<string, string>> | undefined {
  const given = Object.entries(headers ?? {}).filter(
    (header): header is [string, string] =>
      header[1] !== undefined && !(header[0].toLowerCase() === "user-agent" && AI_SDK_AGENT.test(header[1])),
  );
  // What is not an object is refused with the other options.
  const isTable = own === undefined || (typeof own === "object" && own !== null && !Array.isArray(own));
  return given.length === 0 || !isTable ? undefined : { ...own, ...Object.fromEntries(given) };
}
