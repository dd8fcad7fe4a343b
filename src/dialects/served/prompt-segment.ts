import { digest } from "./hash.ts";
import type { PromptSegment, SimulatedTool } from "./request.ts";
import { tokensOf } from "./tokens.ts";

/** Tokens of an image, a document or a recording. */
export const MEDIA_TOKENS = 256;
const TURN_TOKENS = 4;

export type CacheTtl = "5m" | "1h";

/** A part of the prompt with its tokens: text, attachments, and four tokens per message. */
export function segmentOf(text: string, media: readonly unknown[] = [], cacheTtl?: CacheTtl): PromptSegment {
  const attached = media.map((part) => `[attachment ${digest(part)}]`).join("");
  return { text: text + attached, tokens: tokensOf(text) + media.length * MEDIA_TOKENS + TURN_TOKENS, cacheTtl };
}

export function toolSegment(tool: SimulatedTool, cacheTtl?: CacheTtl): PromptSegment {
  return segmentOf(JSON.stringify([tool.name, tool.description, tool.parameters]), [], cacheTtl);
}

export function promptTokens(segments: readonly PromptSegment[]): number {
  return segments.reduce((sum, segment) => sum + segment.tokens, 0);
}
