import { own } from "../core/own.ts";

/** Fields of a chat message that carry reasoning as text, in the order in which they are read. */
export const REASONING_FIELDS = ["reasoning_content", "reasoning", "reasoning_text"] as const;

/** Reasoning that was separated from the text by `<think>` tags. */
export const FROM_TAGS = "content";
/** Reasoning that came as a chunk of the content (Mistral). */
export const FROM_CHUNK = "thinking";
/** Reasoning whose text is part of the opaque fields. */
export const FROM_DETAILS = "reasoning_details";

const WORDS: ReadonlySet<string> = new Set([...REASONING_FIELDS, FROM_TAGS, FROM_CHUNK, FROM_DETAILS]);

/**
 * Fields that hosts want back as they gave them, on the message, the tool call or its function: OpenRouter's
 * `reasoning_details`, LiteLLM's `thinking_blocks` and `provider_specific_fields`, Copilot's `reasoning_opaque`, the
 * `extra_content` of Gemini's compatible endpoint. `chunk` holds what a Mistral thinking chunk has besides its text.
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

/** The opaque fields in a signature of the chat wire; `undefined` for a word, and for signatures of other wires. */
export function readOpaqueFields(signature: string | undefined): OpaqueFields | undefined {
  if (signature?.startsWith("{") !== true) return undefined;
  try {
    const fields = JSON.parse(signature) as OpaqueFields;
    return Object.keys(fields).every((name) => FIELDS.has(name)) ? fields : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a signature was made on the chat wire: a provider may be reached over several, and each reads only its own. */
export function isChatSignature(signature: string): boolean {
  return WORDS.has(signature) || readOpaqueFields(signature) !== undefined;
}

/** What a Mistral thinking chunk had besides its text; `undefined` when the reasoning was no chunk. */
export function chunkExtras(signature: string | undefined): OpaqueFields | undefined {
  if (signature === FROM_CHUNK) return {};
  const chunk = own(readOpaqueFields(signature) ?? {}, "chunk");
  return typeof chunk === "object" && chunk !== null ? (chunk as OpaqueFields) : undefined;
}
