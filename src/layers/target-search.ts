import type { ModelError } from "../core/error.ts";
import type { Target } from "../core/target.ts";
import { isSkippedByBudget } from "./admission-errors.ts";
import type { PromptWindow } from "./prompt-window.ts";
import { asModelError, verdictOf } from "./verdict.ts";

/** The targets of one model, resolved on use. */
export interface Chain {
  readonly primary: Target;
  /** `undefined` if not set, which differs from an empty list. */
  fallbacks(kind: FallbackList): readonly Target[] | undefined;
  /** Unusable fallbacks, for example without a key, and why. */
  readonly leftOut: readonly string[];
  /** Whether the targets are members of a group, without a preferred one. */
  readonly isGroup?: boolean;
}
export type FallbackList = "general" | "context" | "policy" | "rate-limit";

/** Why a request was not sent to a target: unsupported media, or any other reason. */
export type Unfit = "media" | "other";

const NONE: ReadonlyMap<ModelError, Unfit> = new Map();

/** Chooses the targets of a call: the first one, and the next one after a failure. */
export class TargetSearch {
  readonly #chain: Chain;
  readonly #window: PromptWindow;
  readonly #queue: Target[];
  readonly #tried = new Set<string>();
  readonly #failures: ModelError[] = [];
  /** The failures without a request. */
  #unsent: Map<ModelError, Unfit> | undefined;
  /** Whether a content policy stopped an answer, so that later targets come from its list. */
  #forbidden = false;

  constructor(chain: Chain, window: PromptWindow) {
    this.#chain = chain;
    this.#window = window;
    this.#queue = [chain.primary];
  }

  get primary(): Target {
    return this.#chain.primary;
  }

  /** The current target. */
  next(): Target | undefined {
    const target = this.#queue.shift();
    if (target !== undefined) this.#tried.add(target.entry);
    return target;
  }

  /** @throws ModelError if the prompt exceeds the target's context window and another target may support it. */
  requireRoom(target: Target): void {
    const asked = target === this.#chain.primary && this.#chain.isGroup !== true;
    const failure = this.#window.refusal(target, asked, this.#others(target));
    if (failure === undefined) return;
    this.noteUnsent(failure, "other");
    throw failure;
  }

  noteUnsent(failure: ModelError, why: Unfit): void {
    this.#unsent ??= new Map();
    this.#unsent.set(failure, why);
  }

  /** Whether another target remains if the current one fails. */
  get anotherRemains(): boolean {
    return this.#queue.length > 0 || this.#remains("general");
  }

  /** Whether another target remains if the current one refuses. */
  get policyRemains(): boolean {
    return this.#remains("policy");
  }

  /**
   * Adds the targets for this failure and returns the next one.
   * @throws ModelError about all failures if there is none.
   */
  after(failure: ModelError): Target {
    this.#failures.push(failure);
    if (isSkippedByBudget(failure)) this.noteUnsent(failure, "other");
    this.#enqueue(failure);
    const [next] = this.#queue;
    if (next === undefined) throw verdictOf(this.#failures, this.#unsent ?? NONE, this.#chain.leftOut);
    return next;
  }

  /** The target of a hedged request: the first fallback with a large enough window, or the primary again. */
  besidePrimary(): Target {
    const fits = (target: Target) => this.#window.refusal(target, false, []) === undefined;
    return this.#chain.fallbacks("general")?.find(fits) ?? this.#chain.primary;
  }

  /** Removes a target that is used for a hedged request. */
  take(target: Target): void {
    this.#tried.add(target.entry);
  }

  /** Restores a target whose hedged request was cancelled. */
  giveBack(target: Target): void {
    this.#tried.delete(target.entry);
  }

  /** Records the failure of a hedged request while the other is in flight. */
  noteFailure(error: unknown, target: Target): void {
    this.#failures.push(asModelError(error, target));
  }

  #remains(kind: FallbackList): boolean {
    return (this.#chain.fallbacks(kind) ?? []).some((target) => !this.#tried.has(target.entry));
  }

  /** Alternatives to this target if the prompt does not fit. */
  #others(target: Target): readonly Target[] {
    const candidates = [...this.#queue, ...this.#own("context")];
    return candidates.filter((other) => other !== target && !this.#tried.has(other.entry));
  }

  /**
   * A specific list for an error replaces the general one; policy errors use only their own list. A misconfigured fallback (its
   * model is not found, or it rejects the request) does not prevent the next one.
   */
  #enqueue(failure: ModelError): void {
    if (failure.row.fallback === "policy") {
      this.#forbidden = true;
      this.#queue.length = 0;
    }
    const queued = new Set(this.#queue.map((target) => target.entry));
    for (const target of this.#candidatesAfter(failure)) {
      if (!this.#tried.has(target.entry) && !queued.has(target.entry)) this.#queue.push(target);
    }
  }

  #candidatesAfter(failure: ModelError): readonly Target[] {
    // Another target may support the image, file or audio, or fit into the budget.
    const isSkipped = this.#unsent?.get(failure) === "media" || isSkippedByBudget(failure);
    const kind = isSkipped ? "general" : failure.row.fallback;
    switch (this.#forbidden ? "policy" : kind) {
      case "none":
        // A group member without the model does not affect the others.
        return this.#chain.isGroup === true && failure.code === "not_found" ? this.#own("general") : [];
      case "policy":
        return this.#chain.fallbacks("policy") ?? [];
      case "context":
        return this.#own("context");
      case "general":
        return failure.code === "rate_limited" || failure.code === "quota_exhausted"
          ? this.#own("rate-limit")
          : this.#own("general");
    }
  }

  /** The specific list, or the general one if it is not set. */
  #own(list: FallbackList): readonly Target[] {
    return this.#chain.fallbacks(list) ?? this.#chain.fallbacks("general") ?? [];
  }
}
