import type { ModelError } from "../core/error.ts";
import type { BodyTap } from "../core/transport.ts";
import type { BodyCut } from "./failure.ts";

/** Control of the connection of a body. */
export interface Flow {
  pause(): void;
  resume(): void;
  /** Closes the connection; the body fails with `reason`, and unread bytes are dropped. */
  cancel(reason: ModelError): void;
}

/** The socket is paused above this many undelivered bytes. */
const HIGH_WATER_BYTES = 64 * 1024;

/** The bytes of a response between the socket and its reader. */
export class Body {
  readonly flow: Flow;
  state: "open" | "ended" | "failed" = "open";
  failure: ModelError | BodyCut | undefined;
  /** Called after each chunk and at the end. */
  onChange: (() => void) | undefined;
  bytes = 0;
  tap: BodyTap | undefined;
  #chunks: Buffer[] = [];
  #paused = false;
  #collecting = false;

  constructor(flow: Flow) {
    this.flow = flow;
  }

  push(chunk: Buffer): void {
    if (this.state !== "open") return;
    this.#chunks.push(chunk);
    this.bytes += chunk.length;
    this.tap?.chunk(chunk);
    this.onChange?.();
    if (this.bytes > HIGH_WATER_BYTES && !this.#paused && !this.#collecting) {
      this.#paused = true;
      this.flow.pause();
    }
  }

  end(): void {
    if (this.state !== "open") return;
    this.state = "ended";
    this.tap?.end();
    this.onChange?.();
  }

  /** Ends with a failure; earlier bytes are still delivered unless `drop`. */
  fail(failure: ModelError | BodyCut, drop: boolean): void {
    if (drop) this.take();
    if (this.state === "open") this.tap?.fail(failure);
    if (this.state === "open" || drop) {
      this.state = "failed";
      this.failure = failure;
      this.onChange?.();
    }
  }

  /** Stops pausing the socket, because the reader reads the complete body and limits its size. */
  collect(): void {
    this.#collecting = true;
    this.#resume();
  }

  /** The bytes since the last call. */
  take(): Buffer[] {
    const chunks = this.#chunks;
    if (chunks.length > 0) {
      this.#chunks = [];
      this.bytes = 0;
    }
    this.#resume();
    return chunks;
  }

  #resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (this.state === "open") this.flow.resume();
  }
}
