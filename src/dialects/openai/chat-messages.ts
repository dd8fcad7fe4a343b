import type {
  ChatCompletionAssistantMessageParam,
  ChatCompletionContentPart,
  ChatCompletionContentPartInputAudio,
  ChatCompletionContentPartText,
  ChatCompletionMessageParam,
  ChatCompletionMessageToolCall,
  ChatCompletionToolMessageParam,
} from "openai/resources/chat/completions/completions";
import { append } from "../../core/append.ts";
import type { Adjustment } from "../../core/attempt.ts";
import type {
  AssistantMessage,
  Message,
  SystemMessage,
  TextPart,
  ToolCallPart,
  ToolMessage,
  ToolResultPart,
  UserMessage,
} from "../../core/message.ts";
import { textOf } from "../../core/message.ts";
import { blockFor } from "../../core/same-wire.ts";
import type { Target } from "../../core/target.ts";
import { targetError } from "../../core/target-error.ts";
import { isChatSignature } from "../chat-signature.ts";
import { reportForeignState, reportUnsigned } from "../foreign-state.ts";
import { IMAGE_FOLLOWS, movedImages } from "../moved-image.ts";
import { reportTo } from "../report.ts";
import { callFields, contentChunks, reasoningBack, reasoningField } from "./chat-reasoning.ts";
import { audioFormat, chatRefusal, fileName, sourceUrl } from "./media.ts";
import { wireToolId } from "./tool-ids.ts";
import { objectIn } from "./wire-value.ts";

/** Encodes the conversation: one message per turn, one per tool result. */
export function encodeChatMessages(
  messages: readonly Message[],
  target: Target,
  adjustments: Adjustment[],
): ChatCompletionMessageParam[] {
  reportForeignState(messages, target, isChatSignature, reportTo(adjustments));
  if (reasoningField(target) === undefined) reportUnsigned(messages, target, reportTo(adjustments));
  const out: ChatCompletionMessageParam[] = [];
  let moved: readonly ChatCompletionContentPart[] = [];
  for (const [index, message] of resultsFirst(messages, adjustments)) {
    if (message.role === "tool") {
      append(out, encodeToolResults(message, target));
      moved = [...moved, ...imagesOf(message, index, target, adjustments)];
      continue;
    }
    const [plain, fields] = withoutFields(message, target);
    const [first, ...rest] = encodeMessage(plain, index, target, adjustments);
    out.push(...withMoved(first && { ...fields, ...first }, moved), ...rest);
    moved = [];
  }
  return [...out, ...withMoved(undefined, moved)];
}

/** Moves images of results into the next user message, or into a new one: some hosts require alternating roles. */
function withMoved(
  next: ChatCompletionMessageParam | undefined,
  moved: readonly ChatCompletionContentPart[],
): ChatCompletionMessageParam[] {
  if (next?.role === "user" && moved.length > 0) {
    const said = typeof next.content === "string" ? [{ type: "text" as const, text: next.content }] : next.content;
    return [{ ...next, content: [...moved, ...said] }];
  }
  return [
    ...(moved.length > 0 ? [{ role: "user" as const, content: [...moved] }] : []),
    ...(next === undefined ? [] : [next]),
  ];
}

function imagesOf(
  message: ToolMessage,
  index: number,
  target: Target,
  adjustments: Adjustment[],
): ChatCompletionContentPart[] {
  const reason = "the chat wire supports only text in tool results";
  const moved = message.content.flatMap((part) => movedImages(part, index, reason, reportTo(adjustments)));
  return moved.flatMap(({ caption, image }) => [{ type: "text", text: caption }, encodeUserPart(image, target)]);
}

type Placed = readonly [index: number, message: Message];

/** The API requires results directly after their calls; a system message in between is moved behind them. */
function resultsFirst(messages: readonly Message[], adjustments: Adjustment[]): readonly Placed[] {
  const out: Placed[] = [];
  let between: Placed[] = [];
  for (const placed of messages.entries()) {
    const { role } = placed[1];
    if (role === "system") between.push(placed);
    else if (role === "tool") {
      for (const [index] of between) reportBehindResults(index, adjustments);
      out.push(placed);
    } else {
      append(out, between);
      out.push(placed);
      between = [];
    }
  }
  return [...out, ...between];
}

function reportBehindResults(index: number, adjustments: Adjustment[]): void {
  const setting = `messages[${index}]`;
  if (adjustments.some((known) => known.setting === setting)) return;
  const reason = "this wire supports no messages between tool calls and their results";
  adjustments.push({ setting, from: "a system message before tool results", to: "behind the results", reason });
}

function encodeMessage(
  message: Exclude<Message, ToolMessage>,
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
  }
}

/** The message without the part for fields that only this wire format has, and those fields. */
function withoutFields<Given extends Message>(message: Given, { dialect }: Target): readonly [Given, object] {
  const { content } = message;
  const last = typeof content === "string" ? undefined : content.at(-1);
  const block = last === undefined ? undefined : blockFor(last, dialect);
  if (block?.["type"] !== "message" || typeof content === "string") return [message, {}];
  const parts = content.slice(0, -1);
  return [{ ...message, content: parts.length === 0 ? "" : parts } as Given, objectIn(block["fields"]) ?? {}];
}

