import type { Attempt } from "../core/attempt.ts";
import type { Clock } from "../core/clock.ts";
import type { ModelError } from "../core/error.ts";
import { type FlowEvent, type FoldEvent, isPublic } from "../core/event.ts";
import type { CachedAnswer } from "../core/notices.ts";
import type { RateLimit } from "../core/rate-limit.ts";
import type { Reply } from "../core/reply.ts";
import { ReaderPause } from "./reader-pause.ts";

/** A started call, or run of several calls, for its reader: the events, and how to end it. */
export interface Opened<Event extends { readonly type: string } = FlowEvent, Result = Reply> {
  readonly events: AsyncIterable<readonly Event[]>;
  readonly clock: Clock;
  /** Called with every event that was delivered. */
  note(event: Event): void;
  /** The result, after all events were consumed. */
  reply(): Result;
  /** The error of a failed call, with the partial answer. */
  failure(error: unknown): unknown;
  /** Whether the last consumed event is the last one of the answer. */
  complete(): boolean;
  /** Ends the call now. */
  cancel(reason: ModelError): void;
  /** Runs `listener` when the call is cancelled. */
  onCancel(listener: (reason: ModelError) => void): void;
  /** What is known of the call so far. Absent for a run. */
  progress?(): CallProgress | undefined;
  /** Maximum time between two reads; undefined while the call holds no resources. */
  pauseLimitMs(): number | undefined;
  /** The error of a call whose reader paused too long. */
  pausedTooLong(): ModelError;
}

export interface CallProgress {
  readonly callId: string;
  /** The requests that have ended. */
  readonly attempts: readonly Attempt[];
  readonly cached: CachedAnswer | undefined;
  readonly rateLimit?: RateLimit | undefined;
}

/** The promise of the result. (`PromiseWithResolvers` would require ES2024 in a user's tsconfig.) */
export interface Settlement<Result> {
  readonly promise: Promise<Result>;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The state of a stream while it is read: buffered events, consumed events, and how the call ended. If the reader pauses for
 * longer than `timeout`, the call releases all its resources; the reader then gets the buffered events and the error.
 */
export class Reading<Event extends { readonly type: string } = FlowEvent, Result = Reply> {
  readonly #opened: Opened<Event, Result>;
  readonly #batches: AsyncIterator<readonly Event[]>;
  readonly #settled: Settlement<Result>;
  readonly #pause: ReaderPause;
  /** Consumed events, then those that have arrived and were not consumed yet. */
  #batch: readonly Event[] = [];
  /** The same array if it was built from several batches, so that more can be appended. */
  #joined: Event[] | undefined;
  #taken = 0;
  /** Number of events passed to the fold; may exceed the consumed ones. */
  #noted = 0;
  #pulling: Promise<boolean> | undefined;
  #over: Promise<boolean> | undefined;

  constructor(opened: Opened<Event, Result>, settled: Settlement<Result>) {
    this.#opened = opened;
    this.#settled = settled;
    this.#batches = opened.events[Symbol.asyncIterator]();
    this.#pause = new ReaderPause(
      opened.clock,
      () => opened.pauseLimitMs(),
      () => this.#onPauseTooLong(),
    );
    opened.onCancel((reason) => this.#onCancel(reason));
  }

  /** Whether the reader is paused. */
  get isPaused(): boolean {
    return this.#pulling === undefined && this.#over === undefined;
  }

  /** Whether the last event of the answer was consumed. */
  get isComplete(): boolean {
    return this.#opened.complete();
  }

