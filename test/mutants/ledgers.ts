import { never, replace, skip } from "./change.ts";
import { mutantsOf } from "./mutant.ts";

const FACTORY = ["test/ledger/factory.test.ts"];

/** Rows of the ledger. */
export const ledgers = [
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
