import type { Expectation } from "../expectation.ts";
import { ALL, ANTHROPIC, CHAT, GOOGLE, RECOVERED } from "./wires.ts";

export const LIMITS: readonly Expectation[] = [
  {
    id: "R01",
    wire: "429 with `Retry-After: 2`; the request limit resets in 20 s",
    does: "waits for the longer of the two, then retries",
    runs: [{ wires: ALL, speed: 20, both: { ...RECOVERED, waitMs: [1_000, 5_000] }, oneFraming: "waits a second" }],
  },
  {
    id: "R03",
    wire: "429 with `Retry-After: 9999999` (115 days, more than a timer supports)",
    does: "`rate_limited` at once, with `retryAfterMs`; a configured fallback is tried",
    runs: [
      {
        wires: ALL,
        both: { code: "rate_limited", status: 429, retryAfterMs: 9_999_999_000, says: ["9999999 s"], withinMs: 5_000 },
      },
    ],
  },
  {
    id: "R04",
    wire: "429 with `Retry-After: 90`, longer than the remaining deadline",
    does: "`rate_limited` without waiting; the message names both times",
    runs: [
      {
        wires: ALL,
        keys: "deadline = 30\nmax_retry_after = 600",
        both: { code: "rate_limited", retryAfterMs: 90_000, says: ["90 s", "deadline"], withinMs: 5_000 },
      },
    ],
  },
  {
    id: "R06",
    wire: "429 with `retry-after-ms: 350` beside `retry-after: 1`",
    does: "uses the milliseconds: the next request is sent after 350 to 385 ms",
    runs: [{ wires: ALL, both: { ...RECOVERED, waitMs: [350, 950] }, oneFraming: "waits" }],
  },
  {
    id: "R07",
    wire: "429 with `x-ratelimit-reset-*`: the exhausted token limit resets later than the request limit",
    does: "waits until the exhausted limit resets",
    runs: [{ wires: ALL, speed: 5, both: { ...RECOVERED, waitMs: [300, 5_000] }, oneFraming: "waits" }],
  },
  {
    id: "R09",
    wire: "Gemini 429 for a per-minute quota, with a `RetryInfo.retryDelay` of 0.8 s",
    does: "`rate_limited`, retried after 0.8 s",
    runs: [{ wires: GOOGLE, speed: 2, both: { ...RECOVERED, waitMs: [400, 5_000] }, oneFraming: "waits" }],
  },
  {
    id: "R10",
    wire: "Gemini 429 for a daily quota or a quota of 0, with a retry delay",
    does: "`quota_exhausted` without a retry; the message names the daily quota; a configured fallback is tried",
    runs: [
      {
        wires: GOOGLE,
        both: {
          code: "quota_exhausted",
          status: 429,
          says: ["daily quota", "GenerateRequestsPerDayPerProjectPerModel"],
        },
      },
    ],
  },
  {
    id: "R12",
    wire: "429 for every request of 200 concurrent calls",
    does: "a retry budget limits the extra requests to a fifth of the calls, spread by jitter",
  },
  {
    id: "own-R02",
    wire: "429 with `Retry-After` as an HTTP date and a `Date` header from a clock that is off",
    does: "computes the wait from the server's clock",
    runs: [
      {
        wires: ALL,
        speed: 2,
        attempts: [
          [
            ["status", 429, { date: "Wed, 21 Oct 2015 07:28:00 GMT", "retry-after": "Wed, 21 Oct 2015 07:28:01 GMT" }],
            ["json", { error: { message: "slow down" } }],
          ],
          [["okjson"]],
        ],
        both: { ...RECOVERED, waitMs: [500, 5_000] },
        oneFraming: "waits",
      },
    ],
  },
  {
    id: "own-R02-past",
    wire: "429 with a `Retry-After` that is negative, empty, not a number, or a date in the past",
    does: "ignored: the next request is sent after the normal backoff",
    runs: ["-5", "soon", "NaN", "1e3", "Wed, 21 Oct 2015 07:28:00 GMT"].map((after) => ({
      wires: CHAT,
      attempts: [
        [
          ["status", 429, { "retry-after": after }],
          ["json", { error: { message: "slow down" } }],
        ],
        [["okjson"]],
      ] as const,
      both: { ...RECOVERED, waitMs: [0, 900] as const },
    })),
  },
  {
    id: "own-R05",
    wire: "429 with `Retry-After: 0.2`, and with `retry-after-ms: 0`",
    does: "fractions are supported; 0 means the normal backoff",
    runs: [
      {
        wires: CHAT,
        attempts: [
          [
            ["status", 429, { "retry-after": "0.2" }],
            ["json", { error: { message: "x" } }],
          ],
          [["okjson"]],
        ],
        both: { ...RECOVERED, waitMs: [200, 5_000] },
      },
      {
        wires: CHAT,
        attempts: [
          [
            ["status", 429, { "retry-after-ms": "0" }],
            ["json", { error: { message: "x" } }],
          ],
          [["okjson"]],
        ],
        both: { ...RECOVERED, waitMs: [0, 900] },
      },
    ],
  },
  {
    id: "own-R08",
    wire: "Anthropic 429 with `anthropic-ratelimit-*-reset` as a date",
    does: "waits until the exhausted limit resets",
    runs: [
      {
        wires: ANTHROPIC,
        speed: 2,
        attempts: [
          [
            [
              "status",
              429,
              {
                date: "Wed, 21 Oct 2015 07:28:00 GMT",
                "anthropic-ratelimit-input-tokens-remaining": "0",
                "anthropic-ratelimit-input-tokens-reset": "2015-10-21T07:28:01Z",
              },
            ],
            ["json", { type: "error", error: { type: "rate_limit_error", message: "x" } }],
          ],
          [["okjson"]],
        ],
        both: { ...RECOVERED, waitMs: [500, 5_000] },
      },
    ],
  },
  {
    id: "own-R11",
    wire: "429 `insufficient_quota` with `Retry-After: 1`, and 402",
    does: "`quota_exhausted` without a retry; `Retry-After` is ignored",
    runs: [
      {
        wires: ALL,
        attempts: [
          [
            ["status", 429, { "retry-after": "1" }],
            [
              "json",
              {
                error: {
                  message: "You exceeded your current quota, please check your plan and billing details.",
                  type: "insufficient_quota",
                  code: "insufficient_quota",
                },
              },
            ],
          ],
        ],
        both: { code: "quota_exhausted", status: 429 },
      },
      {
        wires: CHAT,
        attempts: [
          [
            ["status", 402],
            ["json", { error: { message: "Insufficient credits", code: 402 } }],
          ],
        ],
        both: { code: "quota_exhausted", status: 402 },
      },
    ],
  },
];
