import type {
  EasyInputMessage,
  ResponseFunctionCallOutputItem,
  ResponseInputContent,
  ResponseInputItem,
  ResponseReasoningItem,
} from "openai/resources/responses/responses";
import type { Adjustment } from "../../core/attempt.ts";
import type {
  AssistantMessage,
  FilePart,
  Message,
  ReasoningPart,
  SystemMessage,
  TextPart,
  ToolCallPart,
  ToolResultPart,
  UserMessage,
} from "../../core/message.ts";
import { blockFor } from "../../core/same-wire.ts";
import type { Target } from "../../core/target.ts";
import { targetError } from "../../core/target-error.ts";
import { reportForeignState, reportUnsigned } from "../foreign-state.ts";
import { type Report, reportTo } from "../report.ts";
import { failedResult, systemRole } from "./chat-messages.ts";
import { fileName, responsesRefusal, sourceUrl } from "./media.ts";
import { isResponsesSignature, readReasoningSignature, readTextSignature } from "./responses-signature.ts";
import { encodeToolCall, encodeToolResult, noteCalls, takesTextOnly } from "./responses-tool-items.ts";

/** Encodes the conversation as items, in the order in which the model produced them. */
export function encodeInput(
  messages: readonly Message[],
  target: Target,
  adjustments: Adjustment[],
): ResponseInputItem[] {
  const reads = (signature: string) => isResponsesSignature(signature);
  reportForeignState(messages, target, reads, reportTo(adjustments));
  reportUnsigned(messages, target, reportTo(adjustments));
  const calls = new Map<string, ToolCallPart>();
  return messages.flatMap((message, index) => {
    noteCalls(message, calls);
    return encodeMessage(message, index, calls, target, adjustments);
  });
}

function encodeMessage(
  message: Message,
  index: number,
  calls: ReadonlyMap<string, ToolCallPart>,
  target: Target,
  adjustments: Adjustment[],
): ResponseInputItem[] {
  switch (message.role) {
    case "system":
      return [{ role: systemRole(target, index, adjustments), content: inputText(message.content, target) }];
    case "user":
      return encodeUser(message, target, reportTo(adjustments));
    case "assistant":
      return encodeAssistant(message, target);
    case "tool":
      return message.content.map((part) => {
        const item = blockFor(part, target.dialect);
        if (item !== undefined) return item as unknown as ResponseInputItem;
        const call = calls.get(part.id);
        if (takesTextOnly(call)) reportImages(part, index, reportTo(adjustments));
        return encodeToolResult(part, call, toolOutput(part), target);
      });
  }
}

/** An item that only this wire format has is the only part of its message. */
function encodeUser({ content }: UserMessage, target: Target, report: Report): ResponseInputItem[] {
  const [only] = typeof content === "string" ? [] : content;
  const item = only?.type === "text" ? blockFor(only, target.dialect) : undefined;
  if (item !== undefined && !isContent(item)) return [item as unknown as ResponseInputItem];
  return [{ role: "user", content: inputContent(content, target, report) }];
}

function isContent({ type }: Readonly<Record<string, unknown>>): boolean {
  return typeof type === "string" && (type.startsWith("input_") || type === "text" || type === "output_text");
}

function inputText(content: SystemMessage["content"], target: Target): EasyInputMessage["content"] {
  if (typeof content === "string") return content;
  return content.map((part) => {
    const block = blockFor(part, target.dialect) as ResponseInputContent | undefined;
    return block ?? { type: "input_text", text: part.text };
  });
}

function inputContent(content: UserMessage["content"], target: Target, report: Report): EasyInputMessage["content"] {
  if (typeof content === "string") return content;
  return content.map((part) => inputPart(part, target, report));
}

function inputPart(
  part: Exclude<UserMessage["content"], string>[number],
  target: Target,
  report: Report,
): ResponseInputContent {
  const block = blockFor(part, target.dialect);
  if (block !== undefined) return block as unknown as ResponseInputContent;
  switch (part.type) {
    case "text":
      return { type: "input_text", text: part.text };
    case "image":
      return { type: "input_image", image_url: sourceUrl(part), detail: part.detail ?? "auto" };
    case "file":
      return inputFile(part, report);
    case "audio":
      throw targetError(target, "unsupported", `${responsesRefusal(part)}; nothing was sent`);
  }
}

function inputFile(part: FilePart, report: Report): ResponseInputContent {
  if (part.url !== undefined) {
    if (part.filename !== undefined) {
      const reason = "the responses wire has names for files that are sent as data only";
      report("messages.file.filename", part.filename, undefined, reason);
    }
    return { type: "input_file", file_url: part.url };
  }
  return { type: "input_file", file_data: sourceUrl(part), filename: fileName(part) };
}

function encodeAssistant(message: AssistantMessage, target: Target): ResponseInputItem[] {
  const { content } = message;
  if (typeof content === "string") return content === "" ? [] : [{ role: "assistant", content }];
  return content.flatMap((part) => encodeAssistantPart(part, target));
}

function encodeAssistantPart(part: AssistantPart, target: Target): ResponseInputItem[] {
  const item = blockFor(part, target.dialect);
  if (item !== undefined) return [item as unknown as ResponseInputItem];
  switch (part.type) {
    case "text":
      return part.text === "" ? [] : [encodeAnswer(part, target)];
    case "reasoning":
      return encodeReasoning(part, target);
    case "tool-call":
      return [encodeToolCall(part, target)];
  }
}

type AssistantPart = Exclude<AssistantMessage["content"], string>[number];

function encodeAnswer(part: TextPart, target: Target): EasyInputMessage {
  const phase = part.owner === target.provider ? readTextSignature(part.signature) : undefined;
  return {
    role: "assistant",
    content: part.text,
    ...(phase !== undefined && { phase: phase as NonNullable<EasyInputMessage["phase"]> }),
  };
}

/**
 * Reasoning is sent back only to its provider and only with its encrypted content: the API rejects ids of items that were not
 * stored.
 */
function encodeReasoning(part: ReasoningPart, target: Target): ResponseReasoningItem[] {
  if (part.owner !== target.provider) return [];
  const item = readReasoningSignature(part.signature);
  if (item?.encrypted_content === undefined) return [];
  return [{ type: "reasoning", id: item.id, summary: item.summary, encrypted_content: item.encrypted_content }];
}

function reportImages({ content }: ToolResultPart, index: number, report: Report): void {
  if (typeof content === "string" || !content.some(({ type }) => type === "image")) return;
  const reason = "the results of patches and shells are text only";
  report(`messages[${index}]`, "an image in a tool result", undefined, reason);
}

function toolOutput(part: ToolResultPart): string | ResponseFunctionCallOutputItem[] {
  const { content, error } = part;
  if (typeof content === "string") return error === true ? failedResult(content) : content;
  const [first, ...rest] = content.map((item): ResponseFunctionCallOutputItem => {
    return item.type === "text"
      ? { type: "input_text", text: item.text }
      : { type: "input_image", image_url: sourceUrl(item), detail: item.detail ?? "auto" };
  });
  if (first === undefined) return error === true ? failedResult("") : [];
  if (error !== true) return [first, ...rest];
  if (first.type !== "input_text") return [{ type: "input_text", text: "Error:" }, first, ...rest];
  return [{ ...first, text: failedResult(first.text) }, ...rest];
}