/** The role of instructions; `user` for models that do not support them. */
export function systemRole(target: Target, index: number, adjustments: Adjustment[]): "system" | "developer" | "user" {
  const role = target.facts.systemRole ?? target.quirks.systemRole ?? "system";
  if (role === "user") {
    const reason = `${target.modelId} does not support system messages`;
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
  return { role: systemRole(target, index, adjustments), content: plainText(message.content, target) };
}

/** A single text is sent as a string, which all compatible hosts support. */
function plainText(content: string | readonly TextPart[], target: Target): string | ChatCompletionContentPartText[] {
  if (typeof content === "string") return content;
  const isPlain = content.every((part) => blockFor(part, target.dialect) === undefined);
  return content.length === 1 && isPlain ? textOf(content) : content.map((part) => textPart(part, target));
}

function textPart(part: TextPart, target: Target): ChatCompletionContentPartText {
  const block = blockFor(part, target.dialect) as ChatCompletionContentPartText | undefined;
  return block ?? { type: "text", text: part.text };
}

function encodeUserContent(content: UserMessage["content"], target: Target): string | ChatCompletionContentPart[] {
  if (typeof content === "string") return content;
  const [only, second] = content;
  if (second === undefined && only?.type === "text" && blockFor(only, target.dialect) === undefined) return only.text;
  return content.map((part) => encodeUserPart(part, target));
}

function encodeUserPart(
  part: Exclude<UserMessage["content"], string>[number],
  target: Target,
): ChatCompletionContentPart {
  const block = blockFor(part, target.dialect);
  if (block !== undefined) return block as unknown as ChatCompletionContentPart;
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
    case "file": {
      const refusal = chatRefusal(part);
      if (refusal !== undefined) throw targetError(target, "unsupported", `${refusal}; nothing was sent`);
      return { type: "file", file: { file_data: sourceUrl(part), filename: fileName(part) } };
    }
  }
}

function encodeAssistant(message: AssistantMessage, target: Target): ChatCompletionAssistantMessageParam {
  const { content } = message;
  if (typeof content === "string") return { role: "assistant", content };
  const calls = content.flatMap((part) => (part.type === "tool-call" ? [encodeToolCall(part, target)] : []));
  const text = textOf(content);
  const chunks = contentChunks(content, target) as ChatCompletionAssistantMessageParam["content"] | undefined;
  return {
    role: "assistant",
    content: chunks ?? markedTexts(content, target) ?? (text === "" && calls.length > 0 ? null : text),
    ...reasoningBack(content, target),
    ...(calls.length > 0 && { tool_calls: calls }),
  };
}

/** The texts of an answer as parts, if one of them is as its client sent it. */
function markedTexts(content: readonly AssistantPart[], target: Target): ChatCompletionContentPartText[] | undefined {
  const texts = content.filter((part) => part.type === "text");
  const isMarked = texts.some((part) => blockFor(part, target.dialect) !== undefined);
  return isMarked ? texts.map((part) => textPart(part, target)) : undefined;
}

type AssistantPart = Exclude<AssistantMessage["content"], string>[number];

/** Custom calls stay custom calls for the host that made them; other hosts support only functions. */
function encodeToolCall(part: ToolCallPart, target: Target): ChatCompletionMessageToolCall {
  const id = wireToolId(part.id, target.quirks.toolIds);
  if (part.kind === "custom" && (part.owner ?? target.provider) === target.provider) {
    const { input = "" } = part.arguments as { readonly input?: string };
    return { id, type: "custom", custom: { name: part.name, input } };
  }
  const { function: inner, ...fields } = callFields(part, target);
  const details = { ...objectIn(inner), name: part.name, arguments: JSON.stringify(part.arguments ?? {}) };
  return { ...fields, id, type: "function", function: details };
}

function encodeToolResults(message: ToolMessage, target: Target): ChatCompletionToolMessageParam[] {
  return message.content.map((part) => ({
    ...(blockFor(part, target.dialect) ?? { content: toolResultText(part) }),
    role: "tool",
    tool_call_id: wireToolId(part.id, target.quirks.toolIds),
  })) as ChatCompletionToolMessageParam[];
}

/** The API supports only text here, and has no field for failures. */
function toolResultText(part: ToolResultPart): string {
  const text = typeof part.content === "string" ? part.content : textsOf(part.content);
  return part.error === true ? failedResult(text) : text;
}

function textsOf(content: Exclude<ToolResultPart["content"], string>): string {
  const texts = content.flatMap((item) => (item.type === "text" ? [item.text] : []));
  return texts.length === 0 && content.length > 0 ? IMAGE_FOLLOWS : texts.join("\n");
}

export function failedResult(text: string): string {
  return /^error\b/i.test(text) ? text : `Error: ${text}`;
}
