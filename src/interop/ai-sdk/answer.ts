import type {
  LanguageModelV4Content,
  LanguageModelV4FinishReason,
  LanguageModelV4Usage,
  SharedV4ProviderMetadata,
  SharedV4Warning,
} from "@ai-sdk/provider";
import { dropAddedNulls } from "../../core/added-nulls.ts";
import type { Adjustment } from "../../core/attempt.ts";
import type { FinishReason } from "../../core/event.ts";
import type { Reply } from "../../core/reply.ts";
import type { Tool, ToolCall } from "../../core/tool.ts";
import type { Usage } from "../../core/usage.ts";
import { OWN_KEY, replyFacts } from "../reply-facts.ts";
import { partMetadata } from "./part-metadata.ts";

/** The parts of an answer, in order. */
export function contentOf(reply: Reply, tools: readonly Tool[]): LanguageModelV4Content[] {
  const { content } = reply.message;
  const parts =
    typeof content === "string" ? (content === "" ? [] : [{ type: "text" as const, text: content }]) : content;
  const shown = parts.map((part): LanguageModelV4Content => {
    const metadata = withMetadata(partMetadata(part));
    if (part.type !== "tool-call") return { type: part.type, text: part.text, ...metadata };
    const { id: toolCallId, name: toolName } = part;
    const json = reply.toolCalls.find(({ id }) => id === toolCallId)?.json ?? JSON.stringify(part.arguments);
    return { type: "tool-call", toolCallId, toolName, input: inputOf({ ...part, json }, tools), ...metadata };
  });
  return isRefusalMissing(reply, parts.length) ? [...shown, { type: "text", text: reply.refusal ?? "" }] : shown;
}

/** A refusal next to other parts is not in the message; the AI SDK has no other place for it than the text. */
function isRefusalMissing({ refusal, text, message }: Reply, parts: number): boolean {
  return refusal !== undefined && refusal !== text && !(parts === 1 && message.content === refusal);
}

export function withMetadata(metadata: SharedV4ProviderMetadata | undefined): {
  providerMetadata?: SharedV4ProviderMetadata;
} {
  return metadata === undefined ? {} : { providerMetadata: metadata };
}

/** The arguments of a call as JSON, without the nulls that the strict mode of a provider adds for optional properties. */
export function inputOf({ name, json, arguments: args }: ToolCall, tools: readonly Tool[]): string {
  const tool = tools.find((one) => one.name === name);
  return tool?.strict === true ? JSON.stringify(dropAddedNulls(args, tool.parameters)) : json;
}

const REASONS: Readonly<Record<FinishReason, LanguageModelV4FinishReason["unified"]>> = {
  stop: "stop",
  length: "length",
  "tool-calls": "tool-calls",
  "content-filter": "content-filter",
  refusal: "content-filter",
  unknown: "other",
};

export function finishOf({ finishReason, rawFinishReason }: Reply): LanguageModelV4FinishReason {
  return { unified: REASONS[finishReason], raw: rawFinishReason };
}

export function usageOf(usage: Usage): LanguageModelV4Usage {
  const { input, cacheRead, cacheWrite, output, reasoning } = usage;
  return {
    inputTokens: { total: input + cacheRead + cacheWrite, noCache: input, cacheRead, cacheWrite },
    outputTokens: { total: output, text: output - reasoning, reasoning },
    raw: { ...usage, details: { ...usage.details } },
  };
}

/** What the AI SDK has no fields for. */
export function replyMetadata(reply: Parameters<typeof replyFacts>[0]): SharedV4ProviderMetadata {
  return { [OWN_KEY]: replyFacts(reply) };
}

export function warningOf({ setting, to, reason }: Adjustment): SharedV4Warning {
  return { type: to === undefined ? "unsupported" : "compatibility", feature: setting, details: reason };
}
