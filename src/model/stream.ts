import { ModelError } from "../core/error.ts";
import { type Events, type FlowEvent, isPublic, type ModelEvent } from "../core/event.ts";
import type { Reply } from "../core/reply.ts";

/** A started call as its reader sees it: the events, and how to end it. */
export interface Opened {
  readonly events: Events;
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
}

/**
 * The events of one answer while it is made. The request leaves on the first pull; leaving the loop closes the socket.
 * It has one reader: iterate it, or its `text`, or await its `reply`.
 */
export class ModelStream implements AsyncIterable<ModelEvent> {
  readonly #open: () => Opened;
  readonly #settled = Promise.withResolvers<Reply>();
  #taken = false;

  constructor(open: () => Opened) {
    this.#open = open;
    // A failure that nobody asks for through `reply` has been thrown to the reader already.
    this.#settled.promise.catch(() => {});
  }

  [Symbol.asyncIterator](): AsyncIterator<ModelEvent> {
    if (this.#taken)
      throw new ModelError({
        code: "invalid_request",
        message: "This stream already has a reader; a stream is read once.",
      });
    this.#taken = true;
    return new Cursor(this.#open, this.#settled);
  }

  /** The text of the answer as it arrives: a view of the same single cursor. */
  get text(): AsyncIterable<string> {
    return viewOf(this, (event) => (event.type === "text-delta" && event.sample === 0 ? event.text : undefined));
  }

  /** The reply that codegen would give. Asking for it reads the stream to its end if nobody else does. */
  get reply(): Promise<Reply> {
    if (!this.#taken) queueMicrotask(() => this.#drain());
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
 * What `pick` makes of each event, without those it makes nothing of. No generator: a generator cannot be left while it
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
    const value = pick(step.value);
    if (value !== undefined) return { value, done: false };
  }
}

/**
 * A reader that takes some events and then forgets the stream never says that it left, and no clock runs for a reader
 * that takes its time: socket, timer and slot come back when the cursor is collected.
 */
const FORGOTTEN = new FinalizationRegistry<Running>((running) => {
  leave(running, readerLeft()).catch(() => {});
});

interface Running {
  readonly opened: Opened;
  readonly batches: AsyncIterator<readonly FlowEvent[]>;
}

/** Cancels first, because generators that wait for an event cannot be closed, and so that the attempt is on record when the call settles. */
async function leave({ opened, batches }: Running, reason: ModelError): Promise<void> {
  opened.cancel(reason);
  await batches.return?.();
}

function readerLeft(): ModelError {
  return new ModelError({ code: "aborted", message: "The reader left the stream before its end." });
}

/** Flattens batches at the public edge; written by hand because this runs once per delta. */
class Cursor implements AsyncIterator<ModelEvent> {
  readonly #open: () => Opened;
  readonly #settled: PromiseWithResolvers<Reply>;
  #running: Running | undefined;
  #batch: readonly FlowEvent[] = [];
  #index = 0;
  #done = false;
  /** The last step that still waits for events; a reader may ask for the next before it has this one. */
  #waiting: Promise<IteratorResult<ModelEvent>> | undefined;

  constructor(open: () => Opened, settled: PromiseWithResolvers<Reply>) {
    this.#open = open;
    this.#settled = settled;
  }

  #start(): Running {
    const opened = this.#open();
    const running = { opened, batches: opened.events[Symbol.asyncIterator]() };
    FORGOTTEN.register(this, running, this);
    return running;
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
    const running = this.#running;
    if (!this.#done && running?.opened.complete()) await this.#takeEnd(running);
    if (!this.#done) {
      this.#close();
      this.#batch = [];
      const left = readerLeft();
      this.#settled.reject(running?.opened.failure(left) ?? left);
      if (running !== undefined) await leave(running, left);
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
    while (this.#index < this.#batch.length) {
      const event = this.#batch[this.#index++] as FlowEvent;
      this.#running?.opened.note(event);
      if (isPublic(event)) return event;
    }
    return undefined;
  }

  async #pull(): Promise<IteratorResult<ModelEvent>> {
    if (this.#done) return { value: undefined, done: true };
    try {
      this.#running ??= this.#start();
      const { opened, batches } = this.#running;
      for (;;) {
        const step = await batches.next();
        if (this.#done) return { value: undefined, done: true };
        if (step.done) return this.#finish(opened);
        this.#batch = step.value;
        this.#index = 0;
        const event = this.#take();
        if (event !== undefined) return { value: event, done: false };
      }
    } catch (error) {
      if (this.#done) return { value: undefined, done: true };
      throw this.#fail(error);
    }
  }

  /** A reader that leaves on the last event has the whole answer; only the end of the call is still to come. */
  async #takeEnd({ opened, batches }: Running): Promise<void> {
    try {
      while ((await batches.next()).done === false);
      this.#finish(opened);
    } catch (error) {
      this.#fail(error);
    }
  }

  #finish(opened: Opened): IteratorResult<ModelEvent> {
    this.#close();
    this.#settled.resolve(opened.reply());
    return { value: undefined, done: true };
  }

  #fail(error: unknown): unknown {
    this.#close();
    const failure = this.#running?.opened.failure(error) ?? error;
    this.#settled.reject(failure);
    return failure;
  }
}
