import type { AIMessage } from "@langchain/core/messages";
import { ModelError } from "../../core/error.ts";
import type { Reply } from "../../core/reply.ts";
import { OWN_KEY } from "../reply-facts.ts";

type Facts = Partial<Pick<Reply, "attempts" | "callId" | "model" | "provider" | "requestId">>;

/** The error of an answer that is not the object, with the attempts and their cost. */
export function unreadable(message: AIMessage, words: string, cause?: unknown): ModelError {
  const metadata: Readonly<Record<string, unknown>> = message.response_metadata ?? {};
  const { attempts = [], callId, model, provider, requestId } = (metadata[OWN_KEY] ?? {}) as Facts;
  const isRefused = metadata["finish_reason"] === "refusal";
  const cut = metadata["finish_reason"] === "length" ? " (cut off by the token limit: raise max_new_tokens)" : "";
  const what = isRefused
    ? `the model declined: ${message.text}`
    : `the answer does not satisfy the schema: ${words}${cut}`;
  const error = new ModelError({
    code: isRefused ? "refused" : "invalid_output",
    message: `${model ?? "withStructuredOutput"}: ${what}`,
    ...{ model, provider, requestId, cause },
    shouldRetry: false,
    partial: { text: message.text, reasoning: "", toolCalls: [] },
  });
  error.attempts = attempts;
  error.callId = callId;
  return error;
}
