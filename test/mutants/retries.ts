import { mutantsOf } from "./mutant.ts";

const RETRY = ["test/layers/retry.test.ts", "test/layers/retry-limits.test.ts"];
const KEYS = ["test/layers/credential.test.ts", "test/layers/keys-and-tokens.test.ts"];
const HOOKS = [...KEYS, "test/keys/token-hooks.test.ts"];

/** Another try: when, after what wait, and with which key. */
export const retries = [
  ...mutantsOf("src/layers/retry.ts", RETRY, [
    [
      "retry-after-delivery",
      "tries again after content was delivered, with on_break = error",
      'if (call.onBreak === "error" || !tries.allows(error)) throw error;',
      "if (!tries.allows(error)) throw error;",
    ],
    [
      "retry-restart-without-reset",
      "a restart after delivered content says no reset",
      'yield* afterBreak(call, (error as ModelError).code, "it");',
      'afterBreak(call, (error as ModelError).code, "it");',
    ],
    [
      "retry-delivers-the-discarded",
      "events of an attempt that fails before its content are delivered",
      "if (step.value.some(isContent)) return { buffered, rest: iterator };",
      "return { buffered, rest: iterator };",
    ],
    [
      "retry-after-is-zero",
      "the wait that the provider names is no wait",
      "if (asked !== undefined && asked > 0) return asked * (1 + random() * 0.1);",
      "if (asked !== undefined && asked > 0) return 0;",
    ],
    [
      "retry-after-without-limit",
      "max_retry_after is ignored",
      "if (asked !== undefined && asked > policy.maxRetryAfterMs) return undefined;",
      "",
    ],
    [
      "retry-over-the-deadline",
      "a wait that ends after the deadline is begun",
      "return deadlineAtMs === undefined || clock.monotonic() + waitMs < deadlineAtMs;",
      "return deadlineAtMs === undefined || waitMs >= 0;",
    ],
    [
      "retry-backoff-without-cap",
      "the backoff grows beyond retry_max_wait",
      "Math.min(policy.retryMaxWaitMs, base * policy.retryMultiplier ** tries);",
      "base * policy.retryMultiplier ** tries;",
    ],
    [
      "retry-backoff-stands-still",
      "the backoff does not grow",
      "base * policy.retryMultiplier ** tries);",
      "base * policy.retryMultiplier);",
    ],
    [
      "retry-jitter-goes-below",
      "jitter makes the wait shorter than the provider asked for",
      "return asked * (1 + random() * 0.1);",
      "return asked * (1 - random() * 0.1);",
    ],
    [
      "retry-throttled-like-failed",
      "a throttled provider is given no longer wait than one that failed",
      "const THROTTLE_FACTOR = 2;",
      "const THROTTLE_FACTOR = 1;",
    ],
    [
      "retry-outside-the-budget",
      "no retry is taken from the budget of the origin",
      "if (!stale && !this.#budgets.take(this.#call.target.origin)) return false;",
      "",
    ],
    [
      "retry-one-too-many",
      "one more attempt than num_retries allows",
      'return Math.min(error.row.retry === "once" ? 1 : most, policy.numRetries);',
      'return Math.min(error.row.retry === "once" ? 1 : most, policy.numRetries + 1);',
      {
        file: "src/layers/retry.ts",
        before: "this.#total >= mostTries(policy)",
        after: "this.#total > mostTries(policy)",
      },
    ],
    [
      "retry-total-unbounded",
      "failures of different codes together make more attempts than num_retries",
      "this.#total >= mostTries(policy) || ",
      "",
    ],
    [
      "retry-what-no-retry-helps",
      "a request that the provider refuses for good is sent again",
      "  if (!error.retryable) return 0;\n  return",
      "  return",
    ],
    [
      "retry-reconnects-for-ever",
      "a closed idle connection is replaced again and again, outside the budget",
      "const stale = error.reusedSocket && !this.#reconnected;",
      "const stale = error.reusedSocket;",
    ],
    [
      "retry-timeout-before-fallback",
      "a timed-out attempt is repeated while a fallback waits",
      'if (error.code === "timed_out" && this.#call.fallbackRemains && policy.retryOn === undefined) return false;',
      "",
    ],
  ]),
  ...mutantsOf(
    "src/layers/retry.ts",
    [...RETRY, "test/layers/guard.test.ts"],
    [
      [
        "retry-wait-hears-no-abort",
        "an abort during the wait is noticed when the wait ends",
        "await sleep(clock, this.#waitMs, cancellation);",
        "await new Promise<void>((resolve) => clock.schedule(resolve, this.#waitMs ?? 0));",
      ],
      [
        "retry-abort-unchecked",
        "an aborted call tries again",
        "if (!isModelError(error) || this.#call.cancellation.cancelled) return false;",
        "if (!isModelError(error)) return false;",
        { file: "src/layers/retry.ts", before: "    cancellation.throwIfCancelled();\n", after: "" },
      ],
    ],
  ),
  ...mutantsOf(
    "src/layers/retry.ts",
    ["test/layers/contract.test.ts"],
    [
      [
        "retry-keeps-upstream-open",
        "a reader that leaves does not close what is below",
        "    await rest.return?.();\n",
        "",
      ],
    ],
  ),
  ...mutantsOf(
    "src/layers/retry-budget.ts",
    ["test/properties/retry-budget.test.ts"],
    [
      ["budget-never-spent", "the budget never runs dry", "if (tokens < RETRY) return false;", ""],
      [
        "budget-without-brim",
        "quiet times save up retries without end",
        "Math.min(BURST, (this.#tokens.get(origin) ?? BURST) + PER_CALL)",
        "(this.#tokens.get(origin) ?? BURST) + PER_CALL",
      ],
    ],
  ),
  ...mutantsOf("src/layers/pause-gate.ts", RETRY, [
    [
      "pause-unheeded",
      "a call goes out although another one was told to wait",
      "states.restMs(call) === 0 ? next(heeding) : afterPause(heeding, next, states)",
      "next(heeding)",
    ],
    [
      "pause-ends-together",
      "all calls that waited for the same pause go out at the same time",
      "await sleep(clock, restMs * (1 + random() * 0.1), cancellation);",
      "await sleep(clock, restMs, cancellation);",
    ],
    [
      "pause-of-every-key-is-final",
      "a queued call fails although all its keys would soon be free",
      "shouldRetry: another ? undefined : false",
      "shouldRetry: false",
    ],
    [
      "pause-beyond-the-deadline",
      "a call waits although its deadline comes first",
      " || untilMs >= (call.deadlineAtMs ?? Number.POSITIVE_INFINITY)",
      "",
    ],
  ]),
  ...mutantsOf("src/layers/meter.ts", RETRY, [
    [
      "pause-unnoted",
      "what the provider asks of one call is not noted for the others",
      "if (isModelError(error)) call.onFailure?.(error);",
      "",
    ],
  ]),
  ...mutantsOf("src/layers/key-states.ts", RETRY, [
    [
      "pause-cut-short",
      "a shorter pause ends a longer one",
      "known === undefined || !known.strict || known.untilMs < rest.untilMs",
      "true",
    ],
    [
      "pause-of-another-key",
      "a throttled key silences the others",
      "const id = idOf(target.key, token === undefined ? credential : undefined);",
      "const id = idOf(target.key, undefined);",
      {
        file: "src/layers/key-states.ts",
        before: "this.#restOf(target, target.credentials.token === undefined ? credential : undefined)",
        after: "this.#restOf(target, undefined)",
      },
    ],
  ]),
  ...mutantsOf("src/layers/key-states.ts", KEYS, [
    [
      "keys-back-from-the-dead",
      "a refused key is used again",
      'else if (code !== "forbidden") this.#dead.set(idOf(target.origin, key), code);',
      "",
    ],
    [
      "keys-by-the-wall-clock",
      "a change of the wall clock wakes keys that rest",
      "const now = clock.monotonic();",
      "const now = clock.now();",
    ],
    [
      "keys-without-rest",
      "a key that was told to wait is used before its time",
      "      .filter((key) => restMs(key) === 0 || this.#restOf(target, key)?.strict !== true)\n",
      "",
    ],
  ]),
  ...mutantsOf("src/layers/credential.ts", HOOKS, [
    [
      "keys-change-after-delivery",
      "the next key answers after something was delivered",
      "if (!isModelError(error) || delivered || !error.row.rotatesKey) throw error;",
      "if (!isModelError(error) || !error.row.rotatesKey) throw error;",
    ],
    [
      "keys-change-for-anything",
      "every failure goes through all keys",
      "delivered || !error.row.rotatesKey",
      "delivered",
    ],
    [
      "token-refused-for-good",
      "a refused token is not exchanged",
      "if (delivered || refused !== undefined) throw error;",
      "throw error;",
    ],
    [
      "token-sent-twice",
      "a refused token that the hook gives again is sent again",
      "if (token.token === refused?.token) {",
      "if (token.token === undefined) {",
    ],
    [
      "token-exchanged-without-end",
      "a provider that takes no token is asked for ever",
      "if (delivered || refused !== undefined) throw error;",
      "if (delivered) throw error;",
    ],
  ]),
  ...mutantsOf("src/layers/tokens.ts", HOOKS, [
    [
      "token-asked-by-everyone",
      "calls at the same time each ask for a token",
      "this.#asking ??= this.#begin();",
      "this.#asking = this.#begin();",
    ],
    [
      "token-kept-when-refused",
      "a refused token is used until its end",
      "if (this.#known === token) this.#known = undefined;",
      "",
    ],
    [
      "token-clock-left",
      "the clock of a token that came keeps running",
      "      off();\n      attempt.release();",
      "      attempt.release();",
    ],
    [
      "token-hook-hangs-for-all",
      "a hook that hung once is waited for by every later call",
      "if (asking.waiting === 0 || attempt.reason === late) this.#forget(asking);",
      "",
    ],
    [
      "token-thrown-away-early",
      "a token that still holds is of no use when its hook fails",
      "leftMs > 0 && error instanceof HookFailure",
      "leftMs > RENEW_BEFORE_MS && error instanceof HookFailure",
    ],
  ]),
];
