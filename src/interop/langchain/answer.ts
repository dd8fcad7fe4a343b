import { AIMessage, AIMessageChunk, type AIMessageFields, type UsageMetadata } from "@langchain/core/messages";
import { ChatGenerationChunk, type ChatResult } from "@langchain/core/outputs";
import type { FinishReason } from "../../core/event.ts";
import type { Reply } from "../../core/reply.ts";
import type { Usage } from "../../core/usage.ts";
import { type JsonObject, OWN_KEY, replyFacts } from "../reply-facts.ts";

const REASONS: Readonly<Record<FinishReason, string>> = {
  stop: "stop",
  length: "length",
  "tool-calls": "tool_calls",
  "content-filter": "content_filter",
  refusal: "refusal",
  unknown: "unknown",
};

/** The answer of `invoke`. */
export function resultOf(reply: Reply): ChatResult {
  const fields: object = {
    content: contentOf(reply),
    tool_calls: reply.toolCalls.map(({ id, name, arguments: args }) => ({
      type: "tool_call",
      id,
      name,
      args: argsOf(args),
    })),
    usage_metadata: usageOf(reply.usage),
    additional_kwargs: keptOf(reply),
    response_metadata: metadataOf(reply),
    ...(reply.id !== undefined && { id: reply.id }),
  };
  const message = new AIMessage(fields as AIMessageFields);
  const {
    input_tokens: promptTokens,
    output_tokens: completionTokens,
    total_tokens: totalTokens,
  } = usageOf(reply.usage);
  return {
    generations: [{ text: message.text, message }],
    llmOutput: { tokenUsage: { promptTokens, completionTokens, totalTokens } },
  };
}

/** The last chunk of a stream: what is known at its end. */
export function lastChunk(reply: Reply): ChatGenerationChunk {
  const fields: object = {
    content: "",
    usage_metadata: usageOf(reply.usage),
    additional_kwargs: keptOf(reply),
    response_metadata: metadataOf(reply),
  };
  return new ChatGenerationChunk({ text: "", message: new AIMessageChunk(fields as AIMessageFields) });
}

const EVENT_REASONS: Readonly<Record<string, "length" | "tool_use" | "content_filter">> = {
  length: "length",
  tool_calls: "tool_use",
  content_filter: "content_filter",
  refusal: "content_filter",
};

/** What the last event of a stream says, so that it also has the parts with their signatures. */
export function endOf({ response_metadata, additional_kwargs }: AIMessageChunk): {
  readonly reason: "stop" | "length" | "tool_use" | "content_filter";
  readonly responseMetadata: Record<string, unknown>;
} {
  const facts = { ...(response_metadata[OWN_KEY] as object), ...(additional_kwargs[OWN_KEY] as object | undefined) };
  const reason = EVENT_REASONS[String(response_metadata["finish_reason"])] ?? "stop";
  return { reason, responseMetadata: { ...response_metadata, [OWN_KEY]: facts } };
}

/** Arguments that are not an object have no place in LangChain. */
function argsOf(args: unknown): Record<string, unknown> {
  return typeof args === "object" && args !== null && !Array.isArray(args) ? (args as Record<string, unknown>) : {};
}

type Block = { readonly type: string; readonly [field: string]: unknown };

/** A string if there is only text; otherwise blocks of LangChain's standard, without the calls. */
function contentOf({ message: { content }, text, refusal }: Reply): string | Block[] {
  if (typeof content === "string" || !content.some(({ type }) => type === "reasoning"))
    return text === "" ? (refusal ?? "") : text;
  return content.flatMap((part): Block[] => {
    if (part.type === "reasoning" && part.text !== "") return [{ type: "reasoning", reasoning: part.text }];
    return part.type === "text" && part.text !== "" ? [{ type: "text", text: part.text }] : [];
  });
}

/** The parts with their signatures, unless the content says all. */
function keptOf({ message: { content }, refusal }: Reply): Record<string, unknown> {
  return {
    ...(typeof content !== "string" && { [OWN_KEY]: { content } }),
    ...(refusal !== undefined && { refusal }),
  };
}

function metadataOf(reply: Reply): Record<string, string | JsonObject | undefined> {
  return {
    model_provider: OWN_KEY,
    model_name: reply.model,
    finish_reason: REASONS[reply.finishReason],
    ...(reply.rawFinishReason !== undefined && { raw_finish_reason: reply.rawFinishReason }),
    [OWN_KEY]: replyFacts(reply),
  };
}

function usageOf({ input, cacheRead, cacheWrite, output, reasoning, total }: Usage): UsageMetadata {
  return {
    input_tokens: input + cacheRead + cacheWrite,
    output_tokens: output,
    total_tokens: total,
    input_token_details: { cache_read: cacheRead, cache_creation: cacheWrite },
    output_token_details: { reasoning },
  };
}
