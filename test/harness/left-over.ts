import { getEventListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Sockets close and timers of the test runner fire a moment after the test that caused them. */
const SETTLE_MS = Number(process.env.MODELWRIGHT_TEST_SETTLE_MS ?? 3_000);
const LOOK_EVERY_MS = 5;

/** What a thread holds, by kind: `TCPSocketWrap`, `Timeout`, `listener of exit` …, with how many. */
type Held = ReadonlyMap<string, number>;

/** Counts what a thread holds now, to be compared with what it holds later. */
export class LeftOver {
  readonly #start = held();
  readonly #signals = new Set<WeakRef<AbortSignal>>();

  /** From now on every signal that is listened to is known, until the returned function is called. */
  watchSignals(): () => void {
    const { addEventListener } = EventTarget.prototype;
    const known = new WeakSet<AbortSignal>();
    const note = (signal: AbortSignal) => {
      if (known.has(signal)) return;
      known.add(signal);
      this.#signals.add(new WeakRef(signal));
    };
    EventTarget.prototype.addEventListener = function (this: EventTarget, ...args) {
      if (this instanceof AbortSignal) note(this);
      return addEventListener.apply(this, args);
    };
    return () => {
      EventTarget.prototype.addEventListener = addEventListener;
    };
  }

  /** What is held more than at the start; asks again until it is nothing or `limitMs` are over. */
  async since(limitMs = SETTLE_MS): Promise<readonly string[]> {
    const endMs = performance.now() + limitMs;
    for (;;) {
      const listeners = this.#listeners();
      const found = more(this.#start, held());
      if (listeners > 0) found.push(`${listeners} x listener on an AbortSignal`);
      if (found.length === 0 || performance.now() > endMs) return found;
      // A signal that was just looked at is kept until this turn is over.
      await sleep(LOOK_EVERY_MS, undefined, { ref: false });
      if (listeners > 0) collectGarbage();
    }
  }

  /** Of signals that still live and may still abort. */
  #listeners(): number {
    let count = 0;
    for (const reference of this.#signals) {
      const signal = reference.deref();
      if (signal === undefined || signal.aborted) this.#signals.delete(reference);
      else count += getEventListeners(signal, "abort").length;
    }
    return count;
  }
}

function held(): Held {
  const counts = new Map<string, number>();
  for (const kind of process.getActiveResourcesInfo()) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  for (const name of process.eventNames()) counts.set(`listener of ${String(name)}`, process.listenerCount(name));
  return counts;
}

function more(before: Held, after: Held): string[] {
  const extra = [...after].map(([kind, count]) => [kind, count - (before.get(kind) ?? 0)] as const);
  return extra.filter(([, count]) => count > 0).map(([kind, count]) => `${count} x ${kind}`);
}

let gc: (() => void) | undefined;

/** A full collection, also where node was started without --expose-gc. */
export function collectGarbage(): void {
  if (gc === undefined) {
    setFlagsFromString("--expose-gc");
    gc = runInNewContext("gc") as () => void;
  }
  gc();
}
