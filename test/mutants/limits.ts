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
      'if (error.row.countsForBreaker && !error.reusedSocket && !is4xx(error)) return "failed";',
      'if (!error.reusedSocket && !is4xx(error)) return "failed";',
    ],
    [
      "breaker-counts-idle-connections",
      "a connection that had merely been idle counts as a failure",
      'if (error.row.countsForBreaker && !error.reusedSocket && !is4xx(error)) return "failed";',
      'if (error.row.countsForBreaker && !is4xx(error)) return "failed";',
    ],
    [
      "breaker-counts-408",
      "a 4xx that is retried opens the breaker",
      'if (error.row.countsForBreaker && !error.reusedSocket && !is4xx(error)) return "failed";',
      'if (error.row.countsForBreaker && !error.reusedSocket) return "failed";',
    ],
    ["breaker-hears-nothing", "the breaker is never told how a call ended", "    report(verdict);\n", ""],
    [
      "breaker-probe-left-is-lost",
      "a reader that stops after healthy tokens leaves the breaker open",
      'if (verdict === "unknown" && sawContent) verdict = "answered";',
      "",
    ],
    [
      "breaker-open-after-4xx",
      "a probe that is answered with a 4xx says nothing",
      'return error.status !== undefined || exchange?.response !== undefined ? "answered" : "unknown";',
      'return "unknown";',
    ],
    [
      "breaker-closed-by-the-proxy",
      "a proxy that refuses closes the breaker of the target",
      'if (FROM_ELSEWHERE.has(error.code)) return "unknown";',
      'if (exchange === undefined) return "answered";',
    ],
    [
      "breaker-gate-open",
      "a target whose breaker opened meanwhile is tried again",
      'if (breaker === undefined || breaker.state === "closed") return next(call);',
      "if (breaker !== null) return next(call);",
    ],
    [
      "breaker-deaf-to-other-entries",
      "a breaker hears only of the calls that it admitted",
      "    breakers.tell(call.target, breaker, verdict);\n",
      "",
    ],
    [
      "breaker-reset-opens-isolation-later",
      "a reset leaves the target isolated for entries that come later",
      "    this.#isolated.delete(key);\n",
      "",
    ],
  ]),
  ...mutantsOf("src/layers/breaker.ts", BREAKER, [
    [
      "breaker-two-probes",
      "others go out beside the probe",
      'return "circuit open; a probe is in flight";',
      "return this.#admitProbe();",
    ],
    [
      "breaker-waits-after-a-lost-probe",
      "a probe that says nothing keeps the next one waiting",
      "this.#open(0);",
      "this.#open(this.settings.halfOpenAfterMs);",
    ],
    [
      "breaker-closed-by-neutral-probe",
      "a probe that says nothing about the target closes the breaker",
      'if (verdict === "unknown") {',
      'if (verdict === "failed" && false) {',
    ],
    [
      "breaker-half-open-by-the-wall-clock",
      "the wall clock decides when a probe goes out",
      "this.#probeAtMs - this.#clock.monotonic()",
      "this.#probeAtMs - Date.now()",
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
  ]),
  ...mutantsOf(
    "src/layers/guard.ts",
    ["test/layers/concurrency.test.ts", "test/layers/guard.test.ts"],
    [
      [
        "guard-slot-lost-with-reader",
        "a reader that leaves takes the slot along",
        "    yield* events;\n  } finally {\n    release();\n  }",
        "    yield* events;\n    release();\n  } catch (error) {\n    release();\n    throw error;\n  }",
      ],
      ["guard-slot-lost", "slots are never given back", "admit(release)", "admit(() => void release)"],
    ],
  ),
  ...mutantsOf("src/layers/concurrency.ts", CONCURRENCY, [
    [
      "slots-kept-for-the-aborted",
      "a call that was aborted while it waited keeps the slot it gets",
      "      (release) => release(),\n",
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
  ...mutantsOf("src/layers/loading.ts", TIMEOUT, [
    [
      "loading-counted",
      "loading an SDK uses up the time of the first attempt",
      "sdk === undefined && wire === undefined ? next(call) : afterLoading([sdk, wire], call, next)",
      "next(call)",
    ],
    [
      "loading-past-the-deadline",
      "a call waits for an SDK although its deadline is over",
      "await unlessCancelled(Promise.allSettled(pending), call.cancellation);",
      "await Promise.allSettled(pending);",
    ],
    [
      "loading-failure-untyped",
      "an SDK that cannot be loaded fails the call with an error that is not a ModelError",
      "Promise.allSettled(pending)",
      "Promise.all(pending)",
    ],
  ]),
  ...mutantsOf("src/layers/timeout.ts", TIMEOUT, [
    [
      "timeout-break-at-the-limit",
      "a connection that breaks in the moment of the timeout is a failure of its own and is retried",
      "throw clocks.failureAtLimit(error) ?? error;",
      "throw error;",
    ],
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
  ...mutantsOf(
    "src/core/node-version.ts",
    ["test/core/node-version.test.ts"],
    [
      ["node-minor-ignored", "every Node 22 is accepted", "minor >= oldestMinor", "minor >= 0"],
      ["node-never-refused", "an older Node is not refused", "if (major > oldestMajor ||", "if (major > 0 ||"],
    ],
  ),
];
