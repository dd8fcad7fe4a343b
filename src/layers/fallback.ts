import { adapt, withPrelude } from "../core/adapt.ts";
import type { Call } from "../core/call.ts";
import type { Dialect } from "../core/dialect.ts";
import { isModelError, type ModelError } from "../core/error.ts";
import { type Events, type FlowEvent, isContent, isPublic } from "../core/event.ts";
import type { Layer, Next } from "../core/layer.ts";
import { mediaRefusal } from "../core/media.ts";
import type { ModelRequest } from "../core/request.ts";
import type { Target } from "../core/target.ts";
import { targetError } from "../core/target-error.ts";
import { servingTarget } from "../core/tools-target.ts";
import { afterBreak } from "./continuation.ts";
import { hedged, type Way } from "./hedge.ts";
import { PromptWindow } from "./prompt-window.ts";
import type { RetryBudgets } from "./retry-budget.ts";
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

/**
 * Tries the targets in order: the primary, then those of the list that fits the failure. Adapts the request to each
 * target. Nothing of a target is delivered before its first content event, so a failure before it is invisible.
 */
export function fallback(
  chainOf: (call: Call) => Chain,
  dialectOf: (target: Target) => Dialect,
  budgets: RetryBudgets,
): Layer {
  return async function* (call, next) {
    const chain = chainOf(call);
    const errors: ModelError[] = [];
    const progress = new Progress(chain);
    const window = new PromptWindow(call);
    const wayTo =
      (target: Target): Way =>
      (branch) =>
        serve(branch, target, dialectOf, next, progress, remainsOf(chain, progress));
    for (let target = progress.queue.shift(); target !== undefined; target = progress.queue.shift()) {
      progress.begin(target);
      try {
        const asked = target === chain.primary && chain.isGroup !== true;
        progress.refuse(window.refusal(target, asked, progress.others(chain, target)));
        if (target !== chain.primary || target.policy.hedgeAfterMs === undefined) yield* wayTo(target)(call);
        else yield* withHedge(call, chain, budgets, wayTo, window, progress, errors);
        return;
      } catch (error) {
        const failed = progress.speaker ?? target;
        const failure = asModelError(error, failed);
        errors.push(failure);
        if (call.cancellation.cancelled || (progress.delivered && call.onBreak === "error")) throw failure;
        enqueue(chain, failure, progress);
        const [heir] = progress.queue;
        if (heir === undefined) throw verdictOf(errors, progress.unasked, chain.leftOut);
        if (progress.delivered) yield* afterBreak({ ...call, target: failed }, failure.code, heir.entry);
        else call.record.shown?.forget();
      }
    }
  };
}

/** The primary, and once it has shown nothing for `hedge_after`, the first fallback (or itself once more) beside it. */
function withHedge(
  call: Call,
  chain: Chain,
  budgets: RetryBudgets,
  wayTo: (target: Target) => Way,
  window: PromptWindow,
  progress: Progress,
  errors: ModelError[],
): Events {
  const { primary } = chain;
  const fits = (target: Target) => window.refusal(target, false, []) === undefined;
  const second = chain.fallbacks("general")?.find(fits) ?? primary;
  const enter = () => {
    if (!budgets.take(second.origin)) return undefined;
    progress.tried.add(second.entry);
    return wayTo(second);
  };
  let fell = false;
  const lost = (error: unknown) => {
    fell = true;
    if (second !== primary) errors.push(asModelError(error, second));
  };
  // Whoever was called off because the primary spoke first may still serve when the primary breaks off, with all its tries:
  // so only if it has used none.
  const calledOff = () => {
    const failed = call.record.attempts.some(({ model, outcome }) => model === second.entry && outcome === "error");
    if (progress.speaker === primary && second !== primary && !fell && !failed) progress.tried.delete(second.entry);
  };
  return hedged(call, primary.policy.hedgeAfterMs ?? 0, wayTo(primary), enter, lost, calledOff);
}

/** Where the search for an answer stands. */
class Progress {
  readonly queue: Target[];
  readonly tried = new Set<string>();
  /** Failures of targets that could not take the request, so that it was not sent. */
  readonly unasked = new Set<ModelError>();
  /** Those of them that cannot take an image, a file or audio of the prompt: another target may. */
  readonly skipped = new Set<ModelError>();
  /** Whether the reader has been given something. */
  delivered = false;
  /** Whether a content policy has stopped an answer: later targets are asked for that reason. */
  forbidden = false;
  /** Of the targets that are asked now, the one whose answer is read. */
  speaker: Target | undefined;

  constructor({ primary }: Chain) {
    this.queue = [primary];
  }

  /** Targets that could be asked in place of this one, should the prompt not fit. */
  others(chain: Chain, target: Target): readonly Target[] {
    const candidates = [...this.queue, ...own(chain, "context")];
    return candidates.filter((other) => other !== target && !this.tried.has(other.entry));
  }

