import { BulkheadRejectedError, bulkhead, type BulkheadPolicy, TaskCancelledError } from "cockatiel";
import type { Call } from "../core/call.ts";
import { unlessCancelled } from "../core/cancellation.ts";
import { ModelError } from "../core/error.ts";
import type { Layer } from "../core/layer.ts";
import { hold, type Release, releasing } from "./guard.ts";

/** At most `max_parallel` attempts of an entry at a time, `queue` more waiting; a slot is held until the stream settles. */
export function concurrency(): Layer {
  const policies = new Map<string, BulkheadPolicy>();
  return (call, next) => {
    const { entry, policy } = call.target;
    if (policy.maxParallel === undefined) return next(call);
    let slots = policies.get(entry);
    if (slots === undefined) {
      slots = bulkhead(policy.maxParallel, policy.queue);
      policies.set(entry, slots);
    }
    return limited(slots, call, next);
  };
}

async function* limited(slots: BulkheadPolicy, call: Call, next: Parameters<Layer>[1]): ReturnType<Layer> {
  const release = await admit(slots, call);
  yield* releasing(next(call), release, () => new ModelError({ code: "aborted", message: "The reader left." }));
}

async function admit(slots: BulkheadPolicy, call: Call): Promise<Release> {
  const holding = hold(slots, call.cancellation.signal);
  try {
    return await unlessCancelled(holding, call.cancellation);
  } catch (error) {
    if (error instanceof BulkheadRejectedError) throw full(call);
    // Cancelled while queued: whatever slot still comes is given back at once.
    holding.then((release) => release({ ok: true }), () => {});
    if (error instanceof TaskCancelledError) throw call.cancellation.reason ?? error;
    throw error;
  }
}

function full({ target }: Call): ModelError {
  const { maxParallel, queue } = target.policy;
  return new ModelError({
    code: "bulkhead_full",
    message: `${target.entry}: ${maxParallel} calls are in flight and ${queue} wait (max_parallel, queue)`,
    provider: target.provider,
    model: target.entry,
  });
}
