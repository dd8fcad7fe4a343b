import type { Call } from "./call.ts";
import type { Events } from "./event.ts";

export type Next = (call: Call) => Events;

/** One concern of a call, such as retries. A layer that does not inspect events returns `next(call)` itself. */
export type Layer = (call: Call, next: Next) => Events;

/** Composes layers, the outermost first, around `last`. */
export function compose(layers: readonly Layer[], last: Next): Next {
  return layers.reduceRight<Next>((next, layer) => (call) => layer(call, next), last);
}
