import type { Ledger, LedgerRow, LedgerSettings } from "../../src/core/ledger.ts";
import type { FakeClock } from "./fake-clock.ts";

/** One database. Each `open` stands for a process. */
export interface LedgerWorld {
  readonly clock: FakeClock;
  /** Closed when the test ends. */
  open(settings?: Partial<LedgerSettings>): Ledger;
  /** Makes the lease of every process expire. */
  expireLeases(): Promise<void>;
}

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
export const NEW_YEAR = Date.UTC(2026, 0, 1);

export async function filled(ledger: Ledger, rows: readonly LedgerRow[]): Promise<Ledger> {
  for (const row of rows) await ledger.append(row);
  return ledger;
}
