import * as z from "zod";
import { ERROR_CODES, type ModelErrorCode } from "../core/error-codes.ts";
import type { EntryOptions, Policy } from "../core/options.generated.ts";
import { durationMs } from "./duration.ts";
import { type Options, option } from "./option.ts";
import { count, duration, flag, oneOf, table, texts } from "./schema-values.ts";

const NUM_RETRIES = 3;
const BREAKER = { threshold: 5, half_open_after: 10 };
const BREAKER_TYPE =
  "{ readonly threshold: number; readonly windowMs: number | undefined; readonly halfOpenAfterMs: number } | undefined";
const COUNTS = "Readonly<Partial<Record<ModelErrorCode, number>>>";

const CODES = Object.keys(ERROR_CODES) as [ModelErrorCode, ...ModelErrorCode[]];
const errorCode = z.enum(CODES);

const retries = count().meta({
  description: "Tries after the first call: 3 means up to 4 requests.",
  default: NUM_RETRIES,
  examples: [3],
});

export const retryOptions = {
  num_retries: option(retries, { policy: {} }),
  max_retries: option(retries.meta({ description: "Another name of `num_retries`.", examples: [3] }), {
    aliasOf: "num_retries",
  }),
  retry_min_wait: option(
    duration("Wait before the first retry.", {
      default: 0.5,
      examples: [4, "500ms"],
    }),
    { wait: true, policy: {} },
  ),
  retry_max_wait: option(
    duration("Longest wait between two tries.", {
      default: 20,
      examples: [10, "30s"],
    }),
    { wait: true, policy: {} },
  ),
  retry_multiplier: option(
    z
      .number()
      .min(1)
      .meta({
        description: "Each wait is this many times the one before.",
        default: 2,
        examples: [2],
      }),
    { policy: {} },
  ),
  jitter: option(
    oneOf('true, false, "full", "none" or "decorrelated"', [flag(), z.enum(["full", "none", "decorrelated"])]).meta({
      description:
        "Randomness of waits, so that many clients do not retry together: full = anything up to the wait, none = exactly the wait. true is full, false is none.",
      default: "full",
    }),
    {
      type: '"full" | "none" | "decorrelated"',
      convert: (jitter: boolean | string) => (typeof jitter === "string" ? jitter : jitter ? "full" : "none"),
      policy: {},
    },
  ),
  retry_on: option(
    oneOf("a list of error codes, or a table code = tries", [
      z.array(errorCode),
      z.partialRecord(errorCode, count()),
    ]).meta({
      description:
        "The only errors that are retried: a list (each up to `num_retries`), or a table with a count for each. Default: what the table of error codes says.",
      examples: [["rate_limited", "overloaded"], { rate_limited: 5, server_error: 1 }],
    }),
    { type: `readonly ModelErrorCode[] | ${COUNTS}`, policy: { type: `${COUNTS} | undefined`, of: retryOnOf } },
  ),
  max_retry_after: option(
    duration("A provider that asks for a longer wait is not waited for: the call fails or falls back at once.", {
      default: 60,
      examples: ["60s"],
    }),
    { policy: {} },
  ),
} as const satisfies Options;

export const clockOptions = {
  timeout: option(
    duration("Longest time of one attempt, from sending to its end.", {
      default: 600,
      examples: [120, "10m"],
    }),
    { wait: true, policy: { name: "attemptTimeoutMs" } },
  ),
  deadline: option(
    duration("Longest time of the whole call: waits, retries and fallbacks included. Default: none.", {
      examples: ["15m"],
    }),
    { wait: true, policy: {} },
  ),
  connect_timeout: option(
    duration("Longest time until the connection stands.", {
      default: 10,
      examples: ["5s"],
    }),
    { wait: true, policy: {} },
  ),
  first_token_timeout: option(
    duration(
      "Longest time until the first text, reasoning or tool call. codegen() then streams on the wire, unless `stream` is false or the model cannot stream: `timeout` alone bounds those. Default: none.",
      {
        examples: ["30s"],
      },
    ),
    { wait: true, policy: {} },
  ),
  silence_timeout: option(
    duration(
      "Longest time without a single byte, from the first byte of the answer on, whether it is a stream or not.",
      {
        default: 60,
        examples: ["60s"],
      },
    ),
    { wait: true, policy: {} },
  ),
  idle_timeout: option(
    duration(
      "Longest time without anything from the model on a stream; pings do not count. Answers that are not streamed are bounded by `timeout`.",
      {
        default: 300,
        examples: ["60s"],
      },
    ),
    { wait: true, policy: {} },
  ),
} as const satisfies Options;

