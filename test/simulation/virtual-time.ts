import { AsyncLocalStorage } from "node:async_hooks";
import { setImmediate } from "node:timers/promises";
import type { Clock } from "../../src/core/clock.ts";

interface Timer {
  readonly atMs: number;
  /** Timers of one instant fire in this order. */
  readonly order: number;
  readonly run: () => void;
  live: boolean;
}

const STARTS_AT = Date.UTC(2026, 0, 1);

/**
 * Time that advances only when nothing is left to do. A step costs one turn of the event loop: all promises settle
 * in it, because nothing in a world waits for a real timer.
 */
export class VirtualTime implements Clock {
  readonly #order: () => number;
  readonly startsAt: number;
  #timers: Timer[] = [];
  #nowMs = 0;
  #live = 0;

  /** `order` decides between timers of one instant. */
  constructor(order: () => number, startsAt = STARTS_AT) {
    this.#order = order;
    this.startsAt = startsAt;
  }

  now(): number {
    return this.startsAt + this.#nowMs;
  }

  monotonic(): number {
    return this.#nowMs;
  }

  schedule(run: () => void, delayMs: number): () => void {
    const timer: Timer = {
      atMs: this.#nowMs + Math.max(0, delayMs),
      order: this.#order(),
      run: AsyncLocalStorage.bind(run),
      live: true,
    };
    this.#push(timer);
    this.#live += 1;
    return () => this.#drop(timer);
  }

  /** Pending timers. */
  get pending(): number {
    return this.#live;
  }

  /** Steps from timer to timer until `over`, checking the world after each. False if no timer is left. */
  async run(over: () => boolean, look: () => void): Promise<boolean> {
    for (;;) {
      await setImmediate();
      look();
      if (over()) return true;
      const timer = this.#pop();
      if (timer === undefined) return false;
      this.#drop(timer);
      this.#nowMs = timer.atMs;
      timer.run();
    }
  }

  #drop(timer: Timer): void {
    if (timer.live) this.#live -= 1;
    timer.live = false;
  }

  #push(timer: Timer): void {
    const heap = this.#timers;
    let index = heap.push(timer) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!before(timer, heap[parent] as Timer)) break;
      heap[index] = heap[parent] as Timer;
      index = parent;
    }
    heap[index] = timer;
  }

  #pop(): Timer | undefined {
    for (let first = this.#take(); first !== undefined; first = this.#take()) if (first.live) return first;
    return undefined;
  }

  #take(): Timer | undefined {
    const heap = this.#timers;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1] as Timer, heap[child] as Timer)) child += 1;
      if (!before(heap[child] as Timer, last)) break;
      heap[index] = heap[child] as Timer;
      index = child;
    }
    heap[index] = last;
    return first;
  }
}

function before(left: Timer, right: Timer): boolean {
  return left.atMs < right.atMs || (left.atMs === right.atMs && left.order < right.order);
}

/** Runs `work` with the global clocks and timers on virtual time: cockatiel sets a global timer between two tries. */
export async function onVirtualTime<T>(time: VirtualTime, work: () => Promise<T>): Promise<T> {
  const { setTimeout, clearTimeout } = globalThis;
  const { now } = Date;
  const offs = new WeakMap<object, () => void>();
  const virtual = (run: (...given: unknown[]) => void, delayMs = 0, ...given: unknown[]) => {
    const handle = { ref: () => handle, unref: () => handle, hasRef: () => true };
    offs.set(
      handle,
      time.schedule(() => run(...given), delayMs),
    );
    return handle;
  };
  Object.assign(globalThis, { setTimeout: virtual, clearTimeout: (handle: object) => offs.get(handle)?.() });
  Date.now = () => time.now();
  Object.defineProperty(performance, "now", { configurable: true, value: () => time.monotonic() });
  try {
    return await work();
  } finally {
    Object.assign(globalThis, { setTimeout, clearTimeout });
    Date.now = now;
    Reflect.deleteProperty(performance, "now");
  }
}
