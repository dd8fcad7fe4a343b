import type { Call } from "../core/call.ts";
import { unlessCancelled } from "../core/cancellation.ts";
import type { Dialect } from "../core/dialect.ts";
import type { Events } from "../core/event.ts";
import type { Layer, Next } from "../core/layer.ts";
import type { Target } from "../core/target.ts";

/**
 * Loads the SDK for the first call above the clocks of its attempt: `timeout` bounds what a provider takes, and a slow
 * disk must not open its circuit. `deadline` counts it.
 */
export function loading(dialectOf: (target: Target) => Dialect): Layer {
  return (call, next) => {
    const dialect = dialectOf(call.target);
    // A dialect of the user's own need not send anything over our transport.
    if (dialect.load === undefined) return next(call);
    const sdk = dialect.load();
    const wire = call.transport.load?.();
    return sdk === undefined && wire === undefined ? next(call) : afterLoading([sdk, wire], call, next);
  };
}

async function* afterLoading(pending: readonly unknown[], call: Call, next: Next): Events {
  // The request loads again what could not be loaded, and reports why.
  await unlessCancelled(Promise.allSettled(pending), call.cancellation);
  yield* next(call);
}
