import { idOf } from "../../served/hash.ts";
import type { Json } from "../../served/json.ts";
import { limitHeaders } from "../../served/limit-headers.ts";
import type { ServedModel, SimulatedServer } from "../../served/wire-server.ts";
import { LIMITS } from "../../server-wire.ts";
import { openaiEmbeddings } from "./embeddings.ts";
import { openaiProblem } from "./write-error.ts";

/** Shared by the servers of both OpenAI wires. */
export const openaiServer = {
  vendor: "openai",
  losesCallState: true,
  tiers: {
    ...{ auto: "auto", default: "default", flex: "flex", scale: "scale", priority: "priority", fast: "fast" },
    ...{ standard: "default", on_demand: "default" },
  },
  requestIdHeader: "x-request-id",
  counted: (tokens) => ({ object: "response.input_tokens", input_tokens: tokens }),
  limitHeaders: (limit) =>
    limitHeaders(
      limit,
      (window, field) => `x-ratelimit-${field}-${window}`,
      (resetMs) => `${Math.ceil(resetMs)}ms`,
    ),
  problem: openaiProblem,
  embeddings: openaiEmbeddings,
  models: (models) => ({ object: "list", data: models.map(modelInfo) }),
  model: modelInfo,
} satisfies Partial<SimulatedServer>;

/** The headers of the simulator. */
export const openaiHeaders = { headers, exhausted } satisfies Partial<SimulatedServer>;

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

function modelInfo({ id, createdS, owner }: ServedModel): Json {
  return { id, object: "model", created: createdS, owned_by: owner };
}

/** The id of a tool call in an answer. */
export function callId(fingerprint: string, sample: number, position: number): string {
  return idOf("call_", fingerprint, sample, position);
}

/** The service tier in every answer. */
export const SERVICE_TIER = "default";
