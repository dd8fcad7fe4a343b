import type { ModelErrorCode } from "./error-codes.ts";

/** An answer that the provider could not parse or did not deliver, because the model's output was malformed. */
export interface ModelFailure {
  readonly code: ModelErrorCode;
  /** The provider's message, without quoted parts of the answer. */
  readonly words: string;
  /** The model's output, if the message quotes it. */
  readonly text: string | undefined;
}

/**
 * Machine-readable codes, compared by their ending, without case and separators; providers add prefixes.
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

/** The error code of a value such as `tool_use_failed` or `function_call_filter: MALFORMED_FUNCTION_CALL`. */
export function modelFailureCode(word: string): ModelErrorCode | undefined {
  const plain = word.replace(/[^A-Za-z]+/g, "").toLowerCase();
  return CODE_BY_ENDING.find(([ending]) => plain.endsWith(ending))?.[1];
}

/** Messages of servers without a code; true if the rest of the message quotes the answer. */
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

/** The model failure that an error response reports; `undefined` if it reports something else. */
export function modelFailureIn(words: readonly string[], message: string): ModelFailure | undefined {
  const named = words.map(modelFailureCode).find((code) => code !== undefined);
  const folded = message.toLowerCase();
  const phrase = PHRASES.find(([text]) => folded.includes(text));
  if (phrase === undefined) return named && { code: named, words: message, text: undefined };
  const [text, code, quotes] = phrase;
  if (!quotes) return { code: named ?? code, words: message, text: undefined };
  return { code: named ?? code, ...withoutQuote(message, folded.indexOf(text) + text.length) };
}

/** The message ends at the colon after the phrase, as in `Failed to parse input at pos 42: <answer>`. */
function withoutQuote(message: string, phraseEnd: number): Pick<ModelFailure, "words" | "text"> {
  const rest = message.slice(phraseEnd);
  const [lead = ""] = /^[^:]{0,40}:\s*|^\s*/.exec(rest) ?? [];
  const text = rest.slice(lead.length);
  if (text === "") return { words: message, text: undefined };
  return { words: (message.slice(0, phraseEnd) + lead).trimEnd().replace(/:$/, ""), text };
}
