import type { IncomingHttpHeaders } from "node:http";
import type { WireName } from "../core/wire-name.ts";
import type { Json } from "./served/json.ts";

export interface EmbeddingAsk {
  readonly model: string;
  readonly texts: readonly string[];
  readonly dimensions: number | undefined;
  /** Whether vectors are sent as base64. */
  readonly base64: boolean;
  /** Whether the texts are lists of token ids. */
  readonly tokenIds?: boolean;
}

export interface Received {
  readonly path: string;
  /** From the path, if the wire format has it there. */
  readonly model: string | undefined;
  readonly streaming: boolean;
  readonly counting: boolean;
  readonly headers: IncomingHttpHeaders;
  readonly body: Json;
  readonly history: ResponseHistory;
}

/** Stored conversations: response id to its items and the items before it. */
export type ResponseHistory = Map<string, readonly unknown[]>;

export interface WireEvent {
  readonly name?: string;
  /** A string is sent unchanged, anything else as JSON. */
  readonly data: unknown;
}

/** The creation time of every simulated answer, 2026-01-01, so that equal requests get equal bytes. */
export const CREATED_S = 1_767_225_600;

export const MODEL_IDS: Readonly<Record<WireName, readonly string[]>> = {
  openai: ["gpt-4o", "gpt-4o-mini", "gpt-5", "deepseek-reasoner"],
  "openai-responses": ["gpt-4o", "gpt-4o-mini", "gpt-5", "deepseek-reasoner"],
  anthropic: ["claude-sonnet-4-5", "claude-haiku-4-5"],
  google: ["gemini-2.5-flash", "gemini-3-pro-preview"],
};

export const LIMITS = { requests: 10_000, tokens: 2_000_000 } as const;
