import { growthOf } from "./billing.ts";
import { maxTokens, typicalMediaTokens } from "./estimate.ts";
import type { MediaPart, Message, Part } from "./message.ts";
import type { ModelRequest } from "./request.ts";
import { blockSize } from "./same-wire.ts";
import type { Target } from "./target.ts";
import { tokenBound } from "./token-bound.ts";

/** What a prompt counts at most. */
export interface PromptBound {
  /** Has typical tokens for what is unbounded. */
  readonly tokens: number;
  /** Why the prompt may have more tokens: `the tokens of …`. */
  readonly unbounded: string | undefined;
}

/** The most tokens that the prompt of a request can have at a target. */
export function promptBound(request: ModelRequest, target: Target): PromptBound {
  const { messages, embedding, settings, extraBody, additions } = request;
  if (embedding !== undefined)
    return { tokens: textsBound(embedding.texts) + extraTokens(extraBody), unbounded: undefined };
  let unbounded = storedPrompt(extraBody) ?? growthOf(request);
  const mediaTokens = (part: MediaPart) => {
    const bound = mediaBound(part, target.quirks.maxImageTokens);
    if (typeof bound === "number") return bound;
    unbounded ??= bound;
    return typicalMediaTokens(part);
  };
  const tokens = maxTokens(messages, settings.tools, mediaTokens);
  if (messages.some(hasMediaBlock)) unbounded ??= "the number of tokens of media that only one wire format has";
  const added = extraTokens(extraBody) + (additions === undefined ? 0 : extraTokens(additions.inner));
  return { tokens: tokens + formatTokens(settings.responseFormat) + added, unbounded };
}

/** Media in blocks that are no parts of their own. */
function hasMediaBlock({ content }: Message): boolean {
  if (typeof content === "string") return false;
  return content.some((part: Part) => {
    const isCounted = part.type === "image" || part.type === "file" || part.type === "audio";
    const hasParts = part.type === "tool-result" && typeof part.content !== "string" && part.content.length > 0;
    return !isCounted && !hasParts && blockSize(part)?.hasMedia === true;
  });
}

/** Some tokenizers mark the beginning and end of each text. */
export const MARKS_OF_TEXT = 2;

const noted = new WeakMap<readonly string[], () => number>();

/** Lets `promptBound` use sizes that are known; the array must be frozen. */
export function noteTextsBound(texts: readonly string[], bound: () => number): void {
  noted.set(texts, bound);
}

/** The most tokens that texts can have. */
function textsBound(texts: readonly string[]): number {
  const bound = noted.get(texts);
  if (bound !== undefined) return bound();
  return texts.reduce((sum, text) => sum + tokenBound(text) + MARKS_OF_TEXT, 0);
}

/** Wires repeat the names of a schema in `required`, close its objects, and may put it into an instruction. */
const SCHEMA_COPIES = 2;
const SCHEMA_INSTRUCTION = 50;

function formatTokens(format: ModelRequest["settings"]["responseFormat"]): number {
  if (format === undefined || format.type === "text") return 0;
  if (format.type === "json_object") return SCHEMA_INSTRUCTION;
  return SCHEMA_COPIES * tokenBound(JSON.stringify(format)) + SCHEMA_INSTRUCTION;
}

/** Any field may be text of the prompt, such as a tool of another provider. */
function extraTokens(extraBody: object): number {
  if (Object.keys(extraBody).length === 0) return 0;
  try {
    return tokenBound(JSON.stringify(extraBody));
  } catch {
    // A body that cannot be written is not sent.
    return 0;
  }
}

/** Fields that add a prompt which the provider has stored: of OpenAI's responses, and Gemini's cache. */
const STORED = ["previous_response_id", "conversation", "prompt", "cachedContent", "cached_content"];

function storedPrompt(extraBody: ModelRequest["extraBody"]): string | undefined {
  const field = STORED.find((name) => extraBody[name] != null);
  return field === undefined ? undefined : `the size of the stored prompt of extra_body.${field}`;
}

function mediaBound(part: MediaPart, maxImageTokens: number | undefined): number | string {
  if (part.type === "image") return maxImageTokens ?? "the number of tokens of an image";
  if (part.type === "audio") return "the number of tokens of audio";
  if (part.data === undefined) return "the number of tokens of a file that is sent by its URL or id";
  const { data, mediaType = "", filename = "" } = part;
  if (!isText(mediaType)) return `the number of tokens of a file of type "${mediaType}"`;
  // Each byte is at most one token.
  return Math.ceil((data.length * 3) / 4) + tokenBound(filename);
}

function isText(mediaType: string): boolean {
  return mediaType.startsWith("text/") || mediaType.startsWith("application/json");
}
