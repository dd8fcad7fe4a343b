import type { StripSpecialTokens, StripTokens } from "./option-values.ts";

/** Control tokens of common chat formats that leak into text from hosts that do not strip them. */
const USUAL_TOKENS: readonly string[] = [
  "<|im_start|>",
  "<|im_end|>",
  "<|endoftext|>",
  "<|eot_id|>",
  "<|start_header_id|>",
  "<|end_header_id|>",
  "<|EOT|>",
  "<｜end▁of▁sentence｜>",
  "<|assistant|>",
  "<|system|>",
  "<|user|>",
  "<s>",
  "</s>",
];

/** `strip_special_tokens`: true for the usual tokens, an array of tokens, or a table that also sets `where`. */
export function stripTokensOf(value: StripSpecialTokens | undefined): StripTokens | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "boolean") return { tokens: value ? USUAL_TOKENS : [], where: "end" };
  if (isList(value)) return { tokens: value, where: "end" };
  return { tokens: value.tokens ?? USUAL_TOKENS, where: value.where ?? "end" };
}

function isList(value: object): value is readonly string[] {
  return Array.isArray(value);
}
