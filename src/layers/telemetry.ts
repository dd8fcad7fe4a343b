import type { Call, Observer } from "../core/call.ts";
import { isModelError, ModelError } from "../core/error.ts";
import type { Layer } from "../core/layer.ts";
import { allOf } from "../core/observer.ts";

/** The outermost layer: settles the call exactly once, and reports it to the observers. */
export function telemetry(observers: readonly Observer[]): Layer {
  const all = allOf(observers);
  return async function* (call, next) {
    call.record.observers = all;
    all.begun?.(call);
    let failure: ModelError | undefined;
    let ended = false;
    try {
      for await (const batch of next(call)) {
        all.passed?.(call, batch);
        yield batch;
      }
      ended = true;
    } catch (error) {
      ended = true;
      failure = asModelError(error, call);
      throw failure;
    } finally {
      if (!ended) failure = call.cancellation.reason ?? leftEarly();
      // The reader stopped: everything in flight for this call ends now.
      if (failure !== undefined) call.cancellation.cancel(failure);
      call.cancellation.release();
      call.record.settle(failure === undefined ? { ok: true } : { ok: false, error: failure });
      all.ended?.(call, failure);
    }
  };
}

function leftEarly(): ModelError {
  return new ModelError({ code: "aborted", message: "The reader closed the stream before its end." });
}

function asModelError(error: unknown, call: Call): ModelError {
  const known = isModelError(error)
    ? error
    : new ModelError({
        code: "protocol_error",
        message: `unexpected failure: ${String(error)}`,
        model: call.target.entry,
        cause: error,
      });
  known.attempts = call.record.attempts;
  return known;
}
