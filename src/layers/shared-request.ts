import { type Call, CallRecord } from "../core/call.ts";
import { Cancellation, unlessCancelled } from "../core/cancellation.ts";
import { DeliveredText } from "../core/delivered-text.ts";
import type { ModelError } from "../core/error.ts";
import type { Events, FlowEvent } from "../core/event.ts";
import type { Next } from "../core/layer.ts";
import type { StoredAnswer } from "./answer-store.ts";
import type { CacheCounts } from "./cache-counts.ts";
import { Recording } from "./recording.ts";
import { answerOf, replayed } from "./replay.ts";

/** Stores an answer; whether other calls may have it. */
export type Keep = (answer: StoredAnswer) => Promise<boolean>;

/**
 * One request for equal concurrent calls. It ends with its answer, its failure, or when the last call is abandoned. One of the
 * remaining calls gets its events and attempts.
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
  /** For the other calls. */
  #answer: StoredAnswer | undefined;

  constructor(call: Call, next: Next, keep: Keep, onEnd: () => void) {
    this.#lead = call;
    this.#record = new CallRecord(call.record.id, call.record.startedMs, [], call.record.root);
    this.#record.delivered = call.record.delivered && new DeliveredText();
    const events = next({ ...call, cancellation: this.#cancellation, record: this.#record });
    this.#ended = this.#run(events, keep).finally(onEnd);
  }

  /** Events for a waiting call: the request's events for one, its answer for the others, or nothing to share. */
  async *join(call: Call, counts: CacheCounts): AsyncGenerator<readonly FlowEvent[], boolean> {
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
    if (this.#answer === undefined) return false;
    yield replayed(call, structuredClone(this.#answer), counts, { outcome: "joined" });
    return true;
  }

  /** A failure is passed to one call. The deadline of an abandoned call does not apply to the others. */
  async *#own(call: Call): AsyncGenerator<readonly FlowEvent[], boolean> {
    if (this.#failure !== undefined && call !== this.#lead && this.#endedBefore(call)) {
      this.#giveAttempts(call);
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
    this.#giveAttempts(call);
    const { firstTokenMs } = this.#record;
    const first = firstTokenMs === undefined ? undefined : Math.max(0, firstTokenMs - this.#leadMs(call));
    call.record.adopt(this.#record);
    call.record.firstTokenMs = first;
    yield* this.#batches;
  }

  #giveAttempts(call: Call): void {
    this.#claimed = true;
    const leadMs = this.#leadMs(call);
    for (const attempt of this.#record.attempts)
      call.record.attempts.push({ ...attempt, startedMs: attempt.startedMs - leadMs });
  }

  /** How long before a call the request began. */
  #leadMs({ record }: Call): number {
    return record.startedMs - this.#record.startedMs;
  }

  async #run(events: Events, keep: Keep): Promise<void> {
    const recording = new Recording();
    try {
      for await (const batch of events) {
        this.#batches.push(batch);
        recording.add(batch);
      }
      const answer = answerOf(recording.log, this.#record);
      if (await keep(answer)) this.#answer = answer;
    } catch (error) {
      this.#failure = { error };
    }
  }
}

/** Shared requests, by cache key. */
export class SharedRequests {
  readonly #requests = new Map<string, SharedRequest>();
  readonly #counts: CacheCounts;

  constructor(counts: CacheCounts) {
    this.#counts = counts;
  }

  /** Joins an equal call or starts a request. If there is nothing to share, the waiting calls send requests in sequence. */
  async *events(key: string, call: Call, next: Next, keep: Keep): Events {
    for (let done = false; !done; ) done = yield* this.#requestOf(key, call, next, keep).join(call, this.#counts);
  }

  #requestOf(key: string, call: Call, next: Next, keep: Keep): SharedRequest {
    const running = this.#requests.get(key);
    if (running !== undefined) return running;
    this.#counts.looked(call, "miss");
    const request = new SharedRequest(call, next, keep, () => this.#requests.delete(key));
    this.#requests.set(key, request);
    return request;
  }
}
