import { always, drop, never, replace, skip, unwrap } from "./change.ts";
import { mutantsOf } from "./mutant.ts";

const BREAKER = ["test/layers/circuit-breaker.test.ts"];
const TIMEOUT = ["test/layers/timeout.test.ts", "test/layers/attempt-clocks.test.ts"];
const ADMISSION = [
  "test/layers/admission.test.ts",
  "test/layers/concurrency.test.ts",
  "test/layers/retry-limits.test.ts",
];

/** Circuit breakers, slots, timeouts. */
export const limits = [
  ...mutantsOf("src/layers/circuit-breaker.ts", BREAKER, [
    [
      "breaker-counts-4xx",
      "errors of the caller open the circuit breaker",
      "verdictOf",
      drop("error.row.countsForBreaker"),
    ],
    [
      "breaker-counts-idle-connections",
      "a reused connection that was closed counts as a failure",
      "verdictOf",
      drop("!error.reusedSocket"),
    ],
    ["breaker-counts-408", "an HTTP 4xx response opens the circuit breaker", "verdictOf", drop("!is4xx(error)")],
    [
      "breaker-without-reports",
      "the outcome of a call is never reported to the circuit breaker",
      "guarded",
      skip("report"),
    ],
    [
      "breaker-probe-left-is-lost",
      "a reader that leaves a probe after healthy tokens keeps the circuit open",
      "guarded",
      never('verdict === "unknown" && sawContent'),
    ],
    [
      "breaker-open-after-4xx",
      "a probe answered with HTTP 4xx does not close the circuit",
      "verdictOf",
      never("error.status !== undefined || exchange?.response !== undefined"),
    ],
    [
      "breaker-closed-by-the-proxy",
      "a response of the proxy closes the circuit of the target",
      "verdictOf",
      never("FROM_ELSEWHERE.has(error.code)"),
    ],
    [
      "breaker-gate-open",
      "a retry is sent after the circuit opened during the call",
      "breakerGate",
      always("breaker === undefined"),
    ],
    [
      "breaker-ignores-other-entries",
      "a circuit breaker sees only the calls that it admitted",
      "guarded",
      skip("breakers.tell"),
    ],
    [
      "breaker-reset-opens-isolation-later",
      "after a reset the target stays isolated for entries that are used later",
      "Breakers.reset",
      skip("this.#isolated.delete"),
    ],
  ]),
  ...mutantsOf("src/layers/breaker.ts", BREAKER, [
    [
      "breaker-two-probes",
      "a half-open circuit sends more than one probe",
      "Breaker.admit",
      replace('"circuit open; a probe is in flight"', "this.#admitProbe()"),
    ],
    [
      "breaker-waits-after-a-lost-probe",
      "the circuit stays open for the full time after a probe without a result",
      "Breaker.#endProbe",
      replace("0", "this.settings.halfOpenAfterMs"),
    ],
    [
      "breaker-closed-by-neutral-probe",
      "a probe without a result closes the circuit",
      "Breaker.#endProbe",
      never('verdict === "unknown"'),
    ],
    [
      "breaker-half-open-by-the-wall-clock",
      "the system time decides when a probe is sent",
      "Breaker.#admitProbe",
      replace("this.#clock.monotonic", "Date.now"),
    ],
    [
      "breaker-by-the-wall-clock",
      "the failure window follows the system time",
      "WindowBreaker.failure",
      replace("this.#clock.monotonic", "Date.now"),
    ],
    [
      "breaker-window-forgets-nothing",
      "failures outside the window count",
      "WindowBreaker.failure",
      skip("this.#failures"),
    ],
  ]),
  ...mutantsOf("src/layers/admission.ts", ADMISSION, [
    [
      "admission-slot-lost-with-reader",
      "what an attempt holds is not released if no request was sent",
      "Admission.run",
      skip("this.#settle(held, undefined)"),
    ],
    [
      "admission-nobody-woken",
      "attempts that wait are not told that a slot is free",
      "Admission.#poke",
      never("!lines.empty"),
    ],
    [
      "admission-queue-one-longer",
      "one more call is queued than `queue` allows",
      "Admission.#enter",
      replace("lines.sizeOf(wait.line) >= wait.queue", "lines.sizeOf(wait.line) > wait.queue"),
    ],
    ["admission-overtakes", "a new attempt overtakes those that wait", "Admission.#busyCharge", always("lines.empty")],
    [
      "pause-unheeded",
      "a call is sent while another call has been told to wait",
      "Admission.#enter",
      never("this.#parts.keys.restMs(this.#call) > 0"),
    ],
  ]),
  ...mutantsOf("src/layers/turns.ts", ADMISSION, [
    [
      "line-without-turns",
      "the user who was first is served until all of its attempts are done",
      "Turns.leave",
      replace("known.turn + 1", "1"),
    ],
  ]),
  ...mutantsOf("src/layers/line.ts", ADMISSION, [
    [
      "line-without-aging",
      "an attempt with a low priority waits forever",
      "Line.#best",
      replace("priority - (nowMs - sinceMs) / AGING_MS", "priority"),
    ],
    [
      "line-forgets-a-poke",
      "what becomes free while the first attempt asks for it is missed",
      "Line.poke",
      replace("this.#first.isPoked = true", "this.#first.isPoked = false"),
    ],
    [
      "line-asks-out-of-turn",
      "an attempt that has waited long enough asks although it is not first",
      "Line.wait",
      replace("this.#first === waiting", "true"),
    ],
    ["line-kept", "the place of an aborted attempt stays taken", "Line.leave", skip("this.#waiting.delete(waiting)")],
  ]),
  ...mutantsOf("src/stores/claim-rules.ts", ADMISSION, [
    [
      "budget-ignores-reservations",
      "concurrent calls spend more than the budget",
      "checkBudget",
      replace("spent + reserved + claim.amount <= claim.limit", "spent + claim.amount <= claim.limit"),
    ],
  ]),
  ...mutantsOf("src/stores/memory-counters.ts", ADMISSION, [
    [
      "budget-keeps-reservations",
      "a reservation stays after the attempt is settled",
      "MemoryCounters.#book",
      skip("counter.reserved -= reserved"),
    ],
    [
      "slot-kept",
      "slots are never released",
      "MemoryCounters.#freeSlot",
      replace("(this.#slots.get(counter) ?? 1) - 1", "1"),
    ],
  ]),
  ...mutantsOf("src/layers/charges.ts", ADMISSION, [
    [
      "unknown-cost-is-free",
      "an attempt of unknown cost is booked as free",
      "amountUsed",
      replace("totalNano(cost) ?? claim.amount", "totalNano(cost) ?? 0n"),
    ],
    [
      "unseen-tokens-are-free",
      "an aborted attempt is booked in tokens without what did not arrive",
      "amountUsed",
      replace("reported.estimated", "budget.tokens === undefined && reported.estimated"),
    ],
    [
      "one-tag-charged",
      "of several tags only the first is charged",
      "valuesOf",
      replace("[...new Set(input.tags)]", "input.tags.slice(0, 1)"),
    ],
  ]),
  ...mutantsOf("src/layers/loading.ts", TIMEOUT, [
    [
      "loading-counted",
      "the time to load an SDK counts toward the first attempt",
      "loading",
      always("sdk === undefined && wire === undefined"),
    ],
    [
      "loading-past-the-deadline",
      "a call waits for an SDK to load after its deadline",
      "afterLoading",
      unwrap("unlessCancelled"),
    ],
    [
      "loading-failure-untyped",
      "an SDK that cannot be loaded fails the call with another error than a ModelError",
      "afterLoading",
      replace("Promise.allSettled", "Promise.all"),
    ],
  ]),
  ...mutantsOf("src/layers/timeout.ts", TIMEOUT, [
    [
      "timeout-break-at-the-limit",
      "a connection that breaks at the moment of the timeout is reported as a connection failure and retried",
      "timeout",
      drop("clocks.failureAtLimit(error)"),
    ],
    ["timeout-clock-left", "the timer of an attempt outlives the attempt", "timeout", skip("clocks.stop")],
    [
      "timeout-scope-left",
      "the cancellation scope of an attempt stays attached to the call",
      "timeout",
      skip("attempt.release"),
    ],
    [
      "timeout-blames-the-reader",
      "time spent by a slow reader counts toward idle_timeout",
      "Clocks.#nearest",
      always("this.#waiting"),
    ],
    [
      "timeout-reader-eats-the-attempt",
      "time spent by a slow reader counts toward the timeout of the attempt",
      "Clocks.#nearest",
      drop("this.#readersMs()"),
    ],
    [
      "timeout-kills-the-call",
      "a timed-out attempt cancels the whole call",
      "Clocks.#fire",
      replace("this.#attempt", "this.#call.cancellation"),
    ],
    [
      "timeout-first-token-forever",
      "first_token_timeout still applies after the first token",
      "Clocks.#nearest",
      drop("!this.sawToken"),
    ],
    [
      "timeout-idle-without-stream",
      "idle_timeout applies to an answer that is not streamed",
      "Clocks.#nearest",
      replace("this.#lastDataMs !== undefined && this.#call.streaming", "this.#lastDataMs !== undefined"),
      { file: "src/layers/timeout.ts", place: "Clocks.arrived", change: drop("this.#call.streaming") },
    ],
    [
      "timeout-waits-for-the-dialect",
      "a timeout waits for a dialect that does not react to its cancellation",
      "timeout",
      unwrap("wait.for"),
    ],
  ]),
  ...mutantsOf("src/layers/deadline.ts", TIMEOUT, [
    ["deadline-clock-left", "the timer of the deadline outlives the call", "deadline", skip("call.record.onSettle")],
    [
      "deadline-by-the-wall-clock",
      "the deadline of a call is computed from the system time",
      "deadline",
      replace("call.clock.monotonic", "call.clock.now"),
    ],
    ["deadline-without-effect", "the deadline does not end the call", "deadline", skip("call.cancellation.cancel")],
  ]),
  ...mutantsOf(
    "src/core/node-version.ts",
    ["test/core/node-version.test.ts"],
    [
      ["node-minor-ignored", "every release of Node 22 is accepted", "unsupportedNode", always("minor >= oldestMinor")],
      ["node-never-refused", "an unsupported Node is accepted", "unsupportedNode", always("major > oldestMajor")],
    ],
  ),
];
