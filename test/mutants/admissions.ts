import { always, drop, never, replace, skip } from "./change.ts";
import { mutantsOf } from "./mutant.ts";

const ADMISSION = ["test/layers/admission.test.ts"];
const PAUSES = ["test/layers/retry-limits.test.ts"];

/** What attempts claim, and how they wait. */
export const admissions = [
  ...mutantsOf("src/layers/charges.ts", ADMISSION, [
    [
      "unseen-answer-is-free",
      "an aborted request costs only its prompt, although the provider may bill the answer",
      "amountUsed",
      never("unseen && usage?.estimated === true"),
    ],
    [
      "cut-answer-as-seen",
      "of an answer that broke off, only what arrived is booked",
      "amountUsed",
      never("possiblyBilled && reported.estimated"),
    ],
    [
      "cut-answer-above-reservation",
      "the supplement for an answer that broke off exceeds the reservation",
      "withUnseen",
      always("2n * known < reserved"),
    ],
    [
      "ledger-asked-by-each",
      "every attempt that waits asks the ledger",
      "Charges.#seedOf",
      always("seed === undefined"),
    ],
    [
      "all-tags-must-match",
      "a rule applies only if it has all tags of the call",
      "matches",
      replace("call.input.tags.some", "call.input.tags.every"),
    ],
    [
      "rule-of-users-for-all",
      "a rule for some users applies to all calls of a target",
      "asksNothing",
      replace("users === undefined", "true"),
    ],
    [
      "largest-max-output",
      "the largest max_output of several budgets is sent",
      "withMaxOutput",
      replace("budget.maxOutput < (chosen?.maxOutput ?? Number.POSITIVE_INFINITY)", "true"),
    ],
  ]),
  ...mutantsOf("src/layers/line.ts", ADMISSION, [
    [
      "line-first-stays-first",
      "a more urgent attempt waits behind one that was first before",
      "Line.pause",
      never("this.#first === waiting"),
    ],
  ]),
  ...mutantsOf("src/layers/budget-periods.ts", ADMISSION, [
    [
      "period-without-end",
      "the first period is the current one forever",
      "BudgetPeriods.current",
      drop("nowMs < span.endsMs"),
    ],
  ]),
  ...mutantsOf(
    "src/layers/admission.ts",
    ["test/layers/concurrency.test.ts"],
    [
      [
        "admission-granted-after-abort",
        "what was granted at the moment of an abort stays reserved",
        "Admission.#ask",
        never("cancellation.cancelled && !probe"),
      ],
    ],
  ),
  ...mutantsOf("src/layers/admission.ts", ADMISSION, [
    [
      "admission-past-the-deadline",
      "a call waits longer than its deadline",
      "Admission.#within",
      replace("Math.min(wait.untilMs, deadlineAtMs)", "wait.untilMs"),
    ],
  ]),
  ...mutantsOf("src/layers/reservations.ts", ADMISSION, [
    [
      "freed-slot-not-offered",
      "an attempt waits although a slot is free again, because a shared store refused the rest of another one",
      "Reservations.reserve",
      skip("onFreed"),
    ],
  ]),
  ...mutantsOf("src/layers/key-pause.ts", PAUSES, [
    [
      "pause-with-another-key",
      "a call waits for a paused key although another one may serve",
      "Patience.wait",
      replace("target.credentials.keys.length > 1", "false"),
    ],
  ]),
];
