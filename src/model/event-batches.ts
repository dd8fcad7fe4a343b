import type { ModelError } from "../core/error.ts";
import type { FlowEvent } from "../core/event.ts";
import type { Reply } from "../core/reply.ts";
import { type CallProgress, type Opened, Reading } from "./reading.ts";

/**
 * The events of a call as they arrive, one array for each network read, also those that only the reply is folded from. The
 * request is sent on the first read.
 */
export class EventBatches {
  readonly #open: () => Opened;
  readonly #settled = Promise.withResolvers<Reply>();
  #reading: Reading | undefined;

  constructor(open: () => Opened) {
    this.#open = open;
    this.#settled.promise.catch(() => {});
  }

  /** The reply, when `next` has returned undefined. */
  get reply(): Promise<Reply> {
    return this.#settled.promise;
  }

  /** Undefined before the call has started. */
  get progress(): CallProgress | undefined {
    return this.#reading?.progress;
  }

  /** Undefined at the end of the answer; rejects if the call failed. */
  async next(): Promise<readonly FlowEvent[] | undefined> {
    this.#reading ??= new Reading(this.#open(), this.#settled);
    return (await this.#reading.more()) ? this.#reading.takeAll() : undefined;
  }

  /** Cancels the call. */
  async leave(reason: ModelError): Promise<void> {
    await this.#reading?.leave(reason);
  }
}
