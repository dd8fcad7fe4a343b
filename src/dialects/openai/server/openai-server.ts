import { idOf } from "../../served/hash.ts";
import type { Json } from "../../served/json.ts";
import { CREATED_S, LIMITS, MODEL_IDS, type Wire } from "../../server-wire.ts";
import { openaiEmbeddings } from "./embeddings.ts";
import { openaiProblem } from "./write-error.ts";

/** Shared by the servers of both OpenAI wires. */
export const openaiServer = {
  counted: (tokens) => ({ object: "response.input_tokens", input_tokens: tokens }),
  problem: openaiProblem,
  embeddings: openaiEmbeddings,
  headers,
  exhausted,
  models,
  model,
} satisfies Partial<Wire>;

function headers(requestId: string, usedTokens: number): Readonly<Record<string, string>> {
  return {
    "x-request-id": requestId,
    "openai-processing-ms": "1",
    "openai-version": "2020-10-01",
    "x-ratelimit-limit-requests": String(LIMITS.requests),
    "x-ratelimit-remaining-requests": String(LIMITS.requests - 1),
    "x-ratelimit-reset-requests": "6ms",
    "x-ratelimit-limit-tokens": String(LIMITS.tokens),
    "x-ratelimit-remaining-tokens": String(Math.max(0, LIMITS.tokens - usedTokens)),
    "x-ratelimit-reset-tokens": "12ms",
  };
}

function exhausted(waitMs: number | undefined): Readonly<Record<string, string>> {
  const reset = waitMs === undefined ? {} : { "x-ratelimit-reset-requests": `${waitMs}ms` };
  return { "x-ratelimit-remaining-requests": "0", ...reset };
}

function model(id: string): Json {
  return { id, object: "model", created: CREATED_S, owned_by: "simulated" };
}

function models(): Json {
  return { object: "list", data: MODEL_IDS.openai.map(model) };
}

/** The id of a tool call in an answer. */
export function callId(fingerprint: string, sample: number, position: number): string {
  return idOf("call_", fingerprint, sample, position);
}

/** The service tier in every answer. */
export const SERVICE_TIER = "default";
