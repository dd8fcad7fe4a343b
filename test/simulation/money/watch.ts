import type {
  AdmitRequest,
  Awaitable,
  CounterStore,
  Grant,
  Refusal,
  Settled,
  Settlement,
} from "../../../src/core/store.ts";
import { Lines, type Waiter } from "../../../src/layers/line.ts";
import { MemoryCounters } from "../../../src/stores/memory-counters.ts";
import { SqliteCounters } from "../../../src/stores/sqlite-counters.ts";
import { RUNNING } from "../running.ts";

/** Receives every decision of the counters, in order, and every attempt that waits. */
export interface Watcher {
  admitted(store: CounterStore, request: AdmitRequest, answer: Grant | Refusal): void;
  settled(store: CounterStore, settlement: Settlement, settled: Settled): void;
  /** Returns a function that is called when the attempt leaves the queue. */
  entered(line: string, waiter: Waiter, caller: string | undefined): () => void;
}

/** Returns functions that end the watch. */
export function watchMoney(watcher: Watcher): readonly (() => void)[] {
  return [
    watchStore(MemoryCounters.prototype, watcher),
    watchStore(SqliteCounters.prototype, watcher),
    watchLines(watcher),
  ];
}

function watchStore(store: CounterStore, watcher: Watcher): () => void {
  const { admit, settle } = store;
  store.admit = function (this: CounterStore, request) {
    return seen(admit.call(this, request), (answer) => watcher.admitted(this, request, answer));
  };
  store.settle = function (this: CounterStore, settlement) {
    return seen(settle.call(this, settlement), (settled) => watcher.settled(this, settlement, settled));
  };
  return () => Object.assign(store, { admit, settle });
}

/** Sees the reply before the attempts that wait for it do. */
function seen<T>(answer: Awaitable<T>, look: (value: T) => void): Awaitable<T> {
  if (answer instanceof Promise) answer.then(look, () => {});
  else look(answer);
  return answer;
}

function watchLines(watcher: Watcher): () => void {
  const { enter } = Lines.prototype;
  Lines.prototype.enter = function (this: Lines, key, waiter) {
    const place = enter.call(this, key, waiter);
    const left = watcher.entered(key, waiter, RUNNING.getStore());
    return {
      ...place,
      leave: () => {
        place.leave();
        left();
      },
    };
  };
  return () => Object.assign(Lines.prototype, { enter });
}
