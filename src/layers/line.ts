import type { Cancellation } from "../core/cancellation.ts";
import type { Clock } from "../core/clock.ts";
import { type TurnPath, Turns } from "./turns.ts";

/** Who waits, and how urgently. */
export interface Waiter {
  /** 0 to 255, lower first. */
  readonly priority: number;
  /** The key of a gateway and the user: keys take turns, and the users of a key. */
  readonly caller: TurnPath;
  readonly cancellation: Cancellation;
}

/** A waiter gains one priority level in this time, so that none waits forever. */
const AGING_MS = 100;

/** A place in a line. The owner must leave it, whatever happens. */
export interface Place {
  readonly key: string;
  /** True when it is this waiter's turn; false if it is not at `untilMs`. Rejects when cancelled. */
  turn(untilMs: number): Promise<boolean>;
  /**
   * The same, at `retryAtMs` or when something may have become free, which includes what became free since it was this
   * waiter's turn.
   */
  pause(retryAtMs: number, untilMs: number): Promise<boolean>;
  leave(): void;
}

/** The lines of all limits, by a key of the limit. A line exists only while somebody waits in it. */
export class Lines {
  readonly #clock: Clock;
  readonly #lines = new Map<string, Line>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get empty(): boolean {
    return this.#lines.size === 0;
  }

  /** How many attempts wait in a line. */
  sizeOf(key: string): number {
    return this.#lines.get(key)?.size ?? 0;
  }

  enter(key: string, waiter: Waiter): Place {
    let line = this.#lines.get(key);
    if (line === undefined) {
      line = new Line(this.#clock);
      this.#lines.set(key, line);
    }
    const waiting = line.join(waiter);
    return {
      key,
      turn: (untilMs) => line.wait(waiting, untilMs),
      pause: (retryAtMs, untilMs) => line.pause(waiting, retryAtMs, untilMs),
      leave: () => {
        line.leave(waiting);
        if (line.size === 0 && this.#lines.get(key) === line) this.#lines.delete(key);
      },
    };
  }

  /** Something that attempts wait for may have become free. */
  poke(key: string): void {
    this.#lines.get(key)?.poke();
  }
}

interface Waiting extends Waiter {
  readonly path: TurnPath;
  readonly sinceMs: number;
  /** Ends the current wait; absent while the waiter asks the store. */
  wake?: (() => void) | undefined;
  /** Whether something may have become free while the waiter asks the store, which may have answered already. */
  isPoked?: boolean;
}

/**
 * The attempts of this process that wait for one limit. Only the first one asks the store, so that no attempt overtakes it.
 * Priorities come first, then callers take turns, then arrival.
 */
class Line {
  readonly #clock: Clock;
  readonly #waiting = new Set<Waiting>();
  readonly #turns = new Turns();
  #first: Waiting | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#waiting.size;
  }

  join(waiter: Waiter): Waiting {
    const waiting: Waiting = { ...waiter, path: pathOf(waiter), sinceMs: this.#clock.monotonic() };
    this.#turns.join(waiting.path);
    this.#waiting.add(waiting);
    this.#first ??= waiting;
    return waiting;
  }

  leave(waiting: Waiting): void {
    this.#waiting.delete(waiting);
    // One that leaves before it is first, such as an aborted one, takes no turn.
    this.#turns.leave(waiting.path, this.#first === waiting);
    if (this.#first !== waiting) return;
    this.#first = undefined;
    this.wakeBest();
  }

  /** Until it is the first one, or `untilMs`. Returns whether it is the first one. */
  async wait(waiting: Waiting, untilMs: number): Promise<boolean> {
    while (this.#first !== waiting && this.#clock.monotonic() < untilMs) await this.#sleep(waiting, untilMs);
    return this.#first === waiting;
  }

  async pause(waiting: Waiting, retryAtMs: number, untilMs: number): Promise<boolean> {
    if (!waiting.isPoked) await this.#sleep(waiting, Math.min(retryAtMs, untilMs));
    waiting.isPoked = false;
    // Another one may be more urgent by now.
    if (this.#first === waiting) this.wakeBest();
    return this.wait(waiting, untilMs);
  }

  poke(): void {
    if (this.#first !== undefined && this.#first.wake === undefined) this.#first.isPoked = true;
    this.wakeBest();
  }

  /** Makes the most urgent one the first, unless the first one is just asking the store. */
  wakeBest(): void {
    const first = this.#first;
    if (first !== undefined && first.wake === undefined && this.#waiting.has(first)) {
      const best = this.#best();
      if (best === first || best?.wake === undefined) return;
    }
    this.#first = this.#best();
    this.#first?.wake?.();
  }

  #sleep(waiting: Waiting, untilMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      let offTimer = () => {};
      let offCancel = () => {};
      const end = (then: () => void) => {
        waiting.wake = undefined;
        offTimer();
        offCancel();
        then();
      };
      waiting.wake = () => end(resolve);
      if (untilMs !== Number.POSITIVE_INFINITY)
        offTimer = this.#clock.schedule(() => end(resolve), Math.max(0, untilMs - this.#clock.monotonic()));
      offCancel = waiting.cancellation.onCancel((reason) => end(() => reject(reason)));
      if (waiting.wake === undefined) offCancel();
    });
  }

  /** Compares the next one of each priority, by priority minus the time it has waited. */
  #best(): Waiting | undefined {
    const next = new Map<number, Waiting>();
    for (const waiting of this.#waiting) {
      const other = next.get(waiting.priority);
      if (other === undefined || this.#turns.compare(waiting.path, other.path) < 0) next.set(waiting.priority, waiting);
    }
    const nowMs = this.#clock.monotonic();
    const rank = ({ priority, sinceMs }: Waiting) => priority - (nowMs - sinceMs) / AGING_MS;
    let best: Waiting | undefined;
    for (const waiting of next.values()) if (best === undefined || rank(waiting) < rank(best)) best = waiting;
    return best;
  }
}

/** The waiters of one caller with one priority are served in the order of their arrival. */
function pathOf({ priority, caller }: Waiter): TurnPath {
  return [String(priority), ...caller];
}
