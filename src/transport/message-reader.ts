import { ModelError } from "../core/error.ts";
import { placeOf } from "../core/place.ts";
import type { SseMessage } from "../core/transport.ts";
import type { Body } from "./body.ts";
import { BodyCut, cutError } from "./failure.ts";
import { looksLikeSse, SseFramer } from "./sse.ts";

type Batch = readonly SseMessage[];
type Result = IteratorResult<Batch, undefined>;

interface Waiter {
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

const END: Result = { value: undefined, done: true };

/** The parts of a response that a reader needs. */
export interface MessageSource {
  readonly body: Body;
  /** For error messages. */
  readonly url: string;
  readonly contentType: string | null;
  /** Throws the reason if the request was cancelled. */
  readonly throwIfCancelled: () => void;
}

/**
 * The events of one body. A hand-written iterator: bytes are parsed in the socket's callback, so a read costs one promise; an
 * async generator would add three turns of the microtask queue.
 */
export class MessageReader implements AsyncIterableIterator<Batch, undefined> {
  readonly #source: MessageSource;
  readonly #framer = new SseFramer();
  #waiter: Waiter | undefined;
  #finished = false;
  #flushed = false;
  /** The error of the body, while earlier events are delivered. */
  #damage: unknown;
  /** The start of a body without a specific content-type, until it is known to be an event stream. */
  #unproven: string | undefined;

  constructor(source: MessageSource) {
    this.#source = source;
    this.#unproven = isEventStream(source.contentType) ? undefined : "";
    source.body.onChange = () => this.#onChange();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Result> {
    try {
      this.#source.throwIfCancelled();
      const result = this.#advance();
      if (result !== undefined) return Promise.resolve(result);
    } catch (error) {
      return Promise.reject(this.#fail(error));
    }
    return new Promise((resolve, reject) => {
      this.#waiter = { resolve, reject };
    });
  }

  async return(): Promise<Result> {
    if (!this.#finished) {
      this.#finished = true;
      await this.#leave();
    }
    return END;
  }

  /**
   * Most servers end the body directly after the last event; a short wait for the end allows reusing the connection. Two turns
   * of the event loop, no timer.
   */
  async #leave(): Promise<void> {
    const { body } = this.#source;
    for (let turn = 0; turn < 2 && body.state === "open" && body.bytes === 0; turn++) await nextTurn();
    if (body.state === "open") body.flow.cancel(leftError());
    else body.take();
  }

  #onChange(): void {
    const waiter = this.#waiter;
    if (waiter === undefined) return;
    try {
      const result = this.#advance();
      if (result === undefined) return;
      this.#waiter = undefined;
      waiter.resolve(result);
    } catch (error) {
      this.#waiter = undefined;
      waiter.reject(this.#fail(error));
    }
  }

  #advance(): Result | undefined {
    if (this.#finished) return END;
    if (this.#damage !== undefined) throw this.#damage;
    const { body } = this.#source;
    const batch: SseMessage[] = [];
    try {
      this.#read(batch);
    } catch (error) {
      if (batch.length === 0) throw error;
      this.#damage = error;
    }
    if (batch.length > 0) return { value: batch, done: false };
    if (body.state === "open") return undefined;
    this.#finished = true;
    if (body.state === "ended") return END;
    throw this.#failure();
  }

  #read(batch: SseMessage[]): void {
    const { body } = this.#source;
    for (const chunk of body.take()) {
      if (this.#unproven !== undefined) this.#prove(chunk);
      this.#framer.push(chunk, batch);
    }
    if (body.state !== "ended" || this.#flushed) return;
    this.#flushed = true;
    this.#framer.end(batch);
  }

  #failure(): ModelError {
    const { body, url } = this.#source;
    if (body.failure instanceof BodyCut) return cutError("stream_truncated", placeOf(url), body.failure);
    return body.failure ?? leftError();
  }

  #prove(chunk: Buffer): void {
    const { contentType, url } = this.#source;
    const start = startOf(this.#unproven + chunk.toString("latin1"));
    const verdict = MARK.startsWith(start) ? undefined : looksLikeSse(start);
    if (verdict === false) throw notEventStream(placeOf(url), contentType);
    this.#unproven = verdict === true ? undefined : start;
  }

  #fail(error: unknown): unknown {
    this.#finished = true;
    const { body } = this.#source;
    if (body.state === "open" && error instanceof ModelError) body.flow.cancel(error);
    return error;
  }
}

/** A byte order mark, as bytes. */
const MARK = "\xEF\xBB\xBF";
const MARKS = /^(?:\0|\xEF\xBB\xBF)+/;

/** The start of the body without leading marks and whitespace, which do not indicate its type. */
function startOf(text: string): string {
  return text.replace(MARKS, "").replace(/^\s+/, " ");
}

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

function isEventStream(contentType: string | null): boolean {
  return contentType?.trimStart().toLowerCase().startsWith("text/event-stream") === true;
}

/** Types that some servers use for event streams; the bytes decide. */
const VAGUE_TYPES = /^\s*(?:text\/plain|application\/octet-stream)/i;

export function mayBeEventStream(contentType: string | null): boolean {
  return contentType === null || contentType === "" || isEventStream(contentType) || VAGUE_TYPES.test(contentType);
}

export function notEventStream(place: string, contentType: string | null): ModelError {
  const got = contentType ?? "a body without content-type";
  return new ModelError({
    code: "protocol_error",
    message: `expected an event stream from ${place}, got ${got}; check base_url`,
    // An HTML page is not retried.
    shouldRetry: contentType?.includes("html") ? false : undefined,
  });
}

function leftError(): ModelError {
  return new ModelError({ code: "aborted", message: "The stream was closed before its end." });
}
