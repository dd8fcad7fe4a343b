import type { Effort, ModelRequest, ResponseFormat } from "../../../core/request.ts";
import type { JsonSchema, Tool, ToolChoice } from "../../../core/tool.ts";
import type { Fields } from "../../served/fields.ts";
import { asObject, type Json } from "../../served/json.ts";
import { applyMarks } from "../../served/marks.ts";
import { OwnWire, type ReadTool } from "../../served/own-wire.ts";
import { type ReceivedRequest, type ServedRequest, servedRequest } from "../../served/served-request.ts";
import { toolChoiceOf } from "../encode.ts";
import { effortOfBudget, effortOfLevel } from "../thinking.ts";
import { GENERATE_MARKS } from "./generate-marks.ts";
import { fieldsOf, GenerateTurns } from "./generate-turns.ts";
import { plainSchema } from "./plain-schema.ts";

type RequestSettings = ModelRequest["settings"];

/** Reads a generateContent body; the path has the model and whether to stream. */
export function readGenerateRequest(received: ReceivedRequest): ServedRequest {
  const body = fieldsOf(counted(received) ?? received.body);
  applyMarks(body, GENERATE_MARKS.fields);
  const own = new OwnWire("google", received.owner, GENERATE_MARKS);
  const named = body.string("model");
  const model = received.model ?? named ?? body.refuse("model is not specified", "model");
  const stream = received.streaming ?? false;
  const turns = new GenerateTurns(received.owner, own);
  const system = body.object("systemInstruction");
  if (system !== undefined) turns.addSystem(system);
  for (const content of body.objects("contents") ?? body.refuse("contents is not specified", "contents"))
    turns.add(content);
  const config = body.object("generationConfig");
  if (config !== undefined) applyMarks(config, GENERATE_MARKS.fields);
  const samples = config?.number("candidateCount") ?? 1;
  const settings = { ...readTopLevel(body, own), ...(config && readConfig(config, own)) };
  const read = { model, stream, messages: turns.messages, settings, samples };
  return servedRequest(body, read, [], own.finish(body));
}

/** The counting endpoint takes a complete generate request, or its contents directly. */
function counted({ body, counting }: ReceivedRequest): Json | undefined {
  return counting === true
    ? (asObject(body.generateContentRequest) ?? asObject(body.generate_content_request))
    : undefined;
}

function readConfig(config: Fields, own: OwnWire): RequestSettings {
  return {
    temperature: config.number("temperature"),
    topP: config.number("topP"),
    topK: config.number("topK"),
    maxNewTokens: config.number("maxOutputTokens"),
    stop: config.strings("stopSequences"),
    seed: config.number("seed"),
    frequencyPenalty: config.number("frequencyPenalty"),
    presencePenalty: config.number("presencePenalty"),
    logprobs: config.boolean("responseLogprobs"),
    topLogprobs: config.number("logprobs"),
    modalities: config.strings("responseModalities")?.map((modality) => modality.toLowerCase()),
    responseFormat: readFormat(config),
    reasoningEffort: readThinking(config.object("thinkingConfig"), own),
  };
}

/** A schema has no name in this API, but our request requires one. */
const NAME = "answer";

function readFormat(config: Fields): ResponseFormat | undefined {
  const json = config.json("responseJsonSchema");
  const schema = json ?? plainSchema(config.json("responseSchema"));
  const type = config.string("responseMimeType");
  if (schema !== undefined) return { type: "json_schema", name: NAME, schema: schema as JsonSchema };
  if (type === "application/json") return { type: "json_object" };
  if (type === undefined || type === "text/plain") return undefined;
  config.refuse(`'${type}' is not supported`, "responseMimeType");
}

function readThinking(thinking: Fields | undefined, own: OwnWire): Effort | undefined {
  const level = thinking?.string("thinkingLevel");
  const budget = thinking?.number("thinkingBudget");
  if (thinking === undefined || (level === undefined && budget === undefined)) return undefined;
  // Always requested for models that think, so it needs no setting.
  const withThoughts = thinking.boolean("includeThoughts") === true;
  if (level !== undefined)
    return effortOfLevel(level, withThoughts) ?? thinking.refuse(`'${level}' is not a thinking level`, "thinkingLevel");
  const tokens = budget ?? 0;
  if (!Number.isSafeInteger(tokens)) thinking.refuse("expected an integer", "thinkingBudget");
  const nearest = effortOfBudget(tokens);
  own.budget(tokens, thinking.pathOf("thinkingBudget"), nearest);
  return nearest.effort;
}

/** Settings outside of `generationConfig`. */
function readTopLevel(body: Fields, own: OwnWire): RequestSettings {
  const { tools, webSearch } = own.tools(body, readTool);
  const metadata = body.json("labels");
  return {
    serviceTier: body.string("serviceTier"),
    metadata: metadata as Readonly<Record<string, string>> | undefined,
    webSearch,
    ...readToolConfig(body.object("toolConfig"), tools, own),
  };
}

/** Functions and the web search; what else the tool has stays unread. */
function readTool(tool: Fields): ReadTool {
  const functions = (tool.objects("functionDeclarations") ?? []).map(readDeclaration);
  return tool.object("googleSearch") === undefined ? { functions } : { functions, webSearch: true };
}

function readDeclaration(declaration: Fields): Tool {
  const description = declaration.string("description");
  const schema = declaration.json("parametersJsonSchema") ?? plainSchema(declaration.json("parameters"));
  return {
    name: declaration.string("name") ?? declaration.refuse("name is required", "name"),
    ...(description !== undefined && { description }),
    parameters: (schema ?? { type: "object", properties: {} }) as JsonSchema,
  };
}

function readToolConfig(
  config: Fields | undefined,
  tools: readonly Tool[],
  own: OwnWire,
): Pick<RequestSettings, "tools" | "toolChoice"> {
  const all = tools.length === 0 ? {} : { tools };
  const calling = config?.object("functionCallingConfig");
  if (config === undefined || calling === undefined) return all;
  if (own.keepsTools) own.keep("toolConfig", config.sent);
  const toolChoice = readMode(calling);
  const names = calling.strings("allowedFunctionNames");
  if (toolChoice === "required" && tools.length === 0) own.requireTool("toolConfig.functionCallingConfig");
  // Without functions, all that is said of tools goes to the same wire format.
  if (own.keepsTools && tools.length === 0) return {};
  if (names === undefined) return { ...all, toolChoice };
  const [only] = names;
  if (only !== undefined && names.length === 1 && toolChoice === "required")
    return { ...all, toolChoice: { name: only } };
  const setting = calling.pathOf("allowedFunctionNames");
  own.keep("toolConfig", config.sent, {
    setting,
    reason: "functions that are not allowed are omitted from the request",
  });
  own.keepTools();
  return { tools: tools.filter(({ name }) => names.includes(name)), toolChoice };
}

function readMode(calling: Fields): ToolChoice | undefined {
  const mode = calling.string("mode")?.toUpperCase();
  if (mode === undefined || mode === "MODE_UNSPECIFIED") return undefined;
  return toolChoiceOf(mode) ?? calling.refuse(`'${mode}' is not a function calling mode`, "mode");
}
