import type { Attempt } from "../core/attempt.ts";
import type { Booked, Call } from "../core/call.ts";
import { type Cancellation, unlessCancelled } from "../core/cancellation.ts";
import { isModelError } from "../core/error.ts";
import type { FlowEvent } from "../core/event.ts";
import type { Layer } from "../core/layer.ts";
import type { Ledger, LedgerRow } from "../core/ledger.ts";
import { passage } from "../core/passage.ts";
import { entryError } from "../core/target-error.ts";
import { AnswerFacts, cachedRow, endedRow, type LedgerAttempt, openRow, unsentRow } from "./ledger-row.ts";
import { WorstCase } from "./worst-case.ts";

/** Writes a row for each attempt: before it is sent, and when it ends. An attempt whose row cannot be kept is not sent. */
export function ledgerRows(ledger: Ledger): Layer {
  return (call, next) => {
    let attempt: LedgerAttempt;
    let writing: Promise<void> | undefined;
    const facts = new AnswerFacts();
    const onRecorded = (recorded: Attempt, unseen: boolean) => {
      call.onRecorded?.(recorded, unseen);
      writing = written(ledger, ended(attempt, recorded, facts));
    };
    const enter = async () => {
      attempt = begun(call);
      await opened(ledger, attempt);
      return next({ ...call, onRecorded });
    };
    const note = (batch: readonly FlowEvent[]) => facts.note(batch, () => call.clock.monotonic());
    const leave = (failure: unknown) => {
      writing ??= written(ledger, unsentRow(attempt, isModelError(failure) ? failure : undefined));
      return waited(writing, call.cancellation);
    };
    return passage({ enter, note, leave });
  };
}

/** Writes a row for each answer from the cache. */
export function ledgerHits(ledger: Ledger): Layer {
  return (call, next) => {
    const facts = new AnswerFacts();
    return passage({
      enter: async () => next(call),
      note: (batch) => {
        if (call.record.cached !== undefined) facts.note(batch, () => 0);
      },
      leave: () => {
        if (call.record.cached !== undefined) return waited(written(ledger, cachedRow(call, facts)), call.cancellation);
      },
    });
  };
}

function begun(call: Call): LedgerAttempt {
  const { clock, record, request, target, admitted } = call;
  const { attempt = record.nextAttempt(), timeMs = clock.now(), budgets = NO_BUDGETS.budgets } = admitted ?? {};
  const { cost } = admitted?.worst ?? new WorstCase(request, target);
  const reserved = typeof cost === "bigint" ? cost : null;
  return { call, startedMs: clock.monotonic(), row: openRow(call, { attempt, timeMs, reserved, budgets }) };
}

const NO_BUDGETS: Booked = { budgets: [], overrun: 0n };

/** The budgets are settled before the row is written, so that a counter that is rebuilt from rows counts nothing twice. */
async function ended(attempt: LedgerAttempt, recorded: Attempt, facts: AnswerFacts): Promise<LedgerRow> {
  const booked = await attempt.call.admitted?.booked();
  return endedRow(attempt, recorded, booked ?? NO_BUDGETS, facts);
}

/** @throws ModelError `state_unavailable`, or the reason if the call is cancelled before the row is kept. */
async function opened(ledger: Ledger, attempt: LedgerAttempt): Promise<void> {
  const { cancellation, target } = attempt.call;
  try {
    const opening = ledger.open(attempt.row);
    if (opening !== undefined) await unlessCancelled(opening, cancellation);
  } catch (error) {
    if (!isModelError(error)) throw error;
    if (error !== cancellation.reason) throw entryError(target, "state_unavailable", error.message, { cause: error });
    // The open row may still be written; nobody waits for its end.
    written(ledger, unsentRow(attempt, error)).catch(() => {});
    throw error;
  }
}

/** The ledger reports a failure; the answer is worth more than its row. */
async function written(ledger: Ledger, row: LedgerRow | Promise<LedgerRow>): Promise<void> {
  try {
    await ledger.append(row);
  } catch (error) {
    if (!isModelError(error)) throw error;
  }
}

/** Until the row is written, or the call is cancelled: that neither loses the row nor takes an answer back. */
function waited(writing: Promise<void>, cancellation: Cancellation): Promise<void> {
  return unlessCancelled(writing, cancellation).catch((error: unknown) => {
    if (error !== cancellation.reason) throw error;
  });
}
