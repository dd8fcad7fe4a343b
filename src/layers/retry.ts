import { retry as cockatielRetry, handleWhen, type RetryPolicy } from "cockatiel";
import type { Call } from "../core/call.ts";
import { sleep } from "../core/cancellation.ts";
import type { DeliveredText } from "../core/delivered-text.ts";
import { isModelError, type ModelError } from "../core/error.ts";
import type { ModelErrorCode } from "../core/error-codes.ts";
import { type Events, type FlowEvent, isContent } from "../core/event.ts";
import type { Layer, Next } from "../core/layer.ts";
import type { Policy } from "../core/target.ts";
import { afterBreak, continued, joined } from "./continuation.ts";
import { isResting } from "./key-pause.ts";
import { rejected } from "./middleware.ts";
import type { RetryBudgets } from "./retry-budget.ts";

/**
 * Retries a request if it may help. The first content event commits an attempt: before it, a failure is invisible; after it, only
 * `on_break = "restart"` starts again, with a `reset` event, and only `on_break = "continue"` continues, with an adjustment.
 */
export function retry(budgets: RetryBudgets): Layer {
  return async function* (call, next) {
    budgets.note(call.target.origin);
    const tries = new Tries(call, budgets);
    const policy = tries.policy();
    for (;;) {
      const opened = await policy
        .execute(() => openAttempt(tries, next))
        .catch((error: unknown) => {
          throw tries.reasonFor(error);
        });
      try {
        yield* deliver(opened, call.record.delivered);
        return;
      } catch (error) {
        if (call.onBreak === "error" || !tries.allows(error)) throw error;
        yield* afterBreak(call, (error as ModelError).code, "it");
      }
    }
  };
}

interface Opened {
  /** Events up to the first content event. */
  readonly buffered: readonly FlowEvent[];
  readonly rest: AsyncIterator<readonly FlowEvent[]>;
}

async function* deliver({ buffered, rest }: Opened, delivered: DeliveredText | undefined): Events {
  try {
    delivered?.note(buffered);
    yield buffered;
    for (let step = await rest.next(); !step.done; step = await rest.next()) {
      delivered?.note(step.value);
      yield step.value;
    }
  } finally {
    await rest.return?.();
  }
}

async function openAttempt(tries: Tries, next: Next): Promise<Opened> {
  const call = await tries.begin();
  const iterator = joined(next(call), call.record.delivered, call.target.entry)[Symbol.asyncIterator]();
  let buffered: readonly FlowEvent[] = [];
  for (;;) {
    const step = await iterator.next();
    if (step.done) return { buffered, rest: iterator };
    buffered = buffered.length === 0 ? step.value : [...buffered, ...step.value];
    if (step.value.some(isContent)) return { buffered, rest: iterator };
  }
}

/** The attempts of one call on one target, and whether it may retry. */
class Tries {
  readonly #call: Call;
  readonly #budgets: RetryBudgets;
  #used: Map<ModelErrorCode, number> | undefined;
  #total = 0;
  #waitMs: number | undefined;
  #lastBackoffMs = 0;
  #lastFailure: ModelError | undefined;
  /** A closed idle connection is replaced once, at once and outside the budget, because no server failed. */
  #reconnected = false;

  constructor(call: Call, budgets: RetryBudgets) {
    this.#call = call;
    this.#budgets = budgets;
  }

  /**
   * cockatiel runs the loop. Its backoff is 0, because it cannot be aborted: we wait on the injected clock before the next
   * attempt.
   */
  policy(): RetryPolicy {
    return cockatielRetry(
      handleWhen((error) => this.allows(error)),
      { maxAttempts: Number.MAX_SAFE_INTEGER },
    );
  }

