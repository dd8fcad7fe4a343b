import type { Clock } from "../core/clock.ts";
import type { AnswerStream, Chunk } from "./answer-stream.ts";
import { IdleTimer } from "./idle-timer.ts";

/** Time without bytes after which a waiting client gets some. Proxies give up after 30 s or more. */
const KEEP_ALIVE_MS = 15_000;

/** Time in which a client must take what it was sent. */
const WRITE_MS = 30_000;

export interface StreamParts {
  readonly stream: AnswerStream;
  readonly clock: Clock;
  /** The chunk that reports a failure. */
  readonly fail: (error: unknown) => Chunk;
  /** Ends the call of a client that left. */
  readonly leave: () => Promise<void>;
  /** Closes the connection, if the server can do that. */
  readonly cut: (() => void) | undefined;
  /** `left`: the client closed the connection before the end. */
  readonly onEnd: (left: boolean) => void;
}

/** The body of a streamed response. It is written as the client reads it, so that a slow one slows down the provider. */
export class StreamBody {
  readonly #parts: StreamParts;
  readonly #encoder = new TextEncoder();
  readonly #keepAlive: IdleTimer;
  readonly #write: IdleTimer;
  /** The chunk on its way. Never rejects. */
  #next: Promise<Chunk>;
  /** Ends the wait for a chunk. */
  #onPause: (() => void) | undefined;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;

  /** `first`: asked for before the status was sent. */
  constructor(parts: StreamParts, first: Promise<Chunk>) {
    this.#parts = parts;
    this.#keepAlive = new IdleTimer(parts.clock, KEEP_ALIVE_MS, () => this.#onPause?.());
    this.#write = new IdleTimer(parts.clock, WRITE_MS, () => void this.#giveUp());
    this.#next = this.#reported(first);
  }

  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
    this.#write.touch();
  }

  async pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    this.#write.rest();
    const chunk = await this.#nextOrPause();
    const text = chunk?.text ?? this.#parts.stream.keepAlive();
    if (text !== "") controller.enqueue(this.#encoder.encode(text));
    if (chunk?.last === true) {
      controller.close();
      this.#end(false);
      return;
    }
    if (chunk !== undefined) this.#next = this.#reported(this.#parts.stream.next());
    this.#write.touch();
  }

  async cancel(): Promise<void> {
    this.#keepAlive.close();
    this.#write.close();
    try {
      // What is known of the call then is a part of the access log.
      await this.#parts.leave();
    } finally {
      this.#end(true);
    }
  }

  /** The client has not read for too long. */
  async #giveUp(): Promise<void> {
    const { cut } = this.#parts;
    if (cut === undefined) this.#controller?.error(new Error("The client reads too slowly."));
    else cut();
    await this.cancel().catch(() => {});
  }

  #end(left: boolean): void {
    this.#keepAlive.close();
    this.#write.close();
    this.#parts.onEnd(left);
  }

  #reported(chunk: Promise<Chunk>): Promise<Chunk> {
    return chunk.catch((error: unknown) => this.#parts.fail(error));
  }

  /** The next chunk; `undefined` if the client has waited long. */
  #nextOrPause(): Promise<Chunk | undefined> {
    this.#keepAlive.touch();
    return new Promise((resolve) => {
      this.#onPause = () => resolve(undefined);
      void this.#next.then((chunk) => {
        this.#keepAlive.rest();
        resolve(chunk);
      });
    });
  }
}
