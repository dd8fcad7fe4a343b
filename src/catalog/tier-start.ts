const OPENAI_LONG_CONTEXT = 272_000;
/** At any provider: `gpt-6-luna`, `openai/gpt-6-luna`. */
const OPENAI_MODEL = /^~?(?:[\w-]+[./])*gpt-/;

/**
 * OpenAI's standard rates are for prompts with fewer than 272,000 tokens, so the rates for long prompts begin at exactly that size.
 * Lists with the threshold itself are one token off. https://developers.openai.com/api/docs/pricing
 */
export function tierAbove(threshold: number, modelId: string): number {
  return threshold === OPENAI_LONG_CONTEXT && OPENAI_MODEL.test(modelId) ? threshold - 1 : threshold;
}
