import type { Call, Observer } from "./call.ts";

/** A record, so that the compiler finds a missing event. */
const EVENTS: Readonly<Record<keyof Observer, true>> = {
  begun: true,
  passed: true,
  attemptStarted: true,
  attemptEnded: true,
  retrying: true,
  fellBack: true,
  cacheLooked: true,
  budgetNoticed: true,
  slowed: true,
  ended: true,
};

type Listener = (call: Call, ...details: unknown[]) => void;

/** All observers as one, in their order, without the events that nobody listens to. */
export function allOf(observers: readonly Observer[]): Observer {
  const all: Partial<Record<keyof Observer, Listener>> = {};
  for (const event of Object.keys(EVENTS) as (keyof Observer)[]) {
    const listeners = observers.flatMap((observer) => {
      const listener = observer[event] as Listener | undefined;
      return listener === undefined ? [] : [listener.bind(observer)];
    });
    const [only] = listeners;
    // Not with rest parameters, which would allocate an array for every batch.
    if (listeners.length === 1) all[event] = only as Listener;
    else if (listeners.length > 1)
      all[event] = (call, first, second, third) => {
        for (const listener of listeners) listener(call, first, second, third);
      };
  }
  return all;
}
