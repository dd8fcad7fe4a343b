import type { Attempt } from "../core/attempt.ts";
import type { Call } from "../core/call.ts";
import { keyNameOf, userOf } from "../core/caller.ts";
import { totalNano } from "../core/cost.ts";
import type { ModelError } from "../core/error.ts";
import { type FlowEvent, isContent } from "../core/event.ts";
import type { LedgerBudget, LedgerRow } from "../core/ledger.ts";

/** One attempt of a call, from its admission to its end. */
export interface LedgerAttempt {
  readonly call: Call;
  /** Unique within the call, from 1. */
  readonly attempt: number;
  /** On the wall clock, and on the monotonic clock. */
  readonly timeMs: number;
  readonly startedMs: number;
  /** What the attempt may cost at most; null if unknown. */
  readonly reserved: bigint | null;
  /** What the budgets are charged: the reservations, and when the attempt has ended, what it used. */
  readonly budgets: readonly LedgerBudget[];
  /** By how much the attempt exceeded the limits of its budgets. */
  readonly overrun: bigint;
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

/** The row before the request is sent. */
export function openRow({ call, attempt, timeMs, reserved, budgets }: LedgerAttempt): LedgerRow {
  return {
    ...identity(call),
    ...{ attempt, timeMs, outcome: "open", cost: null, reserved, overrun: 0n },
    ...{ estimated: false, possiblyBilled: false, durationMs: 0, budgets },
    ...(reserved !== null && priceOrigin(call)),
  };
}

/** Where the price of a cost comes from. */
function priceOrigin({ target }: Call): Pick<LedgerRow, "priceSource" | "priceDate"> {
  const { source, date } = target.priceOrigin?.() ?? {};
  return { priceSource: source, priceDate: date };
}

/** The row of an attempt that was sent. */
export function endedRow(ended: LedgerAttempt, recorded: Attempt, facts: AnswerFacts): LedgerRow {
  const { call, attempt, timeMs, startedMs, budgets, overrun } = ended;
  const { outcome, error, usage, cost, possiblyBilled, durationMs } = recorded;
  return {
    ...identity(call),
    ...{ attempt, timeMs, outcome, code: error?.code, status: error?.status, usage },
    ...{ servedModel: facts.servedModel, serviceTier: facts.serviceTier },
    // Without a cost, nothing was used, unless the provider did not report it.
    cost: cost === undefined && !possiblyBilled ? 0n : totalNano(cost),
    ...{ overrun, budgets, possiblyBilled, estimated: cost?.estimated ?? usage?.estimated ?? false },
    ...{ durationMs, firstTokenMs: facts.firstTokenMs(startedMs) },
    ...(cost !== undefined && cost.usd !== null && priceOrigin(call)),
  };
}

/** The row of an attempt that was admitted, but not sent. */
export function unsentRow(
  { call, attempt, timeMs, startedMs, budgets }: LedgerAttempt,
  failure: ModelError | undefined,
): LedgerRow {
  const outcome = failure === undefined || failure.code === "aborted" ? "aborted" : "error";
  return {
    ...identity(call),
    ...{
      attempt,
      timeMs,
      outcome,
      code: failure?.code,
      cost: 0n,
      overrun: 0n,
      estimated: false,
      possiblyBilled: false,
    },
    durationMs: call.clock.monotonic() - startedMs,
    budgets: budgets.map((budget) => ({ ...budget, amount: 0n })),
  };
}

/** The row of an answer from the cache. `facts` are those of the stored answer. */
export function cachedRow(call: Call, { servedModel }: AnswerFacts): LedgerRow {
  const { record, clock } = call;
  const saved = totalNano(record.savedCost);
  const outcome = record.cached?.outcome === "semantic" ? "similar" : "cached";
  const durationMs = clock.monotonic() - record.startedMs;
  return {
    ...identity(call),
    ...{ attempt: 0, timeMs: clock.now() - durationMs, outcome, servedModel, cost: 0n, saved, overrun: 0n },
    ...{ estimated: false, possiblyBilled: false, durationMs, budgets: [] },
  };
}

function identity(call: Call) {
  const { record, target, input } = call;
  return {
    ...{
      callId: record.id,
      traceId: record.traceId,
      entry: target.entry,
      provider: target.provider,
      modelId: target.modelId,
    },
    ...{ user: userOf(call), tags: input.tags, scope: input.scopes?.at(-1) },
    key: keyNameOf(call),
  };
}
