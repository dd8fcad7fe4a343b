import type { Call } from "../core/call.ts";
import type { ModelError } from "../core/error.ts";
import { estimateTokens, textLength } from "../core/estimate.ts";
import type { Message } from "../core/message.ts";
import type { Target } from "../core/target.ts";
import { misfitError } from "../core/target-error.ts";

/** An estimate is within 15 % for prose and code; a prompt this far above a window does not fit. */
const SURELY = 1.3;

/** Who is too small for the prompt of one call. Tokens are estimated at most once, and not while the text is short. */
export class PromptWindow {
  readonly #call: Call;
  #tokens: number | undefined;

  constructor(call: Call) {
    this.#call = call;
  }

  /**
   * The failure of a target whose window the prompt exceeds: when another one is large enough, or when a fallback is far
   * too small. A primary without fallbacks is still asked: only its provider counts exactly.
   */
  refusal(target: Target, isPrimary: boolean, others: readonly Target[]): ModelError | undefined {
    const { context } = target.facts;
    // Measuring a prompt costs more than the rest of a call; without fallbacks it would change nothing.
    if (context === undefined || (isPrimary && others.length === 0) || this.#fits(target)) return undefined;
    const hopeless = !isPrimary && this.#size(target) > context * SURELY;
    if (!hopeless && !others.some((other) => this.#fits(other))) return undefined;
    const words = `not asked: the prompt has about ${this.#size(target)} tokens, its window ${context}`;
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
