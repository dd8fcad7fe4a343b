import { missingPrice, writesForAnHour } from "../core/billing.ts";
import { worstCost } from "../core/cost.ts";
import { requestTokens } from "../core/estimate.ts";
import { outputBound } from "../core/output-bound.ts";
import { type PromptBound, promptBound } from "../core/prompt-bound.ts";
import type { ModelRequest } from "../core/request.ts";
import type { Target } from "../core/target.ts";

/** What one request can use and cost at most. Computed on demand. */
export class WorstCase {
  readonly #request: ModelRequest;
  readonly #target: Target;
  #prompt: PromptBound | undefined;
  #output: number | string | undefined;
  #cost: bigint | string | undefined;

  constructor(request: ModelRequest, target: Target) {
    this.#request = request;
    this.#target = target;
  }

  /** Probable tokens of the prompt. */
  get expectedPrompt(): number {
    return requestTokens(this.#request);
  }

  /** Why the request may use more than `tokens` and `cost`; both are then only probable. */
  get unbounded(): string | undefined {
    const { unbounded } = this.#promptBound;
    if (unbounded !== undefined) return unbounded;
    const output = this.#outputBound;
    return typeof output === "string"
      ? `the length of the answer, because ${output} is not a positive integer,`
      : undefined;
  }

  /** Prompt and answers. */
  get tokens(): bigint {
    return BigInt(this.#promptBound.tokens) + BigInt(this.#outputTokens);
  }

  /** Nano-USD, or which price is unknown. */
  get cost(): bigint | string {
    this.#cost ??= this.#computedCost();
    return this.#cost;
  }

  #computedCost(): bigint | string {
    const price = this.#target.price();
    const missing = missingPrice(this.#request, price, () => this.#promptBound.tokens, this.#target.dialect);
    if (price === undefined || missing !== undefined) return missing ?? "its price";
    return worstCost(price, this.#promptBound.tokens, this.#outputTokens, this.#writesForAnHour);
  }

  get #promptBound(): PromptBound {
    this.#prompt ??= promptBound(this.#request, this.#target);
    return this.#prompt;
  }

  /** Of all samples. */
  get #outputBound(): number | string {
    this.#output ??= outputBound(this.#request, this.#target);
    return this.#output;
  }

  get #outputTokens(): number {
    const output = this.#outputBound;
    return typeof output === "number"
      ? output
      : (outputBound({ ...this.#request, extraBody: {} }, this.#target) as number);
  }

  get #writesForAnHour(): boolean {
    return writesForAnHour(this.#request, this.#target.dialect);
  }
}
