import type { Call } from "../core/call.ts";
import { sleep } from "../core/cancellation.ts";
import { isModelError, type ModelError } from "../core/error.ts";
import type { Events } from "../core/event.ts";
import type { Layer, Next } from "../core/layer.ts";
import { targetError } from "../core/target-error.ts";
import type { KeyStates } from "./key-states.ts";

/**
 * Delays every request while its provider has asked to wait, in this call or another one. A pause is set before the slot of the
 * failed request is released, and this layer is below the slots of `max_parallel`, so that a queued call checks again. A call
 * that cannot wait that long fails without a request; with several keys, the next key is tried instead.
 */
export function pauseGate(states: KeyStates): Layer {
  return (call, next) => {
    const heeding = { ...call, onFailure: (error: ModelError) => states.heed(error, call) };
    return states.restMs(call) === 0 ? next(heeding) : afterPause(heeding, next, states);
  };
}

async function* afterPause(call: Call, next: Next, states: KeyStates): Events {
  const { target, clock, cancellation, random } = call;
  const patienceMs = clock.monotonic() + target.policy.maxRetryAfterMs;
  for (let restMs = states.restMs(call); restMs > 0; restMs = states.restMs(call)) {
    const untilMs = clock.monotonic() + restMs;
    const another = target.credentials.keys.length > 1;
    if (another || untilMs > patienceMs || untilMs >= (call.deadlineAtMs ?? Number.POSITIVE_INFINITY))
      throw resting(call, restMs, another);
    await sleep(clock, restMs * (1 + random() * 0.1), cancellation);
  }
  yield* next(call);
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
