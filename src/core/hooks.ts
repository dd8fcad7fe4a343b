import type { Adjustment, Attempt } from "./attempt.ts";
import type { Cost } from "./cost.ts";
import type { ErrorDetails } from "./error.ts";
import type { ModelErrorCode } from "./error-codes.ts";
import type { FinishReason } from "./event.ts";
import type { Input } from "./input.ts";
import type { Layer } from "./layer.ts";
import type { Message } from "./message.ts";
import type { BudgetNotice, CacheOutcome } from "./notices.ts";
import type { Reply } from "./reply.ts";
import type { Settings } from "./request.ts";
import type { ShouldRetry } from "./should-retry.ts";
import type { Usage } from "./usage.ts";

/** The call that an event belongs to. No event has a secret; only `request` and `before` see the messages. */
export interface HookCall {
  /** Unique across processes and ordered by time. */
  readonly callId: string;
  /** Shared by all that one call leaves behind: the OpenTelemetry trace id if there is one, otherwise `callId`. */
  readonly traceId: string;
  /** The entry's name in models.toml: that of a fallback while a fallback is asked. */
  readonly model: string;
  readonly provider: string;
  /** The provider's id of the model. */
  readonly modelId: string;
  readonly user: string | undefined;
  readonly tags: readonly string[];
  /** The scope of the model, as in `factory.usage("scope")`. */
  readonly scope: string | undefined;
}

/** A call before anything is sent. */
export interface RequestEvent extends HookCall {
  readonly messages: readonly Message[];
  /** Present if the call asks for embeddings; `messages` is then empty. */
  readonly texts?: readonly string[];
  /** The settings of this call; those of the entry are not included. */
  readonly settings: Settings;
  readonly streaming: boolean;
}

/** One request that has ended. */
export interface AttemptEvent extends HookCall {
  readonly attempt: Attempt;
}

/** The same target is asked again. */
export interface RetryEvent extends HookCall {
  readonly code: ModelErrorCode;
  readonly waitMs: number;
}

/** Another entry is asked. */
export interface FallbackEvent extends HookCall {
  readonly code: ModelErrorCode;
  /** Names of entries. */
  readonly from: string;
  readonly to: string;
}

export interface AdjustmentEvent extends HookCall {
  readonly adjustment: Adjustment;
}

export interface BudgetEvent extends HookCall {
  readonly budget: BudgetNotice;
}

export interface CacheEvent extends HookCall {
  /** `semantic`: the answer to a similar question. `joined`: an equal call was in flight, and its answer serves both. */
  readonly outcome: CacheOutcome;
  /** Of a semantic hit: the cosine similarity of the two questions. */
  readonly similarity?: number;
}

/** An attempt without content for `slow_after`. */
export interface SlowEvent extends HookCall {
  readonly afterMs: number;
}

/** An answered call. `model`, `provider` and `modelId` are those that answered. */
export interface SuccessEvent extends HookCall {
  readonly finishReason: FinishReason;
  readonly usage: Usage;
  /** Of all attempts. */
  readonly cost: Cost;
  readonly attempts: readonly Attempt[];
  readonly latencyMs: number;
  readonly firstTokenMs: number | undefined;
  readonly cached: boolean;
}

/** A failed or aborted call. */
export interface FailureEvent extends HookCall {
  readonly error: ErrorDetails;
  /** Of all attempts. */
  readonly cost: Cost;
  readonly latencyMs: number;
}

/** Why a hook refuses a request or an answer; `false` gives no reason. */
export type Refusal = false | { readonly reject: string };

/** What `before` changes. */
export interface RequestChange {
  /** Replace those of the call. */
  readonly messages?: Input;
  /** Replace those of a call for embeddings: as many, in the same order. */
  readonly texts?: readonly string[];
  /** Laid over those of the call; `undefined` removes one. */
  readonly settings?: Settings;
}

type Listener<Event> = (event: Event) => unknown;

/**
 * Functions that are called during every call of a factory. Events only inform: a listener that throws or rejects is logged once
 * and changes nothing, and is not awaited.
 */
export interface Hooks {
  /** A call starts; `before` and middleware run after this. */
  readonly request?: Listener<RequestEvent>;
  /** A request has ended, answered or not. */
  readonly attempt?: Listener<AttemptEvent>;
  readonly retry?: Listener<RetryEvent>;
  readonly fallback?: Listener<FallbackEvent>;
  readonly adjustment?: Listener<AdjustmentEvent>;
  readonly budget?: Listener<BudgetEvent>;
  readonly cache?: Listener<CacheEvent>;
  readonly slow?: Listener<SlowEvent>;
  readonly success?: Listener<SuccessEvent>;
  readonly failure?: Listener<FailureEvent>;
  /** Changes or refuses a request. A call that it refuses, or in which it throws, fails with `rejected`. */
  readonly before?: (
    request: RequestEvent,
  ) => RequestChange | Refusal | undefined | Promise<RequestChange | Refusal | undefined>;
  /** Decides about retries of every call whose own `shouldRetry` does not. */
  readonly shouldRetry?: ShouldRetry;
  /**
   * Refuses a complete answer: the call then fails with `rejected`. Streams deliver their `finish` after it has agreed. Not
   * called for embeddings.
   */
  readonly after?: (reply: Reply, call: HookCall) => Refusal | undefined | Promise<Refusal | undefined>;
  /** Layers around every call, the outermost first. A middleware that does not call `next` answers itself. */
  readonly middleware?: readonly Layer[];
}
