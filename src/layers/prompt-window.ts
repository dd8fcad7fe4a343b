import type { Call } from "../core/call.ts";
import type { ModelError } from "../core/error.ts";
import { estimateTokens, textLength } from "../core/estimate.ts";
import type { Message } from "../core/message.ts";
import type { Target } from "../core/target.ts";
import { misfitError } from "../core/target-error.ts";

/** An estimate is within 15 % for prose and code; a prompt this far above a window does not fit. */
const SURELY = 1.3;

/** Finds targets that are too small for a prompt. Tokens are estimated at most once, and not for short text. */
export class PromptWindow {
  readonly #call: Call;
  #tokens: number | undefined;

  constructor(call: Call) {
    this.#call = call;
  }

  /**
   * The error of a target whose context window is too small: if another one is large enough, or if a fallback is far too small.
   * A primary without fallbacks still gets the request, because only its provider counts exactly.
   */
  refusal(target: Target, isPrimary: boolean, others: readonly Target[]): ModelError | undefined {
    const { context } = target.facts;
    // Estimating a prompt costs more than the rest of a call; without fallbacks it would have no effect.
    const { overflow } = target.policy;
    const isStrict = overflow === "fallback";
    const isFitted = overflow === "trim" || overflow === "summarize";
    if (context === undefined || isFitted || (isPrimary && others.length === 0 && !isStrict)) return undefined;
    if (this.#fits(target)) return undefined;
    const hopeless = isStrict || (!isPrimary && this.#size(target) > context * SURELY);
    if (!hopeless && !others.some((other) => this.#fits(other))) return undefined;
    const words = `skipped: the prompt has about ${this.#size(target)} tokens, the context window ${context}`;
    return misfitError(target, "context_too_long", words);
  }

  #fits(target: Target): boolean {
    const { context } = target.facts;
    if (context === undefined) return true;
    return textLength(messagesFor(this.#call, target)) <= context || this.#size(target) <= context;
  }

  #size(target: Target): number {
    const { input } = this.#call;
    this.#tokens ??= estimateTokens(messagesFor(this.#call, target), input.settings.tools ?? target.settings.tools);
    return this.#tokens;
  }
}

function messagesFor({ input }: Call, { system, prelude }: Target): readonly Message[] {
  const instructions = input.system ?? system;
  return [
    ...(instructions === undefined ? [] : [{ role: "system", content: instructions } as const]),
    ...(input.prelude ?? prelude),
    ...input.messages,
  ];
}
