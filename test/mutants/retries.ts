import { always, drop, never, replace, skip, unwrap } from "./change.ts";
import { mutantsOf } from "./mutant.ts";

const RETRY = ["test/layers/retry.test.ts", "test/layers/retry-limits.test.ts"];
const KEYS = ["test/layers/credential.test.ts", "test/layers/keys-and-tokens.test.ts"];
const HOOKS = [...KEYS, "test/keys/token-hooks.test.ts"];

/** Retries: when, after which wait, with which key. */
export const retries = [
  ...mutantsOf("src/layers/retry.ts", RETRY, [
    [
      "retry-after-delivery",
      'a stream is retried after content was delivered, with on_break = "error"',
      "retry",
      drop('call.onBreak === "error"'),
    ],
    [
      "retry-restart-without-reset",
      "a restart after delivered content sends no reset event",
      "retry",
      skip("afterBreak"),
    ],
    [
      "retry-delivers-the-discarded",
      "events of an attempt that fails before its first content are delivered",
      "openAttempt",
      always("step.value.some(isContent)"),
    ],
    [
      "retry-after-is-zero",
      "the wait named by the provider is ignored and the retry is sent at once",
      "Tries.#wait",
      replace("asked * (1 + random() * 0.1)", "0"),
    ],
    ["retry-after-without-limit", "max_retry_after is ignored", "Tries.#wait", never("asked > policy.maxRetryAfterMs")],
    [
      "retry-over-the-deadline",
      "a retry waits although the deadline ends first",
      "Tries.#fitsDeadline",
      always("clock.monotonic() + waitMs < deadlineAtMs"),
    ],
    [
      "retry-backoff-without-cap",
      "the backoff grows beyond retry_max_wait",
      "backoff",
      replace(
        "Math.min(policy.retryMaxWaitMs, base * policy.retryMultiplier ** tries)",
        "base * policy.retryMultiplier ** tries",
      ),
    ],
    ["retry-backoff-stands-still", "the backoff does not grow", "backoff", drop("tries")],
    [
      "retry-jitter-goes-below",
      "jitter makes the wait shorter than the provider asked for",
      "Tries.#wait",
      replace("1 + random() * 0.1", "1 - random() * 0.1"),
    ],
    [
      "retry-throttled-like-failed",
      "the backoff after a rate limit is no longer than after another failure",
      "THROTTLE_FACTOR",
      replace("2", "1"),
    ],
    [
      "retry-outside-the-budget",
      "retries are not taken from the retry budget of the origin",
      "Tries.allows",
      never("!this.#budgets.take(this.#call.target.origin)"),
    ],
    [
      "retry-one-too-many",
      "one more attempt is made than num_retries allows",
      "allowance",
      replace("policy.numRetries", "policy.numRetries + 1"),
      {
        file: "src/layers/retry.ts",
        place: "Tries.allows",
        change: replace("this.#total >= mostTries(policy)", "this.#total > mostTries(policy)"),
      },
    ],
    [
      "retry-total-unbounded",
      "failures with different codes together exceed num_retries",
      "Tries.allows",
      drop("this.#total >= mostTries(policy)"),
    ],
    ["retry-what-no-retry-helps", "an error that is not retryable is retried", "allowance", never("!error.retryable")],
    [
      "retry-reconnects-forever",
      "a reused connection that was closed is replaced again and again, outside the retry budget",
      "Tries.allows",
      drop("!this.#reconnected"),
    ],
    [
      "retry-timeout-before-fallback",
      "a timed-out attempt is retried although a fallback remains",
      "Tries.#isUsual",
      never("this.#call.fallbackRemains"),
    ],
  ]),
  ...mutantsOf(
    "src/layers/retry.ts",
    [...RETRY, "test/layers/guard.test.ts"],
    [
      [
        "retry-wait-ignores-the-abort",
        "an abort during the wait takes effect only after the wait",
        "Tries.begin",
        replace(
          "sleep(clock, this.#waitMs, cancellation)",
          "new Promise<void>((resolve) => clock.schedule(resolve, this.#waitMs ?? 0))",
        ),
      ],
      [
        "retry-abort-unchecked",
        "an aborted call is retried",
        "Tries.allows",
        drop("this.#call.cancellation.cancelled"),
        { file: "src/layers/retry.ts", place: "Tries.begin", change: skip("cancellation.throwIfCancelled") },
      ],
    ],
  ),
  ...mutantsOf(
    "src/layers/retry.ts",
    ["test/layers/contract.test.ts"],
    [
      [
        "retry-keeps-upstream-open",
        "a reader that stops early does not close the stream below",
        "deliver",
        skip("rest.return"),
      ],
    ],
  ),
  ...mutantsOf(
    "src/layers/retry-budget.ts",
    ["test/properties/retry-budget.test.ts"],
    [
      ["budget-never-spent", "the retry budget never runs out", "RetryBudgets.take", never("tokens < RETRY")],
      [
        "budget-without-limit",
        "the retry budget grows without limit in quiet times",
        "RetryBudgets.note",
        unwrap("Math.min", 1),
      ],
    ],
  ),
  ...mutantsOf("src/layers/key-pause.ts", RETRY, [
    [
      "pause-ends-together",
      "all calls that wait for the same pause are sent at the same time",
      "Patience.wait",
      drop("1 + random() * 0.1"),
    ],
    [
      "pause-of-every-key-is-final",
      "a queued call fails although one of its keys is soon available",
      "resting",
      never("another"),
    ],
    [
      "pause-beyond-the-deadline",
      "a call waits for a pause that ends after its deadline",
      "Patience.wait",
      drop("untilMs >= deadlineAtMs"),
    ],
  ]),
  ...mutantsOf("src/layers/meter.ts", RETRY, [
    [
      "pause-unnoted",
      "a wait that the provider names is not shared with other calls",
      "meter",
      never("isModelError(error)"),
    ],
  ]),
  ...mutantsOf("src/layers/key-states.ts", RETRY, [
    ["pause-cut-short", "a shorter pause ends a longer one", "KeyStates.#rest", always("known === undefined")],
    [
      "pause-of-another-key",
      "a rate limit of one key pauses the other keys",
      "KeyStates.#pause",
      never("token === undefined"),
      {
        file: "src/layers/key-states.ts",
        place: "KeyStates.restMs",
        change: never("target.credentials.token === undefined"),
      },
    ],
  ]),
  ...mutantsOf("src/layers/key-states.ts", KEYS, [
    ["keys-rejected-used-again", "a rejected API key is used again", "KeyStates.note", skip("this.#dead.set")],
    [
      "keys-by-the-wall-clock",
      "a change of the system time ends the pause of a key",
      "KeyStates.usable",
      replace("clock.monotonic", "clock.now"),
    ],
    ["keys-without-rest", "a key is used before its pause ends", "KeyStates.usable", always("restMs(key) === 0")],
  ]),
  ...mutantsOf("src/layers/credential.ts", HOOKS, [
    [
      "keys-change-after-delivery",
      "the next API key is tried after content was delivered",
      "rotate",
      drop("delivered"),
    ],
    ["keys-change-for-anything", "any failure is retried with all API keys", "rotate", drop("!error.row.rotatesKey")],
    [
      "token-refused-for-good",
      "a rejected token is not renewed",
      "withToken",
      always("delivered || refused !== undefined"),
    ],
    [
      "token-sent-twice",
      "a rejected token is sent again if the hook returns it again",
      "withToken",
      never("token.token === refused?.token"),
    ],
    [
      "token-exchanged-without-end",
      "tokens are renewed without limit while the provider rejects them",
      "withToken",
      drop("refused !== undefined"),
    ],
  ]),
  ...mutantsOf("src/layers/tokens.ts", HOOKS, [
    [
      "token-asked-by-everyone",
      "concurrent calls each call the token hook",
      "Tokens.#ask",
      replace("this.#asking ??= this.#begin()", "this.#asking = this.#begin()"),
    ],
    [
      "token-kept-when-refused",
      "a rejected token is used until it expires",
      "Tokens.drop",
      never("this.#known === token"),
    ],
    ["token-clock-left", "the timer of a finished token request keeps running", "Tokens.#ask", skip("off")],
    [
      "token-hook-hangs-for-all",
      "every later call waits for a token hook that hung once",
      "Tokens.#ask",
      never("asking.waiting === 0 || attempt.reason === late"),
    ],
    [
      "token-thrown-away-early",
      "a token that is still valid is not used when its renewal fails",
      "Tokens.current",
      replace("leftMs > 0", "leftMs > RENEW_BEFORE_MS"),
    ],
  ]),
];
