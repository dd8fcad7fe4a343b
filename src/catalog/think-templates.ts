/**
 * Models whose chat template ends the prompt with `<think>`: with a server that uses it unchanged, the answer starts inside the
 * reasoning. See the `chat_template` of deepseek-ai/DeepSeek-R1 and its distillations, Qwen/QwQ-32B and
 * Qwen/Qwen3-*-Thinking-2507 on Hugging Face.
 */
const OPENED_IN_THE_PROMPT = /(?:^|\/)(?:deepseek-r1(?:-|$)|qwq-32b(?:-|$)|qwen3-[^/]+-thinking-2507)/i;

export function thinksFromTheStart(modelId: string): boolean {
  return OPENED_IN_THE_PROMPT.test(modelId);
}
