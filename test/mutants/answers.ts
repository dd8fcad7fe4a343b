import { always, drop, instead, never, replace, skip, unwrap } from "./change.ts";
import { mutantsOf } from "./mutant.ts";

const METER = ["test/layers/meter.test.ts"];
const GUARD = ["test/layers/output-guard.test.ts"];
const HOLD = ["test/keys/hold.test.ts"];
const CACHE = ["test/layers/cache.test.ts"];
const CACHE_STORE = ["test/layers/cache-store.test.ts"];
const TELEMETRY = ["test/layers/telemetry.test.ts"];

/** Accounting, checks, caching and telemetry of answers. */
export const answers = [
  ...mutantsOf("src/layers/meter.ts", METER, [
    [
      "meter-forgets-failures",
      "failed attempts are missing from the attempts",
      "AttemptRow.close",
      drop("this.#left(failure)"),
    ],
    [
      "meter-books-the-unsent",
      "a request that was never sent is listed as an attempt",
      "AttemptRow.close",
      always("this.#left(failure)"),
    ],
    [
      "meter-nothing-billed",
      "a failed request that was sent is never possiblyBilled",
      "AttemptRow.#attempt",
      never("this.#mayBeBilled(failure)"),
    ],
    [
      "meter-forgets-leavers",
      "an attempt whose reader stopped early is missing from the attempts",
      "meter",
      skip('row.close("aborted", undefined)'),
    ],
    ["meter-listener-left", "the meter keeps its listener on the call", "meter", skip("off")],
    ["meter-trusts-the-end", "a stream that ends without a finish is accepted", "meter", skip("row.requireEnd")],
    [
      "meter-late-row",
      "a timed-out attempt is missing from the attempts if its dialect does not react",
      "meter",
      skip('row.close("error", reason)'),
    ],
    [
      "meter-hides-the-estimate",
      "estimated usage is reported as exact",
      "AttemptRow.#estimate",
      drop("estimated: true"),
    ],
  ]),
  ...mutantsOf("src/layers/output-guard.ts", GUARD, [
    [
      "guard-accepts-nothing",
      "an answer without text and tool calls is accepted",
      "OutputGuard.#isEmpty",
      never('reason === "unknown"'),
    ],
    [
      "guard-refuses-other-output",
      "an answer that is an image is reported as empty",
      "OutputGuard.#isEmpty",
      never('this.#content.hasOtherOutput || raw === "pause_turn"'),
    ],
    [
      "guard-refuses-silence-after-tools",
      "an empty answer after tool results is reported as empty",
      "OutputGuard.#isEmpty",
      drop("!this.#followsResults()"),
    ],
    [
      "guard-accepts-cut-reasoning",
      "an answer cut by the token limit during reasoning is returned as an empty reply",
      "OutputGuard.#finish",
      never('event.reason === "length"'),
    ],
    [
      "guard-partial-forgotten",
      "the error for a loop has no partial answer",
      "OutputGuard.check",
      drop("{ partial: this.partial() }"),
    ],
  ]),
  ...mutantsOf(
    "src/layers/repetition.ts",
    [...GUARD, "test/layers/repetition.test.ts"],
    [
      [
        "loop-one-later",
        "a loop is detected one chunk too late",
        "RepetitionWatch.add",
        replace("this.#times >= this.#limit", "this.#times > this.#limit"),
      ],
      [
        "loop-one-earlier",
        "a loop is detected one chunk too early",
        "RepetitionWatch.add",
        replace("this.#limit", "this.#limit - 1"),
      ],
      [
        "loop-over-several-pieces",
        "a loop is detected only if each chunk is one repetition",
        "RepetitionWatch.add",
        replace("this.#passage.add(text)", "undefined"),
      ],
      [
        "loop-never-interrupted",
        "repetitions with other text between them count together",
        "RepetitionWatch.add",
        skip("this.#times = 1"),
      ],
    ],
  ),
  ...mutantsOf("src/layers/sample-watch.ts", GUARD, [
    [
      "loop-in-arguments",
      "a loop in the arguments of a tool call is not detected",
      "SampleWatch.judge",
      never('event.type === "tool-call-delta"'),
    ],
    [
      "loop-in-reasoning",
      "a loop in reasoning is not detected",
      "SampleWatch.judge",
      replace("this.#thoughts.add(event.text)", "undefined"),
    ],
  ]),
  ...mutantsOf(
    "src/layers/white-space.ts",
    ["test/layers/repetition.test.ts"],
    [
      ["whitespace-forever", "endless whitespace in text is accepted", "MAX_IN_TEXT", replace("2_000", "2_000_000")],
      ["whitespace-in-json", "whitespace in JSON may be as long as in text", "MAX_IN_JSON", replace("256", "2_000")],
    ],
  ),
  ...mutantsOf("src/layers/token-stripper.ts", GUARD, [
    [
      "tokens-within-one-delta",
      "a special token split across deltas is delivered",
      "TokenStripper.divide",
      never("!ended"),
    ],
    [
      "tokens-shortest-first",
      "the end of a longer special token is left over",
      "tokenStripper",
      replace("right.length - left.length", "left.length - right.length"),
    ],
    [
      "tokens-held-forever",
      "endless whitespace and special tokens are held without limit",
      "EdgeStripper.#openEnd",
      never("length > MAX_END_LENGTH"),
    ],
  ]),
  ...mutantsOf("src/layers/hold.ts", HOLD, [
    [
      "hold-shows-the-broken",
      "text that was held when its answer broke is delivered before the restarted answer",
      "HeldAnswer.add",
      skip("this.events = this.events.filter(isAboutTarget)"),
    ],
    [
      "hold-shows-the-replaced",
      "the start of a target is delivered although another target answers",
      "HeldAnswer.add",
      never('event.type === "start" && this.#isReset'),
    ],
    [
      "hold-without-end",
      "events are held to the end of the answer, whatever `hold` says",
      "held",
      never("answer.hasContent"),
    ],
    ["hold-without-limit", "hold_bytes is ignored", "held", always("answer.bytes <= mostBytes")],
    [
      "hold-counts-the-broken",
      "text of a broken answer counts toward hold_bytes",
      "HeldAnswer.add",
      skip("this.bytes = 0"),
    ],
    ["hold-loses-the-partial", "held text is missing from the error of the call", "held", never("isModelError(error)")],
    [
      "hold-without-restart",
      'a call with `hold` and without on_break = "restart" is sent',
      "held",
      never('call.onBreak !== "restart"'),
    ],
  ]),
  ...mutantsOf("src/layers/cache.ts", CACHE, [
    [
      "cache-keeps-the-cut",
      "an answer cut by the token limit is cached",
      "isStorable",
      always('event.reason === "stop"'),
    ],
    ["cache-keeps-the-unfinished", "an answer without a finish is cached", "isStorable", drop("finishes.length > 0")],
    [
      "cache-keeps-the-fallback",
      "the answer of a fallback is cached for the primary",
      "isStorable",
      always("event.model === primary"),
    ],
  ]),
  ...mutantsOf("src/layers/cache-key.ts", CACHE, [
    [
      "cache-blind-to-the-system-prompt",
      "requests with different system prompts share a cached answer",
      "COMPARED",
      drop('"system"'),
    ],
    [
      "cache-key-with-the-priority",
      "equal requests with different priorities have different cached answers",
      "OF_THE_CALL",
      drop('"priority"'),
    ],
  ]),
  ...mutantsOf("src/layers/answer-store.ts", CACHE_STORE, [
    [
      "cache-reads-foreign-values",
      "a value of another version is replayed as an answer",
      "isStoredAnswer",
      always("format === FORMAT"),
    ],
    [
      "cache-keeps-the-large",
      "an answer of any size is cached",
      "AnswerStore.#write",
      never("Buffer.byteLength(JSON.stringify(value)) > this.#maxBytes"),
    ],
  ]),
  ...mutantsOf("src/layers/tolerant-store.ts", CACHE_STORE, [
    [
      "cache-warns-every-time",
      "each call during an outage of the cache logs a warning",
      "TolerantStore.#attempt",
      always("!this.#isDown"),
    ],
  ]),
  ...mutantsOf("src/layers/replay.ts", CACHE_STORE, [
    [
      "cache-saves-failed-attempts",
      "the savings of a hit contain the cost of failed attempts",
      "costOf",
      always('outcome === "ok"'),
    ],
  ]),
  ...mutantsOf(
    "src/stores/memory.ts",
    ["test/stores/memory.test.ts"],
    [
      [
        "memory-evicts-for-the-large",
        "a value that is larger than the store evicts all others",
        "MemoryStore.set",
        never("bytes > this.#maxBytes"),
      ],
      [
        "memory-without-bytes",
        "the memory store has no limit of bytes",
        "MemoryStore.#makeRoom",
        always("this.#bytes <= this.#maxBytes"),
      ],
    ],
  ),
  ...mutantsOf(
    "src/layers/window-report.ts",
    ["test/layers/meter.test.ts"],
    [
      [
        "window-forgets-the-prompt-cache",
        "tokens read from the prompt cache do not count toward the context window",
        "windowReport",
        drop("usage.cacheRead"),
      ],
      [
        "window-of-searches",
        "web search results count as prompt tokens",
        "windowReport",
        drop("request.settings.webSearch"),
      ],
    ],
  ),
  ...mutantsOf("src/layers/recording.ts", CACHE, [
    ["cache-keeps-the-reset", "events before a reset are cached", "isAboutTarget", always('type === "start"')],
  ]),
  ...mutantsOf("src/layers/shared-request.ts", CACHE, [
    [
      "shared-dies-with-its-leader",
      "a shared request ends with the call that sent it",
      "SharedRequest.constructor",
      drop("cancellation: this.#cancellation"),
    ],
    [
      "shared-attempts-of-another-time",
      "attempts that a call takes over have times from the start of another call",
      "SharedRequest.#giveAttempts",
      replace("attempt.startedMs - leadMs", "attempt.startedMs"),
    ],
    [
      "shared-runs-for-nobody",
      "a shared request runs on after every call has left",
      "SharedRequest.join",
      skip("this.#cancellation.cancel"),
    ],
    [
      "shared-left-unbooked",
      "the attempts of a shared request are lost if all calls leave",
      "SharedRequest.join",
      skip("this.#handOver"),
    ],
    [
      "shared-cannot-be-aborted",
      "a call that waits for a shared request cannot be aborted",
      "SharedRequest.join",
      unwrap("unlessCancelled"),
    ],
    [
      "shared-booked-twice",
      "each call of a shared request reports its attempts",
      "SharedRequest.join",
      always("!this.#claimed"),
    ],
    [
      "shared-one-object",
      "calls of a shared request can change each other's events",
      "SharedRequest.join",
      unwrap("structuredClone"),
    ],
    [
      "shared-left-on-the-list",
      "a finished shared request is not removed",
      "SharedRequests.#requestOf",
      skip("this.#requests.delete"),
    ],
    [
      "shared-deadline-of-another",
      "a call fails because of the deadline of another call",
      "SharedRequest.#own",
      never("call !== this.#lead"),
    ],
  ]),
  ...mutantsOf("src/layers/telemetry.ts", TELEMETRY, [
    [
      "telemetry-lets-run-on",
      "the request continues after its reader stopped",
      "telemetry",
      never("failure !== undefined"),
    ],
    [
      "telemetry-settles-before-the-end",
      "a call is reported as succeeded before its events were read",
      "telemetry",
      replace("let ended = false;", "let ended = false; call.record.settle({ ok: true });"),
    ],
    [
      "telemetry-never-settles-leavers",
      "a call whose reader stopped early is reported as succeeded",
      "telemetry",
      never("!ended"),
    ],
    [
      "telemetry-scope-left",
      "the cancellation scope of a finished call keeps its listeners",
      "telemetry",
      skip("call.cancellation.release"),
    ],
  ]),
  ...mutantsOf("src/layers/call-log.ts", TELEMETRY, [
    [
      "telemetry-logs-prompts",
      "prompts are logged without log_content",
      "callLog",
      replace(
        "logContent && (call.input.embedding ?? { messages: call.input.messages })",
        "{ messages: call.input.messages }",
      ),
    ],
  ]),
  ...mutantsOf("src/core/call.ts", TELEMETRY, [
    [
      "settles-twice",
      "a call is settled twice",
      "CallRecord.settle",
      never("this.#settled"),
      {
        file: "src/layers/telemetry.ts",
        place: "telemetry",
        change: instead("all.ended", "call.record.settle({ ok: true }); all.ended?.(call, failure);"),
      },
    ],
  ]),
];
