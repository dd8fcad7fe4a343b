import type { Call } from "../core/call.ts";
import { sleep } from "../core/cancellation.ts";
import { isModelError, type ModelError } from "../core/error.ts";
import { targetError } from "../core/target-error.ts";
import type { KeyStates } from "./key-states.ts";

/**
 * Waits while the provider has asked the users of this key to wait, in this call or another one. A call that cannot wait that
 * long fails without a request; with several keys, the next key is tried instead.
 */
export async function waitForKey(call: Call, states: KeyStates, patience: Patience): Promise<void> {
  for (let restMs = states.restMs(call); restMs > 0; restMs = states.restMs(call)) await patience.wait(restMs);
}

/** How long one attempt waits for paused keys: `max_retry_after` in all. */
export class Patience {
  readonly #call: Call;
  #endsMs: number | undefined;

  constructor(call: Call) {
    this.#call = call;
  }

  /** @throws ModelError `rate_limited` if the wait is too long, or another key may serve. */
  async wait(restMs: number): Promise<void> {
    const { target, clock, cancellation, random, deadlineAtMs = Number.POSITIVE_INFINITY } = this.#call;
    this.#endsMs ??= clock.monotonic() + target.policy.maxRetryAfterMs;
    const untilMs = clock.monotonic() + restMs;
    const another = target.credentials.keys.length > 1;
    if (another || untilMs > this.#endsMs || untilMs >= deadlineAtMs) throw resting(this.#call, restMs, another);
    await sleep(clock, restMs * (1 + random() * 0.1), cancellation);
  }
}

const RESTING = new WeakSet<ModelError>();

/** Whether a failure only means that nothing was sent, because of an earlier call's retry delay. */
export function isResting(error: unknown): boolean {
  return isModelError(error) && RESTING.has(error);
}

function resting({ target }: Call, restMs: number, another: boolean): ModelError {
  const left = Math.ceil(restMs / 100) / 10;
  const words = `skipped: the provider asked an earlier call to wait, retry in ${left} s`;
  const error = targetError(target, "rate_limited", words, {
    retryAfterMs: Math.ceil(restMs),
    // A call that waited for its only key has used its waiting time; one that switched keys has not waited yet.
    shouldRetry: another ? undefined : false,
  });
  RESTING.add(error);
  return error;
}
