import { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import { type Connection, connectionOf } from "./connection.ts";

/** A request of a client, whatever server received it. */
export interface ClientRequest {
  readonly method: string;
  readonly url: URL;
  /** Null if the request has none of this name, which is in lower case. */
  header(name: string): string | null;
  /** Aborted when the client leaves. */
  readonly signal: AbortSignal;
  readonly hasLeft: boolean;
  /** Runs `listener` when the client leaves, until the returned function is called. There may be one at a time. */
  onLeft(listener: () => void): () => void;
  /** All bytes of the body, if they are there. */
  arrived(): Uint8Array | undefined;
  /** All bytes of the body; rejects if the client leaves. */
  bytes(): Promise<Uint8Array>;
  /** The bytes of the body as they arrive; null if there is none. */
  pieces(): Readable | null;
  /** Absent if another server than ours is around the gateway: it has limits of its own. */
  readonly connection: Connection | undefined;
}

/** A request of a server with a fetch handler. */
export class WebRequest implements ClientRequest {
  readonly url: URL;
  readonly #request: Request;

  constructor(request: Request) {
    this.#request = request;
    this.url = new URL(request.url);
  }

  get method(): string {
    return this.#request.method;
  }

  get signal(): AbortSignal {
    return this.#request.signal;
  }

  get hasLeft(): boolean {
    return this.signal.aborted;
  }

  get connection(): Connection | undefined {
    return connectionOf(this.#request);
  }

  header(name: string): string | null {
    return this.#request.headers.get(name);
  }

  onLeft(listener: () => void): () => void {
    const { signal } = this;
    signal.addEventListener("abort", listener, { once: true });
    return () => signal.removeEventListener("abort", listener);
  }

  arrived(): undefined {}

  async bytes(): Promise<Uint8Array> {
    return new Uint8Array(await this.#request.arrayBuffer());
  }

  pieces(): Readable | null {
    const { body } = this.#request;
    return body === null ? null : Readable.fromWeb(body as ReadableStream<Uint8Array>);
  }
}
