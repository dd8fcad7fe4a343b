import { always, drop, never, replace, skip } from "./change.ts";
import { mutantsOf } from "./mutant.ts";

const FALLBACK = ["test/layers/fallback.test.ts"];
const RECOVERY = ["test/model/recovery.test.ts"];
const SIMULATION = ["test/simulation/seeds.test.ts"];

/** Fallbacks, hedged requests, continued answers. */
export const chains = [
  ...mutantsOf("src/layers/serving.ts", FALLBACK, [
    [
      "fallback-first-token-unwatched",
      "first_token_timeout does not apply to codegen",
      "isStreamedAnyway",
      never("policy.firstTokenTimeoutMs !== undefined"),
    ],
    [
      "fallback-long-answer-as-a-body",
      "an answer longer than the wire allows without streaming is not streamed",
      "isStreamedAnyway",
      never("(settings.maxNewTokens ?? 0) > longAnswerTokens"),
    ],
    [
      "fallback-shows-the-refusal",
      "part of a refusal is delivered although another model answers",
      "Serving.#withoutRefusal",
      never("!this.delivered"),
    ],
  ]),
  ...mutantsOf("src/layers/fallback.ts", FALLBACK, [
    [
      "fallback-after-delivery",
      'a fallback answers after a break with on_break = "error"',
      "fallback",
      never("serving.delivered"),
    ],
    [
      "fallback-after-abort",
      "a fallback is called for an aborted call",
      "fallback",
      drop("call.cancellation.cancelled"),
    ],
    ["fallback-without-reset", "a fallback restarts an answer without a reset event", "fallback", skip("afterBreak")],
  ]),
  ...mutantsOf("src/layers/target-search.ts", FALLBACK, [
    [
      "fallback-around-the-policy",
      "a refused request goes to the general fallbacks",
      "TargetSearch.#candidatesAfter",
      replace('this.#chain.fallbacks("policy") ?? []', 'this.#own("policy")'),
    ],
    [
      "fallback-for-a-wrong-request",
      "an invalid request goes to the fallbacks",
      "TargetSearch.#candidatesAfter",
      always('this.#chain.isGroup === true && failure.code === "not_found"'),
    ],
    [
      "fallback-asks-twice",
      "a target in two fallback lists is called twice",
      "TargetSearch.#enqueue",
      drop("!this.#tried.has(target.entry)"),
    ],
  ]),
  ...mutantsOf("src/layers/verdict.ts", FALLBACK, [
    [
      "verdict-of-the-last",
      "different failures are reported with the code of the last one",
      "verdict",
      always("codes.size === 1"),
    ],
    ["verdict-wraps-one", "the error of a single target is wrapped", "verdict", never("errors.length === 1")],
    [
      "verdict-hides-the-left-out",
      "the error does not name a fallback without a key",
      "verdictOf",
      never("leftOut.length > 0"),
    ],
  ]),
  ...mutantsOf(
    "src/layers/prompt-window.ts",
    ["test/layers/prompt-window.test.ts"],
    [
      [
        "window-refuses-the-only-one",
        "a primary without fallbacks refuses a prompt because of an estimate",
        "PromptWindow.refusal",
        drop("!isPrimary"),
      ],
      [
        "window-asks-the-small",
        "a prompt is sent to a model whose window is too small although another fits",
        "PromptWindow.refusal",
        drop("!others.some((other) => this.#fits(other))"),
      ],
    ],
  ),
  ...mutantsOf("src/layers/hedge.ts", RECOVERY, [
    [
      "hedge-loser-runs-on",
      "the slower of two hedged requests is not closed",
      "Race.callOff",
      skip("runner.cancel"),
      { file: "src/layers/hedge.ts", place: "Race.end", change: skip("runner.leave") },
    ],
    [
      "hedge-loser-unbooked",
      "the slower of two hedged requests is missing from the attempts",
      "Runner.constructor",
      replace("call.record.branch()", "Object.assign(call.record.branch(), { attempts: [] })"),
    ],
    [
      "hedge-ends-with-the-first",
      "the call fails with the first failure although the other hedged request still runs",
      "Race.#fell",
      always("this.#running === 0"),
    ],
    [
      "hedge-too-late",
      "the hedged request is sent although the first has answered",
      "hedged",
      replace("race.won.finally(offTimer)", "race.won"),
    ],
  ]),
  ...mutantsOf("src/layers/primary-hedge.ts", RECOVERY, [
    [
      "hedge-without-budget",
      "hedged requests are not taken from the retry budget",
      "PrimaryHedge.second",
      never("!this.#budgets.take(beside.origin)"),
    ],
    [
      "hedge-loses-a-target",
      "a target whose hedged request was cancelled is not used when the winner breaks",
      "PrimaryHedge.calledOff",
      skip("this.#search.giveBack"),
    ],
    [
      "hedge-gives-tries-again",
      "a target that failed before it was cancelled gets all its retries again",
      "PrimaryHedge.#isUnused",
      drop("!failed"),
    ],
  ]),
  ...mutantsOf("src/layers/continuation.ts", RECOVERY, [
    [
      "continuation-forgets-usage",
      "the usage of a continued answer covers only its last request",
      "withoutRepetition",
      replace("addUsage(before, event.usage)", "event.usage"),
    ],
    ["continuation-of-a-loop", "an answer that ended in a loop is continued", "afterBreak", drop("!SPOILED.has(code)")],
    [
      "continuation-one-too-many",
      "an answer is continued once more than continue_on_length allows",
      "lengthened",
      replace("left > 0", "left >= 0"),
    ],
    [
      "continuation-forgets-the-limit",
      "an answer whose usage arrives after the finish is not continued",
      "lengthened",
      replace(
        'if (finish !== undefined) cut = left > 0 && delivered.canContinue && finish.reason === "length";',
        'cut = finish !== undefined && left > 0 && delivered.canContinue && finish.reason === "length";',
      ),
    ],
    [
      "continuation-finishes-twice",
      "each part of a continued answer has its own finish event",
      "lengthened",
      always('event.type !== "finish"'),
    ],
    ["continuation-forever", "an answer whose parts fail alternately restarts forever", "lengthened", skip("spare")],
    [
      "continuation-untold",
      "no adjustment reports where an answer was continued",
      "withoutRepetition",
      never("broke !== undefined"),
    ],
    [
      "continuation-without-beginning",
      "the continuation request does not contain the text so far",
      "continued",
      replace("[...request.messages, ...asked]", "[...request.messages, asked[1]]"),
    ],
  ]),
  ...mutantsOf("src/core/call.ts", SIMULATION, [
    [
      "continuation-loses-the-winner",
      "the text of the faster hedged request is missing from the continuation request",
      "CallRecord.adopt",
      skip("this.delivered"),
    ],
  ]),
  ...mutantsOf("src/layers/retry.ts", SIMULATION, [
    [
      "continuation-of-the-first-text",
      "the continuation request contains only the first delivered text",
      "deliver",
      skip("delivered?.note(step.value)"),
    ],
  ]),
  ...mutantsOf("src/core/delivered-text.ts", RECOVERY, [
    [
      "continuation-counts-the-silent",
      "the usage of a request without content is counted, or that of the request before it twice",
      "DeliveredText.add",
      drop("this.#grew"),
    ],
    [
      "continuation-blames-the-silent",
      "the adjustment names a request that delivered nothing",
      "DeliveredText.add",
      always("this.#grew"),
    ],
  ]),
  ...mutantsOf("src/factory/generation.ts", RECOVERY, [
    [
      "continuation-of-the-primary",
      "continue_on_length of a fallback has no effect",
      "Generation.#context",
      replace("everyone.some", "[target].some"),
    ],
  ]),
  ...mutantsOf(
    "src/layers/overlap-trimmer.ts",
    [...RECOVERY, "test/layers/overlap-trimmer.test.ts"],
    [
      [
        "overlap-too-short",
        "one character of the repeated text is delivered",
        "OverlapTrimmer.#repeated",
        replace("return length;", "return length - 1;"),
      ],
      [
        "overlap-too-long",
        "one character too many is removed as repeated text",
        "OverlapTrimmer.#repeated",
        replace("return length;", "return length + 1;"),
      ],
      [
        "overlap-cuts-anything",
        "a short text such as a brace is removed as repeated text",
        "OverlapTrimmer.#isRepetition",
        always("words.length >= MIN_LENGTH"),
      ],
      [
        "overlap-shows-a-cut-repetition",
        "repeated text that the token limit cuts is delivered",
        "OverlapTrimmer.pass",
        never("isCut(event)"),
      ],
      [
        "overlap-never-ends",
        "the text after the join is held forever",
        "OverlapTrimmer.#hold",
        never("!this.#before.includes(this.#held)"),
      ],
    ],
  ),
];
