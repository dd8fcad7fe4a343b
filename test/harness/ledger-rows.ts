import type { LedgerRow } from "../../src/core/ledger.ts";
import { type UsageCounts, usageOf } from "../../src/core/usage.ts";

let calls = 0;

/** A row of an answered attempt that belongs to a separate call. */
export function ledgerRow({ tokens, ...more }: Partial<LedgerRow> & { readonly tokens?: UsageCounts } = {}): LedgerRow {
  const callId = `call-${++calls}`;
  return {
    ...{ callId, attempt: 1, traceId: callId, timeMs: Date.UTC(2026, 0, 1), entry: "coder", provider: "openai" },
    ...{
      modelId: "gpt-4.1",
      outcome: "ok",
      cost: 1_000_000_000n,
      overrun: 0n,
      estimated: false,
      possiblyBilled: false,
    },
    ...{ durationMs: 1_200, tags: [], budgets: [], usage: usageOf(tokens ?? { input: 10, output: 5 }) },
    ...more,
  };
}

/** The row of an attempt that was sent and has not ended. */
export function openRow(more: Partial<LedgerRow> = {}): LedgerRow {
  return { ...ledgerRow(more), outcome: "open", cost: null, usage: undefined, ...more };
}
