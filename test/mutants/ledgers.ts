import { always, drop, never, replace, skip } from "./change.ts";
import { mutantsOf } from "./mutant.ts";

const SQLITE = ["test/ledger/sqlite.test.ts"];
const FILES = ["test/ledger/sqlite-files.test.ts"];
const FACTORY = ["test/ledger/factory.test.ts"];

/** Rows of the ledger. */
export const ledgers = [
  ...mutantsOf("src/ledger/buffered-ledger.ts", SQLITE, [
    [
      "ledger-batch-late",
      "a crash loses the rows of the last second",
      "BufferedLedger.#writeLater",
      replace("BATCH_MS", "1_000"),
    ],
    [
      "ledger-open-replaces-final",
      "an open row that comes late replaces the final row",
      "BufferedLedger.#put",
      always('known === undefined || known.row.outcome === "open"'),
    ],
    [
      "ledger-sync-does-not-wait",
      'with durability "sync" a request leaves before its row is on disk',
      "BufferedLedger.#put",
      always('this.#options.durability === "batch"'),
    ],
    [
      "ledger-lease-not-renewed",
      "rows of a living process are lost",
      "BufferedLedger.#renewLater",
      skip("this.#tables.renew().catch"),
    ],
    [
      "ledger-closed-too-early",
      "rows that are appended after the ledger was closed are not written",
      "BufferedLedger.#put",
      never("this.#closed"),
    ],
    [
      "ledger-buffer-without-limit",
      "rows in memory have no limit",
      "BufferedLedger.#add",
      always("this.#rows.size + this.#inTransaction < MAX_BUFFERED_ROWS"),
    ],
    [
      "ledger-keeps-everything",
      "rows older than `keep` are never deleted",
      "BufferedLedger.#maintain",
      never("keep !== Number.POSITIVE_INFINITY && nowMs - this.#deletedAtMs >= DELETE_MS"),
    ],
  ]),
  ...mutantsOf("src/ledger/buffered-ledger.ts", FILES, [
    [
      "ledger-failed-rows-dropped",
      "rows of a transaction that failed are not written again",
      "BufferedLedger.#failed",
      replace("batch.filter(isKept)", "batch.slice(0, 0)"),
    ],
  ]),
  ...mutantsOf("src/ledger/sqlite-tables.ts", SQLITE, [
    [
      "ledger-open-is-spent",
      "what open rows reserve counts as spent",
      "rowStatements",
      replace("isOpen(row) ? 0 : 1", "1"),
    ],
    [
      "ledger-charged-twice",
      "a final row adds to what its open row was charged",
      "rowStatements",
      drop("{ sql: DELETE_CHARGES, values: [callId, attempt] }"),
    ],
    [
      "ledger-crash-forgotten",
      "a counter that is rebuilt lacks what a crashed process reserved",
      "SqliteTables.spent",
      replace("reserved ? 1 : 0", "0"),
    ],
  ]),
  ...mutantsOf("src/ledger/hashed-users.ts", SQLITE, [
    [
      "hashed-member-plain",
      "the member of a budget shows the user",
      "hashedRow",
      replace("hashOf(budget.member, key)", "budget.member"),
    ],
  ]),
  ...mutantsOf("src/layers/ledger-rows.ts", FACTORY, [
    [
      "row-has-the-reservation",
      "a row has what was reserved, not what was booked",
      "ended",
      replace("await attempt.call.admitted?.booked()", "undefined"),
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
      replace("budgets.map((budget) => ({ ...budget, amount: 0n }))", "budgets"),
    ],
  ]),
];
