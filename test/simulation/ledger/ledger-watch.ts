import type { ModelFactory } from "../../../src/index.ts";
import type { Broken } from "../broken.ts";
import { checkLedger, type LedgerSide } from "./ledger-promises.ts";
import { rowsOf } from "./ledger-rows.ts";
import { LedgerThread } from "./ledger-thread.ts";

/** Checks the rows that a world leaves behind. */
export class LedgerWatch {
  readonly #thread = new LedgerThread();
  readonly #broken: Broken;
  rows = 0;

  constructor(broken: Broken) {
    this.#broken = broken;
  }

  watch(): () => void {
    return this.#thread.replace();
  }

  async end(factory: ModelFactory<Record<never, never>>, side: LedgerSide): Promise<void> {
    const rows = rowsOf(this.#thread);
    this.rows = rows.length;
    await checkLedger(rows, side, factory, this.#broken);
  }
}
