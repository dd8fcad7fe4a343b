import { asNumber, asObject, asObjects, asString, asStrings, type Json } from "../../served/json.ts";
import { traitsOf } from "../../served/model-traits.ts";
import { refuse } from "../../served/problem.ts";
import { type CacheTtl, segmentOf, toolSegment } from "../../served/prompt-segment.ts";
import {
  amountOfEffort,
  promptOf,
  type ReasoningWish,
  type SimulatedRequest,
  type SimulatedTool,
  type SimulatedTurn,
} from "../../served/request.ts";
import type { Received } from "../../server-wire.ts";
import {
  allowedNames,
  checkJsonMode,
  checkMessages,
  checkNumbers,
  checkStrict,
  checkToolName,
  requireModel,
} from "./check-request.ts";

/** Reads a chat completions body; throws the provider's error for an invalid one. */
export function readChat({ body, path, model: fromPath }: Received): SimulatedRequest {
  const model = requireModel(body, fromPath);
  const messages = messagesOf(body);
  checkNumbers(body);
  checkReplaced(body, model);
  const tools = toolsOf(body);
  const turns = turnsOf(messages);
  const format = asObject(body.response_format);
  checkJsonMode(format, messages.map((message) => textOf(message.content)).join("\n"), "messages");
  return {
    wire: "openai",
    path,
    model,
    stream: body.stream === true,
    system: messages
      .filter(isInstruction)
      .map((message) => textOf(message.content))
      .join("\n\n"),
    turns,
    prompt: promptOf(turns),
    tools,
    toolChoice: choiceOf(body, tools),
    parallelTools: body.parallel_tool_calls !== false,
    output: outputOf(format),
    maxTokens: asNumber(body.max_completion_tokens) ?? asNumber(body.max_tokens),
    stop: asStrings(body.stop),
    samples: asNumber(body.n) ?? 1,
    reasoning: reasoningOf(body, model),
    seed: asNumber(body.seed),
    segments: [...tools.map((tool) => toolSegment(tool)), ...messages.map(messageSegment)],
    body,
  };
}

function messagesOf(body: Json): readonly Json[] {
  const messages = body.messages;
  if (messages === undefined)
    refuse("Missing required parameter: 'messages'.", "messages", "missing_required_parameter");
  if (!Array.isArray(messages))
    refuse("Invalid type for 'messages': expected an array of objects.", "messages", "invalid_type");
  if (messages.length === 0) {
    refuse(
      "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.",
      "messages",
      "empty_array",
    );
  }
  const read = asObjects(messages);
  checkMessages(read);
  return read;
}

function checkReplaced(body: Json, model: string): void {
  for (const [old, replacement] of Object.entries(traitsOf(model).replacedParameters ?? {})) {
    if (body[old] === undefined || body[old] === null) continue;
    refuse(
      `Unsupported parameter: '${old}' is not supported with this model. Use '${replacement}' instead.`,
      old,
      "unsupported_parameter",
    );
  }
}

function isInstruction(message: Json): boolean {
  return message.role === "system" || message.role === "developer";
}

function toolsOf(body: Json): readonly SimulatedTool[] {
  return asObjects(body.tools).flatMap((tool, index) => {
    const given = asObject(tool.function);
    if (tool.type !== "function" || given === undefined) return [];
    const name = checkToolName(asString(given.name), `tools[${index}].function.name`);
    checkStrict(name, given.parameters, given.strict, `tools[${index}].function.parameters`, "function");
    return [
      { name, description: asString(given.description) ?? "", parameters: given.parameters ?? { type: "object" } },
    ];
  });
}

function choiceOf(body: Json, tools: readonly SimulatedTool[]): SimulatedRequest["toolChoice"] {
  const choice = body.tool_choice;
  if (choice === undefined || choice === null) return "auto";
  if (asObjects(body.tools).length === 0)
    refuse("'tool_choice' is only allowed when 'tools' are specified.", "tool_choice");
  if (choice === "auto" || choice === "none" || choice === "required") return choice;
  const names = allowedNames(asObject(choice));
  const unknown = names.find((name) => !tools.some((tool) => tool.name === name));
  if (unknown !== undefined || names.length === 0)
    refuse(`Tool choice '${unknown ?? ""}' not found in 'tools' parameter.`, "tool_choice");
  return asObject(asObject(choice)?.allowed_tools)?.mode === "auto" ? "auto" : { names };
}

