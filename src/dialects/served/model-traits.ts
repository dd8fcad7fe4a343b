/** Where a family of models differs on the wire; the first row that matches holds. */
export interface ModelTraits {
  /** Field of a chat message that carries reasoning as text; such models reason without being asked. */
  readonly reasoningField?: "reasoning_content" | "reasoning";
  /** Function calls carry signatures and ids, and come back with their signature. */
  readonly signsCalls?: boolean;
  /** Chat parameters this family refuses, with what to use instead. */
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
