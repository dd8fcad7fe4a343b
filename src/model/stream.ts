import { ModelError } from "../core/error.ts";
import type { ModelEvent } from "../core/event.ts";
import type { Reply } from "../core/reply.ts";
import { type Opened, Reading, type Settlement } from "./reading.ts";

/**
 * The events of one answer as they arrive. The request is sent on the first read; leaving the loop closes the socket. A stream
 * has one reader: iterate it, or its `text`, or await its `reply`.
 */
export class ModelStream implements AsyncIterable<ModelEvent> {
  readonly #open: () => Opened;
  readonly #settled = Promise.withResolvers<Reply>();
  #taken = false;
  #reading: Reading | undefined;

  constructor(open: () => Opened) {
    this.#open = open;
    // The failure is thrown to the reader; if `reply` is never read, its rejection must not be unhandled.
    this.#settled.promise.catch(() => {});
  }

  [Symbol.asyncIterator](): AsyncIterator<ModelEvent> {
    if (this.#taken)
      throw new ModelError({
        code: "invalid_request",
        message: "This stream already has a reader; a stream can be read only once.",
      });
    this.#taken = true;
    return new Cursor(() => {
      this.#reading = new Reading(this.#open(), this.#settled);
      return this.#reading;
    }, this.#settled);
  }

  /**
   * The text of the answer as it arrives, from the same cursor. Delivered text cannot be taken back, so an answer that starts
   * again after some text (`on_break = "restart"`) ends this iteration with `stream_truncated`.
   */
  get text(): AsyncIterable<string> {
    let isShown = false;
    return viewOf(this, (event) => {
      if (event.type === "reset" && isShown) throw startsAgain();
      if (event.type !== "text-delta" || event.sample !== 0) return undefined;
      isShown = true;
      return event.text;
    });
  }

  /**
   * The reply, as codegen returns it. Awaiting it reads the stream to its end unless an iteration does; awaited inside the
   * loop, it buffers the remaining events for the loop.
   */
  get reply(): Promise<Reply> {
    if (!this.#taken) queueMicrotask(() => this.#drain());
    else if (this.#reading?.isPaused) void this.#reading.readOn();
    return this.#settled.promise;
  }

  async #drain(): Promise<void> {
    if (this.#taken) return;
    try {
      for await (const _ of this);
    } catch {
      // Whoever awaits `reply` gets the error there.
    }
  }
}

/**
 * Maps events with `pick` and skips those without a result. Not a generator, because a generator cannot be closed while it
 * waits for an event.
 */
export function viewOf<T>(
  stream: AsyncIterable<ModelEvent>,
  pick: (event: ModelEvent) => T | undefined,
): AsyncIterable<T> {
  return {
    [Symbol.asyncIterator]() {
      const events = stream[Symbol.asyncIterator]();
      let turn: Promise<unknown> = Promise.resolve();
      return {
        next() {
          const step = turn.then(
            () => nextOf(events, pick),
            () => nextOf(events, pick),
          );
          turn = step;
          return step;
        },
        async return() {
          await events.return?.();
          return { value: undefined, done: true };
        },
      };
    },
  };
}

async function nextOf<T>(
  events: AsyncIterator<ModelEvent>,
  pick: (event: ModelEvent) => T | undefined,
): Promise<IteratorResult<T>> {
  for (;;) {
    const step = await events.next();
    if (step.done) return { value: undefined, done: true };
    try {
      const value = pick(step.value);
      if (value !== undefined) return { value, done: false };
    } catch (error) {
      await events.return?.();
      throw error;
    }
  }
}

/** A stream that is abandoned without being closed is cancelled when it is garbage collected. */
const FORGOTTEN = new FinalizationRegistry<Reading>((reading) => {
  reading.leave(readerLeft()).catch(() => {});
});

function startsAgain(): ModelError {
  return new ModelError({
    code: "stream_truncated",
    message:
      'The answer broke off after text was delivered and starts again, which `text` cannot report: iterate the events and clear your output at "reset", or set `hold`.',
  });
}

function readerLeft(): ModelError {
  return new ModelError({ code: "aborted", message: "The reader closed the stream before its end." });
}

/** Flattens batches for the caller; not a generator, because this code runs for every delta. */
class Cursor implements AsyncIterator<ModelEvent> {
  readonly #start: () => Reading;
  readonly #settled: Settlement;
  #reading: Reading | undefined;
  #done = false;
  /** The last pending step; a reader may call `next` before it has resolved. */
  #waiting: Promise<IteratorResult<ModelEvent>> | undefined;

  constructor(start: () => Reading, settled: Settlement) {
    this.#start = start;
    this.#settled = settled;
  }

  #close(): void {
    this.#done = true;
    FORGOTTEN.unregister(this);
  }

  next(): Promise<IteratorResult<ModelEvent>> {
    const before = this.#waiting;
    if (before !== undefined)
      return this.#await(
        before.then(
          () => this.#step(),
          () => this.#step(),
        ),
      );
    const event = this.#take();
    return event === undefined ? this.#await(this.#pull()) : Promise.resolve({ value: event, done: false });
  }

  async return(): Promise<IteratorResult<ModelEvent>> {
    const reading = this.#reading;
    // A reader that stops at the last event has the complete answer; only the end of the call is pending.
    if (!this.#done && reading?.isComplete) await reading.readOn();
    if (!this.#done) {
      this.#close();
      if (reading === undefined) this.#settled.reject(readerLeft());
      else await reading.leave(readerLeft());
    }
    return { value: undefined, done: true };
  }

  #await(step: Promise<IteratorResult<ModelEvent>>): Promise<IteratorResult<ModelEvent>> {
    this.#waiting = step;
    const over = () => {
      if (this.#waiting === step) this.#waiting = undefined;
    };
    step.then(over, over);
    return step;
  }

  #step(): IteratorResult<ModelEvent> | Promise<IteratorResult<ModelEvent>> {
    const event = this.#take();
    return event === undefined ? this.#pull() : { value: event, done: false };
  }

  #take(): ModelEvent | undefined {
    return this.#reading?.take();
  }

  async #pull(): Promise<IteratorResult<ModelEvent>> {
    if (this.#done) return { value: undefined, done: true };
    try {
      const reading = this.#begun();
      while (await reading.more()) {
        const event = this.#take();
        if (event !== undefined) return { value: event, done: false };
      }
      this.#close();
      return { value: undefined, done: true };
    } catch (error) {
      if (this.#done) return { value: undefined, done: true };
      this.#close();
      this.#settled.reject(error);
      throw error;
    }
  }

  #begun(): Reading {
    if (this.#reading === undefined) {
      this.#reading = this.#start();
      FORGOTTEN.register(this, this.#reading, this);
    }
    return this.#reading;
  }
}
