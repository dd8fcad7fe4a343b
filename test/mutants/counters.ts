import { always, drop, never, skip } from "./change.ts";
import { mutantsOf } from "./mutant.ts";

const MEMORY = ["test/stores/memory-counters.test.ts"];
const SQLITE = ["test/stores/sqlite-counters.test.ts"];

/** Counters of budgets and limits. */
export const counters = [
  ...mutantsOf("src/stores/claim-rules.ts", MEMORY, [
    ["counters-ignore-reserved", "a budget grants what other attempts have reserved", "checkBudget", drop("reserved")],
    [
      "counters-wait-for-exhausted",
      "an exhausted budget waits for other claims",
      "refusalOf",
      never("!PASSES.has(refusal.reason)"),
    ],
    [
      "counters-wait-shortest",
      "the last claim that waits is named, not the one with the longest wait",
      "refusalOf",
      always("longest === undefined || (refusal.waitMs ?? 0) > (longest.waitMs ?? 0)"),
    ],
    [
      "counters-any-members",
      "a budget has more counters than max_counters",
      "checkBudget",
      never("counter === undefined && state.members(claim.family) >= claim.maxMembers"),
    ],
    [
      "counters-need-no-seed",
      "a missing counter starts at zero",
      "checkBudget",
      never("!isComplete(counter) && claim.seed === undefined"),
    ],
    [
      "counters-any-period",
      "a claim of a past period is granted",
      "checkBudget",
      never("nowMs < claim.startsMs || nowMs >= claim.endsMs"),
    ],
  ]),
  ...mutantsOf("src/stores/claim-rules.ts", SQLITE, [
    [
      "counters-lost-is-complete",
      "what was settled after a loss of data counts as all that was spent",
      "isComplete",
      drop("counter.seeded !== false"),
    ],
  ]),
  ...mutantsOf("src/stores/sqlite-operations.ts", SQLITE, [
    [
      "sqlite-settles-twice",
      "a repeated settlement is booked again",
      "SqliteOperations.#settle",
      never("found?.state === SETTLED || found?.state === state"),
    ],
    [
      "sqlite-late-settlement-adds",
      "a settlement after the lease does not replace what was booked",
      "SqliteOperations.#book",
      never("wasBooked"),
    ],
    [
      "sqlite-frees-slot-twice",
      "a settlement after the lease frees another attempt's slot",
      "SqliteOperations.#settle",
      drop("reservation?.state === ACTIVE"),
    ],
    [
      "sqlite-no-leases",
      "the reservations of a dead process stay",
      "SqliteOperations.begin",
      skip("this.#expire(nowMs)"),
    ],
    [
      "sqlite-admission-renews-nothing",
      "an admission does not renew the lease",
      "SqliteOperations.#admit",
      never("!probe"),
    ],
    [
      "sqlite-admits-settled",
      "an attempt that was settled before is admitted",
      "SqliteOperations.#admit",
      never("this.#reservation(id) !== undefined"),
    ],
  ]),
];
