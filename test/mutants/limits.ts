import { mutantsOf } from "./mutant.ts";

const BREAKER = ["test/layers/circuit-breaker.test.ts"];
const TIMEOUT = ["test/layers/timeout.test.ts", "test/layers/attempt-clocks.test.ts"];
const CONCURRENCY = ["test/layers/concurrency.test.ts"];

/** Breakers, slots, clocks. */
export const limits = [
  ...mutantsOf("src/layers/circuit-breaker.ts", BREAKER, [
    [
      "breaker-counts-4xx",
      "mistakes of the caller open the breaker",
      "return error.row.countsForBreaker && !error.reusedSocket;",
      "return !error.reusedSocket;",
    ],
    [
      "breaker-counts-idle-connections",
      "a connection that had merely been idle counts as a failure",
      "return error.row.countsForBreaker && !error.reusedSocket;",
      "return error.row.countsForBreaker;",
    ],
    [
      "breaker-closed-by-neutral-probe",
      "a probe that says nothing about the target closes the breaker",
      "(!countsForBreaker(outcome.error) && !probing)",
      "!countsForBreaker(outcome.error)",
    ],
    [
      "breaker-two-probes",
      "others go out beside the probe",
      'if (policy.state === CircuitState.HalfOpen) throw open(call, "one probe is under way");',
      "",
    ],
    [
      "breaker-hears-nothing",
      "the breaker is never told how a call ended",
      "release(seenByBreaker(outcome, probing));",
      "",
    ],
    [
      "breaker-by-the-wall-clock",
      "the window follows the wall clock",
      "const now = this.#clock.monotonic();",
      "const now = Date.now();",
    ],
    [
      "breaker-window-forgets-nothing",
      "failures older than the window count",
      "this.#failures = this.#failures.filter((at) => at > now - this.#windowMs);",
      "",
    ],
    [
      "breaker-gate-open",
      "a target whose breaker opened meanwhile is tried again",
      "if (policy === undefined || policy.state === CircuitState.Closed) return next(call);",
      "if (policy !== null) return next(call);",
    ],
    [
      "breaker-deaf-to-other-entries",
      "a breaker hears only of the calls that it admitted",
      "breakers.tell(call.target, policy, seenByBreaker(outcome, false));",
      "",
    ],
    [
      "breaker-reset-opens-isolation-later",
      "a reset leaves the target isolated for entries that come later",
      "    this.#isolated.delete(key);\n",
      "",
    ],
  ]),
  ...mutantsOf(
    "src/layers/guard.ts",
    ["test/layers/concurrency.test.ts", "test/layers/guard.test.ts"],
    [
      [
        "guard-slot-lost-with-reader",
        "a reader that leaves takes the slot along",
        "release(outcome ?? { ok: false, error: abandoned() });",
        "if (outcome !== undefined) release(outcome);",
      ],
      [
        "guard-failure-is-success",
        "a stream that breaks counts as a success",
        "outcome.ok ? succeed() : fail(outcome.error)",
        "outcome.ok ? succeed() : succeed()",
      ],
      [
        "guard-slot-lost",
        "slots are never given back",
        "admit((outcome) => (outcome.ok ? succeed() : fail(outcome.error)));",
        "admit(() => {}); fail;",
      ],
    ],
  ),
  ...mutantsOf("src/layers/concurrency.ts", CONCURRENCY, [
    [
      "slots-kept-for-the-aborted",
      "a call that was aborted while it waited keeps the slot it gets",
      "      (release) => release({ ok: true }),\n",
      "      () => {},\n",
    ],
    ["slots-queue-counts-up", "places in the queue are never given back", "    if (mustWait) slots.waiting--;\n", ""],
    [
      "slots-queue-one-longer",
      "one call more waits than queue says",
      "slots.waiting >= call.target.policy.queue",
      "slots.waiting > call.target.policy.queue",
    ],
  ]),
  ...mutantsOf("src/layers/timeout.ts", TIMEOUT, [
    ["timeout-clock-left", "the timer of an attempt outlives it", "    clocks.stop();\n", ""],
    ["timeout-scope-left", "the scope of an attempt stays on the call", "    attempt.release();\n", ""],
    [
      "timeout-blames-the-reader",
      "the time a slow reader takes is idleness of the model",
      "const since = this.#waiting ? this.#lastDataMs : this.#call.clock.monotonic();",
      "const since = this.#lastDataMs;",
    ],
    [
      "timeout-reader-eats-the-attempt",
      "the time a slow reader takes is taken from the attempt",
      "atMs: this.#startedMs + attemptTimeoutMs + this.#readersMs(),",
      "atMs: this.#startedMs + attemptTimeoutMs,",
    ],
    [
      "timeout-kills-the-call",
      "a timed-out attempt ends the whole call",
      "this.#attempt.cancel(timedOut(",
      "this.#call.cancellation.cancel(timedOut(",
    ],
    [
      "timeout-first-token-for-ever",
      "the first-token clock runs on after the first token",
      "if (!this.sawToken && firstTokenTimeoutMs",
      "if (firstTokenTimeoutMs",
    ],
    [
      "timeout-idle-without-stream",
      "an answer in one piece is called idle",
      "if (this.#lastDataMs !== undefined && this.#call.streaming) {",
      "if (this.#lastDataMs !== undefined) {",
      {
        file: "src/layers/timeout.ts",
        before: "if (first && this.#call.streaming) this.#rearm();",
        after: "if (first) this.#rearm();",
      },
    ],
    [
      "timeout-waits-for-the-deaf",
      "a dialect that hears no abort holds up the call",
      "const step = await unlessCancelled(iterator.next(), attempt);",
      "const step = await iterator.next();",
    ],
  ]),
  ...mutantsOf("src/layers/deadline.ts", TIMEOUT, [
    [
      "deadline-clock-left",
      "the timer of the deadline outlives the call",
      "  call.record.onSettle(off);\n",
      "  void off;\n",
    ],
    [
      "deadline-by-the-wall-clock",
      "waits are compared with the wall clock",
      "deadlineAtMs: call.clock.monotonic() + deadlineMs",
      "deadlineAtMs: call.clock.now() + deadlineMs",
    ],
    [
      "deadline-toothless",
      "the deadline does not end the call",
      'call.cancellation.cancel(timedOut(call, "deadline", deadlineMs))',
      'void timedOut(call, "deadline", deadlineMs)',
    ],
  ]),
];
