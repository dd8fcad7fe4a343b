import { estimateTokens, inputBytes, textLength } from "./estimate.ts";
import type { Message } from "./message.ts";
import type { CallPolicy } from "./options.generated.ts";
import type { ModelRequest, Settings } from "./request.ts";
import type { Target } from "./target.ts";
import { misfitError } from "./target-error.ts";

/** No tokenizer averages more characters per token, so a longer prompt cannot fit. */
const MAX_CHARS_PER_TOKEN = 8;
/** Limit for models with an unknown context window, unless `max_input_bytes` is set. No provider accepts more. */
const MAX_CHARS = 8 * 1024 * 1024;
/** Limit for the content of a prompt, unless `max_input_bytes` is set. */
const MAX_BYTES = 64 * 1024 * 1024;

/** Maximum bytes of the content of a prompt. */
export function maxPromptBytes({ maxInputBytes }: Pick<CallPolicy, "maxInputBytes">, target: Target): number {
  return maxInputBytes ?? target.policy.maxInputBytes ?? MAX_BYTES;
}

/** Throws for a prompt that is too long for the limits of the entry, the call or the model, before anything is sent. */
export function checkPromptSize(
  { messages, settings }: Pick<ModelRequest, "messages" | "settings">,
  target: Target,
  maxInputBytes: number | undefined,
): void {
  checkBytes(messages, maxInputBytes ?? MAX_BYTES, target);
  checkSize(messages, settings, target, maxInputBytes === undefined ? MAX_CHARS : Number.POSITIVE_INFINITY);
}

function checkBytes(messages: readonly Message[], maxBytes: number, target: Target): void {
  const bytes = inputBytes(messages, maxBytes);
  if (bytes <= maxBytes) return;
  throw misfitError(
    target,
    "request_too_large",
    `the prompt has ${bytes} bytes, max_input_bytes is ${maxBytes}; nothing was sent`,
  );
}

function checkSize(messages: readonly Message[], settings: Settings, target: Target, maxChars: number): void {
  const length = textLength(messages);
  const { context } = target.facts;
  if (context !== undefined && length > context * MAX_CHARS_PER_TOKEN) {
    throw misfitError(
      target,
      "context_too_long",
      `the prompt has ${length} characters and cannot fit the context window of ${context} tokens; nothing was sent`,
    );
  }
  if (context === undefined && length > maxChars) {
    throw misfitError(
      target,
      "request_too_large",
      `the prompt has ${length} characters; set capabilities.context or max_input_bytes if the model accepts it`,
    );
  }
  if (settings.maxInputTokens === undefined) return;
  const fewest = Math.ceil(length / MAX_CHARS_PER_TOKEN);
  // No need to count a prompt this long: its lower bound already exceeds the limit.
  const isBound = fewest > settings.maxInputTokens;
  const tokens = isBound ? fewest : estimateTokens(messages, settings.tools);
  if (tokens > settings.maxInputTokens) {
    throw misfitError(
      target,
      "context_too_long",
      `the prompt has ${isBound ? "at least" : "about"} ${tokens} tokens, max_input_tokens is ${settings.maxInputTokens}; nothing was sent`,
    );
  }
}
