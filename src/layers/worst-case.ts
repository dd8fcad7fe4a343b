import { missingPrice, writesForAnHour } from "../core/billing.ts";
import { worstCost } from "../core/cost.ts";
import { estimateTokens, maxTokens } from "../core/estimate.ts";
import type { ModelRequest } from "../core/request.ts";
import type { Target } from "../core/target.ts";

/** Output of a model whose maximum is unknown. */
const UNKNOWN_MAX_OUTPUT = 4_096;

/** What one request can use and cost at most. Computed on demand. */
export class WorstCase {
  readonly #request: ModelRequest;
  readonly #target: Target;
  #prompt: number | undefined;

  constructor(request: ModelRequest, target: Target) {
    this.#request = request;
    this.#target = target;
  }

  /** Probable tokens of the prompt. */
  get expectedPrompt(): number {
    return estimateTokens(this.#request.messages, this.#request.settings.tools);
  }

  /** Prompt and answers. */
  get tokens(): bigint {
    return BigInt(this.#promptTokens) + BigInt(this.#outputTokens);
  }

  /** Nano-USD, or which price is unknown. */
  get cost(): bigint | string {
    const price = this.#target.price();
    const missing = missingPrice(this.#request, price, () => this.#promptTokens, this.#target.dialect);
    if (price === undefined || missing !== undefined) return missing ?? "its price";
    return worstCost(price, this.#promptTokens, this.#outputTokens, this.#writesForAnHour);
  }

  get #promptTokens(): number {
    this.#prompt ??= maxTokens(this.#request.messages, this.#request.settings.tools);
    return this.#prompt;
  }

  /** Of all samples. */
  get #outputTokens(): number {
    const { settings, samples } = this.#request;
    return (settings.maxNewTokens ?? this.#target.facts.maxOutput ?? UNKNOWN_MAX_OUTPUT) * samples;
  }

  get #writesForAnHour(): boolean {
    return writesForAnHour(this.#request.settings, this.#target.dialect);
  }
}
