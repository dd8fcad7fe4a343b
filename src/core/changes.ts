import type { Adjustment } from "./attempt.ts";
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

  /** A change that another room decided on. */
  add(adjustment: Adjustment): void {
    this.#force(adjustment);
  }

  dropped(setting: string, from: unknown, reason: string): void {
    this.#force({ setting, from, to: undefined, reason });
  }

  modified(setting: string, from: unknown, to: unknown, reason: string): void {
    this.#force({ setting, from, to, reason });
  }

  /** A change that the configuration asks for: reported, always allowed. */
  configured(setting: string, from: unknown, to: unknown, reason: string): void {
    this.list.push({ setting, from, to, reason });
  }

  /** @throws ModelError `unsupported` if this change is not allowed: a setting is dropped, or its value changed. */
  require({ setting, to, reason }: Adjustment): void {
    const { strict, dropParams, modifyParams } = this.#allowed;
    const isAllowed = to === undefined ? dropParams : modifyParams;
    if (isAllowed && !strict) return;
    const why = strict ? "strict is on" : `${to === undefined ? "drop_params" : "modify_params"} is off`;
    throw misfitError(this.#target, "unsupported", `${setting}: ${reason}; ${why}, so nothing was sent`);
  }

  #force(adjustment: Adjustment): void {
    this.require(adjustment);
    this.forced.push(adjustment);
    this.list.push(adjustment);
  }
}
