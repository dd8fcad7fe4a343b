import type { ModelErrorInit } from "../../core/error.ts";

/** The version of the lines. A change that older readers would misread increments it. */
export const CASSETTE_VERSION = 1;

/** The request as it was sent: JSON, another text, or bytes in base64. */
export interface RecordedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly text?: string;
  readonly base64?: string;
}

/** One read from the network: the milliseconds since the request, and UTF-8 text, or bytes in base64. */
export type RecordedChunk = readonly [atMs: number, text: string] | readonly [atMs: number, data: string, "base64"];

export interface RecordedResponse {
  readonly atMs: number;
  readonly status: number;
  /** After redirects. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly chunks: readonly RecordedChunk[];
}

export type RecordedError = Pick<
  ModelErrorInit,
  "code" | "message" | "provider" | "model" | "status" | "phase" | "shouldRetry" | "reusedSocket"
>;

/**
 * How the exchange ended: `end`, completely; `cut`, the connection broke in the body; `error`, another failure; `abort`, the
 * program left.
 */
export type RecordedEnd =
  | { readonly as: "end" | "abort"; readonly atMs: number }
  | { readonly as: "cut"; readonly atMs: number; readonly code?: string; readonly message: string }
  | { readonly as: "error"; readonly atMs: number; readonly error: RecordedError };

/** One line of a cassette. */
export interface RecordedExchange {
  readonly cassette: typeof CASSETTE_VERSION;
  /** Wall clock, milliseconds since 1970. */
  readonly startedMs: number;
  /** Position among the requests of one recorder; lines are written when an exchange ends. */
  readonly position: number;
  /** Whether request bytes were written to a connected socket. */
  readonly sent: boolean;
  readonly request: RecordedRequest;
  /** Absent if the request failed before a response. */
  readonly response?: RecordedResponse;
  readonly end: RecordedEnd;
}

export function lineOf(exchange: RecordedExchange): string {
  return `${JSON.stringify(exchange)}\n`;
}

/** The exchange of a line, or what is wrong with it. */
export function exchangeIn(line: string): RecordedExchange | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return "is not JSON; a recording that was interrupted ends in a cut line";
  }
  if (!isObject(value) || typeof value.cassette !== "number") return "is not a recorded exchange";
  if (value.cassette > CASSETTE_VERSION)
    return `has version ${value.cassette}, this modelwright reads up to ${CASSETTE_VERSION}; update modelwright or record again`;
  return isExchange(value) ? (value as unknown as RecordedExchange) : "is not a complete recorded exchange";
}

type Fields = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const ENDS: ReadonlySet<unknown> = new Set(["end", "abort", "cut", "error"]);

function isExchange({ startedMs, position, request, response, end }: Fields): boolean {
  if (typeof startedMs !== "number" || typeof position !== "number") return false;
  if (!isObject(request) || typeof request.method !== "string" || typeof request.url !== "string") return false;
  if (response !== undefined && !isResponse(response)) return false;
  if (!isObject(end) || !ENDS.has(end.as) || typeof end.atMs !== "number") return false;
  return end.as !== "error" || (isObject(end.error) && typeof end.error.code === "string");
}

function isResponse(value: unknown): boolean {
  if (!isObject(value) || typeof value.status !== "number" || typeof value.url !== "string") return false;
  const { headers, chunks } = value;
  return isObject(headers) && Array.isArray(chunks) && chunks.every(isChunk);
}

function isChunk(chunk: unknown): boolean {
  return Array.isArray(chunk) && typeof chunk[0] === "number" && typeof chunk[1] === "string";
}
