import { estimateTokenCount as estimateText } from "tokenx";
import type { MediaPart, Message, Part } from "./message.ts";
import type { ResponseFormat } from "./option-values.ts";
import type { ModelRequest } from "./request.ts";
import { blockSize } from "./same-wire.ts";
import { tokenBound } from "./token-bound.ts";
import type { Tool } from "./tool.ts";

/** Tokens that the chat format adds to each message, and tokens of a typical image; published by OpenAI for its models. */
const TOKENS_PER_MESSAGE = 4;
const TOKENS_PER_IMAGE = 765;
const BYTES_PER_FILE_TOKEN = 24;

/** Estimates the tokens of a prompt without a request; docs/guide/tokens.md has the errors measured for each kind of text. */
export function estimateTokens(
  messages: readonly Message[],
  tools: readonly Tool[] = [],
  format?: ResponseFormat | undefined,
): number {
  const tokens = promptTokens(messages, tools, { text: estimateTextTokens, media: typicalMediaTokens });
  return format?.type === "json_schema" ? tokens + estimateTextTokens(JSON.stringify(format)) : tokens;
}

/** Estimates the tokens of the prompt or texts of a request. */
export function requestTokens({ embedding, messages, settings }: ModelRequest): number {
  if (embedding === undefined) return estimateTokens(messages, settings.tools, settings.responseFormat);
  return embedding.texts.reduce((sum, text) => sum + estimateTextTokens(text), 0);
}

/** An upper bound of the tokens of a prompt, for reservations, if `mediaTokens` is one. */
export function maxTokens(
  messages: readonly Message[],
  tools: readonly Tool[] = [],
  mediaTokens: (part: MediaPart) => number = typicalMediaTokens,
): number {
  return promptTokens(messages, tools, { text: tokenBound, media: mediaTokens });
}

/** Tokens of a typical image, or of a file or recording of this size. */
export function typicalMediaTokens(part: MediaPart): number {
  if (part.type === "image") return TOKENS_PER_IMAGE;
  return Math.ceil((part.data?.length ?? 4_096) / BYTES_PER_FILE_TOKEN);
}

/** Longer texts, in characters, are estimated from samples: tokenizing 8 MB takes 0.7 s. */
const WHOLE = 65_536;
const SAMPLES = 64;
const SAMPLE_LENGTH = WHOLE / SAMPLES;

/** Estimates the token count of a string. */
export function estimateTextTokens(text: string): number {
  return text.length <= WHOLE ? estimateText(text) : sampledTokens(text);
}

/** The bound is cheap, so the ratio of the samples to their bound is applied to the bound of the whole text. */
function sampledTokens(text: string): number {
  const stride = Math.floor(text.length / SAMPLES);
  let tokens = 0;
  let bound = 0;
  for (let index = 0; index < SAMPLES; index++) {
    // Varies the place within the stride, because texts such as tables repeat at regular distances.
    const shift = Math.floor(((index * GOLDEN) % 1) * (stride - SAMPLE_LENGTH));
    const sample = text.slice(index * stride + shift, index * stride + shift + SAMPLE_LENGTH);
    tokens += estimateText(sample);
    bound += tokenBound(sample);
  }
  return bound === 0 ? 0 : Math.ceil(tokenBound(text) * (tokens / bound));
}

const GOLDEN = 0.618_033_988_749;

interface Count {
  readonly text: (text: string) => number;
  readonly media: (part: MediaPart) => number;
}

function promptTokens(messages: readonly Message[], tools: readonly Tool[], count: Count): number {
  let tokens = 3;
  for (const { content } of messages) tokens += TOKENS_PER_MESSAGE + contentTokens(content, count);
  for (const tool of tools) tokens += 8 + count.text(JSON.stringify(tool));
  return tokens;
}

function contentTokens(content: string | readonly Part[], count: Count): number {
  if (typeof content === "string") return count.text(content);
  let tokens = 0;
  for (const part of content) tokens += partTokens(part, count);
  return tokens;
}

function partTokens(part: Part, count: Count): number {
  switch (part.type) {
    case "text":
    case "reasoning":
      return count.text(blockSize(part)?.text ?? part.text);
    case "image":
    case "file":
    case "audio":
      return count.media(part);
    case "tool-call":
      return 8 + count.text(`${part.name}${JSON.stringify(part.arguments)}`);
    case "tool-result":
      return 4 + Math.max(contentTokens(part.content, count), count.text(blockSize(part)?.text ?? ""));
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
    if (part.type === "text" || part.type === "reasoning") length += (blockSize(part)?.text ?? part.text).length;
    else if (part.type === "tool-result")
      length += Math.max(contentLength(part.content), blockSize(part)?.text.length ?? 0);
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
      return measure(blockSize(part) === undefined ? part.text : (part.signature ?? ""));
    case "tool-call":
      return measure(part.name) + measure(JSON.stringify(part.arguments) ?? "");
    case "tool-result":
      return Math.max(
        contentSize(part.content, measure),
        blockSize(part) === undefined ? 0 : measure(part.signature ?? ""),
      );
    case "image":
    case "file":
    case "audio":
      return (part.data?.length ?? 0) + ("url" in part ? (part.url?.length ?? 0) : 0);
  }
}
