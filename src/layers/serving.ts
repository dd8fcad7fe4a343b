import { adapt, withPrelude } from "../core/adapt.ts";
import { append } from "../core/append.ts";
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
import { type Summarized, summarized, summaryPlan, withUsage } from "./summary.ts";
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
  /** By entry. */
  #summaries: Map<string, Promise<Summarized>> | undefined;

  constructor(search: TargetSearch, asking: Asking) {
    this.#search = search;
    this.#asking = asking;
  }

  /** Runs one target and emits its `start` and adjustments before its first events. */
  async *serve(target: Target, call: Call): Events {
    const serving = servingTarget(target, call.input);
    const dialect = this.#asking.dialectOf(serving);
    const summary = serving.policy.overflow === "summarize" ? await this.#summary(call, serving, dialect) : undefined;
    const { request, adjustments } = this.#adapted(call, serving, dialect, summary);
    const answer = this.#sent({ ...call, target: serving, request }, dialect);
    const events = summary === undefined ? answer : withUsage(answer, summary);
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

  #sent(call: Call, dialect: Dialect): Events {
    const { request, target, input } = call;
    const wanted =
      call.streaming || (input.stream ?? target.policy.stream ?? isStreamedAnyway(request, target, dialect));
    const streaming = wanted && target.facts.capabilities.streaming !== false;
    return this.#asking.next({ ...call, streaming, fallbackRemains: this.#search.anotherRemains });
  }

  /** A hedged request to the same target uses the same summary. */
  async #summary(call: Call, target: Target, dialect: Dialect): Promise<Summarized | undefined> {
    const plan = this.#unlessUnfit(() => summaryPlan(call.input, target));
    if (plan === undefined) return undefined;
    const known = this.#summaries?.get(target.entry);
    if (known !== undefined) return known;
    const ask = (asking: Call) => this.#sent({ ...asking, streaming: false }, dialect);
    const summary = summarized({ ...call, target }, plan, dialect, ask);
    this.#summaries ??= new Map();
    this.#summaries.set(target.entry, summary);
    return summary;
  }

  #adapted(
    { input }: Call,
    target: Target,
    dialect: Dialect,
    summary: Summarized | undefined,
  ): ReturnType<typeof adapt> {
    const refusal = mediaRefusal(withPrelude(input, target), target, dialect);
    if (refusal !== undefined) {
      this.#search.noteUnsent(refusal, "media");
      throw refusal;
    }
    return this.#unlessUnfit(() => {
      const { input: kept, adjustment } = summary ?? fitted(input, target);
      const adapted = adapt(kept, target, dialect);
      return adjustment === undefined ? adapted : { ...adapted, adjustments: [adjustment, ...adapted.adjustments] };
    });
  }

  #unlessUnfit<T>(prepare: () => T): T {
    try {
      return prepare();
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
      append(held, batch);
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

/** The event before the first ones of a target. */
export function startOf(target: Target, batch: readonly FlowEvent[]): FlowEvent {
  const response = batch.find((event) => event.type === "response");
  const id = response?.type === "response" ? response.id : undefined;
  return { type: "start", model: target.entry, provider: target.provider, ...(id !== undefined && { id }) };
}
