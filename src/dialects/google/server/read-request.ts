import { asArray, asNumber, asObject, asObjects, asString, asStrings, type Json } from "../../served/json.ts";
import { traitsOf } from "../../served/model-traits.ts";
import { refuse } from "../../served/problem.ts";
import { segmentOf, toolSegment } from "../../served/prompt-segment.ts";
import {
  amountOfEffort,
  promptOf,
  type ReasoningWish,
  type SimulatedRequest,
  type SimulatedTool,
  type SimulatedTurn,
} from "../../served/request.ts";
import type { Received } from "../../server-wire.ts";
import { toolChoiceOf } from "../encode.ts";
import { checkContents, checkGenerationConfig } from "./check-request.ts";
import { plainSchema } from "./plain-schema.ts";

/** Reads a generateContent body; throws the provider's error for an invalid one. */
export function readGenerate(received: Received): SimulatedRequest {
  const { path, counting, streaming } = received;
  const model = received.model ?? "";
  // The counting endpoint of the Gemini API takes a complete generate request; that of Vertex takes its fields directly.
  const body = (counting ? asObject(received.body.generateContentRequest) : undefined) ?? received.body;
  const config = asObject(body.generationConfig) ?? {};
  const contents = asObjects(body.contents);
  checkGenerationConfig(config);
  checkContents(body.contents, traitsOf(model));
  const system = textOf(asObject(body.systemInstruction) ?? asObject(body.system_instruction) ?? {});
  const tools = toolsOf(body);
  const turns = contents.map(turnOf);
  return {
    wire: "google",
    path,
    model,
    stream: streaming,
    system,
    turns,
    prompt: promptOf(turns),
    tools,
    toolChoice: choiceOf(body, tools),
    parallelTools: true,
    output: outputOf(config),
    maxTokens: asNumber(config.maxOutputTokens),
    stop: asStrings(config.stopSequences),
    samples: asNumber(config.candidateCount) ?? 1,
    reasoning: reasoningOf(config),
    seed: asNumber(config.seed),
    segments: [
      ...(system === "" ? [] : [segmentOf(system)]),
      ...tools.map((tool) => toolSegment(tool)),
      ...contents.map(contentSegment),
    ],
    body: received.body,
  };
}

function toolsOf(body: Json): readonly SimulatedTool[] {
  const declared = asObjects(body.tools).flatMap((tool) =>
    asObjects(tool.functionDeclarations ?? tool.function_declarations),
  );
  return declared.map((declaration, index) => {
    const name = asString(declaration.name);
    if (name === undefined || !/^[A-Za-z_][\w.:-]{0,127}$/.test(name)) {
      refuse(
        `* GenerateContentRequest.tools[0].function_declarations[${index}].name: Invalid function name. Must start with a letter or an underscore. Must be alphanumeric (a-z, A-Z, 0-9), underscores (_), dots (.), colons (:), or dashes (-), with a maximum length of 128.`,
      );
    }
    const parameters = declaration.parametersJsonSchema ?? plainSchema(declaration.parameters) ?? { type: "object" };
    return { name, description: asString(declaration.description) ?? "", parameters };
  });
}

function choiceOf(body: Json, tools: readonly SimulatedTool[]): SimulatedRequest["toolChoice"] {
  const toolConfig = asObject(body.toolConfig) ?? asObject(body.tool_config);
  const config = asObject(toolConfig?.functionCallingConfig) ?? asObject(toolConfig?.function_calling_config);
  const word = toolChoiceOf(asString(config?.mode)?.toUpperCase() ?? "AUTO") ?? "auto";
  if (word !== "required") return word;
  const names = asStrings(config?.allowedFunctionNames);
  const unknown = names.find((name) => !tools.some((tool) => tool.name === name));
  if (unknown !== undefined) refuse(`The allowed function name '${unknown}' is not declared.`);
  return names.length === 0 ? "required" : { names };
}

function outputOf(config: Json): SimulatedRequest["output"] {
  const schema = config.responseJsonSchema ?? plainSchema(config.responseSchema);
  if (schema !== undefined) {
    if (config.responseMimeType === "text/x.enum") return { schema };
    if (config.responseMimeType !== "application/json") {
      refuse("Response schema is only allowed with response mime type application/json.");
    }
    return { schema };
  }
  return config.responseMimeType === "application/json" ? "json" : "text";
}

const BUDGET_OF_MOST = 24_576;

function reasoningOf(config: Json): ReasoningWish | undefined {
  const thinking = asObject(config.thinkingConfig);
  if (thinking === undefined) return undefined;
  const visible = thinking.includeThoughts === true;
  const level = asString(thinking.thinkingLevel);
  const budget = asNumber(thinking.thinkingBudget);
  if (budget === 0) return undefined;
  if (level !== undefined) return { amount: amountOfEffort(level), visible };
  const measured = budget === undefined || budget < 0 ? 0.5 : Math.min(1, Math.max(0.1, budget / BUDGET_OF_MOST));
  return { amount: measured, visible };
}

function turnOf(content: Json): SimulatedTurn {
  const parts = asObjects(content.parts);
  return {
    role: content.role === "model" ? "assistant" : "user",
    text: textOf(content),
    media: mediaParts(parts).map(mediaName),
    results: parts.flatMap((part) => {
      const response = asObject(part.functionResponse);
      if (response === undefined) return [];
      const name = asString(response.name);
      return [{ id: asString(response.id) ?? name ?? "", name, text: JSON.stringify(response.response ?? {}) }];
    }),
  };
}

function textOf(content: Json): string {
  return asObjects(content.parts)
    .filter((part) => part.thought !== true)
    .map((part) => asString(part.text) ?? "")
    .join("");
}

function mediaParts(parts: readonly Json[]): readonly Json[] {
  return parts.filter((part) => part.inlineData !== undefined || part.fileData !== undefined);
}

function mediaName(part: Json): string {
  const data = asObject(part.inlineData) ?? asObject(part.fileData);
  return asString(data?.displayName) ?? asString(data?.mimeType) ?? "file";
}

function contentSegment(content: Json) {
  const parts = asObjects(content.parts);
  const calls = parts.filter((part) => part.functionCall !== undefined || part.functionResponse !== undefined);
  const text =
    textOf(content) +
    (calls.length === 0 ? "" : JSON.stringify(calls.map(({ thoughtSignature: _signature, ...call }) => call)));
  return segmentOf(
    text,
    mediaParts(asArray(content.parts).filter((part): part is Json => asObject(part) !== undefined)),
  );
}