  begin(target: Target): void {
    this.tried.add(target.entry);
    this.speaker = undefined;
  }

  refuse(failure: ModelError | undefined): void {
    if (failure === undefined) return;
    this.unasked.add(failure);
    throw failure;
  }
}

/** Whether another target may serve when this one fails, and whether one may when it declines. */
interface Remains {
  readonly other: boolean;
  readonly policy: boolean;
}

function remainsOf(chain: Chain, { queue, tried }: Progress): Remains {
  const untried = (kind: FallbackList) => (chain.fallbacks(kind) ?? []).some((target) => !tried.has(target.entry));
  return { other: queue.length > 0 || untried("general"), policy: untried("policy") };
}

/** Runs one target and puts its `start` and adjustments before its first events. */
async function* serve(
  call: Call,
  target: Target,
  dialectOf: (target: Target) => Dialect,
  next: Next,
  progress: Progress,
  remains: Remains,
): Events {
  const serving = servingTarget(target, call.input);
  const dialect = dialectOf(serving);
  const { request, adjustments } = adaptedTo(serving, dialect, call, progress);
  const wanted =
    call.streaming || (call.input.stream ?? serving.policy.stream ?? isStreamedAnyway(request, serving, dialect));
  const streaming = wanted && serving.facts.capabilities.streaming !== false;
  const events = next({ ...call, target: serving, request, streaming, fallbackRemains: remains.other });
  let opened = false;
  for await (const batch of remains.policy ? withoutRefusal(events, call, target, progress) : events) {
    progress.delivered = true;
    progress.speaker = target;
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

/** Answers that are streamed although the caller reads no stream: a clock for the first token needs one to watch. */
function isStreamedAnyway({ settings }: ModelRequest, { policy }: Target, { longAnswerTokens }: Dialect): boolean {
  if (policy.firstTokenTimeoutMs !== undefined) return true;
  return longAnswerTokens !== undefined && (settings.maxNewTokens ?? 0) > longAnswerTokens;
}

function adaptedTo(target: Target, dialect: Dialect, { input }: Call, progress: Progress): ReturnType<typeof adapt> {
  try {
    const skipped = mediaRefusal(withPrelude(input, target), target, dialect);
    if (skipped !== undefined) {
      progress.skipped.add(skipped);
      throw skipped;
    }
    return adapt(input, target, dialect);
  } catch (error) {
    if (isModelError(error)) progress.unasked.add(error);
    throw error;
  }
}

/**
 * A refusal is an answer, but while a model of `content_policy_fallbacks` may still serve, it is a failure of this target:
 * what would show of it is held back until something else is said.
 */
async function* withoutRefusal(events: Events, call: Call, target: Target, progress: Progress): Events {
  let held: FlowEvent[] = [];
  for await (const batch of events) {
    held.push(...batch);
    const committed = progress.delivered && call.onBreak === "error";
    if (!committed && batch.some((event) => event.type === "finish" && event.reason === "refusal"))
      throw refused(target, held);
    if (!progress.delivered && !batch.some((event) => isContent(event) && isPublic(event))) continue;
    yield held;
    held = [];
  }
  if (held.length > 0) yield held;
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

/**
 * Adds the targets that may serve after this failure. A list of its own for a kind of failure replaces the general one;
 * what a policy forbids goes to the list for it or nowhere. A fallback that is itself misconfigured (its model is not
 * found, it refuses the request) does not keep the next one from serving.
 */
function enqueue(chain: Chain, failure: ModelError, progress: Progress): void {
  if (failure.row.fallback === "policy") {
    progress.forbidden = true;
    progress.queue.length = 0;
  }
  const kind = progress.skipped.has(failure) ? "general" : failure.row.fallback;
  const candidates = candidatesFor(chain, failure, progress.forbidden ? "policy" : kind);
  const queued = new Set(progress.queue.map((target) => target.entry));
  for (const target of candidates) {
    if (!progress.tried.has(target.entry) && !queued.has(target.entry)) progress.queue.push(target);
  }
}

function candidatesFor(chain: Chain, failure: ModelError, kind: ModelError["row"]["fallback"]): readonly Target[] {
  switch (kind) {
    case "none":
      // Of equals, one that does not have the model says nothing about the others.
      return chain.isGroup === true && failure.code === "not_found" ? own(chain, "general") : [];
    case "policy":
      return chain.fallbacks("policy") ?? [];
    case "context":
      return own(chain, "context");
    case "general":
      return failure.code === "rate_limited" || failure.code === "quota_exhausted"
        ? own(chain, "rate-limit")
        : (chain.fallbacks("general") ?? []);
  }
}

function own(chain: Chain, list: FallbackList): readonly Target[] {
  return chain.fallbacks(list) ?? chain.fallbacks("general") ?? [];
}
