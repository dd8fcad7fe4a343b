import type { Adjustment } from "../core/attempt.ts";
import { newCallId } from "../core/call-id.ts";
import type { Clock } from "../core/clock.ts";
import { isModelError, ModelError } from "../core/error.ts";
import type { RateLimit } from "../core/rate-limit.ts";
import type { Reply } from "../core/reply.ts";
import type { AnswerHead } from "../dialects/served/answer-writer.ts";
import type { Json } from "../dialects/served/json.ts";
import type { Problem } from "../dialects/served/problem.ts";
import type { EventBatches } from "../model/event-batches.ts";
import type { CallFacts } from "./access-log.ts";
import { ClientEvents } from "./client-events.ts";
import { callHeaders, outcomeJson } from "./outcome.ts";
import { type Failure, failureOf } from "./problems.ts";
import type { GatewayWire } from "./wires.ts";

/** A request that is answered by a model. */
export interface CallParts {
  readonly wire: GatewayWire;
  readonly clock: Clock;
  readonly requestId: string;
  /** The name in the request, which the response repeats. */
  readonly name: string;
  readonly body: Json;
  readonly batches: EventBatches;
  /** What the request had and the library cannot express. */
  readonly adjustments: readonly Adjustment[];
  readonly promptSize: () => Problem["context"];
  /** Stores the response for later requests. */
  readonly keep: ((response: Json) => Promise<void>) | undefined;
  /** Stores the state of tool calls for later requests. */
  readonly keepStates: (states: ReadonlyMap<string, string>) => Promise<void>;
  /** Notes the ids of what the provider stores that the client may use. */
  readonly keepIssued: (ids: ReadonlySet<string>) => Promise<void>;
  /** Gets what the access log shows of the call. */
  readonly note: (facts: CallFacts) => void;
}

/** A call that is being served, and its description for the client. */
export class ServedCall {
  readonly parts: CallParts;
  readonly events: ClientEvents;
  #reply: Reply | undefined;
  /** Of a failed call. */
  #limit: RateLimit | undefined;

  constructor(parts: CallParts) {
    this.parts = parts;
    this.events = new ClientEvents(parts.wire);
  }

  /** What a writer needs besides the events. */
  head(): AnswerHead {
    const { wire, clock, name, body, batches } = this.parts;
    const nowMs = clock.now();
    const unique = batches.progress?.callId || newCallId(nowMs);
    const createdS = Math.floor(nowMs / 1000);
    return { id: wire.answerId(unique), model: name, createdS, body, usageExtras: () => this.#outcome() };
  }

  /** Notes the reply, after all events. */
  finish(reply: Reply): void {
    this.#reply = reply;
    const { callId: call, model: entry, provider, attempts, cost, usage } = reply;
    const tokens = { inputTokens: usage.input + usage.cacheRead + usage.cacheWrite, outputTokens: usage.output };
    this.parts.note({ call, entry, provider, attempts: attempts.length, costUsd: cost.usd, ...tokens });
  }

  /** Stores the response before the client has its end. A store that fails does not fail the answer. */
  async keep(response: Json | undefined): Promise<void> {
    const { callStates, storedIds } = this.events;
    try {
      if (response !== undefined) await this.parts.keep?.(response);
      if (callStates.size > 0) await this.parts.keepStates(callStates);
      if (storedIds.size > 0) await this.parts.keepIssued(storedIds);
    } catch (error) {
      this.parts.note({ defect: `response not stored: ${String(error)}` });
    }
  }

  /** The failure as the client sees it. Ends the call, which still runs if only writing its answer failed. */
  fail(error: unknown): Failure {
    const reason = isModelError(error) ? error : new ModelError({ code: "aborted", message: "The gateway failed." });
    this.parts.batches.leave(reason).catch(() => {});
    const failure = failureOf(error, this.parts.promptSize);
    const { callId, attempts } = this.parts.batches.progress ?? {};
    if (isModelError(error)) this.#limit = error.rateLimit;
    this.parts.note({
      ...(callId && { call: callId }),
      ...(attempts !== undefined && { attempts: attempts.length }),
      ...failure.facts,
    });
    return failure;
  }

  /** The headers about the call, as far as it has come. `isRunning`: while its answer arrives. */
  headers(isRunning = false): Readonly<Record<string, string>> {
    const { batches, wire, clock } = this.parts;
    const { progress } = batches;
    const { entry, provider } = this.events;
    const running = isRunning && entry !== undefined && progress?.cached === undefined ? 1 : 0;
    const limit = this.#limit ?? progress?.rateLimit;
    return {
      ...callHeaders({
        progress,
        running,
        costUsd: this.#reply?.cost.usd,
        entry,
        provider,
        adjustments: this.#adjustments(),
      }),
      ...(limit && wire.limitHeaders?.(limit, clock.now())),
    };
  }

  #adjustments(): readonly Adjustment[] {
    const { adjustments = this.events.adjustments } = this.#reply ?? {};
    return [...this.parts.adjustments, ...adjustments, ...this.events.losses];
  }

  #outcome(): Json {
    return this.#reply === undefined ? {} : { modelwright: outcomeJson(this.#reply, this.#adjustments()) };
  }
}
