import type { Attempt } from "./attempt.ts";
import type { Cancellation } from "./cancellation.ts";
import { DeliveredText } from "./delivered-text.ts";
import type { ModelError } from "./error.ts";
import type { Message } from "./message.ts";
import type { RequestOperation } from "./operation.ts";
import type { CallPolicy } from "./options.generated.ts";
import type { RateLimit } from "./rate-limit.ts";
import type { ModelRequest, Settings } from "./request.ts";
import type { Adaptation, OnBreak, Target } from "./target.ts";
import type { Exchange } from "./transport.ts";

/** What the caller asked for, before a target was chosen. */
export interface CallInput extends CallPolicy {
  readonly messages: readonly Message[];
  /** Settings of this call; they win over those of any entry. */
  readonly settings: Settings;
  readonly samples: number;
  /** Which of several API calls for the same samples this is; equal requests with another number want another answer. */
  readonly batch?: number | undefined;
  readonly extraBody: Readonly<Record<string, unknown>>;
  readonly extraHeaders: Readonly<Record<string, string>>;
  /** Instructions and messages of this call that stand for those of the entry. */
  readonly system?: string | undefined;
  readonly prelude?: readonly Message[] | undefined;
  /** What this call says about changes of its request; wins over the entry. */
  readonly adaptation?: { readonly [key in keyof Adaptation]?: Adaptation[key] | undefined };
  /** Emit every wire event as `{ type: "raw" }`. */
  readonly raw: boolean;
  readonly tags: readonly string[];
  /** The scope the call is made in and those around it, the widest first. */
  readonly scopes?: readonly string[] | undefined;
  readonly cache?: CacheMode | undefined;
}

/** use: read and store; refresh: ask again and store; bypass: neither; only: a stored answer or an error. */
export type CacheMode = "use" | "refresh" | "bypass" | "only";

export type Outcome = { readonly ok: true } | { readonly ok: false; readonly error: ModelError };

/**
 * One call on its way through the layers. Layers pass on copies with a field changed (`{ ...call, target }`); `record`
 * is shared by all copies.
 */
export interface Call extends RequestOperation {
  readonly input: CallInput;
  /** Chosen by the fallback layer; above it, the primary. */
  readonly target: Target;
  /** `input` adapted to `target`. */
  readonly request: ModelRequest;
  /** Whether the answer is asked for over the streaming wire. */
  readonly streaming: boolean;
  readonly onBreak: OnBreak;
  /** Ends the call, or in the layers below `timeout` this one attempt. */
  readonly cancellation: Cancellation;
  /** 0 for the first try on a target. */
  readonly tryIndex: number;
  /** Whether another target may serve the call when this one fails. */
  readonly fallbackRemains: boolean;
  /** When the call must have ended, on the monotonic clock. */
  readonly deadlineAtMs: number | undefined;
  /** Told the moment this attempt fails, before what it holds is given on. */
  readonly onFailure?: ((error: ModelError) => void) | undefined;
  readonly record: CallRecord;
  readonly random: () => number;
}

/** What happened during one call; written by the layers, read by the fold. */
export class CallRecord {
  readonly id: string;
  readonly startedMs: number;
  readonly attempts: Attempt[];
  /** The record of the call itself, where this one is of a request that serves it. */
  readonly root: CallRecord;
  rateLimit: RateLimit | undefined;
  requestId: string | undefined;
  firstTokenMs: number | undefined;
  cacheHit = false;
  /** The exchange of the running attempt: whether it was sent, and what came back. */
  exchange: Exchange | undefined;
  /** The provider's body, or the last events of its stream. */
  raw: unknown;
  /** The target that was asked last: whose answer is read, and whose `timeout` bounds a pause of the reader. */
  read: Target | undefined;
  /** Kept only where another request may go on with the answer. */
  delivered: DeliveredText | undefined;
  readonly #listeners: ((outcome: Outcome) => void)[] = [];
  #settled = false;

  constructor(id: string, startedMs: number, attempts: Attempt[] = [], root?: CallRecord) {
    this.root = root ?? this;
    this.id = id;
    this.startedMs = startedMs;
    this.attempts = attempts;
  }

  /** For a request beside another: what it sees is its own, its attempts are the call's. */
  branch(): CallRecord {
    const branch = new CallRecord(this.id, this.startedMs, this.attempts, this.root);
    branch.delivered = this.delivered && new DeliveredText();
    return branch;
  }

  /** Takes over what the request saw whose answer is delivered. */
  adopt(branch: CallRecord): void {
    this.rateLimit = branch.rateLimit ?? this.rateLimit;
    this.requestId = branch.requestId ?? this.requestId;
    this.firstTokenMs = branch.firstTokenMs ?? this.firstTokenMs;
    this.exchange = branch.exchange;
    this.raw = branch.raw;
    this.read = branch.read;
    this.delivered = branch.delivered;
  }

  /** Runs `listener` once, when the call has ended: after the last event was taken, on failure, or when it was abandoned. */
  onSettle(listener: (outcome: Outcome) => void): void {
    this.#listeners.push(listener);
  }

  settle(outcome: Outcome): void {
    if (this.#settled) return;
    this.#settled = true;
    for (const listener of this.#listeners) listener(outcome);
  }
}