  /** Waits before a retry, and returns the call of the next attempt. */
  async begin(): Promise<Call> {
    const { clock, cancellation } = this.#call;
    cancellation.throwIfCancelled();
    if (this.#waitMs !== undefined) await sleep(clock, this.#waitMs, cancellation);
    const request = continued(this.#call.request, this.#call.record.delivered);
    return { ...this.#call, request, tryIndex: this.#total };
  }

  /** Whether to retry after this failure; stores the wait before the next attempt. */
  allows(error: unknown): boolean {
    if (!isModelError(error) || this.#call.cancellation.cancelled) return false;
    const { policy } = this.#call.target;
    if (this.#total >= mostTries(policy) || !this.#isWanted(error, policy)) return false;
    const stale = error.reusedSocket && !this.#reconnected;
    const waitMs = stale ? 0 : this.#wait(error, policy);
    if (waitMs === undefined || !this.#fits(waitMs, error)) return false;
    if (!stale && !this.#budgets.take(this.#call.target.origin)) return false;
    this.#reconnected ||= stale;
    this.#used ??= new Map();
    this.#used.set(error.code, (this.#used.get(error.code) ?? 0) + 1);
    this.#total++;
    this.#waitMs = waitMs;
    this.#lastFailure = error;
    this.#call.record.observers.retrying?.(this.#call, error, waitMs);
    return true;
  }

  /** The word of the caller, or the table of codes. An open circuit breaker prevents retries in any case. */
  #isWanted(error: ModelError, policy: Policy): boolean {
    const isUsual = this.#isUsual(error, policy);
    if (this.#call.input.shouldRetry === undefined || error.code === "circuit_open") return isUsual;
    return callersWord(this.#call, error, { tries: this.#total, willRetry: isUsual }) ?? isUsual;
  }

  #isUsual(error: ModelError, policy: Policy): boolean {
    if ((this.#used?.get(error.code) ?? 0) >= allowance(error, policy)) return false;
    return error.code !== "timed_out" || !this.#call.fallbackRemains || policy.retryOn !== undefined;
  }

  /** The failure before an attempt that was not sent is more useful than that attempt's error. */
  reasonFor(error: unknown): unknown {
    const notAsked = isModelError(error, "circuit_open") || isModelError(error, "bulkhead_full") || isResting(error);
    return notAsked ? (this.#lastFailure ?? error) : error;
  }

  #fits(waitMs: number, error: ModelError): boolean {
    if (this.#fitsDeadline(waitMs)) return true;
    const { deadlineAtMs = 0, clock } = this.#call;
    error.message += `; the next attempt would exceed the deadline, which is in ${seconds(deadlineAtMs - clock.monotonic())}`;
    return false;
  }

  #fitsDeadline(waitMs: number): boolean {
    const { deadlineAtMs, clock } = this.#call;
    return deadlineAtMs === undefined || clock.monotonic() + waitMs < deadlineAtMs;
  }

  /** The provider's retry delay, otherwise exponential backoff. `undefined`: the delay is too long. */
  #wait(error: ModelError, policy: Policy): number | undefined {
    const { random } = this.#call;
    const asked = error.retryAfterMs;
    if (asked !== undefined && asked > policy.maxRetryAfterMs) return undefined;
    if (asked !== undefined && asked > 0) return asked * (1 + random() * 0.1);
    this.#lastBackoffMs = backoff(error, policy, this.#total, this.#lastBackoffMs, random);
    return this.#lastBackoffMs;
  }
}

function seconds(ms: number): string {
  return `${Math.ceil(ms / 100) / 10} s`;
}

/** How often this error may be retried: by `retry_on` if set, otherwise by the table of codes. */
function allowance(error: ModelError, policy: Policy): number {
  // An open circuit breaker prevents retries, and so does a provider with x-should-retry: false.
  const overruled = error.code === "circuit_open" || (!error.retryable && error.row.retry !== "never");
  const most = error.shouldRetry === "once" ? 1 : Number.POSITIVE_INFINITY;
  if (policy.retryOn !== undefined) return overruled ? 0 : Math.min(most, policy.retryOn[error.code] ?? 0);
  if (!error.retryable) return 0;
  return Math.min(error.row.retry === "once" ? 1 : most, policy.numRetries);
}

/** What `shouldRetry` of the call says; what it throws is an error of the call. */
function callersWord(
  call: Call,
  error: ModelError,
  { tries, willRetry }: { readonly tries: number; readonly willRetry: boolean },
): boolean | undefined {
  const { entry: model, provider, modelId, policy } = call.target;
  const retriesLeft = mostTries(policy) - tries;
  const failure = {
    error,
    attempt: tries + 1,
    retriesLeft,
    willRetry,
    model,
    provider,
    modelId,
    callId: call.record.id,
  };
  let word: unknown;
  try {
    word = call.input.shouldRetry?.(failure);
  } catch (cause) {
    throw rejected(call, `shouldRetry threw an error, see cause, after ${error.code}`, cause);
  }
  if (word === undefined || typeof word === "boolean") return word;
  throw rejected(call, "shouldRetry must return true, false or undefined; it cannot be asynchronous");
}

/** Maximum retries of a target for all codes together. */
function mostTries(policy: Policy): number {
  return Math.max(policy.numRetries, ...Object.values(policy.retryOn ?? {}));
}

/** The wait after a rate limit is twice that after other failures. */
const THROTTLE_FACTOR = 2;

function backoff(error: ModelError, policy: Policy, tries: number, last: number, random: () => number): number {
  const throttled = error.code === "rate_limited" || error.code === "overloaded";
  const base = policy.retryMinWaitMs * (throttled ? THROTTLE_FACTOR : 1);
  const grown = Math.min(policy.retryMaxWaitMs, base * policy.retryMultiplier ** tries);
  switch (policy.jitter) {
    case "none":
      return grown;
    case "full":
      return random() * grown;
    case "decorrelated":
      return Math.min(policy.retryMaxWaitMs, base + random() * Math.max(0, last * 3 - base));
  }
}
