import type { Anthropic } from "@anthropic-ai/sdk";
import { readDataUrl } from "../../core/data-url.ts";
import type { FilePart, ImagePart, MediaPart, ReasoningPart, TextPart, ToolResultPart } from "../../core/message.ts";
import type { Target } from "../../core/target.ts";
import { targetError } from "../../core/target-error.ts";
import { isChatSignature } from "../chat-signature.ts";
import type { Report } from "../report.ts";

export type Block = Anthropic.ContentBlockParam;

/** The API rejects text blocks without a visible character. */
export function encodeText(text: string): Anthropic.TextBlockParam | undefined {
  return text.trim() === "" ? undefined : { type: "text", text };
}

export function encodeImage(part: ImagePart, target: Target, report: Report): Anthropic.ImageBlockParam {
  if (part.detail === "low" || part.detail === "high") {
    report("messages.image.detail", part.detail, undefined, "the messages wire has no image detail setting");
  }
  const inline = inlineData(part);
  if (inline === undefined) {
    if (part.url === undefined) throw targetError(target, "invalid_request", "an image has neither url nor data");
    return { type: "image", source: { type: "url", url: part.url } };
  }
  const mediaType = (inline.mediaType ?? sniffImage(inline.data)) as Anthropic.Base64ImageSource["media_type"];
  return { type: "image", source: { type: "base64", media_type: mediaType, data: inline.data } };
}

export function encodeFile(part: FilePart, target: Target): Anthropic.DocumentBlockParam | Anthropic.ImageBlockParam {
  const title = part.filename === undefined ? {} : { title: part.filename };
  const inline = inlineData(part);
  if (inline === undefined) {
    if (part.url === undefined) throw targetError(target, "invalid_request", "a file has neither url nor data");
    return { type: "document", source: { type: "url", url: part.url }, ...title };
  }
  const mediaType = inline.mediaType ?? "application/pdf";
  if (mediaType === "application/pdf") {
    return { type: "document", source: { type: "base64", media_type: mediaType, data: inline.data }, ...title };
  }
  if (mediaType.startsWith("text/") || mediaType === "application/json") {
    const text = Buffer.from(inline.data, "base64").toString("utf8");
    return { type: "document", source: { type: "text", media_type: "text/plain", data: text }, ...title };
  }
  if (mediaType.startsWith("image/")) {
    const source = { type: "base64", media_type: mediaType as Anthropic.Base64ImageSource["media_type"] } as const;
    return { type: "image", source: { ...source, data: inline.data } };
  }
  throw targetError(target, "unsupported", `${messagesRefusal(part)}; nothing was sent`);
}

/** Why the Messages API does not support a part. */
export function messagesRefusal(part: MediaPart): string | undefined {
  if (part.type === "audio") return "the messages wire does not support audio";
  const mediaType = part.type === "file" ? inlineData(part)?.mediaType : undefined;
  if (mediaType === undefined || DOCUMENT.test(mediaType)) return undefined;
  return `the messages wire supports PDF, text and image files, not ${mediaType}`;
}

const DOCUMENT = /^(?:application\/(?:pdf|json)$|text\/|image\/)/;

/** Thinking is sent back unchanged, and only to the provider that signed it. */
export function encodeReasoning(part: ReasoningPart, target: Target): Block | undefined {
  if (part.signature === undefined || part.owner !== target.provider || isChatSignature(part.signature))
    return undefined;
  if (part.redacted === true) return { type: "redacted_thinking", data: part.signature };
  return { type: "thinking", thinking: part.text, signature: part.signature };
}

export function encodeToolResult(
  part: ToolResultPart,
  id: string,
  target: Target,
  report: Report,
): Anthropic.ToolResultBlockParam {
  const content = toolResultContent(part.content, target, report);
  return {
    type: "tool_result",
    tool_use_id: id,
    ...(content.length > 0 && { content }),
    ...(part.error === true && { is_error: true }),
  };
}

function toolResultContent(content: ToolResultPart["content"], target: Target, report: Report) {
  const parts: readonly (TextPart | ImagePart)[] =
    typeof content === "string" ? [{ type: "text", text: content }] : content;
  const blocks: (Anthropic.TextBlockParam | Anthropic.ImageBlockParam)[] = [];
  for (const part of parts) {
    const block = part.type === "image" ? encodeImage(part, target, report) : encodeText(part.text);
    if (block !== undefined) blocks.push(block);
  }
  return blocks;
}

interface Inline {
  readonly data: string;
  readonly mediaType: string | undefined;
}

function inlineData(part: ImagePart | FilePart): Inline | undefined {
  if (part.data !== undefined) return { data: part.data, mediaType: part.mediaType };
  const inline = readDataUrl(part.url ?? "");
  return inline && { data: inline.data, mediaType: inline.mediaType || part.mediaType };
}

/** First characters of base64 image data. */
const MAGIC: readonly (readonly [start: string, mediaType: string])[] = [
  ["/9j/", "image/jpeg"],
  ["iVBOR", "image/png"],
  ["R0lGOD", "image/gif"],
  ["UklGR", "image/webp"],
];

function sniffImage(data: string): string {
  return MAGIC.find(([start]) => data.startsWith(start))?.[1] ?? "image/png";
}
