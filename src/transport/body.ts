import type { ModelError } from "../core/error.ts";
import type { BodyCut } from "./failure.ts";

/** What a body can do with the connection it comes from. */
export interface Flow {
  pause(): void;
  resume(): void;
  /** Closes the connection; the body fails with `reason`, and what was not taken is dropped. */
  cancel(reason: ModelError): void;
}

/** Undelivered bytes above which the socket is no longer read. */
const HIGH_WATER_BYTES = 64 * 1024;

/** The bytes of a response between the socket and its one reader. */
export class Body {
  readonly flow: Flow;
  state: "open" | "ended" | "failed" = "open";
  failure: ModelError | BodyCut | undefined;
  /** Called after each chunk and at the end. */
  onChange: (() => void) | undefined;
  bytes = 0;
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
    this.onChange?.();
    if (this.bytes > HIGH_WATER_BYTES && !this.#paused && !this.#collecting) {
      this.#paused = true;
      this.flow.pause();
    }
  }

  end(): void {
    if (this.state !== "open") return;
    this.state = "ended";
    this.onChange?.();
  }

  /** Ends in failure; what arrived before is still delivered unless `drop`. */
  fail(failure: ModelError | BodyCut, drop: boolean): void {
    if (drop) this.take();
    if (this.state === "open" || drop) {
      this.state = "failed";
      this.failure = failure;
      this.onChange?.();
    }
  }

  /** From now on nothing is held back: the reader wants the whole body and counts its bytes. */
  collect(): void {
    this.#collecting = true;
    this.#resume();
  }

  /** What arrived since the last time. */
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
