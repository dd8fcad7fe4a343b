import type {
  FunctionCallingConfig,
  FunctionCallingConfigMode,
  FunctionDeclaration,
  GenerateContentConfig,
  GenerateContentParameters,
  Tool as GoogleTool,
  ServiceTier,
} from "@google/genai";
import type { Adjustment } from "../../core/attempt.ts";
import type { Encoded } from "../../core/dialect.ts";
import type { ModelRequest } from "../../core/request.ts";
import type { Target } from "../../core/target.ts";
import type { Tool, ToolChoice } from "../../core/tool.ts";
import { mergeTrees, withAdditions } from "../additions.ts";
import { type Report, reportTo } from "../report.ts";
import { type Conversation, encodeContents } from "./contents.ts";
import { lowerSchema } from "./schema.ts";
import { encodeThinking } from "./thinking.ts";
import { ToolNames } from "./tool-names.ts";

export function encodeGenerate(request: ModelRequest, target: Target): Encoded<GenerateContentParameters> {
  const adjustments: Adjustment[] = [];
  const report = reportTo(adjustments);
  const names = new ToolNames(request);
  const conversation = encodeContents(request.messages, names, target, report);
  const format = encodeFormat(request, conversation, target, report);
  const { system, contents } = conversation;
  // No object of this wire format depends on fields of it that were read.
  const added = withAdditions({}, request.additions, report);
  const extraBody = mergeTrees(added, { ...target.extraBody, ...request.extraBody });
  const config = {
    ...(system.length > 0 && { systemInstruction: { parts: system } }),
    ...encodeSampling(request, report),
    ...encodeThinking(request, target, report),
    ...format,
    ...encodeTools(request, names, report),
    ...encodeRest(request, target, report),
    ...(Object.keys(extraBody).length > 0 && { httpOptions: { extraBody } }),
  } satisfies GenerateContentConfig;
  return { params: { model: target.modelId, contents, config }, adjustments };
}

const MAX_STOPS = 5;

function encodeSampling({ settings, samples }: ModelRequest, report: Report): GenerateContentConfig {
  const stop = settings.stop?.slice(0, MAX_STOPS);
  if (stop !== undefined && stop.length < (settings.stop?.length ?? 0)) {
    report("stop", settings.stop, stop, `the Gemini wire supports at most ${MAX_STOPS} stop sequences`);
  }
  return defined({
    temperature: settings.temperature,
    topP: settings.topP,
    topK: settings.topK,
    maxOutputTokens: settings.maxNewTokens,
    stopSequences: stop,
    seed: settings.seed,
    frequencyPenalty: settings.frequencyPenalty,
    presencePenalty: settings.presencePenalty,
    candidateCount: samples > 1 ? samples : undefined,
    responseLogprobs: settings.logprobs ?? (settings.topLogprobs === undefined ? undefined : true),
    logprobs: settings.topLogprobs,
  });
}

const JSON_TYPE = "application/json";

function encodeFormat(
  request: ModelRequest,
  { system }: Conversation,
  target: Target,
  report: Report,
): GenerateContentConfig {
  const format = request.settings.responseFormat;
  if (format === undefined || format.type === "text") return {};
  if (format.type === "json_object") return { responseMimeType: JSON_TYPE };
  if (target.facts.capabilities.jsonSchema === false) {
    system.push({ text: `Answer with JSON that satisfies this JSON Schema:\n${JSON.stringify(format.schema)}` });
    report("response_format", "json_schema", "an instruction", `${target.modelId} enforces no schema`);
    return { responseMimeType: JSON_TYPE };
  }
  const { schema, lost } = lowerSchema(
    { ...(format.description !== undefined && { description: format.description }), ...format.schema },
    { closed: true },
  );
  if (lost.length > 0) report("response_format", lost, "description", "Gemini does not enforce these keywords");
  return { responseMimeType: JSON_TYPE, responseJsonSchema: schema };
}

function encodeTools({ settings }: ModelRequest, names: ToolNames, report: Report): GenerateContentConfig {
  const declarations = (settings.tools ?? []).map((tool) => encodeTool(tool, names, report));
  const tools: GoogleTool[] = [];
  if (declarations.length > 0) tools.push({ functionDeclarations: declarations });
  if (settings.webSearch) tools.push(encodeSearch(settings.webSearch, report));
  const wanted = settings.toolChoice;
  const choice = declarations.length === 0 ? undefined : wanted;
  if (wanted !== undefined && choice === undefined && wanted !== "none" && wanted !== "auto") {
    report("tool_choice", wanted, undefined, "the request has no tools");
  }
  return {
    ...(tools.length > 0 && { tools }),
    ...(choice !== undefined && { toolConfig: { functionCallingConfig: encodeChoice(choice, names) } }),
  };
}

function encodeSearch(
  search: Exclude<ModelRequest["settings"]["webSearch"], undefined | false>,
  report: Report,
): GoogleTool {
  if (search !== true && Object.keys(search).length > 0) {
    report("web_search", search, true, "this wire supports neither a context size nor a search limit");
  }
  return { googleSearch: {} };
}

function encodeTool(tool: Tool, names: ToolNames, report: Report): FunctionDeclaration {
  if (tool.strict === true)
    report(`tools.${tool.name}`, "strict", "not strict", "this wire cannot enforce the schema of a single tool");
  const { schema, lost } = lowerSchema(tool.parameters, { closed: false });
  if (lost.length > 0) report(`tools.${tool.name}`, lost, "description", "Gemini does not enforce these keywords");
  const properties = schema["properties"];
  // An object without properties is refused; a function without parameters is not.
  const empty = schema["type"] === "object" && Object.keys((properties as object | undefined) ?? {}).length === 0;
  return {
    name: names.wire(tool.name),
    ...(tool.description !== undefined && { description: tool.description }),
    ...(!empty && { parametersJsonSchema: { ...schema, type: "object" } }),
  };
}

const MODES = { auto: "AUTO", none: "NONE", required: "ANY" } as const;

/** What a mode stands for; `undefined` for one that the API does not have. */
export function toolChoiceOf(mode: string): keyof typeof MODES | undefined {
  // It also validates the arguments, which calls here always are.
  if (mode === "VALIDATED") return "auto";
  const names = Object.keys(MODES) as (keyof typeof MODES)[];
  return names.find((name) => MODES[name] === mode);
}

function encodeChoice(choice: ToolChoice, names: ToolNames): FunctionCallingConfig {
  if (typeof choice === "string") return { mode: MODES[choice] as FunctionCallingConfigMode };
  return { allowedFunctionNames: [names.wire(choice.name)], mode: "ANY" as FunctionCallingConfigMode };
}

function encodeRest({ settings }: ModelRequest, target: Target, report: Report): GenerateContentConfig {
  const { metadata, promptCache } = settings;
  if (typeof promptCache === "object" && (promptCache.ttl !== undefined || promptCache.points !== undefined)) {
    report(
      "prompt_cache",
      promptCache,
      true,
      "this wire caches every prefix automatically and supports neither ttl nor points",
    );
  }
  const labelled = metadata !== undefined && target.address.vertexProject !== undefined;
  if (metadata !== undefined && !labelled) {
    report("metadata", metadata, undefined, "only Vertex AI supports labels");
  }
  return defined({
    responseModalities: settings.modalities?.map((modality) => modality.toUpperCase()),
    serviceTier: settings.serviceTier as ServiceTier | undefined,
    labels: labelled ? { ...metadata } : undefined,
  });
}

type Defined<T> = { [key in keyof T]?: Exclude<T[key], undefined> };

function defined<T extends object>(values: T): Defined<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<T>;
}
