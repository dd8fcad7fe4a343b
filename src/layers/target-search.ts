import type { ModelError } from "../core/error.ts";
import type { Target } from "../core/target.ts";
import type { PromptWindow } from "./prompt-window.ts";
import { asModelError, verdictOf } from "./verdict.ts";

/** The targets of one model, resolved when they are needed. */
export interface Chain {
  readonly primary: Target;
  /** `undefined` where nothing is set, which is not the same as an empty list. */
  fallbacks(kind: FallbackList): readonly Target[] | undefined;
  /** Fallbacks that cannot serve, for example without a key, and why. */
  readonly leftOut: readonly string[];
  /** The targets are equals: the first is no better than the others. */
  readonly isGroup?: boolean;
}
export type FallbackList = "general" | "context" | "policy" | "rate-limit";

/** Why a request was not sent to a target: it has media that the target does not take, or anything else is in the way. */
export type Unfit = "media" | "other";

/** Which target of a chain one call goes to, and which one when that fails. */
export class TargetSearch {
  readonly #chain: Chain;
  readonly #window: PromptWindow;
  readonly #queue: Target[];
  readonly #tried = new Set<string>();
  readonly #failures: ModelError[] = [];
  /** Those of the failures for which nothing was sent. */
  readonly #unsent = new Map<ModelError, Unfit>();
  /** Whether a content policy has stopped an answer: later targets are asked for that reason. */
  #forbidden = false;

  constructor(chain: Chain, window: PromptWindow) {
    this.#chain = chain;
    this.#window = window;
    this.#queue = [chain.primary];
  }

  get primary(): Target {
    return this.#chain.primary;
  }

  /** The target to ask now. */
  next(): Target | undefined {
    const target = this.#queue.shift();
    if (target !== undefined) this.#tried.add(target.entry);
    return target;
  }

  /** @throws ModelError when the prompt exceeds the window of the target, and another may take it. */
  requireRoom(target: Target): void {
    const asked = target === this.#chain.primary && this.#chain.isGroup !== true;
    const failure = this.#window.refusal(target, asked, this.#others(target));
    if (failure === undefined) return;
    this.noteUnsent(failure, "other");
    throw failure;
  }

  noteUnsent(failure: ModelError, why: Unfit): void {
    this.#unsent.set(failure, why);
  }

  /** Whether another target may serve when the one that is asked fails. */
  get anotherRemains(): boolean {
    return this.#queue.length > 0 || this.#remains("general");
  }

  /** Whether another target may serve when the one that is asked declines. */
  get policyRemains(): boolean {
    return this.#remains("policy");
  }

  /**
   * Adds the targets that may serve after this failure and gives the first.
   * @throws ModelError about all failures when there is none.
   */
  after(failure: ModelError): Target {
    this.#failures.push(failure);
    this.#enqueue(failure);
    const [next] = this.#queue;
    if (next === undefined) throw verdictOf(this.#failures, this.#unsent, this.#chain.leftOut);
    return next;
  }

  /** The target of a request beside the primary's: the first fallback whose window fits, or the primary again. */
  besidePrimary(): Target {
    const fits = (target: Target) => this.#window.refusal(target, false, []) === undefined;
    return this.#chain.fallbacks("general")?.find(fits) ?? this.#chain.primary;
  }

  /** A target is asked beside the primary, so it is not asked again. */
  take(target: Target): void {
    this.#tried.add(target.entry);
  }

  /** A target that was taken was called off, so it may be asked after all. */
  giveBack(target: Target): void {
    this.#tried.delete(target.entry);
  }

  /** A target that was taken has failed while another one is still running. */
  noteFailure(error: unknown, target: Target): void {
    this.#failures.push(asModelError(error, target));
  }

  #remains(kind: FallbackList): boolean {
    return (this.#chain.fallbacks(kind) ?? []).some((target) => !this.#tried.has(target.entry));
  }

  /** Targets that could be asked in place of this one, should the prompt not fit. */
  #others(target: Target): readonly Target[] {
    const candidates = [...this.#queue, ...this.#own("context")];
    return candidates.filter((other) => other !== target && !this.#tried.has(other.entry));
  }

  /**
   * A list of its own for a kind of failure replaces the general one; what a policy forbids goes to the list for it or
   * nowhere. A fallback that is itself misconfigured (its model is not found, it refuses the request) does not keep the
   * next one from serving.
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
    // Another target may take the image, the file or the audio that this one cannot take.
    const kind = this.#unsent.get(failure) === "media" ? "general" : failure.row.fallback;
    switch (this.#forbidden ? "policy" : kind) {
      case "none":
        // Of equals, one that does not have the model says nothing about the others.
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

  /** The list itself, or where nothing is set the general one. */
  #own(list: FallbackList): readonly Target[] {
    return this.#chain.fallbacks(list) ?? this.#chain.fallbacks("general") ?? [];
  }
}
