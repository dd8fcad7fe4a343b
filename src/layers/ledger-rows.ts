import type { Attempt } from "../core/attempt.ts";
import type { Booked, Call } from "../core/call.ts";
import { type Cancellation, unlessCancelled } from "../core/cancellation.ts";
import { isModelError } from "../core/error.ts";
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
    let writing: Promise<void> | void;
    let isRecorded = false;
    const facts = new AnswerFacts();
    const onRecorded = (recorded: Attempt, unseen: boolean) => {
      isRecorded = true;
      call.onRecorded?.(recorded, unseen);
      writing = written(ledger, ended(attempt, recorded, facts));
    };
    return passage({
      enter: () => {
        attempt = begun(call);
        return opened(ledger, attempt);
      },
      events: () => next({ ...call, onRecorded }),
      note: (batch) => facts.note(batch, () => call.clock.monotonic()),
      leave: (failure) => {
        if (!isRecorded) writing = written(ledger, unsentRow(attempt, isModelError(failure) ? failure : undefined));
        return writing && waited(writing, call.cancellation);
      },
    });
  };
}

/** Writes a row for each answer from the cache. */
export function ledgerHits(ledger: Ledger): Layer {
  return (call, next) => {
    const facts = new AnswerFacts();
    return passage({
      events: () => next(call),
      note: (batch) => {
        if (call.record.cached !== undefined) facts.note(batch, () => 0);
      },
      leave: () => {
        if (call.record.cached === undefined) return;
        const writing = written(ledger, cachedRow(call, facts));
        return writing && waited(writing, call.cancellation);
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
function ended(attempt: LedgerAttempt, recorded: Attempt, facts: AnswerFacts): LedgerRow | Promise<LedgerRow> {
  const booked = attempt.call.admitted?.booked() ?? NO_BUDGETS;
  return "then" in booked
    ? booked.then((known) => endedRow(attempt, recorded, known, facts))
    : endedRow(attempt, recorded, booked, facts);
}

/** Rejects with ModelError `state_unavailable`, or the reason if the call is cancelled before the row is kept. */
function opened(ledger: Ledger, attempt: LedgerAttempt): Promise<void> | void {
  const { cancellation, target } = attempt.call;
  const opening = ledger.open(attempt.row);
  return (
    opening &&
    unlessCancelled(opening, cancellation).catch((error: unknown) => {
      if (!isModelError(error)) throw error;
      if (error !== cancellation.reason) throw entryError(target, "state_unavailable", error.message, { cause: error });
      // The open row may still be written; nobody waits for its end.
      void written(ledger, unsentRow(attempt, error))?.catch(() => {});
      throw error;
    })
  );
}

/** The ledger reports a failure; the answer is worth more than its row. */
function written(ledger: Ledger, row: LedgerRow | Promise<LedgerRow>): Promise<void> | void {
  return ledger.append(row)?.catch((error: unknown) => {
    if (!isModelError(error)) throw error;
  });
}

/** Until the row is written, or the call is cancelled: that neither loses the row nor takes an answer back. */
function waited(writing: Promise<void>, cancellation: Cancellation): Promise<void> {
  return unlessCancelled(writing, cancellation).catch((error: unknown) => {
    if (error !== cancellation.reason) throw error;
  });
}
