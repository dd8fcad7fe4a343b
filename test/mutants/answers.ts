import { mutantsOf } from "./mutant.ts";

const METER = ["test/layers/meter.test.ts"];
const GUARD = ["test/layers/output-guard.test.ts"];
const CACHE = ["test/layers/cache.test.ts"];
const TELEMETRY = ["test/layers/telemetry.test.ts"];

/** What is booked, judged, kept and told of answers. */
export const answers = [
  ...mutantsOf("src/layers/meter.ts", METER, [
    [
      "meter-forgets-failures",
      "failed attempts have no row",
      "if (failure !== undefined && !this.#left(failure)) return;",
      "if (failure !== undefined) return;",
    ],
    [
      "meter-books-the-unsent",
      "a request that never left has a row",
      "if (failure !== undefined && !this.#left(failure)) return;",
      "",
    ],
    [
      "meter-nothing-billed",
      "a request that went out and failed is said to cost nothing",
      'const possiblyBilled = outcome !== "ok" && this.#mayBeBilled(failure);',
      "const possiblyBilled = false;",
    ],
    ["meter-forgets-leavers", "a stream that its reader left has no row", '    row.close("aborted", undefined);\n', ""],
    ["meter-listener-left", "the meter keeps listening to the call", "    off();\n", ""],
    ["meter-trusts-the-end", "events that simply stop are an answer", "    row.requireEnd();\n", ""],
    [
      "meter-late-row",
      "a timed-out attempt has no row when its dialect hears nothing",
      'const off = call.cancellation.onCancel((reason) => row.close("error", reason));',
      "const off = call.cancellation.onCancel(() => {});",
    ],
    [
      "meter-hides-the-estimate",
      "an estimate of tokens passes for a count",
      "      estimated: true,\n    });",
      "    });",
    ],
  ]),
  ...mutantsOf("src/layers/output-guard.ts", GUARD, [
    [
      "guard-accepts-nothing",
      "an answer without text or call is a good one",
      'return reason === "unknown";',
      "return false;",
    ],
    [
      "guard-refuses-other-output",
      "an answer that is an image counts as empty",
      'if (this.#content.hasOtherOutput || raw === "pause_turn") return false;',
      "",
    ],
    [
      "guard-refuses-silence-after-tools",
      "a model must say something after tool results",
      "return !this.#continues && !this.#followsResults();",
      "return !this.#continues;",
    ],
    [
      "guard-accepts-thoughts-cut-short",
      "a limit that was eaten by thinking is an empty reply",
      'if (event.reason === "length") this.verdict = this.#cutShort();',
      "",
    ],
    [
      "guard-partial-forgotten",
      "what stood before a loop is lost",
      'this.#failure("degenerate_output", loop, { partial: this.partial() });',
      'this.#failure("degenerate_output", loop);',
    ],
  ]),
  ...mutantsOf(
    "src/layers/repetition.ts",
    [...GUARD, "test/layers/repetition.test.ts"],
    [
      [
        "loop-one-later",
        "a loop is seen one piece too late",
        "if (this.#times >= this.#limit && text.length > SHORT)",
        "if (this.#times > this.#limit && text.length > SHORT)",
      ],
      [
        "loop-one-earlier",
        "a loop is seen one piece too early",
        "if (this.#times >= this.#limit && text.length > SHORT)",
        "if (this.#times >= this.#limit - 1 && text.length > SHORT)",
      ],
      [
        "loop-over-several-pieces",
        "a loop is seen only where it follows the borders of the deltas",
        "return this.#passage.add(text);",
        "return undefined;",
      ],
      ["loop-never-interrupted", "pieces that are no neighbours count together", "      this.#times = 1;\n", ""],
    ],
  ),
  ...mutantsOf("src/layers/sample-watch.ts", GUARD, [
    [
      "loop-in-arguments",
      "a loop in the arguments of a call is not seen",
      'return event.type === "tool-call-delta" ? this.#argumentsOf(event.index).add(event.json) : undefined;',
      "return undefined;",
    ],
    [
      "loop-in-thoughts",
      "a loop in thoughts is not seen",
      'if (event.type === "reasoning-delta") return this.#thoughts.add(event.text);',
      'if (event.type === "reasoning-delta") return undefined;',
    ],
  ]),
  ...mutantsOf(
    "src/layers/white-space.ts",
    ["test/layers/repetition.test.ts"],
    [
      [
        "white-space-for-ever",
        "white space in a text may go on for ever",
        "const MOST_IN_TEXT = 2_000;",
        "const MOST_IN_TEXT = 2_000_000;",
      ],
      [
        "white-space-in-json",
        "white space in JSON may go on as long as in text",
        "const MOST_IN_JSON = 256;",
        "const MOST_IN_JSON = 2_000;",
      ],
    ],
  ),
  ...mutantsOf("src/layers/token-stripper.ts", GUARD, [
    [
      "tokens-within-one-delta",
      "a special token that is split over deltas is shown",
      "if (!ended && begins(rest, this.words))",
      "if (ended && begins(rest, this.words))",
    ],
    [
      "tokens-shortest-first",
      "of a long special token the end is left",
      "right.length - left.length",
      "left.length - right.length",
    ],
    [
      "tokens-held-for-ever",
      "white space and tokens without end are held back",
      "return length > LONGEST_END ? open : length;",
      "return length;",
    ],
  ]),
  ...mutantsOf("src/layers/cache.ts", CACHE, [
    [
      "cache-keeps-the-cut",
      "an answer that ran into its limit is kept",
      'finishes.every((event) => event.reason === "stop" || event.reason === "tool-calls")',
      "finishes.every(() => true)",
    ],
    [
      "cache-keeps-the-unfinished",
      "an answer without an end is kept",
      "    finishes.length > 0 && finishes",
      "    finishes",
    ],
    [
      "cache-keeps-the-fallback",
      "the answer of a fallback is kept as the primary's",
      'event.type !== "start" || event.model === primary',
      'event.type !== "reset" || event.sample === primary',
    ],
    ["cache-blind-to-the-system-prompt", "another system prompt is the same request", '  "system",\n', ""],
  ]),
  ...mutantsOf(
    "src/layers/window-report.ts",
    ["test/layers/meter.test.ts"],
    [
      [
        "window-forgets-the-prompt-cache",
        "cached tokens take no room in the window",
        "usage.input + usage.cacheRead + usage.cacheWrite",
        "usage.input",
      ],
      ["window-of-searches", "the results of searches count as the prompt", " || request.settings.webSearch", ""],
    ],
  ),
  ...mutantsOf("src/layers/recording.ts", CACHE, [
    [
      "cache-keeps-the-void",
      "what a reset made void is kept",
      'this.#log = this.#log.filter((event) => event.type === "start" || event.type === "adjustment");',
      "this.#log = this.#log.filter(() => true);",
    ],
  ]),
  ...mutantsOf("src/layers/shared-request.ts", CACHE, [
    [
      "shared-dies-with-its-leader",
      "a shared request ends with the call that sent it",
      "cancellation: this.#cancellation, record",
      "record",
    ],
    [
      "shared-runs-for-nobody",
      "a shared request runs on when every call has left",
      "        this.#cancellation.cancel(reason as ModelError);\n",
      "",
    ],
    [
      "shared-left-unbooked",
      "the attempts of a request that all have left are lost",
      "        yield* this.#handOver(call);\n      }",
      "      }",
    ],
    [
      "shared-cannot-be-aborted",
      "a call that shares a request cannot be aborted",
      "await unlessCancelled(this.#ended, call.cancellation);",
      "await this.#ended;",
    ],
    [
      "shared-booked-twice",
      "every call that shares a request counts its attempts",
      "if (!this.#claimed) return yield* this.#own(call);",
      "if (this.#claimed !== undefined) return yield* this.#own(call);",
    ],
    [
      "shared-one-object",
      "callers that share an answer can change it for each other",
      "yield structuredClone(this.#log);",
      "yield this.#log;",
    ],
    [
      "shared-left-on-the-list",
      "a shared request that is over stays on the list",
      "() => this.#requests.delete(key)",
      "() => {}",
    ],
    [
      "shared-deadline-of-another",
      "a call fails because of the deadline of one that has left",
      "if (this.#failure !== undefined && call !== this.#lead && this.#endedBefore(call)) {",
      "if (this.#failure === null) {",
    ],
  ]),
  ...mutantsOf("src/layers/telemetry.ts", TELEMETRY, [
    [
      "telemetry-lets-run-on",
      "what a reader left runs on below",
      "if (failure !== undefined) call.cancellation.cancel(failure);",
      "",
    ],
    [
      "telemetry-settles-before-the-end",
      "a call settles as answered before its events were read",
      "    let ended = false;\n    try {",
      "    let ended = false;\n    call.record.settle({ ok: true });\n    try {",
    ],
    [
      "telemetry-never-settles-leavers",
      "a call whose reader leaves counts as answered",
      "if (!ended) failure = call.cancellation.reason ?? leftEarly();",
      "",
    ],
    [
      "telemetry-scope-left",
      "the scope of a call that has ended keeps its listeners",
      "      call.cancellation.release();\n",
      "",
    ],
  ]),
  ...mutantsOf("src/layers/call-log.ts", TELEMETRY, [
    [
      "telemetry-logs-prompts",
      "prompts are logged unasked",
      "...(logContent && { messages: call.input.messages }),",
      "messages: call.input.messages,",
    ],
  ]),
  ...mutantsOf("src/core/call.ts", TELEMETRY, [
    [
      "settles-twice",
      "a call settles more than once",
      "    if (this.#settled) return;\n",
      "",
      {
        file: "src/layers/telemetry.ts",
        before: "      for (const observer of observers) observer.ended?.(call, failure);\n",
        after:
          "      call.record.settle({ ok: true });\n      for (const observer of observers) observer.ended?.(call, failure);\n",
      },
    ],
  ]),
];
