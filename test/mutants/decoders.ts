import { always, drop, inBranch, instead, never, replace, skip } from "./change.ts";
import { mutantsOf } from "./mutant.ts";

const CHAT = ["test/dialects/openai/chat-decode.test.ts"];
const RESPONSES = ["test/dialects/openai/responses-decode.test.ts"];
const ANTHROPIC = ["test/dialects/anthropic/decode.test.ts"];
const GOOGLE = ["test/dialects/google/decode.test.ts"];
const CURSOR = ["test/model/cursor.test.ts", "test/model/left-streams.test.ts"];

/** Decoders, and streams as their readers see them. */
export const decoders = [
  ...mutantsOf("src/dialects/openai/chat-decode.ts", CHAT, [
    [
      "chat-trusts-the-end",
      "a stream without a finish reason is a complete answer",
      "ChatDecoder.end",
      replace('broken ? "broken" : "end"', '"body"'),
    ],
    [
      "chat-early-reason-ends-a-broken-stream",
      "a broken stream whose first chunk has a finish reason is a complete answer",
      "ChatDecoder.end",
      never("broken"),
    ],
    [
      "chat-repeated-call-read-again",
      "a tool call repeated after the end is added to the answer",
      "ChatDecoder.#note",
      never("repeated"),
    ],
    [
      "chat-error-unseen",
      "an error inside the stream is ignored",
      "ChatDecoder.#read",
      never('isError(chunk["error"])'),
    ],
    [
      "chat-half-of-the-choices",
      "[DONE] completes an answer that has an unfinished choice",
      "ChatDecoder.#requireEnd",
      drop("open.length < choices.length"),
    ],
    [
      "chat-unknown-end-untold",
      "no adjustment reports a missing finish reason",
      "ChatDecoder.#requireEnd",
      skip("out.push"),
    ],
    [
      "chat-ends-twice",
      "a second end delivers held text again",
      "ChatDecoder.end",
      never("this.#failure !== undefined"),
    ],
    ["chat-index-as-string", 'the index "0" is another choice than 0', "indexIn", never('typeof index === "string"')],
  ]),
  ...mutantsOf("src/dialects/openai/chat-sample.ts", CHAT, [
    [
      "chat-empty-call-is-content",
      "an empty tool call fragment counts as content",
      "hasCalls",
      drop("saysSomething(call)"),
    ],
    ["chat-empty-part-is-content", "an empty text part counts as content", "hasContent", always('part["text"] !== ""')],
  ]),
  ...mutantsOf("src/dialects/openai/tool-call-assembly.ts", CHAT, [
    [
      "chat-other-tool-is-repetition",
      "a call of another tool counts as a repetition of the first",
      "ToolCallAssembly.repeats",
      drop("same.name !== name"),
    ],
    [
      "chat-renamed-call-joined",
      "two calls of different tools with one id become one call",
      "ToolCallAssembly.#sameId",
      drop("!this.#isRenamed(same, fragment)"),
    ],
    [
      "chat-empty-copies-lost",
      "a second tool call without arguments is lost",
      "ToolCallAssembly.add",
      replace("known.copies += 1", "known.copies = 0"),
    ],
    [
      "chat-scattered-told-often",
      "each fragment with a new index adds an adjustment",
      "ToolCallAssembly.#onlyOpen",
      skip("only.scattered"),
    ],
  ]),
  ...mutantsOf(
    "src/dialects/exchange.ts",
    ["test/dialects/exchange.test.ts"],
    [
      [
        "exchange-ends-twice",
        "a decoder that rejected the end of a stream is ended again",
        "decodeStream",
        drop("!ended"),
      ],
    ],
  ),
  ...mutantsOf(
    "src/core/json-nesting.ts",
    ["test/core/tool-arguments.test.ts"],
    [
      [
        "arguments-escaped-quote",
        "an escaped quote ends a JSON string",
        "JsonNesting.#readString",
        never("char === BACKSLASH"),
      ],
    ],
  ),
  ...mutantsOf("src/dialects/openai/item-text.ts", RESPONSES, [
    [
      "responses-swapped-delta",
      "a final text that contradicts its deltas is accepted",
      "ItemText.complementAll",
      replace("undefined", '""'),
    ],
    ["responses-parts-mixed", "the parts of a message are mixed", "ItemText.add", drop("this.#isBefore(part)")],
  ]),
  ...mutantsOf("src/dialects/openai/initial-text.ts", RESPONSES, [
    [
      "responses-beginning-lost",
      "text that is only in the first event of an item is lost",
      "InitialText.add",
      replace("this.#opened.slice(this.#said.length) + said", "delta"),
    ],
  ]),
  ...mutantsOf(
    "src/dialects/answer-ids.ts",
    [...CHAT, ...RESPONSES, ...ANTHROPIC, ...GOOGLE],
    [
      [
        "answer-ids-twice",
        "two tool calls of one answer have the same id",
        "AnswerIds.take",
        always("!this.#taken.has(given)"),
      ],
      [
        "answer-ids-untold",
        "no adjustment reports a changed id",
        "AnswerIds.#report",
        instead("this.#reported", "return;"),
      ],
    ],
  ),
  ...mutantsOf("src/dialects/openai/responses-output.ts", RESPONSES, [
    [
      "responses-hosted-shell-is-a-call",
      "a shell call that the provider executes is returned as a tool call",
      "OutputItems.#finish",
      drop("isHosted(wire)"),
    ],
    ["responses-late-delta", "a delta for a finished item is accepted", "OutputItems.#delta", never("item.finished")],
    [
      "responses-items-mixed",
      "the texts of two items are mixed",
      "OutputItems.#addText",
      replace('channel !== "diff"', 'channel === "diff"'),
    ],
    [
      "responses-announced-lost",
      "content that is only in the first event of an item is lost",
      "OutputItems.end",
      skip("this.#showOpened"),
    ],
  ]),
  ...mutantsOf("src/dialects/openai/output-item.ts", RESPONSES, [
    [
      "responses-copies",
      "an item listed twice in the complete response is delivered twice",
      "copiesIn",
      skip("copies.add"),
    ],
    [
      "responses-one-call-id",
      "two tool calls with the same id become one",
      "ItemTable.#identified",
      always("id === undefined"),
    ],
  ]),
  ...mutantsOf("src/dialects/end-mark.ts", CHAT, [
    ["end-goes-on", "content after the end is added to the answer", "EndMark.allows", never("this.#ended && content")],
    [
      "end-on-every-chunk",
      "a finish reason on the first text ends the answer",
      "EndMark.allows",
      always("this.#begun"),
    ],
  ]),
  ...mutantsOf("src/dialects/choices.ts", CHAT, [
    [
      "choices-first-come",
      "the first choice to arrive is the answer, whatever its index",
      "Choices.#firstLive",
      always("lowest.rank <= 0"),
    ],
  ]),
  ...mutantsOf("src/dialects/openai/responses-decode.ts", RESPONSES, [
    [
      "responses-trusts-the-end",
      "a stream without a final event is a complete response",
      "ResponsesDecoder.end",
      instead("targetError", 'this.#settle({ status: "completed" }, out);'),
    ],
    [
      "responses-error-unseen",
      "an error event is ignored",
      "ResponsesDecoder.#read",
      replace(
        'throw modelErrorOf({ status: undefined, body: event["error"] ?? { ...event, type: undefined } }, this.#target);',
        "break;",
      ),
    ],
    [
      "responses-failed-is-answer",
      "a failed response is accepted",
      "ResponsesDecoder.#settle",
      instead("ending.error", "return;"),
    ],
  ]),
  ...mutantsOf("src/dialects/anthropic/decode.ts", ANTHROPIC, [
    [
      "anthropic-trusts-the-end",
      "a stream without a stop reason is a complete message",
      "MessagesDecoder.end",
      replace("this.#stopReason", 'this.#stopReason ?? "end_turn"'),
    ],
    ["anthropic-error-unseen", "an error event is ignored", "MessagesDecoder.#refuseError", skip("modelErrorOf")],
    [
      "anthropic-broken-call-is-call",
      "a tool call with malformed arguments is accepted",
      "MessagesDecoder.#stop",
      never("this.#brokenCall !== undefined"),
    ],
    [
      "anthropic-prompt-unbooked",
      "the prompt tokens of a truncated answer are lost",
      "MessagesDecoder.end",
      inBranch("raw === undefined", skip("out.push")),
    ],
  ]),
  ...mutantsOf("src/dialects/google/decode.ts", GOOGLE, [
    [
      "google-trusts-the-end",
      "a candidate without a finish reason is a complete answer",
      "GenerateDecoder.end",
      drop("answers.some((answer) => answer.isOpen(broken))"),
    ],
    [
      "google-error-unseen",
      "an error inside the stream is ignored",
      "GenerateDecoder.#chunk",
      never('typeof chunk["error"] === "object"'),
    ],
    [
      "google-safety-is-stop",
      "an answer stopped by a safety filter is accepted",
      "GenerateDecoder.end",
      skip("this.#refuseFailed"),
    ],
    [
      "google-blocked-prompt-is-cut",
      "a blocked prompt is reported as a truncated stream",
      "GenerateDecoder.end",
      never("this.#blocked !== undefined"),
    ],
  ]),
  ...mutantsOf("src/dialects/google/candidate.ts", GOOGLE, [
    [
      "google-appends-after-the-end",
      "content after the end is added to the answer",
      "Candidate.#finish",
      never("this.#answered"),
    ],
    [
      "google-text-after-a-call",
      "text after an end next to a tool call is added to the answer",
      "Candidate.#goOn",
      drop("withCalls"),
    ],
    [
      "google-early-stop-is-the-end",
      "a finish reason on the first text ends the answer",
      "Candidate.#goOn",
      skip("this.finishReason"),
    ],
  ]),
  ...mutantsOf("src/dialects/google/candidates.ts", GOOGLE, [
    [
      "google-any-sample",
      "a candidate that was not requested becomes a sample",
      "SampleCandidates.#candidateAt",
      drop("index >= this.#samples"),
    ],
    [
      "google-samples-joined",
      "two candidates with the same index become one sample",
      "SampleCandidates.read",
      never("seen.has(reader)"),
    ],
  ]),
  ...mutantsOf("src/dialects/google/sole-answer.ts", GOOGLE, [
    [
      "google-answers-joined",
      "several candidates become one answer",
      "SoleAnswer.end",
      never("spoken.filter(({ hasText }) => hasText).length > 1"),
    ],
  ]),
  ...mutantsOf("src/dialects/anthropic/decode.ts", ANTHROPIC, [
    [
      "anthropic-lost-start-unseen",
      "text of a content block that did not start is ignored",
      "MessagesDecoder.#delta",
      replace("block?.delta(delta, out) === true", "block === undefined || block.delta(delta, out)"),
    ],
    [
      "anthropic-empty-block-refused",
      "an empty content block that starts twice is an error",
      "MessagesDecoder.#open",
      drop("this.#filled.has(index)"),
    ],
    [
      "anthropic-lone-stop-unseen",
      "the end of a content block that did not start is ignored",
      "MessagesDecoder.#close",
      instead("this.#broken", "return;"),
    ],
    [
      "anthropic-early-reason-ends-a-broken-stream",
      "a broken stream with a stop reason before its content is a complete message",
      "MessagesDecoder.end",
      replace("this.#ended", "this.#started"),
    ],
    [
      "anthropic-appends-after-the-end",
      "content after the end is added to the answer",
      "MessagesDecoder.#stop",
      skip("this.#ended"),
    ],
  ]),
  ...mutantsOf(
    "src/dialects/raw-events.ts",
    ["test/dialects/exchange.test.ts"],
    [
      [
        "raw-without-other-output",
        "raw events omit an early event with an image",
        "RawEvents.add",
        never("isFirstPinned"),
      ],
    ],
  ),
  ...mutantsOf(
    "src/dialects/exchange.ts",
    ["test/dialects/exchange.test.ts"],
    [
      [
        "cut-is-answer",
        "a stream that breaks anywhere is a complete answer",
        "decodeStream",
        replace("if (whole) return;", "if (whole || brokeAfterTheEnd(error)) return;"),
      ],
      [
        "failure-before-its-events",
        "events received before a failure are lost",
        "decodeStream",
        replace("if (batch.length > 0) yield batch; if (whole) return;", "if (whole) { yield batch; return; }"),
      ],
      [
        "answer-lost-after-its-end",
        "an answer fails if the connection breaks after its end",
        "decodeStream",
        never("whole"),
      ],
    ],
  ),
  ...mutantsOf(
    "src/dialects/exchange.ts",
    ["test/sweep/clean-cut.test.ts"],
    [["clean-cut-sweep", "half an event at the end of the body is read", "decodeStream", never("unended === true")]],
  ),
  ...mutantsOf("src/model/stream.ts", CURSOR, [
    [
      "stream-read-twice",
      "a second reader takes events from the first",
      "EventStream.[Symbol.asyncIterator]",
      never("this.#taken"),
    ],
    [
      "stream-reply-hangs",
      "the reply of a failed stream never settles",
      "Cursor.#pull",
      skip("this.#settled.reject"),
      { file: "src/model/reading.ts", place: "Reading.#fail", change: skip("this.#settled.reject") },
    ],
    [
      "stream-unhandled",
      "a failure that nobody awaits is an unhandled rejection",
      "EventStream.constructor",
      skip("this.#settled.promise.catch"),
    ],
    [
      "stream-last-event-loses-the-reply",
      "a reader that stops at the last event gets no reply",
      "Cursor.return",
      never("reading?.isComplete"),
    ],
    [
      "text-shown-twice",
      "the text view delivers an answer that restarts after the text before it",
      "textOf",
      never('event.type === "reset" && isShown'),
    ],
    [
      "stream-out-of-order",
      "concurrent reads return events out of order",
      "Cursor.next",
      never("before !== undefined"),
    ],
  ]),
  ...mutantsOf("src/model/reading.ts", CURSOR, [
    ["stream-left-runs-on", "leaving a stream does not cancel the call", "Reading.#close", skip("this.#opened.cancel")],
    [
      "stream-events-after-leaving",
      "a stream delivers events after it was left",
      "Reading.leave",
      skip("this.#replace"),
    ],
    ["stream-private-events", "internal events are delivered", "Reading.take", always("isPublic(event)")],
    [
      "stream-left-without-end",
      "a stream that is not read further is never ended",
      "Reading.#pull",
      skip("this.#pause.begin"),
    ],
    [
      "stream-left-is-an-end",
      "a reader that returns after the timeout sees a normal end",
      "Reading.#fail",
      replace("Promise.reject(failure)", "Promise.resolve(false)"),
    ],
    [
      "stream-left-answer-lost",
      "a complete answer is dropped when its reader pauses",
      "Reading.#onPauseTooLong",
      never("this.#opened.complete()"),
    ],
    [
      "stream-deadline-waits-for-the-reader",
      "a deadline or an abort takes effect only when the reader continues",
      "Reading.#onCancel",
      never("this.isPaused"),
    ],
    [
      "stream-read-on-loses-events",
      "events read for the reply are missing from the loop",
      "Reading.#keep",
      always("this.#taken === this.#batch.length"),
    ],
  ]),
  ...mutantsOf("src/model/reader-pause.ts", CURSOR, [
    [
      "pause-counts-from-the-first",
      "short pauses of the reader add up",
      "ReaderPause.begin",
      replace("this.#sinceMs = this.#clock.monotonic()", "this.#sinceMs ??= this.#clock.monotonic()"),
      { file: "src/model/reader-pause.ts", place: "ReaderPause.end", change: skip("this.#sinceMs") },
    ],
    ["pause-timer-left", "the timer of a pause outlives the stream", "ReaderPause.stop", skip("this.#offTimer?.()")],
  ]),
  ...mutantsOf(
    "src/core/cancellation.ts",
    ["test/core/cancellation.test.ts"],
    [
      [
        "signal-listener-left",
        "a finished call keeps its listener on the caller's signal",
        "Cancellation.follow",
        skip("signal.removeEventListener"),
      ],
      ["sleep-timer-left", "a cancelled wait leaves its timer running", "sleep", skip("offTimer")],
      ["sleep-listener-left", "a finished wait leaves its listener", "sleep", skip("offCancel()")],
      [
        "scope-keeps-its-children",
        "a finished attempt stays attached to its call",
        "Cancellation.release",
        skip("this.#detach?.()"),
      ],
    ],
  ),
];
