import type { Attempt } from "../core/attempt.ts";
import type { Call } from "../core/call.ts";
import { type Cancellation, unlessCancelled } from "../core/cancellation.ts";
import { isModelError, type ModelError } from "../core/error.ts";
import type { Layer } from "../core/layer.ts";
import type { Ledger, LedgerRow } from "../core/ledger.ts";
import { entryError } from "../core/target-error.ts";
import { AnswerFacts, cachedRow, endedRow, type LedgerAttempt, openRow, unsentRow } from "./ledger-row.ts";
import { WorstCase } from "./worst-case.ts";

/** Writes a row for each attempt: before it is sent, and when it ends. An attempt whose row cannot be kept is not sent. */
export function ledgerRows(ledger: Ledger): Layer {
  return async function* (call, next) {
    const attempt = begun(call);
    await opened(ledger, attempt);
    const facts = new AnswerFacts();
    let writing = Promise.resolve();
    let isRecorded = false;
    const onRecorded = (recorded: Attempt, unseen: boolean) => {
      isRecorded = true;
      call.onRecorded?.(recorded, unseen);
      writing = written(ledger, ended(attempt, recorded, facts));
    };
    let failure: ModelError | undefined;
    try {
      for await (const batch of next({ ...call, onRecorded })) {
        facts.note(batch, () => call.clock.monotonic());
        yield batch;
      }
    } catch (error) {
      failure = isModelError(error) ? error : undefined;
      throw error;
    } finally {
      if (!isRecorded) writing = written(ledger, unsentRow(attempt, failure));
      await waited(writing, call.cancellation);
    }
  };
}

/** Writes a row for each answer from the cache. */
export function ledgerHits(ledger: Ledger): Layer {
  return async function* (call, next) {
    const facts = new AnswerFacts();
    try {
      for await (const batch of next(call)) {
        if (call.record.cached !== undefined) facts.note(batch, () => 0);
        yield batch;
      }
    } finally {
      if (call.record.cached !== undefined) await waited(written(ledger, cachedRow(call, facts)), call.cancellation);
    }
  };
}

function begun(call: Call): LedgerAttempt {
  const { clock, record, request, target, admitted } = call;
  const { attempt = record.nextAttempt(), timeMs = clock.now(), budgets = [] } = admitted ?? {};
  const { cost } = admitted?.worst ?? new WorstCase(request, target);
  return {
    ...{ call, attempt, timeMs, startedMs: clock.monotonic() },
    ...{ reserved: typeof cost === "bigint" ? cost : null, budgets, overrun: 0n },
  };
}

/** The budgets are settled before the row is written, so that a counter that is rebuilt from rows counts nothing twice. */
async function ended(attempt: LedgerAttempt, recorded: Attempt, facts: AnswerFacts): Promise<LedgerRow> {
  const booked = await attempt.call.admitted?.booked();
  return endedRow({ ...attempt, ...booked }, recorded, facts);
}

/** @throws ModelError `state_unavailable`, or the reason if the call is cancelled before the row is kept. */
async function opened(ledger: Ledger, attempt: LedgerAttempt): Promise<void> {
  const { cancellation, target } = attempt.call;
  try {
    const opening = ledger.open(openRow(attempt));
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
