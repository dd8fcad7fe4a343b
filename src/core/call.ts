import type { Attempt } from "./attempt.ts";
import type { Cancellation } from "./cancellation.ts";
import type { Cost } from "./cost.ts";
import { DeliveredText } from "./delivered-text.ts";
import type { EmbeddingInput } from "./embedding-input.ts";
import type { ModelError } from "./error.ts";
import type { FlowEvent } from "./event.ts";
import type { LedgerBudget } from "./ledger.ts";
import type { Message } from "./message.ts";
import type { BudgetNotice, CachedAnswer, CacheOutcome } from "./notices.ts";
import type { RequestOperation } from "./operation.ts";
import type { CallPolicy } from "./options.generated.ts";
import type { RateLimit } from "./rate-limit.ts";
import type { ModelRequest, Settings } from "./request.ts";
import type { SameWire } from "./same-wire.ts";
import type { ShouldRetry } from "./should-retry.ts";
import type { Adaptation, OnBreak, Target } from "./target.ts";
import type { Exchange, Remark } from "./transport.ts";

/** A deadline that a client of the gateway gave. */
export interface GivenDeadline {
  readonly limitMs: number;
  /** Where: the name of a header. */
  readonly by: string;
}

/** The caller's input and options, before a target is chosen. */
export interface CallInput extends CallPolicy {
  readonly messages: readonly Message[];
  /** Present if the call asks for embeddings instead of an answer; `messages` is then empty. */
  readonly embedding?: EmbeddingInput | undefined;
  /** Settings of this call; they take precedence over those of the entry. */
  readonly settings: Settings;
  readonly samples: number;
  /** See `ModelRequest`. */
  readonly deliverInvalidCalls?: boolean | undefined;
  /** See `ModelRequest`. */
  readonly followsUp?: boolean | undefined;
  /** Index among several API calls for the same samples; equal requests with another index need another answer. */
  readonly batch?: number | undefined;
  readonly extraBody: Readonly<Record<string, unknown>>;
  readonly extraHeaders: Readonly<Record<string, string>>;
  /** What the client of a gateway sent and only its wire format has. */
  readonly sameWire?: SameWire | undefined;
  /** Instructions and messages of this call that replace those of the entry. */
  readonly system?: string | undefined;
  readonly prelude?: readonly Message[] | undefined;
  /** Which request changes this call allows; takes precedence over the entry. */
  readonly adaptation?: { readonly [key in keyof Adaptation]?: Adaptation[key] | undefined };
  /** Emit every wire event as `{ type: "raw" }`. */
  readonly raw: boolean;
  readonly tags: readonly string[];
  readonly shouldRetry?: ShouldRetry | undefined;
  /** In queues of limits: 0 to 255, lower first. Default 128. */
  readonly priority?: number | undefined;
  /** The scope of the call and its parents, the widest first. */
  readonly scopes?: readonly string[] | undefined;
  /** The name of the gateway's key that the caller has. */
  readonly gatewayKey?: string | undefined;
  readonly cache?: CacheMode | undefined;
  /** How long the cache keeps the answer of this call; takes precedence over `[cache]`. */
  readonly cacheTtlMs?: number | undefined;
  /** The part of the cache that this call reads and writes; takes precedence over `[cache]`. */
  readonly cacheNamespace?: string | undefined;
}

/** use: read and store; refresh: send a request and store; bypass: neither; only: a stored answer or an error. */
export type CacheMode = "use" | "refresh" | "bypass" | "only";

export type Outcome = { readonly ok: true } | { readonly ok: false; readonly error: ModelError };

/** How an attempt was admitted. */
export interface Admitted {
  /** Its number within the call, from 1. */
  readonly attempt: number;
  /** When, on the clock of the store, milliseconds since 1970. */
  readonly timeMs: number;
  /** What it may cost at most: nano-USD, or which price is unknown. Computed on demand. */
  readonly worst: { readonly cost: bigint | string };
  /** What its budgets reserve for it. */
  readonly budgets: readonly LedgerBudget[];
  /** When what it used is booked; call it only after `onRecorded`. */
  booked(): Booked | Promise<Booked>;
}

/** What budgets were charged for an attempt. */
export interface Booked {
  readonly budgets: readonly LedgerBudget[];
  /** Nano-USD above the limits; with several budgets, the largest excess. */
  readonly overrun: bigint;
}

/**
 * One call on its way through the layers. Layers pass on copies with changed fields (`{ ...call, target }`); all copies share
 * `record`.
 */
