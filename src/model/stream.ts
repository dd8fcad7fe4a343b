import { isModelError, ModelError } from "../core/error.ts";
import type { FlowEvent, FoldEvent, ModelEvent } from "../core/event.ts";
import type { Reply } from "../core/reply.ts";
import type { ToolCall } from "../core/tool.ts";
import { type Opened, Reading, type Settlement } from "./reading.ts";

type Typed = { readonly type: string };
type Shown<Event> = Exclude<Event, FoldEvent>;

/**
 * Events as they arrive, and the result at their end. Nothing is sent before the first read; leaving the loop closes the
 * socket. A stream has one reader: iterate it, or a view of it, or await its result.
 */
export abstract class EventStream<Event extends Typed, Result> implements AsyncIterable<Shown<Event>> {
  // Without the type of the result, so that a stream of a narrower result is a stream of a wider one.
  readonly #open: () => Opened<Event, unknown>;
  readonly #settled: Settlement<unknown> = Promise.withResolvers<unknown>();
  #taken = false;
  #reading: Reading<Event, unknown> | undefined;

  constructor(open: () => Opened<Event, unknown>) {
    this.#open = open;
    // The failure is thrown to the reader; if the result is never read, its rejection must not be unhandled.
    this.#settled.promise.catch(() => {});
  }

  [Symbol.asyncIterator](): AsyncIterator<Shown<Event>> {
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

  /** The result; reads the stream to its end unless an iteration does. */
  protected settled(): Promise<Result> {
    if (!this.#taken) queueMicrotask(() => this.#drain());
    else if (this.#reading?.isPaused) void this.#reading.readOn();
    return this.#settled.promise as Promise<Result>;
  }

  async #drain(): Promise<void> {
    if (this.#taken) return;
    try {
      for await (const _ of this);
    } catch {
      // Whoever awaits the result gets the error there.
    }
  }
}

/** The events of one answer as they arrive. The request is sent on the first read. */
export class ModelStream<Call extends ToolCall = ToolCall> extends EventStream<FlowEvent, Reply<Call>> {
  /**
   * The text of the answer as it arrives, from the same cursor. Delivered text cannot be taken back, so an answer that starts
   * again after some text (`on_break = "restart"`) ends this iteration with `stream_truncated`.
   */
  get text(): AsyncIterable<string> {
    return textOf(this);
  }

  /**
   * The reply, as codegen returns it. Awaiting it reads the stream to its end unless an iteration does; awaited inside the
   * loop, it buffers the remaining events for the loop.
   */
  get reply(): Promise<Reply<Call>> {
    return this.settled();
  }
}

const TEXT_ONLY = '`text` cannot report: iterate the events and clear your output at "reset"';

/** The text of a stream of events. */
export function textOf(
  stream: AsyncIterable<ModelEvent | { readonly type: "tool-result" | "step" }>,
): AsyncIterable<string> {
  let isShown = false;
  return viewOf(stream, (event) => {
    // The text of an earlier step of a run is complete.
    if (event.type === "step") isShown = false;
    if (event.type === "reset" && isShown) throw startsAgain(TEXT_ONLY);
    if (event.type !== "text-delta" || event.sample !== 0) return undefined;
    isShown = true;
    return event.text;
  });
}

/**
 * Maps events with `pick` and skips those without a result. Not a generator, because a generator cannot be closed while it
 * waits for an event.
 */
export function viewOf<Event, T>(
  stream: AsyncIterable<Event>,
  pick: (event: Event) => T | undefined,
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

async function nextOf<Event, T>(
  events: AsyncIterator<Event>,
  pick: (event: Event) => T | undefined,
): Promise<IteratorResult<T>> {
  for (;;) {
    const step = await events.next();
    if (step.done) return { value: undefined, done: true };
    try {
      const value = pick(step.value);
      if (value !== undefined) return { value, done: false };
    } catch (error) {
      await (events.throw === undefined ? events.return?.() : events.throw(error));
      throw error;
    }
  }
}

/** A stream that is abandoned without being closed is cancelled when it is garbage collected. */
const FORGOTTEN = new FinalizationRegistry<Pick<Reading<FlowEvent, unknown>, "leave">>((reading) => {
  reading.leave(readerLeft()).catch(() => {});
});

/** The error of a reader that cannot take back what it has passed on. */
export function startsAgain(how: string): ModelError {
  return new ModelError({
    code: "stream_truncated",
    message: `The answer broke off after text was delivered and starts again, which ${how}, or set \`hold\`.`,
  });
}

function readerLeft(): ModelError {
  return new ModelError({ code: "aborted", message: "The reader closed the stream before its end." });
}

/** Flattens batches for the caller; not a generator, because this code runs for every delta. */
class Cursor<Event extends Typed, Result> implements AsyncIterator<Shown<Event>> {
  readonly #start: () => Reading<Event, Result>;
  readonly #settled: Settlement<Result>;
  #reading: Reading<Event, Result> | undefined;
  #done = false;
  /** The last pending step; a reader may call `next` before it has resolved. */
  #waiting: Promise<IteratorResult<Shown<Event>>> | undefined;

  constructor(start: () => Reading<Event, Result>, settled: Settlement<Result>) {
    this.#start = start;
    this.#settled = settled;
  }

  #close(): void {
    this.#done = true;
    FORGOTTEN.unregister(this);
  }

  next(): Promise<IteratorResult<Shown<Event>>> {
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

  async return(): Promise<IteratorResult<Shown<Event>>> {
    const reading = this.#reading;
    // A reader that stops at the last event has the complete answer; only the end of the call is pending.
    if (!this.#done && reading?.isComplete) await reading.readOn();
    await this.#leave();
    return { value: undefined, done: true };
  }

  /** Ends the call because its reader failed with this error, which then has the attempts and the id of the call. */
  async throw(error: unknown): Promise<never> {
    await this.#leave();
    if (isModelError(error)) this.#reading?.describe(error);
    throw error;
  }

  async #leave(): Promise<void> {
    if (this.#done) return;
    this.#close();
    if (this.#reading === undefined) this.#settled.reject(readerLeft());
    else await this.#reading.leave(readerLeft());
  }

  #await(step: Promise<IteratorResult<Shown<Event>>>): Promise<IteratorResult<Shown<Event>>> {
    this.#waiting = step;
    const over = () => {
      if (this.#waiting === step) this.#waiting = undefined;
    };
    step.then(over, over);
    return step;
  }

  #step(): IteratorResult<Shown<Event>> | Promise<IteratorResult<Shown<Event>>> {
    const event = this.#take();
    return event === undefined ? this.#pull() : { value: event, done: false };
  }

  #take(): Shown<Event> | undefined {
    return this.#reading?.take();
  }

  async #pull(): Promise<IteratorResult<Shown<Event>>> {
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

  #begun(): Reading<Event, Result> {
    if (this.#reading === undefined) {
      this.#reading = this.#start();
      FORGOTTEN.register(this, this.#reading, this);
    }
    return this.#reading;
  }
}
