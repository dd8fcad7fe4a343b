import type { Call } from "../core/call.ts";
import { sleep } from "../core/cancellation.ts";
import { isModelError, type ModelError } from "../core/error.ts";
import type { Events } from "../core/event.ts";
import type { Layer, Next } from "../core/layer.ts";
import { targetError } from "../core/target-error.ts";
import type { KeyStates } from "./key-states.ts";

/**
 * Holds every request back while its provider has asked for a pause, in this call or another one. It learns of a pause
 * before the slot of the failed request is released, and stands below the slots of `max_parallel`, so that a call checks
 * again after it has queued. A call that cannot wait that long fails and sends nothing; with several keys, the next key is
 * tried instead.
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

/** Whether a failure only says that nothing was asked, because an earlier call has to wait. */
export function isResting(error: unknown): boolean {
  return isModelError(error) && RESTING.has(error);
}

function resting({ target }: Call, restMs: number, another: boolean): ModelError {
  const left = Math.ceil(restMs / 100) / 10;
  const words = `not asked: it told an earlier call to wait, and ${left} s of that are left`;
  const error = targetError(target, "rate_limited", words, {
    retryAfterMs: Math.ceil(restMs),
    // A call that waited for its only key has had its patience; one that went from key to key has not waited yet.
    shouldRetry: another ? undefined : false,
  });
  RESTING.add(error);
  return error;
}
