import * as z from "zod";
import { ERROR_CODES, type ModelErrorCode } from "../core/error-codes.ts";
import { DEFAULTS } from "./defaults.ts";
import { fallbackList } from "./schema-identity.ts";
import { count, duration, flag, oneOf, table } from "./schema-values.ts";

const CODES = Object.keys(ERROR_CODES) as [ModelErrorCode, ...ModelErrorCode[]];
const errorCode = z.enum(CODES);

const retries = count().meta({
  description: "Tries after the first call: 3 means up to 4 requests.",
  default: DEFAULTS.num_retries,
  examples: [3],
});

export const retryShape = {
  num_retries: retries,
  max_retries: retries.meta({ description: "Another name of `num_retries`.", examples: [3] }),
  retry_min_wait: duration("Wait before the first retry.", {
    default: DEFAULTS.retry_min_wait,
    examples: [4, "500ms"],
  }),
  retry_max_wait: duration("Longest wait between two tries.", {
    default: DEFAULTS.retry_max_wait,
    examples: [10, "30s"],
  }),
  retry_multiplier: z
    .number()
    .min(1)
    .meta({
      description: "Each wait is this many times the one before.",
      default: DEFAULTS.retry_multiplier,
      examples: [2],
    }),
  jitter: oneOf('true, false, "full", "none" or "decorrelated"', [
    flag(),
    z.enum(["full", "none", "decorrelated"]),
  ]).meta({
    description:
      "Randomness of waits, so that many clients do not retry together: full = anything up to the wait, none = exactly the wait. true is full, false is none.",
    default: DEFAULTS.jitter,
  }),
  retry_on: oneOf("a list of error codes, or a table code = tries", [
    z.array(errorCode),
    z.partialRecord(errorCode, count()),
  ]).meta({
    description:
      "The only errors that are retried: a list (each up to `num_retries`), or a table with a count for each. Default: what the table of error codes says.",
    examples: [["rate_limited", "overloaded"], { rate_limited: 5, server_error: 1 }],
  }),
  max_retry_after: duration(
    "A provider that asks for a longer wait is not waited for: the call fails or falls back at once.",
    {
      default: DEFAULTS.max_retry_after,
      examples: ["60s"],
    },
  ),
} as const;

export const clockShape = {
  timeout: duration("Longest time of one attempt, from sending to its end.", {
    default: DEFAULTS.timeout,
    examples: [120, "10m"],
  }),
  deadline: duration("Longest time of the whole call: waits, retries and fallbacks included. Default: none.", {
    examples: ["15m"],
  }),
  connect_timeout: duration("Longest time until the connection stands.", {
    default: DEFAULTS.connect_timeout,
    examples: ["5s"],
  }),
  first_token_timeout: duration(
    "Longest time until the first text, reasoning or tool call. codegen() then streams on the wire, unless `stream` is false or the model cannot stream: `timeout` alone bounds those. Default: none.",
    {
      examples: ["30s"],
    },
  ),
  silence_timeout: duration(
    "Longest time without a single byte, from the first byte of the answer on, whether it is a stream or not.",
    {
      default: DEFAULTS.silence_timeout,
      examples: ["60s"],
    },
  ),
  idle_timeout: duration(
    "Longest time without anything from the model on a stream; pings do not count. Answers that are not streamed are bounded by `timeout`.",
    {
      default: DEFAULTS.idle_timeout,
      examples: ["60s"],
    },
  ),
} as const;

const breaker = table({
  threshold: count(1).meta({ description: "Failures that open it.", default: DEFAULTS.circuit_breaker.threshold }),
  window: duration("Failures within this time count. Default: consecutive failures.", {
    examples: ["1m"],
  }),
  half_open_after: duration("After this time one call probes the target again.", {
    default: DEFAULTS.circuit_breaker.half_open_after,
  }),
});

export const protectionShape = {
  circuit_breaker: oneOf("false or { threshold, window, half_open_after }", [z.literal(false), breaker]).meta({
    description:
      "Stops asking a target that keeps failing: calls then fail at once as `circuit_open`, or fall back. false switches it off.",
    default: DEFAULTS.circuit_breaker,
    examples: [{ threshold: 5, window: "1m", half_open_after: "30s" }, false],
  }),
  max_parallel: count(1).meta({
    description: "Most requests of this model in flight at once. Default: no limit.",
    examples: [8],
  }),
  queue: count().meta({
    description:
      "Calls that may wait when `max_parallel` are in flight; more are refused as `bulkhead_full`. Default: no limit.",
    examples: [100],
  }),
  fallback_models: fallbackList("when this model fails for any reason another may not"),
  context_window_fallbacks: fallbackList("when the prompt is too long for this model"),
  content_policy_fallbacks: fallbackList("when this model refuses or its filter stops an answer"),
  rate_limit_fallbacks: fallbackList("when this model is rate limited or out of quota"),
  on_break: z.enum(["error", "restart", "continue"]).meta({
    description:
      "What stream() does when an answer breaks after text was shown: throw with the partial text, emit `reset` and start again, or have the rest written by the next try or fallback (which starts again where the answer is JSON or has a tool call). codegen() always starts again.",
    default: DEFAULTS.on_break,
  }),
  hedge_after: duration(
    "When nothing of the answer has come after this time, a second request is sent, to the first of `fallback_models` or else to the same model; the first answer wins and both may be billed. Default: never.",
    { examples: ["5s"] },
  ),
  sdk_requests: flag().meta({
    description:
      "Has the provider's SDK build every request. Otherwise it is asked until its requests are known; later ones are the same bytes at a third less cost.",
    default: DEFAULTS.sdk_requests,
  }),
  repeated_chunk_limit: count().meta({
    description:
      "The same piece of text this many times in a row (in thoughts 2.56 times as often) ends the attempt as `degenerate_output`, and so does white space without end; 0 switches both off.",
    default: DEFAULTS.repeated_chunk_limit,
  }),
} as const;
