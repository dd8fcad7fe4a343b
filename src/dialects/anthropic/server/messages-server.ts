import { isChatSignature } from "../../chat-signature.ts";
import type { Json } from "../../served/json.ts";
import { limitHeaders } from "../../served/limit-headers.ts";
import type { ServedModel, WireServer } from "../../served/wire-server.ts";
import { messagesAnswer } from "./messages-answer.ts";
import { anthropicProblem } from "./write-error.ts";

/** POST …/v1/messages and …/v1/messages/count_tokens. */
export const messagesServer: WireServer = {
  name: "anthropic",
  vendor: "anthropic",
  losesCallState: true,
  tiers: { standard: "standard", priority: "priority", batch: "batch", default: "standard", on_demand: "standard" },
  requestIdHeader: "request-id",
  answer: messagesAnswer,
  readsState: (signature) => !isChatSignature(signature),
  answerId: (unique) => `msg_${unique}`,
  counted: (tokens) => ({ input_tokens: tokens }),
  limitHeaders: (limit, nowMs) =>
    limitHeaders(
      limit,
      (window, field) => `anthropic-ratelimit-${window}-${field}`,
      (resetMs) => new Date(nowMs + resetMs).toISOString(),
    ),
  problem: anthropicProblem,
  models: (models) => ({
    data: models.map(modelInfo),
    has_more: false,
    first_id: models[0]?.id ?? null,
    last_id: models.at(-1)?.id ?? null,
  }),
  model: modelInfo,
};

function modelInfo({ id, title, createdS, context, maxOutput }: ServedModel): Json {
  return {
    type: "model",
    id,
    display_name: title,
    created_at: new Date(createdS * 1000).toISOString(),
    ...(context !== undefined && { max_input_tokens: context }),
    ...(maxOutput !== undefined && { max_tokens: maxOutput }),
  };
}
