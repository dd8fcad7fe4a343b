import { estimateTokenCount as estimateText } from "tokenx";
import type { Message, Part } from "./message.ts";
import type { Tool } from "./tool.ts";

/** Tokens that the chat format adds to each message, and tokens of a typical image; published by OpenAI for its models. */
const TOKENS_PER_MESSAGE = 4;
const TOKENS_PER_IMAGE = 765;
const BYTES_PER_FILE_TOKEN = 24;

/** Estimates the tokens of a prompt without a request; typically within 15 % for prose and code. */
export function estimateTokens(messages: readonly Message[], tools: readonly Tool[] = []): number {
  let tokens = 3;
  for (const message of messages) tokens += TOKENS_PER_MESSAGE + contentTokens(message.content);
  for (const tool of tools) tokens += 8 + estimateText(JSON.stringify(tool));
  return tokens;
}

/**
 * An upper bound of the tokens of a prompt, for reservations: the estimate with the largest error measured for any kind of
 * text.
 */
export function maxTokens(messages: readonly Message[], tools: readonly Tool[] = []): number {
  return Math.ceil(estimateTokens(messages, tools) * LARGEST_ERROR);
}

/** The estimate of a list of UUIDs is 0.53 of its tokens. */
const LARGEST_ERROR = 2;

export function estimateTextTokens(text: string): number {
  return estimateText(text);
}

function contentTokens(content: string | readonly Part[]): number {
  if (typeof content === "string") return estimateText(content);
  let tokens = 0;
  for (const part of content) tokens += partTokens(part);
  return tokens;
}

function partTokens(part: Part): number {
  switch (part.type) {
    case "text":
    case "reasoning":
      return estimateText(part.text);
    case "image":
      return TOKENS_PER_IMAGE;
    case "file":
    case "audio":
      return Math.ceil((part.data?.length ?? 4_096) / BYTES_PER_FILE_TOKEN);
    case "tool-call":
      return 8 + estimateText(`${part.name}${JSON.stringify(part.arguments)}`);
    case "tool-result":
      return 4 + contentTokens(part.content);
  }
}

/** Characters of all text: a cheap bound for the check before a request. */
export function textLength(messages: readonly Message[]): number {
  let length = 0;
  for (const message of messages) length += contentLength(message.content);
  return length;
}

function contentLength(content: string | readonly Part[]): number {
  if (typeof content === "string") return content.length;
  let length = 0;
  for (const part of content) {
    if (part.type === "text" || part.type === "reasoning") length += part.text.length;
    else if (part.type === "tool-result") length += contentLength(part.content);
  }
  return length;
}

/** Maximum UTF-8 bytes per UTF-16 code unit. */
const MAX_BYTES_PER_UNIT = 3;

/**
 * Bytes of a prompt as the caller passed it: text as UTF-8, attachments in their encoded form. Below `enough`, only an upper
 * bound, which is cheap.
 */
export function inputBytes(messages: readonly Message[], enough: number): number {
  const most = sizeOf(messages, (text) => text.length * MAX_BYTES_PER_UNIT);
  return most <= enough ? most : sizeOf(messages, (text) => Buffer.byteLength(text));
}

type Measure = (text: string) => number;

function sizeOf(messages: readonly Message[], measure: Measure): number {
  return messages.reduce((sum, { content }) => sum + contentSize(content, measure), 0);
}

function contentSize(content: string | readonly Part[], measure: Measure): number {
  if (typeof content === "string") return measure(content);
  return content.reduce((sum, part) => sum + partSize(part, measure), 0);
}

function partSize(part: Part, measure: Measure): number {
  switch (part.type) {
    case "text":
    case "reasoning":
      return measure(part.text);
    case "tool-call":
      return measure(part.name) + measure(JSON.stringify(part.arguments) ?? "");
    case "tool-result":
      return contentSize(part.content, measure);
    case "image":
    case "file":
    case "audio":
      return (part.data?.length ?? 0) + ("url" in part ? (part.url?.length ?? 0) : 0);
  }
}
