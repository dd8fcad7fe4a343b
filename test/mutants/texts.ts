import { always, never, replace } from "./change.ts";
import { mutantsOf } from "./mutant.ts";

/** Tokens of texts, histories that are too long, and lines of the audit. */
export const texts = [
  ...mutantsOf(
    "src/core/trim.ts",
    ["test/properties/trim-messages.test.ts"],
    [
      [
        "trim-splits-tool-results",
        "the result of a tool call is kept without the call",
        "stepsOf",
        never('message.role === "tool" && current !== undefined'),
      ],
      [
        "trim-drops-instructions",
        "system messages are left out",
        "trimmed",
        replace("[...system, ...kept.flat()]", "kept.flat()"),
      ],
      [
        "trim-keeps-long-turn",
        "a turn of tools is kept although it does not fit",
        "newest",
        never("at !== last && from - 1 > at"),
      ],
      [
        "trim-begins-with-answer",
        "the history begins with a message of the assistant",
        "wholeTurns",
        always("isQuestion(steps[index] ?? [])"),
      ],
    ],
  ),
  ...mutantsOf(
    "src/core/token-bound.ts",
    ["test/properties/token-bound.test.ts"],
    [
      [
        "bound-ignores-repeats",
        "text that repeats expensive pairs has the costs of varied text",
        "blockCost",
        replace("Math.max(low, high)", "low"),
      ],
      ["bound-above-bytes", "a text has more tokens than bytes", "tokenBound", always("bound <= text.length")],
    ],
  ),
  ...mutantsOf(
    "src/model/byte-pairs.ts",
    ["test/properties/byte-pairs.test.ts"],
    [
      [
        "pairs-merge-outdated",
        "a pair is merged although one of the two was merged before",
        "BytePairs.#merge",
        never("ranks[at] !== Math.floor(first / POSITIONS)"),
      ],
      ["pairs-forget-previous", "the pair before a merged one keeps its rank", "BytePairs.#merge", never("at > 0")],
    ],
  ),
  ...mutantsOf(
    "src/layers/summary.ts",
    ["test/layers/summary.test.ts"],
    [
      [
        "summary-too-long-is-sent",
        "a prompt with a summary is sent although it does not fit",
        "summarized",
        never("tokens > room"),
      ],
      [
        "summary-hides-deadline",
        "a deadline during the request for a summary becomes context_too_long",
        "summarized",
        never("call.cancellation.cancelled"),
      ],
      [
        "summary-without-usage",
        "the usage of the request for the summary is lost",
        "withUsage",
        replace("addUsage(usage, event.usage)", "event.usage"),
      ],
      [
        "summary-has-settings",
        "a summary is requested with the settings of the conversation",
        "summaryRequest",
        replace("neutral(input.settings)", "input.settings"),
      ],
    ],
  ),
  ...mutantsOf(
    "src/layers/audit.ts",
    ["test/hooks/audit.test.ts"],
    [
      [
        "audit-last-attempt",
        "the audit has only the last attempt of a call",
        "audit",
        replace("record.attempts.map(attemptOf)", "record.attempts.slice(-1).map(attemptOf)"),
      ],
      [
        "audit-aborted-failed",
        "an aborted call is an error in the audit",
        "outcomeOf",
        never('failure.code === "aborted"'),
      ],
    ],
  ),
];
