import { asNumber, asObject, asObjects, asString, asStrings, type Json } from "../../served/json.ts";
import { refuse } from "../../served/problem.ts";
import { type CacheTtl, segmentOf, toolSegment } from "../../served/prompt-segment.ts";
import {
  amountOfEffort,
  type PromptSegment,
  promptOf,
  type ReasoningWish,
  type SimulatedRequest,
  type SimulatedTool,
  type SimulatedTurn,
  type ToolResult,
} from "../../served/request.ts";
import type { Received } from "../../server-wire.ts";
import { toolChoiceOf } from "../tools.ts";
import { checkMessagesBody } from "./check-request.ts";

/** Reads a messages body; throws the provider's error for an invalid one. */
export function readMessages(received: Received): SimulatedRequest {
  checkMessagesBody(received);
  const { body, path } = received;
  const messages = asObjects(body.messages);
  const turns = turnsOf(messages);
  const tools = asObjects(body.tools).flatMap(toolOf);
  const choice = asObject(body.tool_choice);
  return {
    wire: "anthropic",
    path,
    model: asString(body.model) ?? "",
    stream: body.stream === true,
    system: [body.system, ...messages.filter(isInstruction).map((message) => message.content)]
      .map(textOf)
      .filter((text) => text !== "")
      .join("\n\n"),
    turns,
    prompt: promptOf(turns),
    tools,
    toolChoice: choiceOf(choice, tools),
    parallelTools: choice?.disable_parallel_tool_use !== true,
    output: outputOf(body),
    maxTokens: asNumber(body.max_tokens),
    stop: asStrings(body.stop_sequences),
    samples: 1,
    reasoning: reasoningOf(body),
    seed: undefined,
    segments: segmentsOf(body),
    body,
  };
}

function isInstruction(message: Json): boolean {
  return message.role === "system";
}

function toolOf(tool: Json): readonly SimulatedTool[] {
  const name = asString(tool.name);
  if (tool.input_schema === undefined || name === undefined) return [];
  return [{ name, description: asString(tool.description) ?? "", parameters: tool.input_schema }];
}

function choiceOf(choice: Json | undefined, tools: readonly SimulatedTool[]): SimulatedRequest["toolChoice"] {
  const word = toolChoiceOf(asString(choice?.type) ?? "auto");
  if (word === "auto" || word === "none") return word;
  if (tools.length === 0) refuse("tool_choice may only be specified while providing tools.");
  if (word !== undefined) return word;
  const name = asString(choice?.name) ?? "";
  if (!tools.some((tool) => tool.name === name)) refuse(`Tool '${name}' not found in provided tools`);
  return { names: [name] };
}

function outputOf(body: Json): SimulatedRequest["output"] {
  const format = asObject(asObject(body.output_config)?.format) ?? asObject(body.output_format);
  return format?.type === "json_schema" ? { schema: format.schema ?? {} } : "text";
}

const MAX_BUDGET = 32_000;

/** An effort without a `thinking` field enables thinking. */
function reasoningOf(body: Json): ReasoningWish | undefined {
  const thinking = asObject(body.thinking);
  const effort = asString(asObject(body.output_config)?.effort);
  if (thinking?.type === "disabled" || (thinking === undefined && effort === undefined)) return undefined;
  const budget = asNumber(thinking?.budget_tokens);
  const visible = thinking?.display !== "omitted";
  if (budget !== undefined) return { amount: Math.min(1, Math.max(0.1, budget / MAX_BUDGET)), visible };
  return { amount: amountOfEffort(effort ?? "medium"), visible };
}

function turnsOf(messages: readonly Json[]): readonly SimulatedTurn[] {
  const names = new Map<unknown, string>();
  return messages
    .filter((message) => !isInstruction(message))
    .map((message) => {
      const blocks = asObjects(message.content);
      for (const block of blocks) if (block.type === "tool_use") names.set(block.id, asString(block.name) ?? "");
      return {
        role: message.role === "assistant" ? ("assistant" as const) : ("user" as const),
        text: textOf(message.content),
        media: mediaBlocks(message.content).map(mediaName),
        results: blocks.filter((block) => block.type === "tool_result").map((block) => resultOf(block, names)),
      };
    });
}

function resultOf(block: Json, names: ReadonlyMap<unknown, string>): ToolResult {
  return {
    id: asString(block.tool_use_id) ?? "",
    name: names.get(block.tool_use_id),
    text: textOf(block.content),
  };
}

function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  return asObjects(content)
    .filter((block) => block.type === "text")
    .map((block) => asString(block.text) ?? "")
    .join("\n");
}

function mediaBlocks(content: unknown): readonly Json[] {
  return asObjects(content).filter((block) => block.type === "image" || block.type === "document");
}

function mediaName(block: Json): string {
  const source = asObject(block.source);
  return asString(block.title) ?? asString(source?.media_type) ?? String(block.type);
}

/** Prefixes are cached in this order: tools, system, messages. */
function segmentsOf(body: Json): readonly PromptSegment[] {
  const tools = asObjects(body.tools).flatMap((tool) => toolOf(tool).map((read) => toolSegment(read, ttlOf(tool))));
  const system = blocksOf(body.system).map(blockSegment);
  const messages = asObjects(body.messages).flatMap((message) => blocksOf(message.content).map(blockSegment));
  const all = [...tools, ...system, ...messages];
  const automatic = ttlOf(body);
  return all.map((segment, index) =>
    index === all.length - 1 && automatic !== undefined ? { ...segment, cacheTtl: automatic } : segment,
  );
}

function blocksOf(content: unknown): readonly Json[] {
  return typeof content === "string" ? [{ type: "text", text: content }] : asObjects(content);
}

function blockSegment(block: Json): PromptSegment {
  const media = mediaBlocks([block]);
  const { cache_control: _marker, ...plain } = block;
  const text = block.type === "text" || media.length > 0 ? (asString(block.text) ?? "") : JSON.stringify(plain);
  return segmentOf(text, media, ttlOf(block));
}

function ttlOf(block: Json): CacheTtl | undefined {
  const marker = asObject(block.cache_control);
  if (marker === undefined) return undefined;
  return marker.ttl === "1h" ? "1h" : "5m";
}
