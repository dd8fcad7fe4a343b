import type { Clock } from "../core/clock.ts";
import type { Chunk, StreamedBody } from "./answer.ts";
import type { AnswerStream } from "./answer-stream.ts";
import type { Connection } from "./connection.ts";
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
  /** Absent if the server does not let it be closed. */
  readonly connection: Connection | undefined;
  /** `left`: the client closed the connection before the end. */
  readonly onEnd: (left: boolean) => void;
}

/** The body of a streamed response. It is written as the client reads it, so that a slow one slows down the provider. */
export class StreamBody implements StreamedBody {
  onTooSlow: (() => void) | undefined;
  readonly #parts: StreamParts;
  readonly #keepAlive: IdleTimer;
  readonly #write: IdleTimer;
  readonly #onChunk = (chunk: Chunk) => this.#arrived(chunk);
  readonly #onFailure = (error: unknown) => this.#arrived(this.#failed(error));
  /** Has arrived before it was asked for. */
  #ready: Chunk | undefined;
  #isCancelled = false;
  /** Of the caller that waits for a chunk. */
  #waiting: PromiseWithResolvers<Chunk> | undefined;

  /** `first`: asked for before the status was sent. */
  constructor(parts: StreamParts, first: Promise<Chunk>) {
    this.#parts = parts;
    this.#keepAlive = new IdleTimer(parts.clock, KEEP_ALIVE_MS, () => this.#pause());
    this.#write = new IdleTimer(parts.clock, WRITE_MS, () => void this.#giveUp());
    this.#write.touch();
    first.then(this.#onChunk, this.#onFailure);
  }

  next(): Promise<Chunk> {
    this.#write.rest();
    this.#waiting = Promise.withResolvers();
    const { promise } = this.#waiting;
    if (this.#ready === undefined) this.#keepAlive.touch();
    else this.#arrived(this.#ready);
    return promise;
  }

  async cancel(): Promise<void> {
    if (this.#isCancelled) return;
    this.#isCancelled = true;
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
    const { connection } = this.#parts;
    if (connection === undefined) this.onTooSlow?.();
    else connection.cut();
    await this.cancel().catch(() => {});
  }

  #end(left: boolean): void {
    this.#keepAlive.close();
    this.#write.close();
    this.#parts.onEnd(left);
  }

  /** One chunk is asked for ahead of the client. */
  #arrived(chunk: Chunk): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    this.#ready = waiting === undefined ? chunk : undefined;
    if (waiting === undefined || this.#isCancelled) return;
    this.#keepAlive.rest();
    try {
      if (chunk.last) this.#end(false);
      else this.#ask();
      waiting.resolve(chunk);
    } catch (error) {
      waiting.reject(error);
    }
  }

  #ask(): void {
    this.#write.touch();
    this.#parts.stream.next().then(this.#onChunk, this.#onFailure);
  }

  #failed(error: unknown): Chunk {
    try {
      return this.#parts.fail(error);
    } catch {
      // The end would look like that of a complete answer.
      void this.#giveUp();
      return { text: "", last: true };
    }
  }

  /** The client has waited long. */
  #pause(): void {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    this.#waiting = undefined;
    this.#write.touch();
    try {
      waiting.resolve({ text: this.#parts.stream.keepAlive(), last: false });
    } catch (error) {
      waiting.reject(error);
    }
  }
}
