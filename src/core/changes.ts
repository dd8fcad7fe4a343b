import type { Adjustment } from "./attempt.ts";
import type { ModelError } from "./error.ts";
import type { Adaptation, Target } from "./target.ts";
import { misfitError } from "./target-error.ts";

/** Collects adjustments; throws for those that are not allowed. */
export class Changes {
  readonly list: Adjustment[] = [];
  readonly forced: Adjustment[] = [];
  readonly #target: Target;
  readonly #allowed: Adaptation;

  constructor(target: Target, allowed: Adaptation) {
    this.#target = target;
    this.#allowed = allowed;
  }

  dropped(setting: string, from: unknown, reason: string): void {
    if (this.#allowed.strict || !this.#allowed.dropParams) throw this.#unsupportedError(setting, reason, "drop_params");
    this.#force({ setting, from, to: undefined, reason });
  }

  modified(setting: string, from: unknown, to: unknown, reason: string): void {
    if (this.#allowed.strict || !this.#allowed.modifyParams)
      throw this.#unsupportedError(setting, reason, "modify_params");
    this.#force({ setting, from, to, reason });
  }

  /** A change that the configuration asks for: reported, always allowed. */
  configured(setting: string, from: unknown, to: unknown, reason: string): void {
    this.list.push({ setting, from, to, reason });
  }

  #force(adjustment: Adjustment): void {
    this.forced.push(adjustment);
    this.list.push(adjustment);
  }

  #unsupportedError(setting: string, reason: string, key: string): ModelError {
    const why = this.#allowed.strict ? "strict is on" : `${key} is off`;
    return misfitError(this.#target, "unsupported", `${setting}: ${reason}; ${why}, so nothing was sent`);
  }
}
