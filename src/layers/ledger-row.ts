import type { Attempt } from "../core/attempt.ts";
import type { Booked, Call } from "../core/call.ts";
import { keyNameOf, userOf } from "../core/caller.ts";
import { totalNano } from "../core/cost.ts";
import type { ModelError } from "../core/error.ts";
import { type FlowEvent, isContent } from "../core/event.ts";
import type { LedgerRow } from "../core/ledger.ts";

/** One attempt of a call, from its admission to its end. */
export interface LedgerAttempt {
  readonly call: Call;
  /** On the monotonic clock. */
  readonly startedMs: number;
  /** Its row before the request is sent. */
  readonly row: LedgerRow;
}

/** Facts about an answer that only its events have. */
export class AnswerFacts {
  servedModel: string | undefined;
  serviceTier: string | undefined;
  #firstContentMs: number | undefined;

  note(batch: readonly FlowEvent[], nowMs: () => number): void {
    for (const event of batch) {
      if (event.type === "response") {
        this.servedModel = event.servedModel ?? this.servedModel;
        this.serviceTier = event.serviceTier ?? this.serviceTier;
      } else if (this.#firstContentMs === undefined && isContent(event)) this.#firstContentMs = nowMs();
    }
  }

  firstTokenMs(startedMs: number): number | undefined {
    return this.#firstContentMs === undefined ? undefined : this.#firstContentMs - startedMs;
  }
}

/** What is known of an attempt before its request is sent. */
interface Opening extends Pick<LedgerRow, "attempt" | "timeMs" | "budgets"> {
  /** What the attempt may cost at most; null if unknown. */
  readonly reserved: bigint | null;
}

/** The row before the request is sent. All rows have all fields, in one order, because the engine copies such objects fast. */
export function openRow(call: Call, { attempt, timeMs, reserved, budgets }: Opening): LedgerRow {
  const { record, target, input } = call;
  const price = reserved === null ? undefined : target.priceOrigin?.();
  return {
    callId: record.id,
    attempt,
    traceId: record.traceId,
    timeMs,
    entry: target.entry,
    provider: target.provider,
    modelId: target.modelId,
    servedModel: undefined,
    outcome: "open",
    code: undefined,
    status: undefined,
    usage: undefined,
    serviceTier: undefined,
    cost: null,
    reserved,
    saved: undefined,
    priceSource: price?.source,
    priceDate: price?.date,
    overrun: 0n,
    estimated: false,
    possiblyBilled: false,
    durationMs: 0,
    firstTokenMs: undefined,
    user: userOf(call),
    tags: input.tags,
    scope: input.scopes?.at(-1),
    key: keyNameOf(call),
    budgets,
  };
}

/** The row of an attempt that was sent. */
export function endedRow(
  { call, startedMs, row }: LedgerAttempt,
  { outcome, error, usage, cost, possiblyBilled, durationMs }: Attempt,
  { budgets, overrun }: Booked,
  facts: AnswerFacts,
): LedgerRow {
  const price = cost === undefined || cost.usd === null ? undefined : call.target.priceOrigin?.();
  return {
    ...row,
    servedModel: facts.servedModel,
    outcome,
    code: error?.code,
    status: error?.status,
    usage,
    serviceTier: facts.serviceTier,
    // Without a cost, nothing was used, unless the provider did not report it.
    cost: cost === undefined && !possiblyBilled ? 0n : totalNano(cost),
    reserved: undefined,
    priceSource: price?.source,
    priceDate: price?.date,
    overrun,
    estimated: cost?.estimated ?? usage?.estimated ?? false,
    possiblyBilled,
    durationMs,
    firstTokenMs: facts.firstTokenMs(startedMs),
    budgets,
  };
}

/** The row of an attempt that was admitted, but not sent. */
export function unsentRow({ call, startedMs, row }: LedgerAttempt, failure: ModelError | undefined): LedgerRow {
  return {
    ...row,
    outcome: failure === undefined || failure.code === "aborted" ? "aborted" : "error",
    code: failure?.code,
    cost: 0n,
    reserved: undefined,
    priceSource: undefined,
    priceDate: undefined,
    durationMs: call.clock.monotonic() - startedMs,
    budgets: row.budgets.map((budget) => ({ ...budget, amount: 0n })),
  };
}

/** The row of an answer from the cache. `facts` are those of the stored answer. */
export function cachedRow(call: Call, { servedModel }: AnswerFacts): LedgerRow {
  const { record, clock } = call;
  const durationMs = clock.monotonic() - record.startedMs;
  return {
    ...openRow(call, { attempt: 0, timeMs: clock.now() - durationMs, reserved: null, budgets: [] }),
    servedModel,
    outcome: record.cached?.outcome === "semantic" ? "similar" : "cached",
    cost: 0n,
    reserved: undefined,
    saved: totalNano(record.savedCost),
    durationMs,
  };
}
