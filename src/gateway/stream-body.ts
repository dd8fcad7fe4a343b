import type { Clock } from "../core/clock.ts";
import type { AnswerStream, Chunk } from "./answer-stream.ts";

/** Time without bytes after which a waiting client gets some. Proxies give up after 30 s or more. */
const KEEP_ALIVE_MS = 15_000;

export interface StreamParts {
  readonly stream: AnswerStream;
  readonly clock: Clock;
  /** The chunk that reports a failure. */
  readonly fail: (error: unknown) => Chunk;
  /** Ends the call of a client that left. */
  readonly leave: () => Promise<void>;
  /** `left`: the client closed the connection before the end. */
  readonly onEnd: (left: boolean) => void;
}

/** The body of a streamed response. It is written as the client reads it. */
export class StreamBody {
  readonly #parts: StreamParts;
  readonly #encoder = new TextEncoder();
  /** The chunk on its way. Never rejects. */
  #next: Promise<Chunk>;

  /** `first`: asked for before the status was sent. */
  constructor(parts: StreamParts, first: Promise<Chunk>) {
    this.#parts = parts;
    this.#next = this.#reported(first);
  }

  async pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    const chunk = await this.#nextOrPause();
    if (chunk === undefined) {
      controller.enqueue(this.#encoder.encode(this.#parts.stream.keepAlive()));
      return;
    }
    if (chunk.text !== "") controller.enqueue(this.#encoder.encode(chunk.text));
    if (!chunk.last) {
      this.#next = this.#reported(this.#parts.stream.next());
      return;
    }
    controller.close();
    this.#parts.onEnd(false);
  }

  async cancel(): Promise<void> {
    this.#parts.onEnd(true);
    await this.#parts.leave();
  }

  #reported(chunk: Promise<Chunk>): Promise<Chunk> {
    return chunk.catch((error: unknown) => this.#parts.fail(error));
  }

  /** The next chunk; `undefined` if the client has waited long. */
  #nextOrPause(): Promise<Chunk | undefined> {
    return new Promise((resolve) => {
      const stop = this.#parts.clock.schedule(() => resolve(undefined), KEEP_ALIVE_MS);
      void this.#next.then((chunk) => {
        stop();
        resolve(chunk);
      });
    });
  }
}
