import { type BulkheadPolicy, bulkhead, TaskCancelledError } from "cockatiel";
import type { Call } from "../core/call.ts";
import { unlessCancelled } from "../core/cancellation.ts";
import type { ModelError } from "../core/error.ts";
import type { Layer } from "../core/layer.ts";
import { entryError } from "../core/target-error.ts";
import { hold, type Release, releasing } from "./guard.ts";

/**
 * The slots of one entry. `waiting` is counted here, because cockatiel's queue keeps the place of a cancelled call until a slot
 * is free.
 */
interface Slots {
  readonly policy: BulkheadPolicy;
  waiting: number;
}

/** Limits an entry to `max_parallel` concurrent attempts and `queue` waiting ones; a slot is held until the stream settles. */
export function concurrency(): Layer {
  const entries = new Map<string, Slots>();
  return (call, next) => {
    const { entry, policy } = call.target;
    if (policy.maxParallel === undefined) return next(call);
    // A reload may change the limits.
    const id = `${policy.maxParallel} ${entry}`;
    let slots = entries.get(id);
    if (slots === undefined) {
      slots = { policy: bulkhead(policy.maxParallel, Number.MAX_SAFE_INTEGER), waiting: 0 };
      entries.set(id, slots);
    }
    return limited(slots, call, next);
  };
}

async function* limited(slots: Slots, call: Call, next: Parameters<Layer>[1]): ReturnType<Layer> {
  const release = await admit(slots, call);
  yield* releasing(next(call), release);
}

async function admit(slots: Slots, call: Call): Promise<Release> {
  const mustWait = slots.policy.executionSlots <= 0;
  if (mustWait && slots.waiting >= call.target.policy.queue) throw full(call);
  if (mustWait) slots.waiting++;
  const holding = hold(slots.policy, call.cancellation.signal);
  try {
    return await unlessCancelled(holding, call.cancellation);
  } catch (error) {
    // Cancelled while queued: a slot that is acquired later is released at once.
    holding.then(
      (release) => release(),
      () => {},
    );
    if (error instanceof TaskCancelledError) throw call.cancellation.reason ?? error;
    throw error;
  } finally {
    if (mustWait) slots.waiting--;
  }
}

function full({ target }: Call): ModelError {
  const { maxParallel, queue } = target.policy;
  const words = `${maxParallel} calls are in flight and ${queue} wait (max_parallel, queue)`;
  return entryError(target, "bulkhead_full", words);
}
