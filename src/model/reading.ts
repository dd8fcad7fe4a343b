import type { Clock } from "../core/clock.ts";
import type { ModelError } from "../core/error.ts";
import { type Events, type FlowEvent, isPublic, type ModelEvent } from "../core/event.ts";
import type { Reply } from "../core/reply.ts";
import { ReaderPause } from "./reader-pause.ts";

/** A started call as its reader sees it: the events, and how to end it. */
export interface Opened {
  readonly events: Events;
  readonly clock: Clock;
  /** Called with every event that was delivered. */
  note(event: FlowEvent): void;
  /** The reply, once all events were taken. */
  reply(): Reply;
  /** What a failed call throws: the error with everything that had arrived. */
  failure(error: unknown): unknown;
  /** Whether the last event that was taken is the answer's last. */
  complete(): boolean;
  /** Ends the call now. */
  cancel(reason: ModelError): void;
  /** Runs `listener` when the call is cancelled. */
  onCancel(listener: (reason: ModelError) => void): void;
  /** The longest time its reader may ask for nothing; undefined while nothing is held for it. */
  pauseLimitMs(): number | undefined;
  /** The failure of a call whose reader asked for nothing that long. */
  pausedTooLong(): ModelError;
}

/** Settles the promise of the reply. (`PromiseWithResolvers` would need ES2024 in a user's tsconfig.) */
export interface Settlement {
  readonly promise: Promise<Reply>;
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A stream while it is read: what has arrived, what was taken of it, and how the call ended. A reader that asks for nothing
 * longer than `timeout` lets go of everything the call holds; when it comes back, it gets what had arrived and the error.
 */
export class Reading {
  readonly #opened: Opened;
  readonly #batches: AsyncIterator<readonly FlowEvent[]>;
  readonly #settled: Settlement;
  readonly #pause: ReaderPause;
  /** What has arrived and was not taken yet, behind what was taken. */
  #batch: readonly FlowEvent[] = [];
  /** The same list where it was made of several batches, so that more may be added to it. */
  #joined: FlowEvent[] | undefined;
  #taken = 0;
  /** Events of the batch that the fold has; more than were taken when nobody came to take them. */
  #noted = 0;
  #pulling: Promise<boolean> | undefined;
  #over: Promise<boolean> | undefined;

  constructor(opened: Opened, settled: Settlement) {
    this.#opened = opened;
    this.#settled = settled;
    this.#batches = opened.events[Symbol.asyncIterator]();
    this.#pause = new ReaderPause(opened.clock, opened.pauseLimitMs, () => this.#onPauseTooLong());
    opened.onCancel((reason) => this.#onCancel(reason));
  }

  /** Whether its reader asks for nothing now. */
  get isPaused(): boolean {
    return this.#pulling === undefined && this.#over === undefined;
  }

  /** Whether the answer's last event was taken. */
  get isComplete(): boolean {
    return this.#opened.complete();
  }

  /** The next event that has arrived. */
  take(): ModelEvent | undefined {
    while (this.#taken < this.#batch.length) {
      const event = this.#batch[this.#taken++] as FlowEvent;
      if (this.#taken > this.#noted) this.#noteUpTo(this.#taken);
      if (isPublic(event)) return event;
    }
    return undefined;
  }

  /** Waits for more events; false at the end, rejects when the call failed. */
  more(): Promise<boolean> {
    this.#pulling ??= this.#over ?? this.#pull();
    return this.#pulling;
  }

  /** Reads to the end for a reader that waits for the reply; what arrives is kept for it. */
  async readOn(): Promise<void> {
    try {
      while (await this.more());
    } catch {
      // The reader gets it where it takes events, and from the reply.
    }
  }

  /** Ends the call before its end. What had arrived and was not taken is void. */
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

  /** A list is copied only when half of it was taken, so that many batches that nobody takes cost linear time. */
  #keep(batch: readonly FlowEvent[]): void {
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

  #replace(batch: readonly FlowEvent[]): void {
    this.#noted -= this.#taken;
    this.#taken = 0;
    this.#batch = batch;
    this.#joined = undefined;
  }

  #noteUpTo(count: number): void {
    for (; this.#noted < count; this.#noted++) this.#opened.note(this.#batch[this.#noted] as FlowEvent);
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

  /** Cancels first, because generators that wait for an event cannot be closed, and so that the attempt is on record when the call settles. */
  async #close(reason: ModelError): Promise<void> {
    this.#opened.cancel(reason);
    await this.#batches.return?.();
  }

  /** An answer whose last event has arrived loses nothing: its end is read for the reader. */
  #onPauseTooLong(): void {
    this.#noteUpTo(this.#batch.length);
    if (this.#opened.complete()) void this.readOn();
    else this.#abandon(this.#opened.pausedTooLong());
  }

  /** Later, so that the attempt hears of it first and is on record with its reason. */
  #onCancel(reason: ModelError): void {
    if (this.isPaused) queueMicrotask(() => this.#abandon(reason));
  }

  /** Nobody waits for an event, so nothing else would close what the call holds. */
  #abandon(reason: ModelError): void {
    if (!this.isPaused) return;
    this.#fail(reason);
    this.#close(reason).catch(() => {});
  }
}
