import { getEventListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Sockets and timers of the test runner close a moment after the test that created them. */
const SETTLE_MS = Number(process.env.MODELWRIGHT_TEST_SETTLE_MS ?? 3_000);
const LOOK_EVERY_MS = 5;

/** The resources of a thread, by kind (`TCPSocketWrap`, `Timeout`, `listener of exit` …), with their count. */
type Held = ReadonlyMap<string, number>;

/** Counts the resources of a thread now, to compare them with a later count. */
export class LeftOver {
  readonly #start = held();
  readonly #signals = new Set<WeakRef<AbortSignal>>();

  /** Tracks every signal that gets a listener, until the returned function is called. */
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

  /** The resources added since the start; polls until there are none or `limitMs` have passed. */
  async since(limitMs = SETTLE_MS): Promise<readonly string[]> {
    const endMs = performance.now() + limitMs;
    for (;;) {
      const listeners = this.#listeners();
      const found = more(this.#start, held());
      if (listeners > 0) found.push(`${listeners} x listener on an AbortSignal`);
      if (found.length === 0 || performance.now() > endMs) return found;
      // A signal that was just dereferenced stays alive until this turn ends.
      await sleep(LOOK_EVERY_MS, undefined, { ref: false });
      if (listeners > 0) collectGarbage();
    }
  }

  /** Of signals that are still alive and may still abort. */
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

/** A full garbage collection, even if node was started without --expose-gc. */
export function collectGarbage(): void {
  if (gc === undefined) {
    setFlagsFromString("--expose-gc");
    gc = runInNewContext("gc") as () => void;
  }
  gc();
}