const fallbackList = (when: string) =>
  texts().meta({
    description: `Entries tried in order ${when}. The list is flat: a fallback's own list is not followed. Inherited; [] switches it off.`,
    examples: [["fast", "local"]],
  });

const breaker = table({
  threshold: count(1).meta({ description: "Failures that open it.", default: BREAKER.threshold }),
  window: duration("Failures within this time count. Default: consecutive failures.", {
    examples: ["1m"],
  }),
  half_open_after: duration("After this time one call probes the target again.", {
    default: BREAKER.half_open_after,
  }),
});

export const protectionOptions = {
  circuit_breaker: option(
    oneOf("false or { threshold, window, half_open_after }", [z.literal(false), breaker]).meta({
      description:
        "Stops asking a target that keeps failing: calls then fail at once as `circuit_open`, or fall back. false switches it off.",
      default: BREAKER,
      examples: [{ threshold: 5, window: "1m", half_open_after: "30s" }, false],
    }),
    { merge: "tables", policy: { name: "breaker", type: BREAKER_TYPE, of: breakerOf } },
  ),
  max_parallel: option(
    count(1).meta({
      description: "Most requests of this model in flight at once. Default: no limit.",
      examples: [8],
    }),
    { policy: {} },
  ),
  queue: option(
    count().meta({
      description:
        "Calls that may wait when `max_parallel` are in flight; more are refused as `bulkhead_full`. Default: no limit.",
      examples: [100],
    }),
    { policy: { type: "number", of: ({ queue }) => queue ?? Number.MAX_SAFE_INTEGER } },
  ),
  fallback_models: option(fallbackList("when this model fails for any reason another may not"), { entries: true }),
  context_window_fallbacks: option(fallbackList("when the prompt is too long for this model"), { entries: true }),
  content_policy_fallbacks: option(fallbackList("when this model refuses or its filter stops an answer"), {
    entries: true,
  }),
  rate_limit_fallbacks: option(fallbackList("when this model is rate limited or out of quota"), { entries: true }),
  on_break: option(
    z.enum(["error", "restart", "continue"]).meta({
      description:
        "What stream() does when an answer breaks after text was shown: throw with the partial text, emit `reset` and start again, or have the rest written by the next try or fallback (which starts again where the answer is JSON or has a tool call). codegen() always starts again.",
      default: "error",
    }),
    { policy: {} },
  ),
  hedge_after: option(
    duration(
      "When nothing of the answer has come after this time, a second request is sent, to the first of `fallback_models` or else to the same model; the first answer wins and both may be billed. Default: never.",
      { examples: ["5s"] },
    ),
    { wait: true, policy: {} },
  ),
  sdk_requests: option(
    flag().meta({
      description:
        "Has the provider's SDK build every request. Otherwise it is asked until its requests are known; later ones are the same bytes at a third less cost.",
      default: false,
    }),
    { policy: {} },
  ),
  repeated_chunk_limit: option(
    count().meta({
      description:
        "The same piece of text this many times in a row (in thoughts 2.56 times as often) ends the attempt as `degenerate_output`, and so does white space without end; 0 switches both off.",
      default: 100,
    }),
    { policy: {} },
  ),
} as const satisfies Options;

function retryOnOf({ retryOn, numRetries = NUM_RETRIES }: EntryOptions): Policy["retryOn"] {
  if (!Array.isArray(retryOn)) return retryOn as Policy["retryOn"];
  return Object.fromEntries((retryOn as readonly ModelErrorCode[]).map((code) => [code, numRetries]));
}

function breakerOf({ circuitBreaker: breaker }: EntryOptions): Policy["breaker"] {
  if (breaker === false) return undefined;
  return {
    threshold: breaker?.threshold ?? BREAKER.threshold,
    windowMs: breaker?.window,
    halfOpenAfterMs: breaker?.halfOpenAfter ?? durationMs(BREAKER.half_open_after),
  };
}
