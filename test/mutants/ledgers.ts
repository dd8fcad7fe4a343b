import { always, never, replace, skip } from "./change.ts";
import { mutantsOf } from "./mutant.ts";

const FILES = ["test/ledger/sqlite-files.test.ts"];
const TABLES = ["test/ledger/sqlite.test.ts"];
const FACTORY = ["test/ledger/factory.test.ts"];

/** Rows of the ledger. */
export const ledgers = [
  ...mutantsOf("src/layers/ledger-rows.ts", FACTORY, [
    [
      "row-has-the-reservation",
      "a row has what was reserved, not what was booked",
      "ended",
      replace("attempt.call.admitted?.booked()", "{ budgets: attempt.row.budgets, overrun: 0n }"),
    ],
    ["unsent-attempt-stays-open", "an attempt that was not sent stays open", "ledgerRows", never("!isRecorded")],
    ["row-refusal-ignored", "a request is sent although its row cannot be kept", "opened", skip("entryError")],
  ]),
  ...mutantsOf("src/layers/ledger-row.ts", FACTORY, [
    [
      "row-unknown-is-free",
      "an attempt of unknown cost is free in the ledger",
      "endedRow",
      replace("cost === undefined && !possiblyBilled ? 0n : totalNano(cost)", "totalNano(cost) ?? 0n"),
    ],
    [
      "unsent-row-charged",
      "an attempt that was not sent is charged what it reserved",
      "unsentRow",
      replace("row.budgets.map((budget) => ({ ...budget, amount: 0n }))", "row.budgets"),
    ],
  ]),
  ...mutantsOf("src/ledger/buffered-ledger.ts", TABLES, [
    ["ledger-lease-ends", "the lease of open rows is not renewed", "BufferedLedger.open", skip("this.#renewLater")],
    [
      "ledger-open-row-wins",
      "an open row replaces the final row of its attempt",
      "BufferedLedger.#put",
      always('known === undefined || known.row.outcome === "open"'),
    ],
  ]),
  ...mutantsOf("src/ledger/buffered-ledger.ts", FILES, [
    [
      "ledger-forgets-failed-rows",
      "rows whose transaction failed are lost",
      "BufferedLedger.#failed",
      replace("batch.filter(isKept)", "[]"),
    ],
    [
      "ledger-acknowledges-early",
      'with durability "sync", a row is acknowledged before it is on disk',
      "BufferedLedger.#put",
      always('this.#options.durability === "batch"'),
    ],
    [
      "ledger-without-bound",
      "any number of rows waits in memory",
      "BufferedLedger.#add",
      always("hasRoom || this.#rows.has(key) || this.#inTransaction.has(key)"),
    ],
  ]),
  ...mutantsOf("src/ledger/sqlite-tables.ts", TABLES, [
    [
      "ledger-without-lease",
      "open rows are lost at once, because their process has no lease",
      "SqliteTables.write",
      replace("stored.some(isOpen) ? [this.#lease()] : []", "[]"),
    ],
  ]),
];
