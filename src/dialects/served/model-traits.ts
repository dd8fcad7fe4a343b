/** Differences of a model family on the wire; the first matching row applies. */
export interface ModelTraits {
  /** Field of a chat message for reasoning text; such models always reason. */
  readonly reasoningField?: "reasoning_content" | "reasoning";
  /** Function calls have signatures and ids, and histories must include the signatures. */
  readonly signsCalls?: boolean;
  /** Chat parameters that this family rejects, with their replacement. */
  readonly replacedParameters?: Readonly<Record<string, string>>;
}

const ROWS: readonly { readonly models: RegExp; readonly traits: ModelTraits }[] = [
  { models: /reasoner|deepseek-r1/i, traits: { reasoningField: "reasoning_content" } },
  { models: /gpt-oss/i, traits: { reasoningField: "reasoning" } },
  { models: /^gemini-[3-9]/i, traits: { signsCalls: true } },
  { models: /^(o[1-9]|gpt-5)/i, traits: { replacedParameters: { max_tokens: "max_completion_tokens" } } },
];

export function traitsOf(model: string): ModelTraits {
  return ROWS.find((row) => row.models.test(model))?.traits ?? {};
}
