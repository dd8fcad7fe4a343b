import { adapt, withPrelude } from "../core/adapt.ts";
import type { Call } from "../core/call.ts";
import type { Dialect } from "../core/dialect.ts";
import { isModelError, type ModelError } from "../core/error.ts";
import { type Events, type FlowEvent, isContent, isPublic } from "../core/event.ts";
import type { Next } from "../core/layer.ts";
import { mediaRefusal } from "../core/media.ts";
import type { ModelRequest } from "../core/request.ts";
import type { Target } from "../core/target.ts";
import { targetError } from "../core/target-error.ts";
import { servingTarget } from "../core/tools-target.ts";
import { fitted } from "./overflow.ts";
import type { TargetSearch } from "./target-search.ts";

/** The dependencies for serving calls; the same for all calls of a model. */
export interface Asking {
  readonly dialectOf: (target: Target) => Dialect;
  readonly next: Next;
}

/** Runs targets for one call, and tracks what was delivered. */
export class Serving {
  /** Whether content was delivered. */
  delivered = false;
  /** The target whose answer is delivered. */
  activeTarget: Target | undefined;
  readonly #search: TargetSearch;
  readonly #asking: Asking;

  constructor(search: TargetSearch, asking: Asking) {
    this.#search = search;
    this.#asking = asking;
  }

  /** Runs one target and emits its `start` and adjustments before its first events. */
  async *serve(target: Target, call: Call): Events {
    const serving = servingTarget(target, call.input);
    const dialect = this.#asking.dialectOf(serving);
    const { request, adjustments } = this.#adapted(call, serving, dialect);
    const wanted =
      call.streaming || (call.input.stream ?? serving.policy.stream ?? isStreamedAnyway(request, serving, dialect));
    const streaming = wanted && serving.facts.capabilities.streaming !== false;
    const fallbackRemains = this.#search.anotherRemains;
    const events = this.#asking.next({ ...call, target: serving, request, streaming, fallbackRemains });
    let opened = false;
    for await (const batch of this.#search.policyRemains ? this.#withoutRefusal(events, call, target) : events) {
      this.delivered = true;
      this.activeTarget = target;
      if (opened) {
        yield batch;
      } else {
        opened = true;
        yield [
          startOf(target, batch),
          ...adjustments.map((adjustment): FlowEvent => ({ type: "adjustment", adjustment })),
          ...batch,
        ];
      }
    }
  }

  #adapted({ input }: Call, target: Target, dialect: Dialect): ReturnType<typeof adapt> {
    const refusal = mediaRefusal(withPrelude(input, target), target, dialect);
    if (refusal !== undefined) {
      this.#search.noteUnsent(refusal, "media");
      throw refusal;
    }
    try {
      const { input: kept, adjustment } = fitted(input, target);
      const adapted = adapt(kept, target, dialect);
      return adjustment === undefined ? adapted : { ...adapted, adjustments: [adjustment, ...adapted.adjustments] };
    } catch (error) {
      if (isModelError(error)) this.#search.noteUnsent(error, "other");
      throw error;
    }
  }

  /**
   * A refusal is an answer, unless a model of `content_policy_fallbacks` remains; then it is a failure of this target, so its
   * events are buffered until other content arrives.
   */
  async *#withoutRefusal(events: Events, call: Call, target: Target): Events {
    let held: FlowEvent[] = [];
    for await (const batch of events) {
      held.push(...batch);
      const committed = this.delivered && call.onBreak === "error";
      if (!committed && batch.some((event) => event.type === "finish" && event.reason === "refusal"))
        throw refused(target, held);
      if (!this.delivered && !batch.some((event) => isContent(event) && isPublic(event))) continue;
      yield held;
      held = [];
    }
    if (held.length > 0) yield held;
  }
}

/** Whether to stream although the caller does not: first_token_timeout needs a stream. */
function isStreamedAnyway({ settings }: ModelRequest, { policy }: Target, { longAnswerTokens }: Dialect): boolean {
  if (policy.firstTokenTimeoutMs !== undefined) return true;
  return longAnswerTokens !== undefined && (settings.maxNewTokens ?? 0) > longAnswerTokens;
}

function refused(target: Target, events: readonly FlowEvent[]): ModelError {
  const words = events.map((event) => (event.type === "refusal-delta" ? event.text : "")).join("");
  return targetError(target, "refused", `the model declined${words && `: ${words}`}`);
}

function startOf(target: Target, batch: readonly FlowEvent[]): FlowEvent {
  const response = batch.find((event) => event.type === "response");
  const id = response?.type === "response" ? response.id : undefined;
  return { type: "start", model: target.entry, provider: target.provider, ...(id !== undefined && { id }) };
}
