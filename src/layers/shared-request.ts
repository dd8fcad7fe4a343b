import { type Call, CallRecord } from "../core/call.ts";
import { Cancellation, unlessCancelled } from "../core/cancellation.ts";
import { DeliveredText } from "../core/delivered-text.ts";
import type { ModelError } from "../core/error.ts";
import type { Events, FlowEvent } from "../core/event.ts";
import type { Next } from "../core/layer.ts";
import { type Log, Recording } from "./recording.ts";

/** Gives the answer of a request to others, when it may be shared. */
type Keep = (log: Log) => Promise<boolean>;

/**
 * One request for equal calls at the same time. It belongs to all of them: it ends with its answer, its failure, or when the
 * last of them has left. One of those that still wait then has its events and its attempts as its own.
 */
class SharedRequest {
  readonly #lead: Call;
  readonly #cancellation = new Cancellation();
  readonly #record: CallRecord;
  readonly #batches: (readonly FlowEvent[])[] = [];
  readonly #ended: Promise<void>;
  #waiting = 0;
  #claimed = false;
  #failure: { readonly error: unknown } | undefined;
  /** The answer as others may have it. */
  #log: Log | undefined;

  constructor(call: Call, next: Next, keep: Keep, onEnd: () => void) {
    this.#lead = call;
    this.#record = new CallRecord(call.record.id, call.record.startedMs, [], call.record.root);
    this.#record.delivered = call.record.delivered && new DeliveredText();
    const events = next({ ...call, cancellation: this.#cancellation, record: this.#record });
    this.#ended = this.#run(events, keep).finally(onEnd);
  }

  /** Events for a call that waited: the request's own for one, its answer for the others, or nothing to share. */
  async *join(call: Call): AsyncGenerator<readonly FlowEvent[], boolean> {
    this.#waiting++;
    try {
      await unlessCancelled(this.#ended, call.cancellation);
    } catch (reason) {
      if (this.#waiting === 1) {
        this.#cancellation.cancel(reason as ModelError);
        yield* this.#handOver(call);
      }
      throw reason;
    } finally {
      this.#waiting--;
    }
    if (!this.#claimed) return yield* this.#own(call);
    if (this.#log === undefined) return false;
    call.record.cacheHit = true;
    yield structuredClone(this.#log);
    return true;
  }

  /** A failure is that of one call. The deadline of a call that has left is not that of the others. */
  async *#own(call: Call): AsyncGenerator<readonly FlowEvent[], boolean> {
    if (this.#failure !== undefined && call !== this.#lead && this.#endedBefore(call)) {
      this.#claimed = true;
      call.record.attempts.push(...this.#record.attempts);
      return false;
    }
    yield* this.#handOver(call);
    if (this.#failure !== undefined) throw this.#failure.error;
    return true;
  }

  #endedBefore({ deadlineAtMs = Number.POSITIVE_INFINITY }: Call): boolean {
    return (this.#lead.deadlineAtMs ?? Number.POSITIVE_INFINITY) < deadlineAtMs;
  }

  async *#handOver(call: Call): AsyncGenerator<readonly FlowEvent[], void> {
    this.#claimed = true;
    call.record.attempts.push(...this.#record.attempts);
    call.record.adopt(this.#record);
    yield* this.#batches;
  }

  async #run(events: Events, keep: Keep): Promise<void> {
    const recording = new Recording();
    try {
      for await (const batch of events) {
        this.#batches.push(batch);
        recording.add(batch);
      }
      if (await keep(recording.log)) this.#log = recording.log;
    } catch (error) {
      this.#failure = { error };
    }
  }
}

/** Requests that equal calls share, by the key that makes calls equal. */
export class SharedRequests {
  readonly #requests = new Map<string, SharedRequest>();

  /** Follows an equal call or leads. Where there is nothing to share, those that waited ask one after the other. */
  async *events(key: string, call: Call, next: Next, keep: Keep): Events {
    for (let done = false; !done; ) done = yield* this.#requestOf(key, call, next, keep).join(call);
  }

  #requestOf(key: string, call: Call, next: Next, keep: Keep): SharedRequest {
    const running = this.#requests.get(key);
    if (running !== undefined) return running;
    const request = new SharedRequest(call, next, keep, () => this.#requests.delete(key));
    this.#requests.set(key, request);
    return request;
  }
}
