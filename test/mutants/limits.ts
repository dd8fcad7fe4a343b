import { always, drop, never, replace, skip, unwrap } from "./change.ts";
import { mutantsOf } from "./mutant.ts";

const BREAKER = ["test/layers/circuit-breaker.test.ts"];
const TIMEOUT = ["test/layers/timeout.test.ts", "test/layers/attempt-clocks.test.ts"];
const CONCURRENCY = ["test/layers/concurrency.test.ts"];

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
  ...mutantsOf(
    "src/layers/guard.ts",
    ["test/layers/concurrency.test.ts", "test/layers/guard.test.ts"],
    [
      [
        "guard-slot-lost-with-reader",
        "a slot is not released when the reader stops early",
        "releasing",
        replace(
          "try { yield* events; } finally { release(); }",
          "try { yield* events; release(); } catch (error) { release(); throw error; }",
        ),
      ],
      ["guard-slot-lost", "slots are never released", "hold", replace("admit(release)", "admit(() => void release)")],
    ],
  ),
  ...mutantsOf("src/layers/concurrency.ts", CONCURRENCY, [
    [
      "slots-kept-for-the-aborted",
      "a call aborted in the queue keeps the slot it is given",
      "admit",
      skip("release()"),
    ],
    ["slots-queue-counts-up", "places in the queue are never released", "admit", skip("slots.waiting--")],
    [
      "slots-queue-one-longer",
      "one more call is queued than `queue` allows",
      "admit",
      replace("slots.waiting >= call.target.policy.queue", "slots.waiting > call.target.policy.queue"),
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
