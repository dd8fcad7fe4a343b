import type {
  ChatCompletionAssistantMessageParam,
  ChatCompletionContentPart,
  ChatCompletionContentPartInputAudio,
  ChatCompletionMessageFunctionToolCall,
  ChatCompletionMessageParam,
  ChatCompletionToolMessageParam,
} from "openai/resources/chat/completions/completions";
import type { Adjustment } from "../../core/attempt.ts";
import type {
  AssistantMessage,
  Message,
  SystemMessage,
  TextPart,
  ToolMessage,
  ToolResultPart,
  UserMessage,
} from "../../core/message.ts";
import { textOf } from "../../core/message.ts";
import type { Target } from "../../core/target.ts";
import { targetError } from "../wire-error.ts";
import { audioFormat, fileName, sourceUrl } from "./media.ts";
import { wireToolId } from "./tool-ids.ts";

/** The conversation in the wire's own order: one message per turn, one per tool result. */
export function encodeChatMessages(
  messages: readonly Message[],
  target: Target,
  adjustments: Adjustment[],
): ChatCompletionMessageParam[] {
  return resultsFirst(messages).flatMap(([index, message]) => encodeMessage(message, index, target, adjustments));
}

type Placed = readonly [index: number, message: Message];

/** This wire wants the results right behind their calls; an instruction that came between follows them. */
function resultsFirst(messages: readonly Message[]): readonly Placed[] {
  const out: Placed[] = [];
  let between: Placed[] = [];
  for (const placed of messages.entries()) {
    const { role } = placed[1];
    if (role === "system") between.push(placed);
    else if (role === "tool") out.push(placed);
    else {
      out.push(...between, placed);
      between = [];
    }
  }
  return [...out, ...between];
}

function encodeMessage(
  message: Message,
  index: number,
  target: Target,
  adjustments: Adjustment[],
): ChatCompletionMessageParam[] {
  switch (message.role) {
    case "system":
      return [encodeSystem(message, index, target, adjustments)];
    case "user":
      return [{ role: "user", content: encodeUserContent(message.content, target) }];
    case "assistant":
      return [encodeAssistant(message, target)];
    case "tool":
      return encodeToolResults(message, index, target, adjustments);
  }
}

/** The role that carries instructions; `user` for models that take none. */
export function systemRole(target: Target, index: number, adjustments: Adjustment[]): "system" | "developer" | "user" {
  const role = target.facts.systemRole ?? target.quirks.systemRole ?? "system";
  if (role === "user") {
    const reason = `${target.modelId} takes no system messages`;
    adjustments.push({ setting: `messages[${index}]`, from: "system", to: "user", reason });
  }
  return role;
}

function encodeSystem(
  message: SystemMessage,
  index: number,
  target: Target,
  adjustments: Adjustment[],
): ChatCompletionMessageParam {
  return { role: systemRole(target, index, adjustments), content: plainText(message.content) };
}

/** A single text is sent as a string: compatible hosts know that form best. */
function plainText(content: string | readonly TextPart[]): string | { type: "text"; text: string }[] {
  if (typeof content === "string") return content;
  return content.length === 1 ? textOf(content) : content.map(({ text }) => ({ type: "text", text }));
}

function encodeUserContent(content: UserMessage["content"], target: Target): string | ChatCompletionContentPart[] {
  if (typeof content === "string") return content;
  const [only, second] = content;
  if (second === undefined && only?.type === "text") return only.text;
  return content.map((part) => encodeUserPart(part, target));
}

function encodeUserPart(
  part: Exclude<UserMessage["content"], string>[number],
  target: Target,
): ChatCompletionContentPart {
  switch (part.type) {
    case "text":
      return { type: "text", text: part.text };
    case "image":
      return {
        type: "image_url",
        image_url: { url: sourceUrl(part), ...(part.detail !== undefined && { detail: part.detail }) },
      };
    case "audio": {
      const format = audioFormat(part) as ChatCompletionContentPartInputAudio.InputAudio["format"];
      return { type: "input_audio", input_audio: { data: part.data, format } };
    }
    case "file":
      if (part.data === undefined)
        throw targetError(target, "unsupported", "this wire takes files as data, not by url; nothing was sent");
      return { type: "file", file: { file_data: sourceUrl(part), filename: fileName(part) } };
  }
}

function encodeAssistant(message: AssistantMessage, target: Target): ChatCompletionAssistantMessageParam {
  const { content } = message;
  if (typeof content === "string") return { role: "assistant", content };
  const calls = content.flatMap((part) => (part.type === "tool-call" ? [encodeToolCall(part, target)] : []));
  const text = textOf(content);
  return {
    role: "assistant",
    content: text === "" && calls.length > 0 ? null : text,
    ...reasoningBack(content, target),
    ...(calls.length > 0 && { tool_calls: calls }),
  };
}

function encodeToolCall(
  part: { id: string; name: string; arguments: unknown },
  target: Target,
): ChatCompletionMessageFunctionToolCall {
  const id = wireToolId(part.id, target.quirks.toolIds);
  return { id, type: "function", function: { name: part.name, arguments: JSON.stringify(part.arguments ?? {}) } };
}

/** DeepSeek and others refuse a history of tool calls without the thoughts that led to them; only its own go back. */
function reasoningBack(content: Exclude<AssistantMessage["content"], string>, target: Target): Record<string, string> {
  const field = target.quirks.reasoningField;
  if (field === undefined) return {};
  let reasoning = "";
  for (const part of content) {
    const own = part.type === "reasoning" && (part.owner === undefined || part.owner === target.provider);
    if (own) reasoning += part.text;
  }
  return reasoning === "" ? {} : { [field]: reasoning };
}

function encodeToolResults(
  message: ToolMessage,
  index: number,
  target: Target,
  adjustments: Adjustment[],
): ChatCompletionToolMessageParam[] {
  return message.content.map((part) => ({
    role: "tool",
    tool_call_id: wireToolId(part.id, target.quirks.toolIds),
    content: toolResultText(part, index, adjustments),
  }));
}

/** The wire has text alone here, and no field for failure. */
function toolResultText(part: ToolResultPart, index: number, adjustments: Adjustment[]): string {
  const text =
    typeof part.content === "string"
      ? part.content
      : part.content.map((item) => itemText(item, index, adjustments)).join("\n");
  return part.error === true ? failedResult(text) : text;
}

function itemText(
  item: Exclude<ToolResultPart["content"], string>[number],
  index: number,
  adjustments: Adjustment[],
): string {
  if (item.type === "text") return item.text;
  const reason = "tool results of the chat wire carry text only";
  adjustments.push({ setting: `messages[${index}]`, from: "image", to: IMAGE_OMITTED, reason });
  return IMAGE_OMITTED;
}

const IMAGE_OMITTED = "[an image that cannot be shown here]";

export function failedResult(text: string): string {
  return /^error\b/i.test(text) ? text : `Error: ${text}`;
}
