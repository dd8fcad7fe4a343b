import type { Input, Tool } from "../dist/index.js";

export const WIRES = ["openai", "anthropic", "google"] as const;
export type Wire = (typeof WIRES)[number];

/** Words in an answer, and deltas in a stream. */
export const WORDS = 300;
export const word = (index: number) => `item ${String(index).padStart(3, "0")} `;
export const ANSWER_LENGTH = WORDS * word(0).length;

export const MODEL_NAMES: Readonly<Record<Wire, string>> = {
  openai: "gpt-4o",
  anthropic: "claude-haiku-4-5",
  google: "gemini-2.5-flash",
};
export const MAX_TOKENS = 1024;
export const SYSTEM = "You are a careful programmer.";

export interface Message {
  readonly role: "user" | "assistant";
  readonly content: string;
}

/** The request of every client. */
export interface Scenario {
  readonly messages: readonly Message[];
  readonly tools?: readonly Tool[];
}

const user = (content: string): Scenario => ({ messages: [{ role: "user", content }] });

/** Prose with characters that JSON escapes. */
function prose(length: number): string {
  let text = "";
  for (let line = 0; text.length < length; line++)
    text += `${line}. Rename "field_${line}" in module ${line * 17}, then run the tests again.\n`;
  return text.slice(0, length);
}

const history = Array.from({ length: 31 }, (_, index): Message => {
  return { role: index % 2 === 0 ? "user" : "assistant", content: prose(2_000) };
});

const tools = Array.from({ length: 12 }, (_, index): Tool => {
  const properties = {
    path: { type: "string", description: "Path of the file, relative to the project" },
    line: { type: "integer", description: "First line" },
    mode: { type: "string", enum: ["read", "write", "append"] },
    labels: { type: "array", items: { type: "string" } },
  };
  return {
    name: `edit_${index}`,
    description: prose(200),
    parameters: { type: "object", properties, required: ["path"], additionalProperties: false },
  };
});

export const SCENARIOS = {
  base: user(prose(400)),
  real: user(prose(2_000)),
  big: { messages: history, tools },
  huge: user(prose(200_000)),
} satisfies Record<string, Scenario>;
export type ScenarioName = keyof typeof SCENARIOS;

export const SCENARIO_TEXTS: Readonly<Record<ScenarioName, string>> = {
  base: "400 characters",
  real: "2 kB",
  big: "60 kB history, 12 tools",
  huge: "200 kB",
};

export const inputOf = ({ messages }: Scenario): Input => [{ role: "system", content: SYSTEM }, ...messages];
