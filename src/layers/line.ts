import type { Cancellation } from "../core/cancellation.ts";
import type { Clock } from "../core/clock.ts";

/** Who waits, and how urgently. */
export interface Waiter {
  /** 0 to 255, lower first. */
  readonly priority: number;
  readonly user: string;
}

interface Waiting extends Waiter {
  readonly sinceMs: number;
  /** Position among the waiters of one priority: users take turns. */
  readonly turn: number;
  start(): void;
}

/** A waiter gains one priority level in this time, so that none waits forever. */
const AGING_MS = 100;

/**
 * The attempts that wait for one limit in this process. Only the first one asks the store, so that no attempt overtakes it.
 * Priorities come first, then users take turns, then arrival.
 */
class Line {
  readonly #clock: Clock;
  readonly #waiting: Waiting[] = [];
  /** The last turn of each user who waits. */
  readonly #turns = new Map<string, number>();
  #turn = 0;
  #active = false;
  #wake: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#waiting.length + (this.#active ? 1 : 0);
  }

  /** Resolves to true when the waiter is the first one, to false at `untilMs`; rejects when cancelled. */
  enter(waiter: Waiter, untilMs: number, cancellation: Cancellation): Promise<boolean> {
    if (!this.#active) {
      this.#active = true;
      return Promise.resolve(true);
    }
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        ...waiter,
        sinceMs: this.#clock.monotonic(),
        turn: this.#turnOf(waiter.user),
        start: () => finish(() => resolve(true)),
      };
      const remove = () => this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
      const finish = waitOn(this.#clock, untilMs, cancellation, {
        expired: () => {
          remove();
          resolve(false);
        },
        cancelled: (reason) => {
          remove();
          reject(reason);
        },
      });
      if (!cancellation.cancelled) this.#waiting.push(waiting);
    });
  }

  /** The first one waits: until the time, or until something it waits for may have become free. */
  pause(untilMs: number, cancellation: Cancellation): Promise<void> {
    return new Promise((resolve, reject) => {
      const finish = waitOn(this.#clock, untilMs, cancellation, { expired: resolve, cancelled: reject });
      this.#wake = () => finish(resolve);
    });
  }

  /** Something may have become free. */
  poke(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  /** The first one is done; the next one is the first now. */
  leave(): void {
    this.#wake = undefined;
    const next = this.#next();
    if (next === undefined) {
      this.#active = false;
      return;
    }
    this.#waiting.splice(this.#waiting.indexOf(next), 1);
    this.#turn = Math.max(this.#turn, next.turn);
    if (!this.#waiting.some(({ user }) => user === next.user)) this.#turns.delete(next.user);
    next.start();
  }

  #turnOf(user: string): number {
    const turn = Math.max(this.#turn, this.#turns.get(user) ?? 0) + 1;
    this.#turns.set(user, turn);
    return turn;
  }

  /** Compares the first of each priority, by priority minus the time it has waited. */
  #next(): Waiting | undefined {
    const first = new Map<number, Waiting>();
    for (const waiting of this.#waiting) {
      const other = first.get(waiting.priority);
      if (other === undefined || waiting.turn < other.turn) first.set(waiting.priority, waiting);
    }
    const nowMs = this.#clock.monotonic();
    const rank = ({ priority, sinceMs }: Waiting) => priority - (nowMs - sinceMs) / AGING_MS;
    let next: Waiting | undefined;
    for (const waiting of first.values()) if (next === undefined || rank(waiting) < rank(next)) next = waiting;
    return next;
  }
}

interface Ends {
  expired(): void;
  cancelled(reason: Error): void;
}

/** Waits for a time or the cancellation; the returned function ends the wait, and then runs its argument. */
function waitOn(clock: Clock, untilMs: number, cancellation: Cancellation, ends: Ends): (then: () => void) => void {
  let offTimer = () => {};
  let offCancel = () => {};
  let ended = false;
  const finish = (then: () => void) => {
    if (ended) return;
    ended = true;
    offTimer();
    offCancel();
    then();
  };
  if (untilMs !== Number.POSITIVE_INFINITY)
    offTimer = clock.schedule(() => finish(() => ends.expired()), Math.max(0, untilMs - clock.monotonic()));
  offCancel = cancellation.onCancel((reason) => finish(() => ends.cancelled(reason)));
  if (ended) offCancel();
  return finish;
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

  enter(key: string, waiter: Waiter, untilMs: number, cancellation: Cancellation): Promise<boolean> {
    let line = this.#lines.get(key);
    if (line === undefined) {
      line = new Line(this.#clock);
      this.#lines.set(key, line);
    }
    return line.enter(waiter, untilMs, cancellation);
  }

  pause(key: string, untilMs: number, cancellation: Cancellation): Promise<void> {
    return this.#lines.get(key)?.pause(untilMs, cancellation) ?? Promise.resolve();
  }

  poke(key: string): void {
    this.#lines.get(key)?.poke();
  }

  leave(key: string): void {
    const line = this.#lines.get(key);
    line?.leave();
    if (line?.size === 0) this.#lines.delete(key);
  }
}
