import { mutantsOf } from "./mutant.ts";

const CHAT = ["test/dialects/openai/chat-decode.test.ts"];
const RESPONSES = ["test/dialects/openai/responses-decode.test.ts"];
const ANTHROPIC = ["test/dialects/anthropic/decode.test.ts"];
const GOOGLE = ["test/dialects/google/decode.test.ts"];
const CURSOR = ["test/model/cursor.test.ts", "test/model/left-streams.test.ts"];

/** Whether an answer is whole, and what its reader sees of it. */
export const decoders = [
  ...mutantsOf("src/dialects/openai/chat-decode.ts", CHAT, [
    [
      "chat-trusts-the-end",
      "the end of the bytes is the end of an answer",
      'if (!this.done) this.#settle(broken ? "broken" : "end", out);',
      'if (!this.done) this.#settle("body", out);',
    ],
    [
      "chat-early-reason-ends-a-broken-stream",
      "a finish reason on the first text is the end of a stream that broke",
      'this.#settle(broken ? "broken" : "end", out);',
      'this.#settle("end", out);',
    ],
    [
      "chat-repeated-call-read-again",
      "a call that comes again after the end is added to the answer",
      "piece: repeated ? withoutRepeatedCalls(choice) : choice",
      "piece: choice",
    ],
    [
      "chat-error-unseen",
      "an error inside the stream is passed over",
      'if (isError(chunk["error"])) throw modelErrorOf({ status: undefined, body: chunk }, this.#target);',
      "",
    ],
    [
      "chat-half-of-the-choices",
      "[DONE] ends an answer of which one choice is open",
      "if (cut || open.length < choices.length) {",
      "if (cut) {",
    ],
    [
      "chat-unknown-end-untold",
      "an end without a reason is not told of",
      '    out.push({ type: "adjustment", adjustment: { setting: "finish_reason"',
      '    void ({ type: "adjustment", adjustment: { setting: "finish_reason"',
    ],
    [
      "chat-ends-twice",
      "a second end delivers again what was held back",
      "if (this.#failure !== undefined) throw this.#failure;",
      "",
    ],
    [
      "chat-index-as-string",
      'the index "0" is another choice than 0',
      'typeof index === "string" && /^-?\\d+$/.test(index) ? Number(index) : index',
      "index",
    ],
  ]),
  ...mutantsOf("src/dialects/openai/chat-sample.ts", CHAT, [
    [
      "chat-empty-call-is-content",
      "a fragment of a call without anything is content",
      "saysSomething(call) && known?.(call) !== true",
      "known?.(call) !== true",
    ],
    ["chat-empty-part-is-content", "an empty text part is content", 'return part["text"] !== "";', "return true;"],
  ]),
  ...mutantsOf("src/dialects/openai/tool-call-assembly.ts", CHAT, [
    [
      "chat-other-tool-is-repetition",
      "a call of another tool repeats the first",
      "same.kind !== kind || same.name !== name",
      "same.kind !== kind",
    ],
    [
      "chat-renamed-call-joined",
      "two calls of different tools under one id are one",
      "&& !this.#isRenamed(same, fragment))",
      ")",
    ],
    ["chat-empty-copies-lost", "a second call without arguments vanishes", "known.copies += 1;", "known.copies = 0;"],
    ["chat-scattered-told-often", "every piece under a new index is reported", "    only.scattered = true;\n", ""],
  ]),
  ...mutantsOf(
    "src/dialects/exchange.ts",
    ["test/dialects/exchange.test.ts"],
    [
      [
        "exchange-ends-twice",
        "a decoder that refused the end is ended again",
        "const whole = !ended && brokeAfterTheEnd(error)",
        "const whole = brokeAfterTheEnd(error)",
      ],
    ],
  ),
  ...mutantsOf(
    "src/core/json-nesting.ts",
    ["test/core/tool-arguments.test.ts"],
    [
      [
        "arguments-escaped-quote",
        "an escaped quote ends a string",
        "else if (char === BACKSLASH) this.#escaped = true;",
        "",
      ],
    ],
  ),
  ...mutantsOf("src/dialects/openai/passage.ts", RESPONSES, [
    [
      "responses-swapped-delta",
      "a text that differs from its repetition is an answer",
      "if (!whole.startsWith(this.text)) return undefined;",
      'if (!whole.startsWith(this.text)) return "";',
    ],
    [
      "responses-parts-mixed",
      "the parts of a message are mixed",
      "this.#closed.has(part) || this.#isBefore(part)) return undefined;",
      "this.#closed.has(part)) return undefined;",
    ],
  ]),
  ...mutantsOf("src/dialects/openai/opening.ts", RESPONSES, [
    [
      "responses-beginning-lost",
      "the beginning that stands only in the announcement is dropped",
      "this.#opened.slice(this.#said.length) + said",
      "delta",
    ],
  ]),
  ...mutantsOf(
    "src/dialects/answer-ids.ts",
    [...CHAT, ...RESPONSES, ...ANTHROPIC, ...GOOGLE],
    [
      ["answer-ids-twice", "two calls of an answer have one id", "!this.#taken.has(given)", "given !== null"],
      ["answer-ids-untold", "a changed id is not reported", "    this.#reported = true;\n", "    return;\n"],
    ],
  ),
  ...mutantsOf("src/dialects/openai/responses-output.ts", RESPONSES, [
    [
      "responses-hosted-shell-is-a-call",
      "a shell of the provider waits for the client",
      "else if (kind === undefined || isHosted(wire)) out",
      "else if (kind === undefined) out",
    ],
    [
      "responses-late-delta",
      "a delta after its finished item is shown",
      "if (item.finished) throw this.#wrong(`${named(item)} goes on after it was completed`);",
      "",
    ],
    [
      "responses-items-mixed",
      "the texts of two items are mixed",
      'channel !== "diff" && this.#isOvertaken',
      'channel === "diff" && this.#isOvertaken',
    ],
    [
      "responses-announced-lost",
      "what only the announcement of an item says is dropped",
      "this.#showOpened(item, out);",
      "",
    ],
  ]),
  ...mutantsOf("src/dialects/openai/output-item.ts", RESPONSES, [
    [
      "responses-copies",
      "an item that the complete response lists twice is delivered twice",
      "if (copy !== undefined && seen.has(copy)) copies.add(wire);",
      "if (copy === undefined) copies.delete(wire);",
    ],
    [
      "responses-one-call-id",
      "two calls with one call id are one",
      "(item) => id === undefined || item.ids.has(id) || !isAway(item, index) || !differs(item),",
      "() => true,",
    ],
  ]),
  ...mutantsOf("src/dialects/end-mark.ts", CHAT, [
    ["end-glues-on", "content after the end is part of the answer", "if (this.#ended && content) return false;", ""],
    [
      "end-on-every-chunk",
      "a finish reason on the first text ends it",
      "this.#ended = this.#begun;",
      "this.#ended = true;",
    ],
  ]),
  ...mutantsOf("src/dialects/choices.ts", CHAT, [
    [
      "choices-first-come",
      "the choice that comes first answers, whatever its index",
      "if (lowest === undefined || lowest.rank <= 0) return lowest;",
      "if (lowest !== undefined) return lowest;",
    ],
  ]),
  ...mutantsOf("src/dialects/openai/responses-decode.ts", RESPONSES, [
    [
      "responses-trusts-the-end",
      "the end of the bytes completes a response",
      '    this.#bill(out);\n    throw targetError(this.#target, "stream_truncated", "the stream ended before the response was completed");',
      '    this.#settle({ status: "completed" }, out);',
    ],
    [
      "responses-error-unseen",
      "an error event is passed over",
      'case "error":\n        throw modelErrorOf({ status: undefined, body: event["error"] ?? { ...event, type: undefined } }, this.#target);',
      'case "error":\n        break;',
    ],
    [
      "responses-failed-is-answer",
      "a response that failed is an answer",
      'if ("error" in ending) throw ending.error;',
      'if ("error" in ending) return;',
    ],
  ]),
  ...mutantsOf("src/dialects/anthropic/decode.ts", ANTHROPIC, [
    [
      "anthropic-trusts-the-end",
      "the end of the bytes is the end of a message",
      'throw targetError(this.#target, "stream_truncated", "the answer ended without a stop reason");',
      'out.push({ type: "finish", reason: "stop", raw: "", sample: 0 });\n      return;',
    ],
    [
      "anthropic-error-unseen",
      "an error event is passed over",
      "    throw modelErrorOf({ status: undefined, body: event }, this.#target);\n",
      "",
    ],
    [
      "anthropic-broken-call-is-call",
      "a call whose arguments are no JSON is a call",
      'if (this.#brokenCall !== undefined && own(FINISH, reason) !== "length") {',
      'if (this.#brokenCall === "" && own(FINISH, reason) !== "length") {',
    ],
    [
      "anthropic-prompt-unbooked",
      "the tokens of a prompt whose answer was cut are lost",
      '      if (usage !== undefined) out.push({ type: "usage", usage });\n      throw',
      "      throw",
    ],
  ]),
  ...mutantsOf("src/dialects/google/decode.ts", GOOGLE, [
    [
      "google-trusts-the-end",
      "a candidate without a finish reason is an answer",
      "if (answers.length === 0 || answers.some((answer) => answer.isOpen(broken))) {",
      "if (answers.length === 0) {",
    ],
    [
      "google-error-unseen",
      "an error inside the stream is passed over",
      'if (typeof chunk["error"] === "object" && chunk["error"] !== null) throw this.#failure(chunk);',
      "",
    ],
    [
      "google-safety-is-stop",
      "an answer that a filter stopped is an answer",
      "    for (const part of answers.flatMap(({ parts }) => parts)) this.#refuseFailed(part);\n",
      "",
    ],
    [
      "google-blocked-prompt-is-cut",
      "a blocked prompt is told as a cut stream",
      "if (answers.length === 0 && this.#blocked !== undefined) {",
      "if (answers.length > 0 && this.#blocked !== undefined) {",
    ],
  ]),
  ...mutantsOf("src/dialects/google/candidate.ts", GOOGLE, [
    [
      "google-appends-after-the-end",
      "content after the end is appended",
      "this.ended = this.#answered;",
      "this.ended = false;",
    ],
    [
      "google-text-after-a-call",
      "text after an end beside a call is appended",
      "if (this.ended && !(withCalls && this.#endedAtCall)) {",
      "if (this.ended && !this.#endedAtCall) {",
    ],
    [
      "google-early-stop-is-the-end",
      "a finish reason on the first text ends it",
      "    this.finishReason = undefined;\n",
      "",
    ],
  ]),
  ...mutantsOf("src/dialects/google/candidates.ts", GOOGLE, [
    [
      "google-any-sample",
      "a candidate that was not requested is a sample",
      "!Number.isInteger(index) || index < 0 || index >= this.#samples",
      "!Number.isInteger(index) || index < 0 || index > 1_000",
    ],
    ["google-samples-glued", "two samples of one index are one", "if (seen.has(reader)) {", "if (seen.size < 0) {"],
  ]),
  ...mutantsOf("src/dialects/google/sole-answer.ts", GOOGLE, [
    ["google-answers-glued", "several answers are glued", "filter(({ hasText }) => hasText).length > 1", "length < 0"],
  ]),
  ...mutantsOf("src/dialects/anthropic/decode.ts", ANTHROPIC, [
    [
      "anthropic-lost-start-unseen",
      "text of a block that is not open is dropped",
      "if (block?.delta(delta, out) === true || this",
      "if (block === undefined || block.delta(delta, out) || this",
    ],
    [
      "anthropic-empty-block-refused",
      "an empty block that begins again is refused",
      "(isOpen && this.#filled.has(index))",
      "isOpen",
    ],
    [
      "anthropic-lone-stop-unseen",
      "a block of which only the end arrives is passed over",
      "      throw this.#broken(`content block ${index} ended and never began`);\n",
      "      return;\n",
    ],
    [
      "anthropic-early-reason-ends-a-broken-stream",
      "a stop reason before the content is the end of a stream that broke",
      "broken && !this.#ended ? undefined : this.#stopReason",
      "broken && !this.#started ? undefined : this.#stopReason",
    ],
    ["anthropic-appends-after-the-end", "content after the end is appended", "    this.#ended ||= this.#spoke;\n", ""],
  ]),
  ...mutantsOf(
    "src/dialects/raw-events.ts",
    ["test/dialects/exchange.test.ts"],
    [
      [
        "raw-without-other-output",
        "raw loses an image that came early",
        "this.#isPinned.shift() === true",
        "this.#isPinned.shift() === undefined",
      ],
    ],
  ),
  ...mutantsOf(
    "src/dialects/exchange.ts",
    ["test/dialects/exchange.test.ts"],
    [
      [
        "cut-is-answer",
        "a stream that breaks anywhere is an answer",
        "    if (whole) return;\n",
        "    if (whole || brokeAfterTheEnd(error)) return;\n",
      ],
      [
        "failure-before-its-events",
        "what was read before a failure is lost",
        "    if (batch.length > 0) yield batch;\n    if (whole) return;",
        "    if (whole) yield batch;\n    if (whole) return;",
      ],
      [
        "answer-lost-after-its-end",
        "a connection that breaks after the end of an answer spoils it",
        "    if (whole) return;\n",
        "",
      ],
    ],
  ),
  ...mutantsOf(
    "src/dialects/exchange.ts",
    ["test/sweep/clean-cut.test.ts"],
    [
      [
        "clean-cut-sweep",
        "half an event at the end of the bytes is read",
        'if (data === "" || (unended === true && !isWhole(data))) continue;',
        'if (data === "") continue;',
      ],
    ],
  ),
  ...mutantsOf("src/model/stream.ts", CURSOR, [
    [
      "stream-read-twice",
      "a second reader takes events from the first",
      "    if (this.#taken)\n      throw",
      "    if (this.#open === undefined)\n      throw",
    ],
    [
      "stream-reply-hangs",
      "the reply of a stream that failed never settles",
      "      this.#settled.reject(error);\n",
      "",
      { file: "src/model/reading.ts", before: "    this.#settled.reject(failure);\n", after: "" },
    ],
    [
      "stream-unhandled",
      "a failure that nobody asks for is an unhandled rejection",
      "    this.#settled.promise.catch(() => {});\n",
      "",
    ],
    [
      "stream-last-event-loses-the-reply",
      "a reader that leaves on the last event has no reply",
      "if (!this.#done && reading?.isComplete) await reading.readOn();",
      "",
    ],
    [
      "text-shown-twice",
      "who reads the text gets an answer that starts again behind its first try",
      'if (event.type === "reset" && isShown) throw startsAgain();',
      "",
    ],
    [
      "stream-out-of-order",
      "a reader that does not wait gets events out of order",
      "    if (before !== undefined)\n      return",
      "    if (before === null)\n      return",
    ],
  ]),
  ...mutantsOf("src/model/reading.ts", CURSOR, [
    ["stream-left-runs-on", "leaving a stream does not end the call", "    this.#opened.cancel(reason);\n", ""],
    ["stream-events-after-leaving", "a stream that was left gives more", "    this.#replace([]);\n    if", "    if"],
    [
      "stream-private-events",
      "events that are only for the reply are shown",
      "if (isPublic(event)) return event;",
      "return event as ModelEvent;",
    ],
    [
      "stream-left-without-end",
      "a reader that never comes back keeps what its stream holds",
      "      this.#pause.begin();\n",
      "",
    ],
    [
      "stream-left-is-an-end",
      "a reader that comes back after its stream was released sees a clean end",
      "this.#over = Promise.reject(failure);",
      "this.#over = Promise.resolve(false);",
    ],
    [
      "stream-left-answer-lost",
      "an answer that had arrived is thrown away with a reader that pauses",
      "if (this.#opened.complete()) void this.readOn();\n    else ",
      "",
    ],
    [
      "stream-deadline-waits-for-the-reader",
      "a deadline or an abort releases nothing while the reader pauses",
      "if (this.isPaused) queueMicrotask(() => this.#abandon(reason));",
      "void reason;",
    ],
    [
      "stream-read-on-loses-events",
      "events read on for the reply are lost to the loop",
      "this.#taken === this.#batch.length",
      "this.#taken >= 0",
    ],
  ]),
  ...mutantsOf("src/model/reader-pause.ts", CURSOR, [
    [
      "pause-counts-from-the-first",
      "pauses that are short on their own add up",
      "this.#sinceMs = this.#clock.monotonic();",
      "this.#sinceMs ??= this.#clock.monotonic();",
      { file: "src/model/reader-pause.ts", before: "    this.#sinceMs = undefined;\n", after: "" },
    ],
    ["pause-timer-left", "the timer of a pause outlives the stream", "    this.#offTimer?.();\n", ""],
  ]),
  ...mutantsOf(
    "src/core/cancellation.ts",
    ["test/core/cancellation.test.ts"],
    [
      [
        "signal-listener-left",
        "the caller's signal keeps a listener after the call",
        '      signal.removeEventListener("abort", onAbort);\n',
        "",
      ],
      ["sleep-timer-left", "a wait that is cancelled leaves its timer", "      offTimer();\n", ""],
      ["sleep-listener-left", "a wait that ended leaves its listener", "      offCancel();\n", ""],
      ["scope-keeps-its-children", "an attempt that ended stays on its call", "    this.#detach?.();\n", ""],
    ],
  ),
];
