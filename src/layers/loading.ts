import type { Call } from "../core/call.ts";
import { unlessCancelled } from "../core/cancellation.ts";
import type { Dialect } from "../core/dialect.ts";
import type { Events } from "../core/event.ts";
import type { Layer, Next } from "../core/layer.ts";
import type { Target } from "../core/target.ts";

/**
 * Loads the SDK for the first call, above the timeouts of the attempt: `timeout` limits the provider, and a slow disk must not
 * open its circuit breaker. `deadline` includes the loading.
 */
export function loading(dialectOf: (target: Target) => Dialect): Layer {
  return (call, next) => {
    const dialect = dialectOf(call.target);
    // A custom dialect may not use our transport.
    if (dialect.load === undefined) return next(call);
    const sdk = dialect.load();
    const wire = call.transport.load?.();
    return sdk === undefined && wire === undefined ? next(call) : afterLoading([sdk, wire], call, next);
  };
}

async function* afterLoading(pending: readonly unknown[], call: Call, next: Next): Events {
  // The request loads again and reports the failure.
  await unlessCancelled(Promise.allSettled(pending), call.cancellation);
  yield* next(call);
}
