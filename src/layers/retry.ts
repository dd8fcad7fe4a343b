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
import { isResting } from "./pause-gate.ts";
import type { RetryBudgets } from "./retry-budget.ts";

/**
 * Sends the same request again when it may help. An attempt is committed by its first content event: before it, a
 * failure is invisible; after it, only `on_break = "restart"` starts again, and says so with a `reset`, and only
 * `on_break = "continue"` goes on, and says so with an adjustment.
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
  /** Everything up to the first content event. */
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

/** What one call has tried on one target, and whether it may try again. */
class Tries {
  readonly #call: Call;
  readonly #budgets: RetryBudgets;
  readonly #used = new Map<ModelErrorCode, number>();
  #total = 0;
  #waitMs: number | undefined;
  #lastBackoffMs = 0;
  #lastFailure: ModelError | undefined;
  /** An idle connection that the server had closed is replaced once, at once and outside the budget: no server failed. */
  #reconnected = false;

  constructor(call: Call, budgets: RetryBudgets) {
    this.#call = call;
    this.#budgets = budgets;
  }

  /**
   * cockatiel decides the loop; its own backoff is 0 because it cannot be aborted: we wait ourselves, on the injected
   * clock, before the next attempt.
   */
  policy(): RetryPolicy {
    return cockatielRetry(
      handleWhen((error) => this.allows(error)),
      { maxAttempts: Number.MAX_SAFE_INTEGER },
    );
  }

  /** Waits if this is not the first try, and gives the call of the next attempt. */
  async begin(): Promise<Call> {
    const { clock, cancellation } = this.#call;
    cancellation.throwIfCancelled();
    if (this.#waitMs !== undefined) await sleep(clock, this.#waitMs, cancellation);
    const request = continued(this.#call.request, this.#call.record.delivered);
    return { ...this.#call, request, tryIndex: this.#total };
  }

  /** Whether another attempt is made after this failure; remembers how long to wait before it. */
  allows(error: unknown): boolean {
    if (!isModelError(error) || this.#call.cancellation.cancelled) return false;
    const { policy } = this.#call.target;
    if (this.#total >= mostTries(policy) || (this.#used.get(error.code) ?? 0) >= allowance(error, policy)) return false;
    if (error.code === "timed_out" && this.#call.fallbackRemains && policy.retryOn === undefined) return false;
    const stale = error.reusedSocket && !this.#reconnected;
    const waitMs = stale ? 0 : this.#wait(error, policy);
    if (waitMs === undefined || !this.#fits(waitMs, error)) return false;
    if (!stale && !this.#budgets.take(this.#call.target.origin)) return false;
    this.#reconnected ||= stale;
    this.#used.set(error.code, (this.#used.get(error.code) ?? 0) + 1);
    this.#total++;
    this.#waitMs = waitMs;
    this.#lastFailure = error;
    return true;
  }

  /** A try that was not let out says less than the failure before it. */
  reasonFor(error: unknown): unknown {
    const notAsked = isModelError(error, "circuit_open") || isModelError(error, "bulkhead_full") || isResting(error);
    return notAsked ? (this.#lastFailure ?? error) : error;
  }

  #fits(waitMs: number, error: ModelError): boolean {
    if (this.#fitsDeadline(waitMs)) return true;
    const { deadlineAtMs = 0, clock } = this.#call;
    error.message += `; the next try would come after the deadline, which is in ${seconds(deadlineAtMs - clock.monotonic())}`;
    return false;
  }

  #fitsDeadline(waitMs: number): boolean {
    const { deadlineAtMs, clock } = this.#call;
    return deadlineAtMs === undefined || clock.monotonic() + waitMs < deadlineAtMs;
  }

  /** The provider's word where it gave one; else exponential backoff. `undefined`: the provider asks for too long. */
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

/** How often this error may be retried: `retry_on` where it is set, else the table of codes. */
function allowance(error: ModelError, policy: Policy): number {
  // An open breaker is there to keep retries away, and a provider that says no is believed.
  const overruled = error.code === "circuit_open" || (!error.retryable && error.row.retry !== "never");
  const most = error.shouldRetry === "once" ? 1 : Number.POSITIVE_INFINITY;
  if (policy.retryOn !== undefined) return overruled ? 0 : Math.min(most, policy.retryOn[error.code] ?? 0);
  if (!error.retryable) return 0;
  return Math.min(error.row.retry === "once" ? 1 : most, policy.numRetries);
}

/** Over all codes together, a target is asked again at most this often. */
function mostTries(policy: Policy): number {
  return Math.max(policy.numRetries, ...Object.values(policy.retryOn ?? {}));
}

/** A throttled provider is given twice the wait of one that merely failed. */
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