export interface Call extends RequestOperation {
  readonly input: CallInput;
  /** Chosen by the fallback layer; above it, the primary. */
  readonly target: Target;
  /** `input` adapted to `target`. */
  readonly request: ModelRequest;
  /** Whether the request asks for a streaming response. */
  readonly streaming: boolean;
  readonly onBreak: OnBreak;
  /** Cancels the call, or, in the layers below `timeout`, one attempt. */
  readonly cancellation: Cancellation;
  /** 0 for the first try on a target. */
  readonly tryIndex: number;
  /** Whether another target can serve the call if this one fails. */
  readonly fallbackRemains: boolean;
  /** The deadline of the call, on the monotonic clock. */
  readonly deadlineAtMs: number | undefined;
  /** Present if another than the entry gave it. */
  readonly deadlineOf?: GivenDeadline | undefined;
  /** Called as soon as this attempt fails, before its slot and key are released. */
  readonly onFailure?: ((error: ModelError) => void) | undefined;
  /** Present if budgets or limits let the attempt through. */
  readonly admitted?: Admitted | undefined;
  /**
   * Called with the row of this attempt when it ends, if its request was sent. `unseen`: the provider may have generated an
   * answer, and nothing of it arrived, so that estimated usage has only the prompt.
   */
  readonly onRecorded?: ((attempt: Attempt, unseen: boolean) => void) | undefined;
  readonly record: CallRecord;
  readonly random: () => number;
}

/**
 * Observes the calls of a factory without changing them, such as the log and the usage totals. Every method is optional: an
 * event that no observer listens to costs nothing.
 */
export interface Observer {
  begun?(call: Call): void;
  /** Called with the events for the caller, including `reset` and adjustments. */
  passed?(call: Call, batch: readonly FlowEvent[]): void;
  attemptStarted?(call: Call): void;
  /** `attempt` is absent if no request left, for example because the provider's SDK refused it. */
  attemptEnded?(call: Call, attempt: Attempt | undefined): void;
  /** The target of `call` is asked again after `waitMs`. */
  retrying?(call: Call, failure: ModelError, waitMs: number): void;
  fellBack?(call: Call, failure: ModelError, from: Target, to: Target): void;
  cacheLooked?(call: Call, outcome: CacheOutcome): void;
  budgetNoticed?(call: Call, notice: BudgetNotice): void;
  /** An attempt had no content for `slow_after`. */
  slowed?(call: Call, afterMs: number): void;
  /** Called once at the end of a call, when all attempts are recorded. `failure` is absent if the call succeeded. */
  ended?(call: Call, failure: ModelError | undefined): void;
}

const UNOBSERVED: Observer = {};

/** What happened during one call; written by the layers, read by `ReplyFold`. */
export class CallRecord {
  readonly id: string;
  /** The same for everything that one call leaves behind: log, audit, ledger, traces. Default: `id`. */
  traceId: string;
  readonly startedMs: number;
  readonly attempts: Attempt[];
  /** Told what happens to the call; set by the outermost layer. */
  observers: Observer;
  /** The record of the call, if this record belongs to one of its requests. */
  readonly root: CallRecord;
  rateLimit: RateLimit | undefined;
  requestId: string | undefined;
  firstTokenMs: number | undefined;
  /** Present if the answer came from the cache, or from the request of an equal call. */
  cached: CachedAnswer | undefined;
  /** With `cached`: what the answer cost when it was requested. */
  savedCost: Cost | undefined;
  /** The exchange of the running attempt: whether it was sent, and what came back. */
  exchange: Exchange | undefined;
  /** About how requests were sent, for the log; on the root only, so that no attempt and no branch loses one. */
  readonly remarks: Remark[] = [];
  /** The provider's body, or the last events of its stream. */
  raw: unknown;
  /** The last target: its answer is read, and its `timeout` limits how long the reader may pause. */
  read: Target | undefined;
  /** Recorded only if another request may continue the answer. */
  delivered: DeliveredText | undefined;
  readonly #listeners: ((outcome: Outcome) => void)[] = [];
  #settled = false;
  #attemptIds = 0;

  constructor(id: string, startedMs: number, attempts: Attempt[] = [], root?: CallRecord) {
    this.root = root ?? this;
    this.id = id;
    this.traceId = root?.traceId ?? id;
    this.observers = root?.observers ?? UNOBSERVED;
    this.startedMs = startedMs;
    this.attempts = attempts;
  }

  /** Identifies an attempt within its call: 1 for the first one. */
  nextAttempt(): number {
    this.root.#attemptIds += 1;
    return this.root.#attemptIds;
  }

  /** A record for a concurrent request of the same call: separate facts, shared attempts. */
  branch(): CallRecord {
    const branch = new CallRecord(this.id, this.startedMs, this.attempts, this.root);
    branch.delivered = this.delivered && new DeliveredText();
    return branch;
  }

  /** Copies the facts of the request whose answer is delivered. */
  adopt(branch: CallRecord): void {
    this.rateLimit = branch.rateLimit ?? this.rateLimit;
    this.requestId = branch.requestId ?? this.requestId;
    this.firstTokenMs = branch.firstTokenMs ?? this.firstTokenMs;
    this.exchange = branch.exchange;
    this.raw = branch.raw;
    this.read = branch.read;
    this.delivered = branch.delivered;
  }

  /** Runs `listener` once, when the call ends: after the last event was consumed, on failure, or when it is abandoned. */
  onSettle(listener: (outcome: Outcome) => void): void {
    this.#listeners.push(listener);
  }

  settle(outcome: Outcome): void {
    if (this.#settled) return;
    this.#settled = true;
    for (const listener of this.#listeners) listener(outcome);
  }
}
