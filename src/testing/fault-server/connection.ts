import type { Socket } from "node:net";
import { setImmediate, setTimeout } from "node:timers/promises";
import type { TLSSocket } from "node:tls";

/** Writes are combined up to this size before a pause, if the script does not wait. */
const BATCH_BYTES = 64 * 1024;
/** Up to this many segments yield to the event loop after each one; beyond, after every thousandth. */
const MAX_TURNS = 20_000;

/** The writing side of one connection: paced, split into segments, and stopped if the peer disconnects. */
export class Connection {
  readonly number: number;
  readonly stream: Socket | TLSSocket;
  /** Aborted when the connection is no longer writable. */
  readonly closed: AbortSignal;
  bytesWritten = 0;
  segmentBytes: number;
  gapMs = 0;
  readonly #raw: Socket;
  readonly #closing = new AbortController();
  #held: Buffer[] | undefined;
  #heldBytes = 0;

  constructor(number: number, raw: Socket, stream: Socket | TLSSocket, segmentBytes = 0) {
    this.number = number;
    this.stream = stream;
    this.segmentBytes = segmentBytes;
    this.#raw = raw;
    this.closed = this.#closing.signal;
    raw.once("close", () => this.#closing.abort());
    stream.once("close", () => this.#closing.abort());
  }

  async write(bytes: Buffer): Promise<void> {
    if (bytes.length === 0) return;
    if (this.#held === undefined) return this.#send(bytes);
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
    if (this.#heldBytes >= BATCH_BYTES) await this.#flush();
  }

  /** Batches the writes of `play`. */
  async together(play: () => Promise<void>): Promise<void> {
    this.#held ??= [];
    await play();
    await this.#flush();
    this.#held = undefined;
  }

  /** Resolves when the connection is no longer writable. */
  get gone(): Promise<void> {
    if (this.closed.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      this.closed.addEventListener("abort", () => resolve(), { once: true });
    });
  }

  /** Waits, or until the connection ends. */
  async wait(ms: number): Promise<void> {
    await setTimeout(ms, undefined, { signal: this.closed }).catch(() => {});
  }

  /** Waits until either side closes the connection. */
  async hang(): Promise<void> {
    if (this.closed.aborted || this.stream.readableEnded) return;
    await Promise.race([this.gone, new Promise((resolve) => this.stream.once("end", resolve))]);
  }

  async finish(): Promise<void> {
    if (this.closed.aborted) return;
    await Promise.race([this.gone, new Promise<void>((resolve) => this.stream.end(resolve))]);
  }

  /** Sends a TCP reset after all written bytes. */
  async reset(): Promise<void> {
    await setImmediate();
    if (!this.#raw.destroyed) this.#raw.resetAndDestroy();
  }

  destroy(): void {
    this.stream.destroy();
    this.#raw.destroy();
  }

  async #flush(): Promise<void> {
    const held = this.#held ?? [];
    if (held.length === 0) return;
    this.#held = [];
    this.#heldBytes = 0;
    await this.#send(Buffer.concat(held));
  }

  async #send(bytes: Buffer): Promise<void> {
    const size = this.segmentBytes === 0 ? bytes.length : this.segmentBytes;
    const every = bytes.length / size > MAX_TURNS ? 1000 : 1;
    for (let at = 0, segment = 0; at < bytes.length; at += size, segment += 1) {
      if (this.closed.aborted) return;
      if (at > 0) await this.#pause(segment % every === 0);
      await this.#segment(bytes.subarray(at, at + size));
    }
  }

  async #pause(turn: boolean): Promise<void> {
    if (this.gapMs > 0) await this.wait(this.gapMs);
    else if (turn) await setImmediate();
  }

  async #segment(bytes: Buffer): Promise<void> {
    if (this.closed.aborted || !this.stream.writable) return;
    this.bytesWritten += bytes.length;
    if (this.stream.write(bytes)) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        this.stream.off("drain", done);
        this.closed.removeEventListener("abort", done);
        resolve();
      };
      this.stream.once("drain", done);
      this.closed.addEventListener("abort", done, { once: true });
    });
  }
}
