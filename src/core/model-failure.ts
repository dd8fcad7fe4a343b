import type { ModelErrorCode } from "./error-codes.ts";

/** An answer that the provider could not read or would not deliver, because its model wrote it wrongly. */
export interface ModelFailure {
  readonly code: ModelErrorCode;
  /** The provider's words without what they quote of the answer. */
  readonly words: string;
  /** What the model wrote, where the words quote it. */
  readonly text: string | undefined;
}

/**
 * Machine-readable words for it, without case and separators; hosts put names of their own before them.
 * https://console.groq.com/docs/errors, https://ai.google.dev/api/generate-content#FinishReason
 */
const CODE_BY_ENDING: readonly (readonly [ending: string, code: ModelErrorCode])[] = [
  ["tooluseFailed", "invalid_tool_call"],
  ["malformedFunctionCall", "invalid_tool_call"],
  ["malformedToolCall", "invalid_tool_call"],
  ["malformedToolUse", "invalid_tool_call"],
  ["invalidFunctionCall", "invalid_tool_call"],
  ["invalidToolCall", "invalid_tool_call"],
  ["unexpectedToolCall", "invalid_tool_call"],
  ["tooManyToolCalls", "invalid_tool_call"],
  ["jsonValidateFailed", "invalid_output"],
  ["outputParseFailed", "invalid_output"],
].map(([ending = "", code]) => [ending.toLowerCase(), code as ModelErrorCode]);

/** The code of a word such as `tool_use_failed`, or `function_call_filter: MALFORMED_FUNCTION_CALL`. */
export function modelFailureCode(word: string): ModelErrorCode | undefined {
  const plain = word.replace(/[^A-Za-z]+/g, "").toLowerCase();
  return CODE_BY_ENDING.find(([ending]) => plain.endsWith(ending))?.[1];
}

/** Words of servers that have no code for it; true where the rest of the message quotes the answer. */
const PHRASES: readonly (readonly [phrase: string, code: ModelErrorCode, quotes: boolean])[] = [
  // llama.cpp, 500: https://github.com/ggml-org/llama.cpp/blob/master/common/chat.cpp
  ["failed to parse input at pos", "invalid_tool_call", true],
  ["failed to parse tool call", "invalid_tool_call", true],
  ["unexpected empty grammar stack", "invalid_tool_call", true],
  ["invalid diff:", "invalid_tool_call", true],
  ["model produced output that does not match the expected", "invalid_tool_call", false],
  // Ollama, 500: https://github.com/ollama/ollama/blob/main/harmony/harmonyparser.go
  ["error parsing tool call", "invalid_tool_call", true],
  ["xml syntax error on line", "invalid_tool_call", true],
  ["malformed function call", "invalid_tool_call", true],
  ["malformed tool call", "invalid_tool_call", true],
  ["tool call validation failed", "invalid_tool_call", false],
  ["failed to call a function", "invalid_tool_call", false],
  ["failed to generate json", "invalid_output", false],
  ["generated json does not match", "invalid_output", true],
];

/** Reads the failure from the words of an error answer; `undefined` where it is another one. */
export function modelFailureIn(words: readonly string[], message: string): ModelFailure | undefined {
  const named = words.map(modelFailureCode).find((code) => code !== undefined);
  const folded = message.toLowerCase();
  const phrase = PHRASES.find(([text]) => folded.includes(text));
  if (phrase === undefined) return named && { code: named, words: message, text: undefined };
  const [text, code, quotes] = phrase;
  if (!quotes) return { code: named ?? code, words: message, text: undefined };
  return { code: named ?? code, ...withoutQuote(message, folded.indexOf(text) + text.length) };
}

/** The phrase ends at the colon behind it, as in `Failed to parse input at pos 42: <answer>`. */
function withoutQuote(message: string, phraseEnd: number): Pick<ModelFailure, "words" | "text"> {
  const rest = message.slice(phraseEnd);
  const [lead = ""] = /^[^:]{0,40}:\s*|^\s*/.exec(rest) ?? [];
  const text = rest.slice(lead.length);
  if (text === "") return { words: message, text: undefined };
  return { words: (message.slice(0, phraseEnd) + lead).trimEnd().replace(/:$/, ""), text };
}
