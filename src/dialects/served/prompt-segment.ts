import { digest } from "./hash.ts";
import type { PromptSegment, SimulatedTool } from "./request.ts";
import { tokensOf } from "./tokens.ts";

/** What a picture, a document or a recording costs. */
export const MEDIA_TOKENS = 256;
const TURN_TOKENS = 4;

export type CacheTtl = "5m" | "1h";

/** A piece of the prompt as counted: its text, its attachments (by content), and four tokens of frame. */
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
