import { own } from "../core/own.ts";

/** Fields of a chat message with reasoning as text, in reading order. */
export const REASONING_FIELDS = ["reasoning_content", "reasoning", "reasoning_text"] as const;

/** Reasoning in `<think>` tags inside the text. */
export const FROM_TAGS = "content";
/** Reasoning in a chunk of the content (Mistral). */
export const FROM_CHUNK = "thinking";
/** Reasoning whose text is in the opaque fields. */
export const FROM_DETAILS = "reasoning_details";

const WORDS: ReadonlySet<string> = new Set([...REASONING_FIELDS, FROM_TAGS, FROM_CHUNK, FROM_DETAILS]);

/**
 * Fields that hosts require unchanged on the message, the tool call or its function: OpenRouter's
 * `reasoning_details`, LiteLLM's `thinking_blocks` and `provider_specific_fields`, Copilot's `reasoning_opaque`, the
 * `extra_content` of Gemini's compatible endpoint. `chunk` has the fields of a Mistral thinking chunk other than its text.
 */
const FIELDS: ReadonlySet<string> = new Set([
  "reasoning_details",
  "thinking_blocks",
  "reasoning_opaque",
  "provider_specific_fields",
  "extra_content",
  "function",
  "chunk",
]);

export type OpaqueFields = Readonly<Record<string, unknown>>;

/** The opaque fields of a chat signature; `undefined` for a field name, and for signatures of other wire formats. */
export function readOpaqueFields(signature: string | undefined): OpaqueFields | undefined {
  if (signature?.startsWith("{") !== true) return undefined;
  try {
    const fields = JSON.parse(signature) as OpaqueFields;
    return Object.keys(fields).every((name) => FIELDS.has(name)) ? fields : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a signature is from the chat wire format; a provider may have several formats, and each reads only its own. */
export function isChatSignature(signature: string): boolean {
  return WORDS.has(signature) || readOpaqueFields(signature) !== undefined;
}

/** The fields of a Mistral thinking chunk other than its text; `undefined` if the reasoning was not a chunk. */
export function chunkExtras(signature: string | undefined): OpaqueFields | undefined {
  if (signature === FROM_CHUNK) return {};
  const chunk = own(readOpaqueFields(signature) ?? {}, "chunk");
  return typeof chunk === "object" && chunk !== null ? (chunk as OpaqueFields) : undefined;
}
