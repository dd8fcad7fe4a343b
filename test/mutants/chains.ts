import { mutantsOf } from "./mutant.ts";

const FALLBACK = ["test/layers/fallback.test.ts"];
const RECOVERY = ["test/model/recovery.test.ts"];
const SIMULATION = ["test/simulation/seeds.test.ts"];

/** Other targets, second requests, answers that are gone on with. */
export const chains = [
  ...mutantsOf("src/layers/serving.ts", FALLBACK, [
    [
      "fallback-first-token-unwatched",
      "the clock of the first token has no effect on codegen",
      "if (policy.firstTokenTimeoutMs !== undefined) return true;",
      "",
    ],
    [
      "fallback-long-answer-as-a-body",
      "an answer longer than the wire gives as a body is not streamed",
      "return longAnswerTokens !== undefined && (settings.maxNewTokens ?? 0) > longAnswerTokens;",
      "return false;",
    ],
    [
      "fallback-shows-the-refusal",
      "of a refusal that another model heals something shows",
      "if (!this.delivered && !batch.some((event) => isContent(event) && isPublic(event))) continue;",
      "if (batch.length === 0) continue;",
    ],
  ]),
  ...mutantsOf("src/layers/fallback.ts", FALLBACK, [
    [
      "fallback-after-delivery",
      "another target answers after a break with on_break = error",
      'if (call.cancellation.cancelled || (serving.delivered && call.onBreak === "error")) throw failure;',
      "if (call.cancellation.cancelled) throw failure;",
    ],
    [
      "fallback-after-abort",
      "another target is asked for a call that was aborted",
      'if (call.cancellation.cancelled || (serving.delivered && call.onBreak === "error")) throw failure;',
      'if (serving.delivered && call.onBreak === "error") throw failure;',
    ],
    [
      "fallback-without-reset",
      "another target starts again without a reset",
      "if (serving.delivered) yield* afterBreak({ ...call, target: failed }, failure.code, nextTarget.entry);",
      "if (serving.delivered) afterBreak({ ...call, target: failed }, failure.code, nextTarget.entry);",
    ],
  ]),
  ...mutantsOf("src/layers/target-search.ts", FALLBACK, [
    [
      "fallback-around-the-policy",
      "what one provider's policy forbids is asked of the general list",
      'return this.#chain.fallbacks("policy") ?? [];',
      'return this.#own("policy");',
    ],
    [
      "fallback-for-a-wrong-request",
      "a request that is wrong everywhere is asked of everybody",
      'failure.code === "not_found" ? this.#own("general") : []',
      'failure.code === "not_found" ? this.#own("general") : this.#own("general")',
    ],
    [
      "fallback-asks-twice",
      "a target in two lists is asked twice",
      "if (!this.#tried.has(target.entry) && !queued.has(target.entry)) this.#queue.push(target);",
      "if (!queued.has(target.entry)) this.#queue.push(target);",
    ],
  ]),
  ...mutantsOf("src/layers/verdict.ts", FALLBACK, [
    [
      "verdict-of-the-last",
      "different failures are told as the last one",
      'code: codes.size === 1 ? last.code : "all_models_failed",',
      "code: last.code,",
    ],
    [
      "verdict-wraps-one",
      "the failure of a single target is wrapped",
      "if (errors.length === 1 && only !== undefined) return only;",
      "",
    ],
    [
      "verdict-hides-the-left-out",
      "a fallback without a key is not told of",
      "  if (leftOut.length > 0 && error",
      "  if (leftOut.length < 0 && error",
    ],
  ]),
  ...mutantsOf(
    "src/layers/prompt-window.ts",
    ["test/layers/prompt-window.test.ts"],
    [
      [
        "window-refuses-the-only-one",
        "a primary with nobody to turn to is not asked by an estimate",
        "const hopeless = !isPrimary && ",
        "const hopeless = ",
      ],
      [
        "window-asks-the-small",
        "a prompt is sent to a window that cannot hold it though another can",
        "if (!hopeless && !others.some((other) => this.#fits(other))) return undefined;",
        "if (!hopeless) return undefined;",
      ],
    ],
  ),
  ...mutantsOf("src/layers/hedge.ts", RECOVERY, [
    [
      "hedge-loser-runs-on",
      "the request that lost is not closed",
      "for (const runner of this.#runners) if (runner !== winner) runner.cancel(late());",
      "void late;",
      { file: "src/layers/hedge.ts", before: "    for (const runner of this.#runners) runner.leave();\n", after: "" },
    ],
    [
      "hedge-loser-unbooked",
      "the request that lost has no row among the attempts",
      "this.record = call.record.branch();",
      "this.record = Object.assign(call.record.branch(), { attempts: [] });",
    ],
    [
      "hedge-ends-with-the-first",
      "the call fails with the first failure though the other still runs",
      "if (this.#running === 0) this.#reject(this.#firstError);",
      "this.#reject(error);",
    ],
    [
      "hedge-too-late",
      "the second request leaves though the first has spoken",
      "const winner = await race.won.finally(offTimer);",
      "const winner = await race.won;",
    ],
  ]),
  ...mutantsOf("src/layers/primary-hedge.ts", RECOVERY, [
    [
      "hedge-without-budget",
      "second requests double the load of an outage",
      "if (!this.#budgets.take(beside.origin)) return undefined;",
      "",
    ],
    [
      "hedge-loses-an-heir",
      "whoever was called off does not serve when the winner breaks",
      "&& this.#isUnused()) this.#search.giveBack(this.#beside);",
      "&& this.#isUnused()) return;",
    ],
    [
      "hedge-gives-tries-again",
      "whoever had failed before it was called off has all its tries once more",
      "&& !this.#besideFailed && !failed;",
      "&& !this.#besideFailed;",
    ],
  ]),
  ...mutantsOf("src/layers/continuation.ts", RECOVERY, [
    [
      "continuation-forgets-usage",
      "an answer that was gone on with has the tokens of its last request only",
      "usage: addUsage(before, event.usage)",
      "usage: event.usage",
    ],
    [
      "continuation-of-the-spoiled",
      "an answer that ran into a loop is gone on with",
      'call.onBreak === "continue" && !SPOILED.has(code)',
      'call.onBreak === "continue"',
    ],
    [
      "continuation-one-too-many",
      "an answer is gone on with once more than continue_on_length says",
      "cut = left > 0 && ",
      "cut = left >= 0 && ",
    ],
    [
      "continuation-forgets-the-limit",
      "an answer whose tokens come behind its end is not gone on with",
      "if (finish !== undefined) cut =",
      "cut = finish !== undefined &&",
    ],
    [
      "continuation-finishes-twice",
      "every part of an answer ends with a finish of its own",
      'yield cut ? batch.filter((event) => event.type !== "finish") : batch;',
      "yield batch;",
    ],
    [
      "continuation-for-ever",
      "an answer whose parts break in turns starts anew without end",
      "        spare -= regained;\n",
      "",
    ],
    [
      "continuation-untold",
      "the reader is not told where an answer was joined",
      "if (broke !== undefined) yield [joint(",
      "if (broke === undefined) yield [joint(",
    ],
    [
      "continuation-without-beginning",
      "the model is not told what it had said",
      "messages: [...request.messages, ...asked]",
      "messages: [...request.messages, asked[1]]",
    ],
  ]),
  ...mutantsOf("src/core/call.ts", SIMULATION, [
    [
      "continuation-loses-the-winner",
      "what the winner of two requests had said is not what the next one is told",
      "    this.delivered = branch.delivered;\n",
      "",
    ],
  ]),
  ...mutantsOf("src/layers/retry.ts", SIMULATION, [
    [
      "continuation-behind-the-first-words",
      "of what the reader has, only the first words are gone on with",
      "      delivered?.note(step.value);\n",
      "",
    ],
  ]),
  ...mutantsOf("src/core/delivered-text.ts", RECOVERY, [
    [
      "continuation-counts-the-silent",
      "a request that gave nothing counts, or the one before it twice",
      "if (this.#grew && usage !== undefined)",
      "if (usage !== undefined)",
    ],
    [
      "continuation-blames-the-silent",
      "the answer is said to be joined behind one that gave nothing",
      "this.broke = this.#grew ? broke : (this.broke ?? broke);",
      "this.broke = broke;",
    ],
  ]),
  ...mutantsOf("src/factory/generation.ts", RECOVERY, [
    [
      "continuation-of-the-primary",
      "continue_on_length of a fallback has no effect",
      "continuesOnLength: everyone.some(",
      "continuesOnLength: [target].some(",
    ],
  ]),
  ...mutantsOf(
    "src/layers/overlap-trimmer.ts",
    [...RECOVERY, "test/layers/overlap-trimmer.test.ts"],
    [
      [
        "seam-too-short",
        "one character of the repetition stays",
        "this.#isRepetition(overlap)) return length;",
        "this.#isRepetition(overlap)) return length - 1;",
      ],
      [
        "seam-too-long",
        "one character more than the repetition goes",
        "this.#isRepetition(overlap)) return length;",
        "this.#isRepetition(overlap)) return length + 1;",
      ],
      [
        "seam-cuts-anything",
        "a brace that is meant goes as a repetition",
        "return words.length >= LEAST ||",
        "return words.length > 0 ||",
      ],
      [
        "seam-shows-a-cut-repetition",
        "a repetition that the token limit cuts is shown",
        'if (this.#open && isCut(event)) this.#held = "";',
        "",
      ],
      [
        "seam-never-closes",
        "the rest of a continuation is held for ever",
        "if (!this.#before.includes(this.#held)) this.#close(out);",
        "",
      ],
    ],
  ),
];
