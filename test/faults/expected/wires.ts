import { WIRES, type Wire } from "../../harness/wires.ts";

export const ALL: readonly Wire[] = WIRES;
export const CHAT: readonly Wire[] = ["openai"];
export const RESPONSES: readonly Wire[] = ["openai-responses"];
export const ANTHROPIC: readonly Wire[] = ["anthropic"];
export const GOOGLE: readonly Wire[] = ["google"];

/** The answer of the second attempt, when the first was made good. */
export const RECOVERED = { text: "ok", finish: "stop", requests: 2 } as const;
/** Two retries of an answer that nobody has seen. */
export const TRIED_THRICE = { requests: 3 } as const;
