import type { Adjustment } from "../core/attempt.ts";
import { newCallId } from "../core/call-id.ts";
import { isModelError, ModelError } from "../core/error.ts";
import type { RateLimit } from "../core/rate-limit.ts";
import type { Reply } from "../core/reply.ts";
import type { AnswerHead } from "../dialects/served/answer-writer.ts";
import type { Json } from "../dialects/served/json.ts";
import type { EventBatches } from "../model/event-batches.ts";
import type { Arrival } from "./arrival.ts";
import { ClientEvents } from "./client-events.ts";
import type { ModelCall } from "./model-call.ts";
import { callHeaders, outcomeJson } from "./outcome.ts";
import { type Failure, failureOf } from "./problems.ts";
import type { GatewayWire } from "./wires.ts";

/** A call that is being served, and its description for the client. */
export class ServedCall {
  readonly batches: EventBatches;
  readonly events: ClientEvents;
  readonly #arrival: Arrival;
  readonly #call: ModelCall;
  #reply: Reply | undefined;
  /** Of a failed call. */
  #limit: RateLimit | undefined;

  constructor(arrival: Arrival, call: ModelCall, batches: EventBatches) {
    this.batches = batches;
    this.events = new ClientEvents(arrival.wire);
    this.#arrival = arrival;
    this.#call = call;
  }

  get wire(): GatewayWire {
    return this.#arrival.wire;
  }

  get requestId(): string {
    return this.#arrival.requestId;
  }

  /** What a writer needs besides the events. */
  head(): AnswerHead {
    const { name, body } = this.#call;
    const nowMs = this.#arrival.clock.now();
    const unique = this.batches.progress?.callId || newCallId(nowMs);
    const createdS = Math.floor(nowMs / 1000);
    return { id: this.wire.answerId(unique), model: name, createdS, body, usageExtras: () => this.#outcome() };
  }

  /** Notes the reply, after all events. */
  finish(reply: Reply): void {
    this.#reply = reply;
    const { callId: call, model: entry, provider, attempts, cost, usage } = reply;
    const tokens = { inputTokens: usage.input + usage.cacheRead + usage.cacheWrite, outputTokens: usage.output };
    this.#arrival.note({ call, entry, provider, attempts: attempts.length, costUsd: cost.usd, ...tokens });
  }

  /** Stores the response before the client has its end. A store that fails does not fail the answer. */
  async keep(response: Json | undefined): Promise<void> {
    const { callStates, storedIds } = this.events;
    try {
      if (response !== undefined) await this.#call.keep?.(response);
      if (callStates.size > 0) await this.#call.keepStates(callStates);
      if (storedIds.size > 0) await this.#call.keepIssued(storedIds);
    } catch (error) {
      this.#arrival.note({ defect: `response not stored: ${String(error)}` });
    }
  }

  /** The failure as the client sees it. Ends the call, which still runs if only writing its answer failed. */
  fail(error: unknown): Failure {
    const reason = isModelError(error) ? error : new ModelError({ code: "aborted", message: "The gateway failed." });
    this.batches.leave(reason).catch(() => {});
    const failure = failureOf(error, this.#call.promptSize);
    const { callId, attempts } = this.batches.progress ?? {};
    if (isModelError(error)) this.#limit = error.rateLimit;
    this.#arrival.note({
      ...(callId && { call: callId }),
      ...(attempts !== undefined && { attempts: attempts.length }),
      ...failure.facts,
    });
    return failure;
  }

  /** The headers about the call, as far as it has come. `isRunning`: while its answer arrives. */
  headers(isRunning = false): Readonly<Record<string, string>> {
    const { wire, clock } = this.#arrival;
    const { progress } = this.batches;
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
    return [...this.#call.adjustments, ...adjustments, ...this.events.losses];
  }

  #outcome(): Json {
    return this.#reply === undefined ? {} : { modelwright: outcomeJson(this.#reply, this.#adjustments()) };
  }
}
