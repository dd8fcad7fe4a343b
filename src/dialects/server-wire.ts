import type { IncomingHttpHeaders } from "node:http";
import type { WireName } from "../core/wire-name.ts";
import type { Answer } from "./served/answer.ts";
import type { Json } from "./served/json.ts";
import type { Problem } from "./served/problem.ts";
import type { SimulatedRequest } from "./served/request.ts";

/** The server side of a wire format: reads requests, and writes answers and errors like the provider. */
export interface Wire {
  readonly name: WireName;
  /** Throws a Rejection for a body that the provider would reject. */
  read(received: Received): SimulatedRequest;
  body(request: SimulatedRequest, answer: Answer): Json;
  events(request: SimulatedRequest, answer: Answer): readonly WireEvent[];
  /** The response of the token counting endpoint. */
  counted(tokens: number): Json;
  problem(problem: Problem, requestId: string): { readonly status: number; readonly body: Json };
  /** An error in a stream, after `sent` events. */
  problemEvents(problem: Problem, requestId: string, sent: readonly WireEvent[]): readonly WireEvent[];
  /** Headers of every response: the request id and, if the provider reports them, rate limits. */
  headers(requestId: string, usedTokens: number, nowMs: number): Readonly<Record<string, string>>;
  /** Headers of a 429; `waitMs` is the time until the limit resets, if known. */
  exhausted(waitMs: number | undefined, nowMs: number): Readonly<Record<string, string>>;
  models(): Json;
  model(id: string): Json;
  /** Absent if the provider has no embeddings. */
  readonly embeddings?: ServedEmbeddings;
}

/** The embeddings of a wire format. */
export interface ServedEmbeddings {
  /** Throws a Rejection for a body that the provider would reject. */
  read(received: Received): EmbeddingAsk;
  body(ask: EmbeddingAsk, vectors: readonly Float32Array[], path: string): Json;
}

export interface EmbeddingAsk {
  readonly model: string;
  readonly texts: readonly string[];
  readonly dimensions: number | undefined;
  /** Whether vectors are sent as base64. */
  readonly base64: boolean;
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
