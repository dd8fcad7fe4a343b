import type { Expectation } from "../expectation.ts";
import { ALL, ANTHROPIC, CHAT, GOOGLE, RECOVERED } from "./wires.ts";

export const LIMITS: readonly Expectation[] = [
  {
    id: "R01",
    wire: "429 with `Retry-After: 2` and a bucket of requests that is empty for 20 s",
    does: "waits for the longer of the two, never less, then asks again",
    runs: [{ wires: ALL, speed: 20, both: { ...RECOVERED, waitMs: [1_000, 5_000] }, oneFraming: "waits a second" }],
  },
  {
    id: "R03",
    wire: "429 with `Retry-After: 9999999` (115 days, more than a timer can hold)",
    does: "`rate_limited` at once with `retryAfterMs`; a fallback is asked if there is one",
    runs: [
      {
        wires: ALL,
        both: { code: "rate_limited", status: 429, retryAfterMs: 9_999_999_000, says: ["9999999 s"], withinMs: 5_000 },
      },
    ],
  },
  {
    id: "R04",
    wire: "429 with `Retry-After: 90`, the deadline is nearer",
    does: "`rate_limited` before any sleep; the message has both",
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
    does: "the milliseconds win: the next request leaves after 350 to 385 ms",
    runs: [{ wires: ALL, both: { ...RECOVERED, waitMs: [350, 950] }, oneFraming: "waits" }],
  },
  {
    id: "R07",
    wire: "429 with `x-ratelimit-reset-*`: the empty bucket of tokens comes back later than that of requests",
    does: "waits for the bucket that is empty",
    runs: [{ wires: ALL, speed: 5, both: { ...RECOVERED, waitMs: [300, 5_000] }, oneFraming: "waits" }],
  },
  {
    id: "R09",
    wire: "Gemini 429 with `RetryInfo.retryDelay` of 0.8 s, a quota per minute",
    does: "`rate_limited`, asked again after 0.8 s",
    runs: [{ wires: GOOGLE, speed: 2, both: { ...RECOVERED, waitMs: [400, 5_000] }, oneFraming: "waits" }],
  },
  {
    id: "R10",
    wire: "Gemini 429 whose quota is a day's, or 0, though it also names a delay",
    does: "`quota_exhausted` at once, no retry; the message names the daily quota; a fallback is asked if there is one",
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
    wire: "200 callers meet a wall of 429",
    does: "retries are paid from a budget: not more than a fifth more requests than calls, spread by jitter",
  },
  {
    id: "own-R02",
    wire: "429 with `Retry-After` as an HTTP date, and a `Date` header of a clock that is wrong",
    does: "the wait is counted on the server's clock",
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
    wire: "429 with a `Retry-After` that is negative, empty, no number, or a date that has passed",
    does: "it names no wait: the next request leaves after the backoff",
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
    does: "fractions are understood; 0 means the backoff of this side",
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
    does: "waits for the bucket that is empty",
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
    does: "`quota_exhausted`: no retry, whatever wait is named",
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
