export type Wire = "openai" | "openai-responses" | "anthropic" | "google";
export const WIRES: readonly Wire[] = ["openai", "openai-responses", "anthropic", "google"];
