import type { AssistantMessage, ReasoningPart, ToolCallPart } from "../../core/message.ts";
import type { Target } from "../../core/target.ts";
import { chunkExtras, FROM_TAGS, type OpaqueFields, REASONING_FIELDS, readOpaqueFields } from "../chat-signature.ts";
import { joinStates } from "./opaque-fields.ts";

type AssistantParts = Exclude<AssistantMessage["content"], string>;

/** The field for reasoning without a signature. */
export function reasoningField({ quirks }: Target): string | undefined {
  return quirks.reasoningField ?? (quirks.reasoningDemand === undefined ? undefined : "reasoning_content");
}

/**
 * The reasoning to send back to the host that sent it, in the same field, and its opaque fields, unchanged. DeepSeek and
 * others reject a history without them; other hosts ignore them.
 */
export function reasoningBack(content: AssistantParts, target: Target): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const part of content) {
    if (part.type !== "reasoning" || !isReadable(part, target)) continue;
    const opaque = readOpaqueFields(part.signature);
    const field = opaque === undefined ? fieldOf(part, target) : undefined;
    if (opaque !== undefined && chunkExtras(part.signature) === undefined) joinStates(fields, opaque);
    if (field !== undefined) fields[field] = `${fields[field] ?? ""}${part.text}`;
  }
  return fields;
}

function isReadable({ owner }: ReasoningPart, { provider }: Target): boolean {
  return owner === undefined || owner === provider;
}

function fieldOf({ signature, owner }: ReasoningPart, target: Target): string | undefined {
  if (owner !== undefined && (REASONING_FIELDS as readonly (string | undefined)[]).includes(signature))
    return signature;
  return signature === undefined || owner === undefined || signature === FROM_TAGS ? reasoningField(target) : undefined;
}

/** Text and the host's own thinking as chunks, in order; `undefined` if none arrived as a chunk. */
export function contentChunks(content: AssistantParts, target: Target): object[] | undefined {
  const chunks = content.flatMap((part): object[] => {
    if (part.type === "text") return part.text === "" ? [] : [{ type: "text", text: part.text }];
    if (part.type !== "reasoning" || part.owner !== target.provider) return [];
    const extras = chunkExtras(part.signature);
    return extras === undefined ? [] : [{ type: "thinking", thinking: [{ type: "text", text: part.text }], ...extras }];
  });
  return chunks.some((chunk) => "thinking" in chunk) ? chunks : undefined;
}

/** The opaque fields of a tool call from this host. */
export function callFields({ signature, owner }: ToolCallPart, { provider }: Target): OpaqueFields {
  return (owner === provider ? readOpaqueFields(signature) : undefined) ?? {};
}
