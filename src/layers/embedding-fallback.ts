import { adaptEmbedding } from "../core/adapt-embedding.ts";
import type { Call } from "../core/call.ts";
import type { Dialect } from "../core/dialect.ts";
import type { Events, FlowEvent } from "../core/event.ts";
import type { Layer, Next } from "../core/layer.ts";
import type { Target } from "../core/target.ts";
import { PromptWindow } from "./prompt-window.ts";
import { startOf } from "./serving.ts";
import { type Chain, TargetSearch } from "./target-search.ts";
import { asModelError } from "./verdict.ts";

/**
 * Tries the targets of an embedding call in order. Vectors arrive all at once, so that an earlier failure is never visible and
 * nothing is to be joined, held or hedged.
 */
export function embeddingFallback(chainOf: (call: Call) => Chain, dialectOf: (target: Target) => Dialect): Layer {
  return async function* (call, next) {
    const search = new TargetSearch(chainOf(call), new PromptWindow(call));
    for (let target = search.next(); target !== undefined; target = search.next()) {
      try {
        yield* served(call, target, dialectOf(target), { search, next });
        return;
      } catch (error) {
        const failure = asModelError(error, target);
        if (call.cancellation.cancelled) throw failure;
        const nextTarget = search.after(failure);
        call.record.observers.fellBack?.(call, failure, target, nextTarget);
      }
    }
  };
}

async function* served(
  call: Call,
  target: Target,
  dialect: Dialect,
  { search, next }: { readonly search: TargetSearch; readonly next: Next },
): Events {
  const { request, adjustments } = adaptEmbedding(call.input, call.input.embedding ?? NOTHING, target, dialect);
  const asked = { ...call, target, request, streaming: false, fallbackRemains: search.anotherRemains };
  let opened = false;
  for await (const batch of next(asked)) {
    yield opened ? batch : [startOf(target, batch), ...adjustments.map(adjusted), ...batch];
    opened = true;
  }
}

const NOTHING = { texts: [] };

function adjusted(adjustment: (FlowEvent & { type: "adjustment" })["adjustment"]): FlowEvent {
  return { type: "adjustment", adjustment };
}