function outputOf(format: Json | undefined): SimulatedRequest["output"] {
  if (format?.type === "json_object") return "json";
  if (format?.type !== "json_schema") return "text";
  const given = asObject(format.json_schema);
  if (given === undefined)
    refuse(
      "Missing required parameter: 'response_format.json_schema'.",
      "response_format.json_schema",
      "missing_required_parameter",
    );
  checkStrict(asString(given.name) ?? "", given.schema, given.strict, "response_format", "response_format");
  return { schema: given.schema ?? {} };
}

function reasoningOf(body: Json, model: string): ReasoningWish | undefined {
  const effort = asString(body.reasoning_effort) ?? asString(asObject(body.reasoning)?.effort);
  const visible = traitsOf(model).reasoningField !== undefined;
  if (effort === undefined) return visible ? { amount: 0.5, visible } : undefined;
  return effort === "none" ? undefined : { amount: amountOfEffort(effort), visible };
}

/** Consecutive tool messages form one user turn. */
function turnsOf(messages: readonly Json[]): readonly SimulatedTurn[] {
  const names = new Map<string, string>();
  const turns: SimulatedTurn[] = [];
  for (const message of messages) {
    for (const call of asObjects(message.tool_calls)) {
      names.set(asString(call.id) ?? "", asString(asObject(call.function)?.name) ?? "");
    }
    if (isInstruction(message)) continue;
    if (message.role === "tool") addResult(turns, message, names);
    else turns.push(turnOf(message));
  }
  return turns;
}

function turnOf(message: Json): SimulatedTurn {
  const role = message.role === "assistant" ? "assistant" : "user";
  return { role, text: textOf(message.content), media: mediaOf(message.content), results: [] };
}

function addResult(turns: SimulatedTurn[], message: Json, names: ReadonlyMap<string, string>): void {
  const id = asString(message.tool_call_id) ?? "";
  const result = { id, name: names.get(id), text: textOf(message.content) };
  const last = turns.at(-1);
  if (last !== undefined && last.results.length > 0)
    turns[turns.length - 1] = { ...last, results: [...last.results, result] };
  else turns.push({ role: "user", text: "", media: [], results: [result] });
}

/** The text of a `content` field, which is a string or an array of parts. */
export function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  return asObjects(content)
    .map((part) => asString(part.text) ?? asString(part.refusal) ?? "")
    .filter((text) => text !== "")
    .join("\n");
}

function mediaParts(content: unknown): readonly Json[] {
  return asObjects(content).filter((part) => !["text", "refusal"].includes(String(part.type)));
}

function mediaOf(content: unknown): readonly string[] {
  return mediaParts(content).map((part) => {
    const url = asString(asObject(part.image_url)?.url);
    const file = asString(asObject(part.file)?.filename);
    const audio = asString(asObject(part.input_audio)?.format);
    if (url !== undefined) return mediaName(url);
    return file ?? (audio === undefined ? String(part.type) : `audio/${audio}`);
  });
}

/** The media type of a data URL; for any other URL "image". */
export function mediaName(url: string): string {
  return /^data:([^;,]+)/.exec(url)?.[1] ?? "image";
}

function messageSegment(message: Json) {
  const calls = message.tool_calls === undefined ? "" : JSON.stringify(message.tool_calls);
  const text = textOf(message.content) + (asString(message.reasoning_content) ?? "") + calls;
  return segmentOf(text, mediaParts(message.content), breakpointOf(message.content));
}

function breakpointOf(content: unknown): CacheTtl | undefined {
  const marked = asObjects(content).some(
    (part) => part.prompt_cache_breakpoint !== undefined || part.cache_control !== undefined,
  );
  return marked ? "5m" : undefined;
}
