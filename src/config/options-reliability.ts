import * as z from "zod";
import { ERROR_CODES, type ModelErrorCode } from "../core/error-codes.ts";
import type { EntryOptions, Policy } from "../core/options.generated.ts";
import { durationMs } from "./duration.ts";
import { type Options, option } from "./option.ts";
import { count, duration, flag, oneOf, size, table, texts } from "./schema-values.ts";

const NUM_RETRIES = 3;
const BREAKER = { threshold: 5, half_open_after: 10 };
const BREAKER_TYPE =
  "{ readonly threshold: number; readonly windowMs: number | undefined; readonly halfOpenAfterMs: number } | undefined";
const COUNTS = "Readonly<Partial<Record<ModelErrorCode, number>>>";

const CODES = Object.keys(ERROR_CODES) as [ModelErrorCode, ...ModelErrorCode[]];
const errorCode = z.enum(CODES);

const retries = count().meta({
  description: "Retries after the first request: 3 means up to 4 requests.",
  default: NUM_RETRIES,
  examples: [3],
});

export const retryOptions = {
  num_retries: option(retries, { policy: {} }),
  max_retries: option(retries.meta({ description: "Alias of `num_retries`.", examples: [3] }), {
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
    duration("Longest wait between two attempts.", {
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
        description: "Factor from one wait to the next.",
        default: 2,
        examples: [2],
      }),
    { policy: {} },
  ),
  jitter: option(
    oneOf('true, false, "full", "none" or "decorrelated"', [flag(), z.enum(["full", "none", "decorrelated"])]).meta({
      description:
        "Randomness of waits, so that clients do not retry together: full = from 0 to the wait, none = exactly the wait. true is full, false is none.",
      default: "full",
    }),
    {
      type: '"full" | "none" | "decorrelated"',
      convert: (jitter: boolean | string) => (typeof jitter === "string" ? jitter : jitter ? "full" : "none"),
      policy: {},
    },
  ),
  retry_on: option(
    oneOf("an array of error codes, or a table code = retries", [
      z.array(errorCode),
      z.partialRecord(errorCode, count()),
    ]).meta({
      description:
        "The only errors that are retried: an array (each up to `num_retries`), or a table with a count for each. Default: see the table of error codes.",
      examples: [["rate_limited", "overloaded"], { rate_limited: 5, server_error: 1 }],
    }),
    { type: `readonly ModelErrorCode[] | ${COUNTS}`, policy: { type: `${COUNTS} | undefined`, of: retryOnOf } },
  ),
  max_retry_after: option(
    duration("If the provider asks for a longer wait, the call fails or falls back at once.", {
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
    duration("Longest time of the whole call, including waits, retries and fallbacks. Default: none.", {
      examples: ["15m"],
    }),
    { wait: true, policy: {} },
  ),
  connect_timeout: option(
    duration("Longest time to open a connection.", {
      default: 10,
      examples: ["5s"],
    }),
    { wait: true, policy: {} },
  ),
  first_token_timeout: option(
    duration(
      "Longest time until the first text, reasoning or tool call. codegen() then streams on the wire, unless `stream` is false or the model cannot stream. Default: none.",
      {
        examples: ["30s"],
      },
    ),
    { wait: true, policy: {} },
  ),
  slow_after: option(
    duration(
      "An attempt without text, reasoning or tool call for this time is reported once: as a warning in the log, and to the hook `slow`. It goes on. Default: never.",
      {
        examples: ["20s"],
      },
    ),
    { wait: true, policy: {} },
  ),
  silence_timeout: option(
    duration("Longest time without a single byte, after the first byte of the answer, streamed or not.", {
      default: 60,
      examples: ["60s"],
    }),
    { wait: true, policy: {} },
  ),
  idle_timeout: option(
    duration("Longest time without model output on a stream; pings do not count.", {
      default: 300,
      examples: ["60s"],
    }),
    { wait: true, policy: {} },
  ),
} as const satisfies Options;

const fallbackList = (when: string) =>
  texts().meta({
    description: `Entries tried in order ${when}. A fallback's own list is not followed. Inherited; [] clears it.`,
    examples: [["fast", "local"]],
  });

const breaker = table({
  threshold: count(1).meta({ description: "Failures that open it.", default: BREAKER.threshold }),
  window: duration("Failures within this time count. Default: consecutive failures.", {
    examples: ["1m"],
  }),
  half_open_after: duration("After this time, one call probes the model.", {
    default: BREAKER.half_open_after,
  }),
});

export const protectionOptions = {
  circuit_breaker: option(
    oneOf("false or { threshold, window, half_open_after }", [z.literal(false), breaker]).meta({
      description:
        "Stops requests to a model that keeps failing: calls then fail at once as `circuit_open`, or fall back. false turns it off.",
      default: BREAKER,
      examples: [{ threshold: 5, window: "1m", half_open_after: "30s" }, false],
    }),
    { merge: "tables", policy: { name: "breaker", type: BREAKER_TYPE, of: breakerOf } },
  ),
  max_parallel: option(
    count(1).meta({
      description: "Maximum requests of this model in flight. Default: no limit.",
      examples: [8],
    }),
    { policy: {} },
  ),
  queue: option(
    count().meta({
      description:
        "Calls that may wait while `max_parallel` are in flight; others fail with `bulkhead_full`. Default: no limit.",
      examples: [100],
    }),
    { policy: { type: "number", of: ({ queue }) => queue ?? Number.MAX_SAFE_INTEGER } },
  ),
  fallback_models: option(fallbackList("when this model fails and another may succeed"), { entries: true }),
  context_window_fallbacks: option(fallbackList("when the prompt is too long for this model"), { entries: true }),
  overflow: option(
    z.enum(["error", "trim", "summarize", "fallback"]).meta({
      description:
        "What happens to a prompt whose estimate does not fit into the context window. error: it goes to a fallback with a larger window, or is sent, because only the provider counts exactly. fallback: it goes to a fallback, and is never sent to this model. trim: the oldest messages are left out and reported as an adjustment; the window must also hold the answer. summarize: one more request to this model replaces the oldest messages by a summary; its cost is part of the call.",
      default: "error",
    }),
    { affects: "answers", policy: {} },
  ),
  content_policy_fallbacks: option(fallbackList("when this model refuses or its filter stops an answer"), {
    entries: true,
  }),
  rate_limit_fallbacks: option(fallbackList("when this model is rate limited or out of quota"), { entries: true }),
  on_break: option(
    z.enum(["error", "restart", "continue"]).meta({
      description:
        "What stream() does if an answer breaks off after text was delivered. error: throw with the partial text. restart: emit `reset` and start again. continue: the next attempt or fallback writes the rest (JSON and tool calls start again). codegen() always starts again.",
      default: "error",
    }),
    { affects: "answers", policy: {} },
  ),
  hold: option(
    duration(
      'With `on_break = "restart"`: stream() yields nothing for this time from the first content on, or with "all" until the answer is complete. An answer that breaks in that time starts again without a `reset`. A call may give it too. Default: nothing is held; 0 says so.',
      { examples: ["2s", "all"] },
      "all",
    ),
    {
      affects: "answers",
      perCall: true,
      delivery: true,
      wait: true,
      needs: { key: "on_break", value: "restart" },
      policy: { name: "hold" },
    },
  ),
  hold_bytes: option(
    size("Held text beyond this ends `hold`: it is delivered, and so is what follows. A call may give it too.", {
      default: "8MiB",
      examples: ["64KiB"],
    }),
    { affects: "answers", perCall: true, delivery: true, policy: {} },
  ),
  hedge_after: option(
    duration(
      "If nothing has arrived after this time, a second request is sent to the first of `fallback_models`, or to the same model. The first answer wins; both may be billed. Default: never.",
      { examples: ["5s"] },
    ),
    { affects: "answers", wait: true, policy: {} },
  ),
  sdk_requests: option(
    flag().meta({
      description:
        "The provider's SDK builds every request. By default it builds the first requests, and later ones are the same bytes without the SDK, with a third less CPU.",
      default: false,
    }),
    { policy: {} },
  ),
  repeated_chunk_limit: option(
    count().meta({
      description:
        "The same chunk this many times in a row (2.56 times as often in reasoning) ends the attempt as `degenerate_output`, and so does endless whitespace; 0 turns both off.",
      default: 100,
    }),
    { affects: "answers", policy: {} },
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
