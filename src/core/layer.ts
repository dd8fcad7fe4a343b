import type { Call } from "./call.ts";
import type { Events } from "./event.ts";

export type Next = (call: Call) => Events;

/** One concern around the wire. A layer that does not look at events returns `next(call)` itself. */
export type Layer = (call: Call, next: Next) => Events;

/** Layers from the outermost to the innermost around `last`. */
export function compose(layers: readonly Layer[], last: Next): Next {
  return layers.reduceRight<Next>((next, layer) => (call) => layer(call, next), last);
}
