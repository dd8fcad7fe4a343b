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

/** `strip_special_tokens`: true for the usual ones, or a list of one's own. */
export function stripTokensOf(value: boolean | readonly string[] | undefined): readonly string[] | undefined {
  if (value === undefined) return undefined;
  if (value === true) return USUAL_TOKENS;
  return value === false ? [] : value;
}