  /** The next buffered event. */
  take(): Exclude<Event, FoldEvent> | undefined {
    while (this.#taken < this.#batch.length) {
      const event = this.#batch[this.#taken++] as Event;
      if (this.#taken > this.#noted) this.#noteUpTo(this.#taken);
      if (isPublic(event)) return event;
    }
    return undefined;
  }

  /** All buffered events, also those that only the result is folded from. */
  takeAll(): readonly Event[] {
    const from = this.#taken;
    this.#taken = this.#batch.length;
    this.#noteUpTo(this.#taken);
    return from === 0 ? this.#batch : this.#batch.slice(from);
  }

  get progress(): CallProgress | undefined {
    return this.#opened.progress?.();
  }

  /** Waits for more events; false at the end, rejects if the call failed. */
  more(): Promise<boolean> {
    this.#pulling ??= this.#over ?? this.#pull();
    return this.#pulling;
  }

  /** Reads to the end for a reader that awaits the reply; events are buffered. */
  async readOn(): Promise<void> {
    try {
      while (await this.more());
    } catch {
      // The reader gets it where it takes events, and from the reply.
    }
  }

  /** Adds to an error what is known of the call. */
  describe(error: ModelError): void {
    this.#opened.failure(error);
  }

  /** Cancels the call. Buffered events are discarded. */
  async leave(reason: ModelError): Promise<void> {
    this.#replace([]);
    if (this.#over !== undefined) return;
    this.#fail(reason);
    await this.#close(reason);
  }

  async #pull(): Promise<boolean> {
    this.#pause.end();
    try {
      const step = await this.#batches.next();
      if (this.#over !== undefined) return this.#over;
      if (step.done) return this.#end();
      this.#keep(step.value);
      this.#pause.begin();
      return true;
    } catch (error) {
      return this.#fail(error);
    } finally {
      this.#pulling = undefined;
    }
  }

  /** The buffer is copied only if half of it was consumed, so that many unread batches take linear time. */
  #keep(batch: readonly Event[]): void {
    if (this.#taken === this.#batch.length) {
      this.#replace(batch);
      return;
    }
    if (this.#joined === undefined || this.#taken > this.#batch.length / 2) {
      const rest = this.#batch.slice(this.#taken);
      this.#replace(rest);
      this.#joined = rest;
    }
    for (const event of batch) this.#joined?.push(event);
  }

  #replace(batch: readonly Event[]): void {
    this.#noted -= this.#taken;
    this.#taken = 0;
    this.#batch = batch;
    this.#joined = undefined;
  }

  #noteUpTo(count: number): void {
    for (; this.#noted < count; this.#noted++) this.#opened.note(this.#batch[this.#noted] as Event);
  }

  #end(): Promise<boolean> {
    this.#pause.stop();
    this.#noteUpTo(this.#batch.length);
    this.#over = Promise.resolve(false);
    this.#settled.resolve(this.#opened.reply());
    return this.#over;
  }

  #fail(error: unknown): Promise<boolean> {
    if (this.#over !== undefined) return this.#over;
    this.#pause.stop();
    this.#noteUpTo(this.#batch.length);
    const failure = this.#opened.failure(error);
    this.#over = Promise.reject(failure);
    this.#over.catch(() => {});
    this.#settled.reject(failure);
    return this.#over;
  }

  /** Cancels first, because generators that wait for an event cannot be closed, and so that the attempt is recorded when the call settles. */
  async #close(reason: ModelError): Promise<void> {
    this.#opened.cancel(reason);
    await this.#batches.return?.();
  }

  /** If the last event of the answer has arrived, the rest is read for the reader. */
  #onPauseTooLong(): void {
    this.#noteUpTo(this.#batch.length);
    if (this.#opened.complete()) void this.readOn();
    else this.#abandon(this.#opened.pausedTooLong());
  }

  /** Deferred, so that the attempt is cancelled first and recorded with its reason. */
  #onCancel(reason: ModelError): void {
    if (this.isPaused) queueMicrotask(() => this.#abandon(reason));
  }

  /** Releases the resources of the call, because no reader waits for an event. */
  #abandon(reason: ModelError): void {
    if (!this.isPaused) return;
    this.#fail(reason);
    this.#close(reason).catch(() => {});
  }
}
