import { always, instead, never, replace, skip } from "./change.ts";
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
    [
      "ledger-full-batch-waits",
      "rows that fill a transaction wait for its time",
      "BufferedLedger.#writeLater",
      never("this.#closed || this.#rows.hasFullBatch"),
    ],
  ]),
  ...mutantsOf(
    "src/ledger/buffered-ledger.ts",
    ["test/ledger/buffered-ledger.test.ts"],
    [
      [
        "ledger-rows-wait-for-maintenance",
        "rows wait until lost rows are found and old ones deleted",
        "BufferedLedger.#writeAll",
        replace("this.#startMaintenance()", "await this.#maintain()"),
      ],
      [
        "ledger-closed-during-maintenance",
        "tables are closed while lost rows are searched for",
        "BufferedLedger.#closeTables",
        replace("this.#maintenance", "undefined"),
      ],
    ],
  ),
  ...mutantsOf("src/ledger/lease.ts", TABLES, [
    ["ledger-lease-ends", "the lease of open rows is not renewed", "Lease.#renewLater", skip("this.#renew")],
  ]),
  ...mutantsOf("src/ledger/sqlite-worker.ts", TABLES, [
    [
      "ledger-charges-twice",
      "a row that is written twice is charged twice",
      "serveSqlite",
      replace("Number(writeRow.run(...values).changes) > 0", "writeRow.run(...values) !== undefined"),
    ],
  ]),
  ...mutantsOf("src/ledger/packed-rows.ts", FILES, [
    [
      "ledger-rounds-amounts",
      "amounts that are no exact number are rounded",
      "PackedRows.#putInteger",
      always("Number.isSafeInteger(number)"),
    ],
  ]),
  ...mutantsOf(
    "src/ledger/row-buffer.ts",
    ["test/ledger/buffered-ledger.test.ts", ...FILES],
    [
      [
        "ledger-forgets-failed-rows",
        "rows whose transaction failed are lost",
        "RowBuffer.fail",
        instead("this.#batch", "if (this.#batch !== undefined) this.commit(this.#batch);"),
      ],
      [
        "ledger-keeps-replaced-row",
        "an open row stays in memory although its final row replaces it",
        "RowBuffer.addFinal",
        never("opened !== undefined"),
      ],
    ],
  ),
  ...mutantsOf("src/ledger/buffered-ledger.ts", FILES, [
    [
      "ledger-acknowledges-early",
      'with durability "sync", a row is acknowledged before it is on disk',
      "BufferedLedger.#addFinal",
      never('this.#options.durability === "sync"'),
    ],
    [
      "ledger-without-bound",
      "any number of rows waits in memory",
      "BufferedLedger.#addFinal",
      never("!this.#rows.hasRoom && !this.#rows.hasOpen(key)"),
    ],
  ]),
  ...mutantsOf("src/ledger/sqlite-tables.ts", TABLES, [
    [
      "ledger-without-lease",
      "open rows are lost at once, because their process has no lease",
      "SqliteTables.write",
      replace('rows.some(({ outcome }) => outcome === "open") ? [this.#lease()] : []', "[]"),
    ],
  ]),
  ...mutantsOf(
    "src/ledger/postgres-tables.ts",
    ["test/ledger/postgres.test.ts"],
    [
      [
        "postgres-without-lease",
        "open rows in Postgres are lost at once, because their process has no lease",
        "PostgresTables.writeStored",
        replace("rows.some(isOpen)", "false"),
      ],
    ],
  ),
];
